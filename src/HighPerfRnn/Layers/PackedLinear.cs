using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>The weights of one linear map as its passes read them and, for a backward pass, transposed.</summary>
internal sealed class PackedLinear<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBlock<T> _block;
    private readonly int _inputSize;
    private readonly int _outputSize;

    public PackedLinear(int inputSize, int outputSize, bool isTrainable)
    {
        _inputSize = inputSize;
        _outputSize = outputSize;
        IsTrainable = isTrainable;
        int forward = PackedMatrix<T>.Size(inputSize, outputSize);
        _block = new AlignedBlock<T>(isTrainable ? checked(forward + PackedMatrix<T>.Size(outputSize, inputSize)) : forward);
    }

    public bool IsTrainable { get; }

    /// <summary>W [I, O].</summary>
    public PackedMatrix<T> Weights => new(_block.Span, _inputSize, _outputSize);

    /// <summary>Wᵀ, of what is trainable.</summary>
    public PackedMatrix<T> Transposed => new(_block.Span[PackedMatrix<T>.Size(_inputSize, _outputSize)..], _outputSize, _inputSize);

    /// <summary>Columns as they are.</summary>
    public GateLayout Gates => GateLayout.Of<T>(1, _outputSize);

    /// <summary>Takes W [I, O] as it is now.</summary>
    public void Pack(ReadOnlySpan<T> weights)
    {
        var work = new PackWork<T>
        {
            Source = weights,
            Stride = _outputSize,
            Gates = Gates,
            Packed = Weights,
            Transposed = IsTrainable ? Transposed : default,
        };
        Lanes.Run<T, PackWork<T>, int>(ref work, 0);
    }
}
