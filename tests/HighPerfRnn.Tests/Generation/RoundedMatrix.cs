using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A right factor in any format, for any lane.</summary>
internal sealed class RoundedMatrix
{
    private readonly AlignedBlock<float> _memory;
    private readonly int _depth;
    private readonly int _columns;
    private readonly int _laneCount;
    private readonly WeightFormat _format;

    /// <param name="source">[depth, columns].</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="laneCount">The lane's count.</param>
    /// <param name="format">How to round.</param>
    public RoundedMatrix(float[] source, ProductCase shape, int laneCount, WeightFormat format)
    {
        (_depth, _columns, _laneCount, _format) = (shape.Depth, shape.Columns, laneCount, format);
        _memory = new AlignedBlock<float>(PackedMatrix<float>.Size(_depth, _columns, format));
        // What is left as it was shows.
        _memory.Span.Fill(float.NaN);
        PackedMatrix<float> full = new HandPacked<float>(source, _depth, _columns, laneCount).Matrix;
        if (format == WeightFormat.Full) MemoryMarshal.CreateSpan(ref full.Start, _memory.Span.Length).CopyTo(_memory.Span);
        else Error = WeightRounding.Round(full, Matrix, _columns);
    }

    public RoundingError Error { get; }

    public PackedMatrix<float> Matrix => new(_memory.Span, _depth, _columns, _laneCount, _format);
}
