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
    private readonly LayerLayout _layer;
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

    /// <summary>Whether the weights of a step are more than a first-level cache of 32 KB holds.</summary>
    public readonly bool ExceedsFirstLevel;

    private const int FirstLevelBytes = 1 << 15;
    private readonly GateLayout _recurrentGates;
    private readonly GateLayout _scratchGates;
    private readonly GateLayout _projectionGates;
    private readonly PackedShape _scratchShape;
    private readonly PackedShape _projectionShape;
    private readonly PackedShape _inputTransposedShape;
    private readonly PackedShape _recurrentTransposedShape;
    private readonly PackedShape _scratchTransposedShape;
    private readonly PackedShape _projectionTransposedShape;
    private readonly int _scratch;
    private readonly int _projection;
    private readonly int _inputTransposed;
    private readonly int _recurrentTransposed;
    private readonly int _scratchTransposed;
    private readonly int _projectionTransposed;

    /// <param name="parameters">What is packed.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="layer">Sizes of a row.</param>
    /// <param name="isTrainable">Whether transposes are held too.</param>
    /// <param name="format">How the matrices are stored.</param>
    public PackedParameters(
        ParameterSet<T> parameters, int inputSize, in LayerLayout layer, bool isTrainable, WeightFormat format)
    {
        CellLayout cell = layer.Cell;
        int hiddenSize = layer.HiddenSize;
        int projectionSize = layer.ProjectionSize;
        _parameters = parameters;
        _layer = layer;
        _isTrainable = isTrainable;
        _format = format;
        Gates = GateLayout.Of<T>(cell.Gates, hiddenSize);
        _recurrentGates = GateLayout.Of<T>(cell.StateGates, hiddenSize);
        _scratchGates = GateLayout.Of<T>(cell.ScratchGates, hiddenSize);
        _projectionGates = GateLayout.Of<T>(1, projectionSize);
        VectorStride = RecurrentWorkspace.Stride<T>(hiddenSize);
        int stateDepth = cell.StateGates > 0 ? layer.StateSize : 0;
        int scratchDepth = cell.ScratchGates > 0 ? hiddenSize : 0;
        int projectionDepth = projectionSize > 0 ? hiddenSize : 0;
        InputShape = PackedShape.Of<T>(inputSize, Gates, format).WithPlans<T>();
        RecurrentShape = PackedShape.Of<T>(stateDepth, _recurrentGates, format).WithPlans<T>();
        _scratchShape = PackedShape.Of<T>(scratchDepth, _scratchGates, format).WithPlans<T>();
        _projectionShape = PackedShape.Of<T>(projectionDepth, _projectionGates, format).WithPlans<T>();
        int end = 0;
        _ = Place(ref end, InputShape, isThere: true);
        RecurrentOffset = Place(ref end, RecurrentShape, isThere: true);
        _scratch = Place(ref end, _scratchShape, isThere: true);
        _projection = Place(ref end, _projectionShape, isThere: true);
        BiasOffset = end;
        ExceedsFirstLevel = (long)end * Unsafe.SizeOf<T>() > FirstLevelBytes;
        VectorsOffset = checked(BiasOffset + PackedMatrix<T>.Size(1, Gates.Columns));
        end = checked(VectorsOffset + (cell.VectorCount * VectorStride));
        _inputTransposedShape = Transpose(checked(cell.Gates * hiddenSize), inputSize);
        _recurrentTransposedShape = Transpose(checked(cell.StateGates * hiddenSize), stateDepth);
        _scratchTransposedShape = Transpose(checked(cell.ScratchGates * hiddenSize), scratchDepth);
        _projectionTransposedShape = Transpose(projectionSize, projectionDepth);
        _inputTransposed = Place(ref end, _inputTransposedShape, isTrainable);
        _recurrentTransposed = Place(ref end, _recurrentTransposedShape, isTrainable);
        _scratchTransposed = Place(ref end, _scratchTransposedShape, isTrainable);
        _projectionTransposed = Place(ref end, _projectionTransposedShape, isTrainable);
        _block = new AlignedBlock<T>(end);
    }

    /// <summary>The first element: Wx packed.</summary>
    public ref T Start => ref MemoryMarshal.GetReference(_block.Span);

    /// <summary>The passes' view of it.</summary>
    public RecurrentWeights<T> Weights
    {
        get
        {
            ref T start = ref Start;
            var weights = new RecurrentWeights<T>
            {
                Layer = _layer,
                Gates = Gates,
                VectorStride = VectorStride,
                KeptStride = RecurrentWorkspace.KeptStride<T>(_layer),
                Input = new PackedMatrix<T>(ref start, InputShape),
                Recurrent = new PackedMatrix<T>(ref Unsafe.Add(ref start, RecurrentOffset), RecurrentShape),
                Scratch = new PackedMatrix<T>(ref Unsafe.Add(ref start, _scratch), _scratchShape),
                Projection = new PackedMatrix<T>(ref Unsafe.Add(ref start, _projection), _projectionShape),
                Bias = ref Unsafe.Add(ref start, BiasOffset),
                Vectors = ref Unsafe.Add(ref start, VectorsOffset),
                TokenTable = _parameters is null ? default : _parameters.Span(_parameters.Parameters[0]),
            };
            if (!_isTrainable) return weights;
            weights.InputTransposed = new PackedMatrix<T>(ref Unsafe.Add(ref start, _inputTransposed), _inputTransposedShape);
            weights.RecurrentTransposed = new PackedMatrix<T>(ref Unsafe.Add(ref start, _recurrentTransposed), _recurrentTransposedShape);
            weights.ScratchTransposed = new PackedMatrix<T>(ref Unsafe.Add(ref start, _scratchTransposed), _scratchTransposedShape);
            weights.ProjectionTransposed = new PackedMatrix<T>(ref Unsafe.Add(ref start, _projectionTransposed), _projectionTransposedShape);
            return weights;
        }
    }

    /// <summary>Takes the parameters as they are now, in full.</summary>
    public void Repack()
    {
        RecurrentWeights<T> weights = Weights;
        Pack(_parameters!["weight_ih"], 0, _layer.Cell.Gates, Gates, weights.Input, weights.InputTransposed);
        int recurrentGates = _layer.Cell.AllRecurrentGates;
        if (_layer.Cell.StateGates > 0)
        {
            Pack(_parameters["weight_hh"], 0, recurrentGates, _recurrentGates, weights.Recurrent, weights.RecurrentTransposed);
        }

        if (_layer.Cell.ScratchGates > 0)
        {
            Pack(_parameters["weight_hh"], _layer.Cell.StateGates, recurrentGates, _scratchGates, weights.Scratch, weights.ScratchTransposed);
        }

        if (_layer.ProjectionSize > 0) Pack(_parameters["weight_hr"], 0, 1, _projectionGates, weights.Projection, weights.ProjectionTransposed);
        PackVectors();
    }

    /// <summary>Takes the parameters as they are now, in the format that this was made for, and says what that did to them.</summary>
    public WeightConversion Convert()
    {
        RecurrentWeights<T> weights = Weights;
        if (_format == WeightFormat.Full) Repack();
        else PackVectors();
        List<MatrixConversion> conversions = [Convert("weight_ih", 0, _layer.Cell.Gates, Gates, weights.Input)];
        int recurrentGates = _layer.Cell.AllRecurrentGates;
        if (_layer.Cell.StateGates > 0) conversions.Add(Convert("weight_hh", 0, recurrentGates, _recurrentGates, weights.Recurrent));
        if (_layer.Cell.ScratchGates > 0)
        {
            conversions.Add(Convert("weight_hh", _layer.Cell.StateGates, recurrentGates, _scratchGates, weights.Scratch));
        }

        if (_layer.ProjectionSize > 0) conversions.Add(Convert("weight_hr", 0, 1, _projectionGates, weights.Projection));
        return new(_format, conversions);
    }

    /// <summary>Lets go of the parameters, which cannot be taken again then.</summary>
    public void Release() => _parameters = null;

    // Room for a matrix at the end of the block.
    private static int Place(ref int end, in PackedShape shape, bool isThere)
    {
        int start = end;
        if (isThere && shape.Depth > 0) end = checked(end + PackedMatrix<T>.Size(shape.Depth, shape.Columns, shape.Format));
        return start;
    }

    private static PackedShape Transpose(int depth, int columns) => new(depth, columns, Lanes.Count<T>(), panelsPerGroup: 1);

    private MatrixConversion Convert(string name, int firstGate, int sourceGates, in GateLayout gates, PackedMatrix<T> packed)
    {
        ReadOnlySpan<T> weights = _parameters![name];
        int fullSize = PackedMatrix<T>.Size(packed.Depth, packed.Columns);
        long fullBytes = (long)fullSize * Unsafe.SizeOf<T>();
        if (_format == WeightFormat.Full)
        {
            return new MatrixConversion(name, fullBytes, fullBytes, 0, 0, WeightRounding.LargestMagnitude(weights));
        }

        PackedShape shape = PackedShape.Of<T>(packed.Depth, gates);
        var full = new PackedMatrix<T>(ref MemoryMarshal.GetReference(new AlignedBlock<T>(fullSize).Span), shape);
        Pack(weights, firstGate, sourceGates, gates, full, transposed: default);
        RoundingError error = WeightRounding.Round(full, packed, gates.Gates * gates.HiddenSize);
        long bytes = (long)PackedMatrix<T>.Size(packed.Depth, packed.Columns, packed.Format) * Unsafe.SizeOf<T>();
        return new MatrixConversion(name, fullBytes, bytes, error.MaxError, error.RootMeanSquareError, error.MaxWeight);
    }

    private void PackVectors()
    {
        var bias = new PackedMatrix<T>(ref Unsafe.Add(ref Start, BiasOffset), PackedShape.Of<T>(1, Gates));
        Pack(_parameters!["bias"], 0, _layer.Cell.Gates, Gates, bias, transposed: default);
        for (int i = 0; i < _layer.Cell.VectorCount; i++)
        {
            _parameters[_layer.Cell.Vectors![i]].CopyTo(_block.Span[(VectorsOffset + (i * VectorStride))..]);
        }
    }

    /// <summary>Packs gates from one on, out of a row of so many, and their transpose where there is room for it.</summary>
    private static void Pack(
        ReadOnlySpan<T> source, int firstGate, int sourceGates, in GateLayout gates, PackedMatrix<T> packed, PackedMatrix<T> transposed)
    {
        var work = new PackWork<T>
        {
            Source = source[(firstGate * gates.HiddenSize)..],
            Stride = sourceGates * gates.HiddenSize,
            Gates = gates,
            Packed = packed,
            Transposed = transposed,
        };
        Lanes.Run<T, PackWork<T>, int>(ref work, 0);
    }
}
