using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <content>Sums: the residual connection around a layer.</content>
public static partial class Elementwise
{
    /// <summary>y = x + f, each sum rounded once: the residual connection around a layer f.</summary>
    /// <param name="x">Any length.</param>
    /// <param name="f">As long.</param>
    /// <param name="y">As long, overwritten; it may be the same numbers as x or f, but not overlap them otherwise.</param>
    /// <exception cref="ArgumentException">The lengths differ, or y overlaps x or f without being the same; nothing has been written then.</exception>
    public static void Add<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> f, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (f.Length != x.Length) ThrowLength(x.Length, f.Length, nameof(f));
        if (y.Length != x.Length) ThrowLength(x.Length, y.Length, nameof(y));
        if (x.Overlaps(y, out int offset) && offset != 0) ThrowOverlap(nameof(y));
        if (f.Overlaps(y, out offset) && offset != 0) ThrowOverlap(nameof(y));
        RunAdd(x, f, y);
    }

    /// <summary>The way back of <see cref="Add"/>: dX += dY and dF += dY.</summary>
    /// <param name="outputGradient">dY.</param>
    /// <param name="inputGradient">dX, as long, added to; empty when it is not wanted.</param>
    /// <param name="branchGradient">dF, as long, added to; empty when it is not wanted.</param>
    /// <exception cref="ArgumentException">The lengths differ, or spans overlap; nothing has been written then.</exception>
    public static void AddBackward<T>(ReadOnlySpan<T> outputGradient, Span<T> inputGradient, Span<T> branchGradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int length = outputGradient.Length;
        if (!inputGradient.IsEmpty && inputGradient.Length != length) ThrowLength(length, inputGradient.Length, nameof(inputGradient));
        if (!branchGradient.IsEmpty && branchGradient.Length != length) ThrowLength(length, branchGradient.Length, nameof(branchGradient));
        if (outputGradient.Overlaps(inputGradient)) ThrowAnyOverlap(nameof(inputGradient), nameof(outputGradient));
        if (outputGradient.Overlaps(branchGradient)) ThrowAnyOverlap(nameof(branchGradient), nameof(outputGradient));
        if (inputGradient.Overlaps(branchGradient)) ThrowAnyOverlap(nameof(branchGradient), nameof(inputGradient));
        if (!inputGradient.IsEmpty) RunAdd(inputGradient, outputGradient, inputGradient);
        if (!branchGradient.IsEmpty) RunAdd(branchGradient, outputGradient, branchGradient);
    }

    [DoesNotReturn]
    private static void ThrowAnyOverlap(string name, string other) => throw new ArgumentException($"overlaps {other}", name);

    private static void RunAdd<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> f, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var work = new SumWork<T>
        {
            X = ref MemoryMarshal.GetReference(x),
            F = ref MemoryMarshal.GetReference(f),
            Y = ref MemoryMarshal.GetReference(y),
            Length = x.Length,
        };
        Lanes.Run<T, SumWork<T>, int>(ref work, 0);
    }
}

/// <summary>y = x + f.</summary>
internal ref struct SumWork<T> : ILaneWork<T, int>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public ref readonly T X;
    public ref readonly T F;
    public ref T Y;
    public nint Length;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TLane>(int argument)
        where TLane : struct, ILane<TLane, T>
    {
        ref T x = ref Unsafe.AsRef(in X);
        ref T f = ref Unsafe.AsRef(in F);
        ref T y = ref Y;
        nint length = Length;
        nint i = 0;
        for (; i <= length - TLane.Count; i += TLane.Count)
        {
            (TLane.Load(ref Unsafe.Add(ref x, i)) + TLane.Load(ref Unsafe.Add(ref f, i))).Store(ref Unsafe.Add(ref y, i));
        }

        int rest = (int)(length - i);
        if (rest == 0) return;
        TLane last = TLane.LoadPartial(ref Unsafe.Add(ref x, i), rest) + TLane.LoadPartial(ref Unsafe.Add(ref f, i), rest);
        last.StorePartial(ref Unsafe.Add(ref y, i), rest);
    }
}
