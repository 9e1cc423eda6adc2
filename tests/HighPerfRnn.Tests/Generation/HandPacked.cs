using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A right factor packed element by element from its layout's description, for any lane.</summary>
internal sealed class HandPacked<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBlock<T> _memory;
    private readonly int _depth;
    private readonly int _columns;
    private readonly int _laneCount;

    /// <param name="source">[depth, columns].</param>
    /// <param name="depth">The length of the sums.</param>
    /// <param name="columns">How many outputs a row has.</param>
    /// <param name="laneCount">The lane's count.</param>
    public HandPacked(ReadOnlySpan<T> source, int depth, int columns, int laneCount)
    {
        (_depth, _columns, _laneCount) = (depth, columns, laneCount);
        _memory = new AlignedBlock<T>(PackedMatrix<T>.Size(depth, columns));
        PackedMatrix<T> matrix = Matrix;
        for (int panel = 0; panel < matrix.PanelCount; panel++)
        {
            int width = matrix.Vectors(panel) * laneCount;
            for (int k = 0; k < depth; k++)
            {
                for (int c = 0; c < width && matrix.FirstColumn(panel) + c < columns; c++)
                {
                    Unsafe.Add(ref matrix.Panel(panel), (k * width) + c) = source[(k * columns) + matrix.FirstColumn(panel) + c];
                }
            }
        }
    }

    public PackedMatrix<T> Matrix => new(_memory.Span, _depth, _columns, _laneCount);

    /// <summary>Packs the transpose of a matrix [columns, depth].</summary>
    public static HandPacked<T> Transpose(ReadOnlySpan<T> source, int depth, int columns, int laneCount)
    {
        T[] transposed = new T[source.Length];
        for (int k = 0; k < depth; k++)
        {
            for (int c = 0; c < columns; c++) transposed[(k * columns) + c] = source[(c * depth) + k];
        }

        return new HandPacked<T>(transposed, depth, columns, laneCount);
    }
}
