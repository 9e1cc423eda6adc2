using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>target = sums + bias, columns as the product has them or gate after gate; without a bias target = sums.</summary>
internal readonly ref struct StoreEpilogue<T, TLane>(Span<T> target, int targetStride, ReadOnlySpan<T> bias, GateLayout gates)
    : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _target = ref MemoryMarshal.GetReference(target);
    private readonly ref T _bias = ref MemoryMarshal.GetReference(bias);
    private readonly bool _hasBias = !bias.IsEmpty;

    /// <inheritdoc/>
    public int TargetStride => _hasBias || gates.Gates > 1 ? 0 : targetStride;

    /// <inheritdoc/>
    public ref T Target(int row, int column) => ref Unsafe.Add(ref _target, ((nint)row * targetStride) + column);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        for (int c = 0; c < columns; c += TLane.Count)
        {
            (int targetColumn, int count) = gates.Source(column + c);
            if (count <= 0) continue;
            TLane bias = _hasBias ? PartialLane<T, TLane>.Load(ref Unsafe.Add(ref _bias, targetColumn), count) : TLane.Zero;
            ref T sum = ref Unsafe.Add(ref sums, c);
            ref T destination = ref Unsafe.Add(ref _target, ((nint)row * targetStride) + targetColumn);
            for (int r = 0; r < rows; r++)
            {
                TLane value = TLane.Load(ref sum);
                if (_hasBias) value += bias;
                PartialLane<T, TLane>.Store(value, ref destination, count);
                sum = ref Unsafe.Add(ref sum, stride);
                destination = ref Unsafe.Add(ref destination, targetStride);
            }
        }
    }
}

/// <summary>target = target + sums: gradients add into what the caller gives.</summary>
internal readonly ref struct AddEpilogue<T, TLane>(Span<T> target, int targetStride) : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _target = ref MemoryMarshal.GetReference(target);

    /// <inheritdoc/>
    public static bool Adds => true;

    /// <inheritdoc/>
    public int TargetStride => targetStride;

    /// <inheritdoc/>
    public ref T Target(int row, int column) => ref Unsafe.Add(ref _target, ((nint)row * targetStride) + column);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        for (int c = 0; c < columns; c += TLane.Count)
        {
            int count = columns - c;
            ref T sum = ref Unsafe.Add(ref sums, c);
            ref T destination = ref Unsafe.Add(ref _target, ((nint)row * targetStride) + column + c);
            for (int r = 0; r < rows; r++)
            {
                TLane old = PartialLane<T, TLane>.Load(ref destination, count);
                PartialLane<T, TLane>.Store(old + TLane.Load(ref sum), ref destination, count);
                sum = ref Unsafe.Add(ref sum, stride);
                destination = ref Unsafe.Add(ref destination, targetStride);
            }
        }
    }
}

/// <summary>target = sums, tiny values flushed to +0: states that are a product and nothing else.</summary>
internal readonly ref struct StateEpilogue<T, TLane>(Span<T> target, int targetStride) : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _target = ref MemoryMarshal.GetReference(target);

    /// <inheritdoc/>
    public int TargetStride => 0;

    /// <inheritdoc/>
    public ref T Target(int row, int column) => ref Unsafe.NullRef<T>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        for (int r = 0; r < rows; r++)
        {
            ref T sum = ref Unsafe.Add(ref sums, r * stride);
            ref T destination = ref Unsafe.Add(ref _target, ((nint)(row + r) * targetStride) + column);
            for (int c = 0; c < columns; c += TLane.Count)
            {
                TLane value = Activations<T, TLane>.FlushTiny(TLane.Load(ref Unsafe.Add(ref sum, c)));
                PartialLane<T, TLane>.Store(value, ref Unsafe.Add(ref destination, c), columns - c);
            }
        }
    }
}

/// <summary>target = sums + addend, or the sums alone where there is none.</summary>
internal readonly ref struct SumEpilogue<T, TLane>(Span<T> target, int targetStride, ReadOnlySpan<T> addend, int addendStride)
    : IEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _target = ref MemoryMarshal.GetReference(target);
    private readonly ref T _addend = ref MemoryMarshal.GetReference(addend);
    private readonly bool _hasAddend = !addend.IsEmpty;

    /// <inheritdoc/>
    public int TargetStride => 0;

    /// <inheritdoc/>
    public ref T Target(int row, int column) => ref Unsafe.NullRef<T>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ref T sums, int stride, int row, int rows, int column, int columns)
    {
        for (int r = 0; r < rows; r++)
        {
            ref T sum = ref Unsafe.Add(ref sums, r * stride);
            ref T other = ref Unsafe.Add(ref _addend, ((nint)(row + r) * addendStride) + column);
            ref T destination = ref Unsafe.Add(ref _target, ((nint)(row + r) * targetStride) + column);
            for (int c = 0; c < columns; c += TLane.Count)
            {
                TLane value = TLane.Load(ref Unsafe.Add(ref sum, c));
                if (_hasAddend) value += PartialLane<T, TLane>.Load(ref Unsafe.Add(ref other, c), columns - c);
                PartialLane<T, TLane>.Store(value, ref Unsafe.Add(ref destination, c), columns - c);
            }
        }
    }
}
