using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>The library's layers.</summary>
internal sealed class LibrarySystem<T> : IRecurrentGradientSystem
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string? ReasonToSkip(RecurrentLayer layer) => null;

    public IReadOnlyList<RecurrentResult> Run(RecurrentLayer layer) =>
        [.. layer.Directions.Select(direction => new Pass(layer, direction).Result)];

    public IReadOnlyList<RecurrentGradients> RunBackward(RecurrentLayer layer, IReadOnlyList<RecurrentOutputGradients> outputGradients) =>
        [.. layer.Directions.Zip(outputGradients, (direction, gradients) => new Pass(layer, direction).Backward(gradients))];

    private static T[] Convert(float[] numbers) => Array.ConvertAll(numbers, T.CreateChecked);

    private static double[] Widen(T[] numbers) => Array.ConvertAll(numbers, double.CreateChecked);

    /// <summary>One direction, its forward pass done.</summary>
    private sealed class Pass
    {
        private readonly RecurrentLayer _sizes;
        private readonly RecurrentDirection _direction;
        private readonly RecurrentLayer<T> _layer;
        private readonly T[] _output;
        private readonly T[] _reserve;
        private readonly T[] _workspace;

        public Pass(RecurrentLayer sizes, RecurrentDirection direction)
        {
            (_sizes, _direction) = (sizes, direction);
            _layer = LibraryLayers.Create<T>(direction.Cell, sizes.InputSize, sizes.HiddenSize);
            foreach ((string name, float[] numbers) in direction.Parameters) LibraryLayers.Load<T>(_layer, name, Convert(numbers));
            _layer.Repack();
            _output = new T[sizes.Steps * sizes.Batch * _layer.OutputSize];
            _reserve = new T[_layer.ReserveSize(sizes.Steps, sizes.Batch)];
            _workspace = new T[_layer.OrderedWorkspaceSize(sizes.Steps, sizes.Batch)];
            T[] finalState = new T[sizes.Batch * _layer.OutputSize];
            T[] finalCellState = new T[_layer.Cell.CellStates * sizes.Batch * _layer.HiddenSize];
            _layer.Forward(new RnnForward<T>
            {
                Steps = sizes.Steps,
                Batch = sizes.Batch,
                Lengths = sizes.Lengths,
                IsReverse = direction.IsReverse,
                Input = Convert(sizes.Input),
                InitialState = Convert(direction.InitialState),
                InitialCellState = Convert(direction.InitialCellState),
                Output = _output,
                FinalState = finalState,
                FinalCellState = finalCellState,
                Reserve = _reserve,
                Workspace = _workspace,
            });
            Result = new RecurrentResult(Widen(_output), Widen(finalState), Widen(finalCellState));
        }

        public RecurrentResult Result { get; }

        public RecurrentGradients Backward(RecurrentOutputGradients given)
        {
            ParameterSet<T> gradients = _layer.Parameters.CreateZeros();
            T[] input = new T[_sizes.Input.Length];
            T[] state = new T[Result.FinalState.Length];
            T[] cellState = new T[Result.FinalCellState.Length];
            _layer.Backward(new RnnBackward<T>
            {
                Steps = _sizes.Steps,
                Batch = _sizes.Batch,
                Lengths = _sizes.Lengths,
                IsReverse = _direction.IsReverse,
                Input = Convert(_sizes.Input),
                InitialState = Convert(_direction.InitialState),
                Output = _output,
                Reserve = _reserve,
                OutputGradient = Convert(given.Output),
                FinalStateGradient = Convert(given.FinalState),
                FinalCellStateGradient = Convert(given.FinalCellState),
                InputGradient = input,
                InitialStateGradient = state,
                InitialCellStateGradient = cellState,
                Gradients = gradients,
                Workspace = _workspace,
            });
            return new RecurrentGradients(
                Widen(input),
                Widen(state),
                Widen(cellState),
                _direction.Parameters.ToDictionary(
                    parameter => parameter.Key,
                    parameter => Widen(LibraryLayers.Gather(_layer, gradients, parameter.Key, new T[parameter.Value.Length]))));
        }
    }
}
