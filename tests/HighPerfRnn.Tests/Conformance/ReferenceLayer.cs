using System.Numerics;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>A layer through the reference's cells, in any type that they compute in.</summary>
internal static class ReferenceLayer
{
    /// <summary>One sequence a direction, its forward pass done.</summary>
    public static ReferenceSequence<T>[] Forward<T>(RecurrentLayer layer, ReferenceMath<T> math)
        where T : struct, INumberBase<T> =>
        [.. layer.Directions.Select(direction => Forward(layer, direction, Convert<T>(layer.Input), math))];

    /// <summary>The same, and its backward pass done.</summary>
    public static ReferenceSequence<T>[] Both<T>(
        RecurrentLayer layer, IReadOnlyList<RecurrentOutputGradients> outputGradients, ReferenceMath<T> math)
        where T : struct, INumberBase<T>
    {
        ReferenceSequence<T>[] run = Forward(layer, math);
        for (int d = 0; d < run.Length; d++)
        {
            RecurrentOutputGradients given = outputGradients[d];
            run[d].Backward(Convert<T>(given.Output), Convert<T>(given.FinalState), Convert<T>(given.FinalCellState));
        }

        return run;
    }

    /// <summary>One direction over an input that may come from a layer below.</summary>
    public static ReferenceSequence<T> Forward<T>(RecurrentLayer layer, RecurrentDirection direction, T[] input, ReferenceMath<T> math)
        where T : struct, INumberBase<T>
    {
        ReferenceCell<T> cell = direction.Cell.Create(math, layer.InputSize, layer.HiddenSize);

        // Every parameter is given, none by another name.
        Xunit.Assert.Equal(cell.Parameters.Shapes.Select(shape => shape.Name).Order(), direction.Parameters.Keys.Order());
        foreach ((string name, float[] numbers) in direction.Parameters)
        {
            Xunit.Assert.Equal(cell.Parameters[name].Length, numbers.Length);
            Convert<T>(numbers).CopyTo(cell.Parameters[name], 0);
        }

        var sequence = new ReferenceSequence<T>(cell, layer.Batch, layer.Steps, layer.Lengths, direction.IsReverse);
        sequence.Forward(input, Convert<T>(direction.InitialState), Convert<T>(direction.InitialCellState));
        return sequence;
    }

    public static IReadOnlyList<RecurrentResult> Results<T>(ReferenceSequence<T>[] run, Converter<T, double> read)
        where T : struct, INumberBase<T> =>
        [.. run.Select(sequence => new RecurrentResult(
            Array.ConvertAll(sequence.Output, read),
            Array.ConvertAll(sequence.FinalState, read),
            Array.ConvertAll(sequence.FinalCellState, read)))];

    public static IReadOnlyList<RecurrentGradients> Gradients<T>(ReferenceSequence<T>[] run, Converter<T, double> read)
        where T : struct, INumberBase<T> =>
        [.. run.Select(sequence => new RecurrentGradients(
            Array.ConvertAll(sequence.InputGradient, read),
            Array.ConvertAll(sequence.InitialStateGradient, read),
            Array.ConvertAll(sequence.InitialCellStateGradient, read),
            sequence.Gradients.Shapes.ToDictionary(shape => shape.Name, shape => Array.ConvertAll(sequence.Gradients[shape.Name], read))))];

    public static T[] Convert<T>(float[] numbers)
        where T : struct, INumberBase<T> => Array.ConvertAll(numbers, T.CreateChecked);
}
