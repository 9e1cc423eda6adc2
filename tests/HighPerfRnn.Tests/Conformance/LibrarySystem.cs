using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>The library's layers.</summary>
internal sealed class LibrarySystem<T> : IRecurrentSystem
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string? ReasonToSkip(RecurrentLayer layer) => null;

    public IReadOnlyList<RecurrentResult> Run(RecurrentLayer layer) => [.. layer.Directions.Select(direction => Run(layer, direction))];

    private static RecurrentResult Run(RecurrentLayer sizes, RecurrentDirection direction)
    {
        RecurrentLayer<T> layer = LibraryLayers.Create<T>(direction.Cell, sizes.InputSize, sizes.HiddenSize);
        foreach ((string name, float[] numbers) in direction.Parameters) LibraryLayers.Load<T>(layer, name, Convert(numbers));
        layer.Repack();
        T[] output = new T[sizes.Steps * sizes.Batch * layer.OutputSize];
        T[] finalState = new T[sizes.Batch * layer.OutputSize];
        T[] finalCellState = new T[layer.Cell.CellStates * sizes.Batch * layer.HiddenSize];
        layer.Forward(new RnnForward<T>
        {
            Steps = sizes.Steps,
            Batch = sizes.Batch,
            Lengths = sizes.Lengths,
            IsReverse = direction.IsReverse,
            Input = Convert(sizes.Input),
            InitialState = Convert(direction.InitialState),
            InitialCellState = Convert(direction.InitialCellState),
            Output = output,
            FinalState = finalState,
            FinalCellState = finalCellState,
            Workspace = new T[layer.OrderedWorkspaceSize(sizes.Steps, sizes.Batch)],
        });
        return new RecurrentResult(Widen(output), Widen(finalState), Widen(finalCellState));
    }

    private static T[] Convert(float[] numbers) => Array.ConvertAll(numbers, T.CreateChecked);

    private static double[] Widen(T[] numbers) => Array.ConvertAll(numbers, double.CreateChecked);
}
