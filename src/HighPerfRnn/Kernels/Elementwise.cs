using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// Functions of each number of a span. Bits depend on the number alone: not on where it stands, nor on the machine's vectors.
/// Nothing is allocated. T is float or double.
/// </summary>
public static partial class Elementwise
{
    /// <summary>y = tanh x.</summary>
    /// <remarks>
    /// At most <see cref="ErrorBounds.TanhSingleUlps"/> (float) or <see cref="ErrorBounds.TanhDoubleUlps"/> (double) units in the
    /// last place of the true value off, over all numbers. Odd bit for bit, within [-1, 1], exactly ±1 from |x| = 9.02 (19.1) on;
    /// ±0, numbers below 1e-8 and NaN stay what they are. Never falls from one float to the next.
    /// </remarks>
    /// <param name="x">Any length.</param>
    /// <param name="y">As long, overwritten; it may be the same numbers as <paramref name="x"/>, but not overlap them otherwise.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the spans overlap without being the same.</exception>
    public static void Tanh<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run<T, TanhFunction<T>>(x, y);

    /// <summary>y = σ(x) = 1 / (1 + exp(-x)).</summary>
    /// <remarks>
    /// At most <see cref="ErrorBounds.SigmoidSingleUlps"/> (float) or <see cref="ErrorBounds.SigmoidDoubleUlps"/> (double) units in
    /// the last place of the true value off, over all numbers, subnormal results included. Within [0, 1], ½ for ±0, exactly 1
    /// for large x, exactly +0 where the true value is below half of the smallest subnormal number (x &lt; -103.98 or -745.14);
    /// NaN for NaN.
    /// </remarks>
    /// <param name="x">Any length.</param>
    /// <param name="y">As long, overwritten; it may be the same numbers as <paramref name="x"/>, but not overlap them otherwise.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the spans overlap without being the same.</exception>
    public static void Sigmoid<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run<T, SigmoidFunction<T>>(x, y);

    private static void Run<T, TFunction>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, ILaneFunction<T>
    {
        if (y.Length != x.Length) ThrowLength(x.Length, y.Length, nameof(y));
        if (x.Overlaps(y, out int offset) && offset != 0) ThrowOverlap(nameof(y));
        var work = new ElementwiseWork<T, TFunction>
        {
            X = ref MemoryMarshal.GetReference(x),
            Y = ref MemoryMarshal.GetReference(y),
            Length = x.Length,
        };
        Lanes.Run<T, ElementwiseWork<T, TFunction>, int>(ref work, 0);
    }

    [DoesNotReturn]
    private static void ThrowLength(int expected, int length, string name) =>
        throw new ArgumentException($"{length} numbers; expected {expected}", name);

    [DoesNotReturn]
    private static void ThrowOverlap(string name) => throw new ArgumentException("overlaps the input without being the same", name);
}

/// <summary>A function of each number of a lane.</summary>
internal interface ILaneFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    static abstract TLane Of<TLane>(TLane x)
        where TLane : struct, ILane<TLane, T>;
}

internal readonly struct TanhFunction<T> : ILaneFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Of<TLane>(TLane x)
        where TLane : struct, ILane<TLane, T> => Activations<T, TLane>.Tanh(x);
}

internal readonly struct SigmoidFunction<T> : ILaneFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Of<TLane>(TLane x)
        where TLane : struct, ILane<TLane, T> => Activations<T, TLane>.Sigmoid(x);
}

/// <summary>y = f(x), two lanes at a time, then one, then the last numbers.</summary>
internal ref struct ElementwiseWork<T, TFunction> : ILaneWork<T, int>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunction : struct, ILaneFunction<T>
{
    public ref readonly T X;
    public ref T Y;
    public nint Length;

    // Methods of their own, always: the compiler has a budget for what it puts into one, and what is beyond becomes calls, one
    // for every operation. Four lanes at a time are no faster, nor do they fit into the budget beside others.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TLane>(int argument)
        where TLane : struct, ILane<TLane, T>
    {
        ref T x = ref Unsafe.AsRef(in X);
        ref T y = ref Y;
        nint length = Length;
        nint i = 0;
        for (; i <= length - LanePair<T, TLane>.Count; i += LanePair<T, TLane>.Count)
        {
            TFunction.Of(LanePair<T, TLane>.Load(ref Unsafe.Add(ref x, i))).Store(ref Unsafe.Add(ref y, i));
        }

        if (i < length) RunLast<TLane>(ref Unsafe.Add(ref x, i), ref Unsafe.Add(ref y, i), (int)(length - i));
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void RunLast<TLane>(ref T x, ref T y, int length)
        where TLane : struct, ILane<TLane, T>
    {
        for (int i = 0; i < length; i += TLane.Count)
        {
            TLane result = TFunction.Of(PartialLane<T, TLane>.Load(ref Unsafe.Add(ref x, i), length - i));
            PartialLane<T, TLane>.Store(result, ref Unsafe.Add(ref y, i), length - i);
        }
    }
}
