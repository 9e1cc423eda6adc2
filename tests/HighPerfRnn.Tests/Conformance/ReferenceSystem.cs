using System.Numerics;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>The naive reference.</summary>
internal sealed class ReferenceSystem<T>(double flushBelow) : IRecurrentSystem
    where T : struct, IBinaryFloatingPointIeee754<T>
{
    public string? ReasonToSkip(RecurrentLayer layer) => null;

    public IReadOnlyList<RecurrentResult> Run(RecurrentLayer layer) => [.. layer.Directions.Select(direction => Run(layer, direction))];

    private RecurrentResult Run(RecurrentLayer layer, RecurrentDirection direction)
    {
        ReferenceCell<T> cell = direction.Cell.Create(new ReferenceFloatingPoint<T>(flushBelow), layer.InputSize, layer.HiddenSize);
        Assert(cell.Parameters.Shapes.Select(shape => shape.Name), direction.Parameters.Keys);
        foreach ((string name, float[] numbers) in direction.Parameters) Convert(numbers).CopyTo(cell.Parameters[name], 0);
        var sequence = new ReferenceSequence<T>(cell, layer.Batch, layer.Steps, layer.Lengths, direction.IsReverse);
        sequence.Forward(Convert(layer.Input), Convert(direction.InitialState), Convert(direction.InitialCellState));
        return new RecurrentResult(Widen(sequence.Output), Widen(sequence.FinalState), Widen(sequence.FinalCellState));
    }

    /// <summary>Every parameter is given, none by another name.</summary>
    private static void Assert(IEnumerable<string> expected, IEnumerable<string> given) => Xunit.Assert.Equal(expected.Order(), given.Order());

    private static T[] Convert(float[] numbers) => Array.ConvertAll(numbers, T.CreateChecked);

    private static double[] Widen(T[] numbers) => Array.ConvertAll(numbers, double.CreateChecked);
}
