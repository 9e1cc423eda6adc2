using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The numbers of a matrix product, and what a plain loop makes of them.</summary>
internal sealed class ProductData<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // A frame around the target shows writes past its columns and rows.
    private const int FrameColumns = 5;
    private const int FrameLength = 70;

    public ProductData(ProductCase shape)
    {
        Shape = shape;
        var random = new CaseRandom(shape.Seed, 4000);
        Left = random.Numbers<T>(shape.Rows * shape.Depth, 1, random.Below(2) == 0);
        Right = random.Numbers<T>(shape.Depth * shape.Columns, 1, random.Below(2) == 0);
        Bias = random.Numbers<T>(shape.Columns);
        Start = random.Numbers<T>(shape.Rows * shape.Columns);
        Product = CanonicalProduct.Multiply(Left, Right, shape, CanonicalSum.Block(shape.Depth));
    }

    public ProductCase Shape { get; }

    /// <summary>[rows, depth].</summary>
    public T[] Left { get; }

    /// <summary>[depth, columns].</summary>
    public T[] Right { get; }

    /// <summary>[columns].</summary>
    public T[] Bias { get; }

    /// <summary>What a target holds before, [rows, columns].</summary>
    public T[] Start { get; }

    /// <summary>left · right in the canonical order, [rows, columns].</summary>
    public T[] Product { get; }

    /// <summary>From one row of a framed target to the next.</summary>
    public int Stride => Shape.Columns + FrameColumns;

    /// <summary>A target [rows, columns] within a frame of sentinels.</summary>
    public T[] Framed(Func<int, int, T> value)
    {
        T[] framed = new T[FrameLength + (Shape.Rows * Stride) + FrameLength];
        Array.Fill(framed, T.CreateChecked(12345));
        for (int r = 0; r < Shape.Rows; r++)
        {
            for (int c = 0; c < Shape.Columns; c++) framed[FrameLength + (r * Stride) + c] = value(r, c);
        }

        return framed;
    }

    public Span<T> Inside(T[] framed) => framed.AsSpan(FrameLength, Shape.Rows * Stride);

    public PackedMatrix<T> Packed<TLane>()
        where TLane : struct, ILane<TLane, T> => new HandPacked<T>(Right, Shape.Depth, Shape.Columns, TLane.Count).Matrix;
}
