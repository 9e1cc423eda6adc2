using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>A recurrent layer's parameters as its passes read them, in one block that is filled again in place.</summary>
internal sealed class PackedParameters<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private ParameterSet<T>? _parameters;
    private readonly AlignedBlock<T> _block;
    private readonly CellLayout _cell;
    private readonly int _inputSize;
    private readonly bool _isTrainable;
    private readonly WeightFormat _format;

    // Where each part starts in the block, and its shape: worked out once, since a small step takes less time than that.
    public readonly int RecurrentOffset;
    public readonly int BiasOffset;
    public readonly int VectorsOffset;
    public readonly int VectorStride;
    public readonly GateLayout Gates;
    public readonly PackedShape InputShape;
    public readonly PackedShape RecurrentShape;
    private readonly int _inputTransposed;
    private readonly int _recurrentTransposed;
    private readonly PackedShape _inputTransposedShape;
    private readonly PackedShape _recurrentTransposedShape;

    public PackedParameters(ParameterSet<T> parameters, int inputSize, int hiddenSize, in CellLayout cell, bool isTrainable, WeightFormat format)
    {
        _parameters = parameters;
        _cell = cell;
        Gates = GateLayout.Of<T>(cell.Gates, hiddenSize);
        _inputSize = inputSize;
        _isTrainable = isTrainable;
        _format = format;
        VectorStride = RecurrentWorkspace.Stride<T>(hiddenSize);
        int depth = checked(cell.Gates * hiddenSize);
        RecurrentOffset = PackedMatrix<T>.Size(inputSize, Gates.Columns, format);
        BiasOffset = checked(RecurrentOffset + PackedMatrix<T>.Size(hiddenSize, Gates.Columns, format));
        VectorsOffset = checked(BiasOffset + PackedMatrix<T>.Size(1, Gates.Columns));
        _inputTransposed = checked(VectorsOffset + (cell.VectorCount * VectorStride));
        _recurrentTransposed = checked(_inputTransposed + (isTrainable ? PackedMatrix<T>.Size(depth, inputSize) : 0));
        InputShape = PackedShape.Of<T>(inputSize, Gates, format).WithPlans<T>();
        RecurrentShape = PackedShape.Of<T>(hiddenSize, Gates, format).WithPlans<T>();
        _inputTransposedShape = new PackedShape(depth, inputSize, Lanes.Count<T>(), panelsPerGroup: 1);
        _recurrentTransposedShape = new PackedShape(depth, hiddenSize, Lanes.Count<T>(), panelsPerGroup: 1);
        _block = new AlignedBlock<T>(checked(_recurrentTransposed + (isTrainable ? PackedMatrix<T>.Size(depth, hiddenSize) : 0)));
    }

    /// <summary>The first element: Wx packed.</summary>
    public ref T Start => ref MemoryMarshal.GetReference(_block.Span);

    /// <summary>The passes' view of it.</summary>
    public RecurrentWeights<T> Weights
    {
        get
        {
            ref T start = ref Start;
            return new RecurrentWeights<T>
            {
                Cell = _cell,
                Gates = Gates,
                VectorStride = VectorStride,
                KeptStride = _cell.KeptValues * VectorStride,
                Input = new PackedMatrix<T>(ref start, InputShape),
                Recurrent = new PackedMatrix<T>(ref Unsafe.Add(ref start, RecurrentOffset), RecurrentShape),
                Bias = ref Unsafe.Add(ref start, BiasOffset),
                Vectors = ref Unsafe.Add(ref start, VectorsOffset),
                TokenTable = _parameters is null ? default : _parameters.Span(_parameters.Parameters[0]),
                InputTransposed = _isTrainable
                    ? new PackedMatrix<T>(ref Unsafe.Add(ref start, _inputTransposed), _inputTransposedShape)
                    : default,
                RecurrentTransposed = _isTrainable
                    ? new PackedMatrix<T>(ref Unsafe.Add(ref start, _recurrentTransposed), _recurrentTransposedShape)
                    : default,
            };
        }
    }

    /// <summary>Takes the parameters as they are now, in full.</summary>
    public void Repack()
    {
        RecurrentWeights<T> weights = Weights;
        Pack(_parameters!["weight_ih"], weights.Input, weights.InputTransposed, _isTrainable);
        Pack(_parameters["weight_hh"], weights.Recurrent, weights.RecurrentTransposed, _isTrainable);
        PackVectors();
    }

    /// <summary>Takes the parameters as they are now, in the format that this was made for, and says what that did to them.</summary>
    public WeightConversion Convert()
    {
        RecurrentWeights<T> weights = Weights;
        if (_format == WeightFormat.Full) Repack();
        else PackVectors();
        return new(_format, [Convert("weight_ih", weights.Input), Convert("weight_hh", weights.Recurrent)]);
    }

    /// <summary>Lets go of the parameters, which cannot be taken again then.</summary>
    public void Release() => _parameters = null;

    private MatrixConversion Convert(string name, PackedMatrix<T> packed)
    {
        ReadOnlySpan<T> weights = _parameters![name];
        int fullSize = PackedMatrix<T>.Size(packed.Depth, packed.Columns);
        long fullBytes = (long)fullSize * Unsafe.SizeOf<T>();
        if (_format == WeightFormat.Full)
        {
            return new MatrixConversion(name, fullBytes, fullBytes, 0, 0, WeightRounding.LargestMagnitude(weights));
        }

        PackedShape shape = PackedShape.Of<T>(packed.Depth, Gates);
        var full = new PackedMatrix<T>(ref MemoryMarshal.GetReference(new AlignedBlock<T>(fullSize).Span), shape);
        Pack(weights, full, transposed: default, hasTransposed: false);
        RoundingError error = WeightRounding.Round(full, packed, Gates.Gates * Gates.HiddenSize);
        long bytes = (long)PackedMatrix<T>.Size(packed.Depth, packed.Columns, packed.Format) * Unsafe.SizeOf<T>();
        return new MatrixConversion(name, fullBytes, bytes, error.MaxError, error.RootMeanSquareError, error.MaxWeight);
    }

    private void PackVectors()
    {
        var bias = new PackedMatrix<T>(ref Unsafe.Add(ref Start, BiasOffset), PackedShape.Of<T>(1, Gates));
        Pack(_parameters!["bias"], bias, transposed: default, hasTransposed: false);
        for (int i = 0; i < _cell.VectorCount; i++)
        {
            _parameters[_cell.Vectors![i]].CopyTo(_block.Span[(VectorsOffset + (i * VectorStride))..]);
        }
    }

    private void Pack(ReadOnlySpan<T> source, PackedMatrix<T> packed, PackedMatrix<T> transposed, bool hasTransposed)
    {
        var work = new PackWork<T>
        {
            Source = source,
            Gates = Gates,
            Packed = packed,
            Transposed = transposed,
            HasTransposed = hasTransposed,
        };
        Lanes.Run<T, PackWork<T>, int>(ref work, 0);
    }
}
