using System.Runtime.InteropServices;

namespace HighPerfRnn.Benchmarks;

/// <summary>Zeroed floats from a cache line on, at an address that stays: every library gets its data alike.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private const nuint AlignmentBytes = 64;

    private float* _pointer;

    /// <summary>Room for so many.</summary>
    public NativeBuffer(int length)
    {
        Length = length;
        _pointer = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, length) * sizeof(float), AlignmentBytes);
        Span.Clear();
    }

    /// <summary>A copy of values.</summary>
    public NativeBuffer(ReadOnlySpan<float> values)
        : this(values.Length) => values.CopyTo(Span);

    /// <summary>How many.</summary>
    public int Length { get; }

    /// <summary>The values.</summary>
    public Span<float> Span => new(_pointer, Length);

    /// <summary>Where they stand.</summary>
    public nint Address => (nint)_pointer;

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }
}
