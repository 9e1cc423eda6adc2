using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Definitions;

/// <summary>What the driver of all cells promises, whatever the cell: lengths, directions, chunks, sums of gradients.</summary>
public sealed class SequenceTests
{
    private const long Work = 20_000;

    private static readonly ReferenceFloatingPoint<double> Plain = new(ReferenceRnn.FlushBelowDouble);

    /// <summary>A ragged batch is each of its rows alone, cut to its length; what lies in the padding is not read.</summary>
    [CaseProperty]
    public void ARaggedRowIsTheRowAlone(CellCase drawn)
    {
        CellCase shape = (drawn with { Traits = (drawn.Traits | CellTraits.Ragged) & ~CellTraits.GradientsStart }).Within(Work);
        var data = new CellData(shape);
        Pad(data, data.Input, shape.InputSize);
        Pad(data, data.OutputGradient, data.OutputSize);
        CellRun<double> all = CellRun<double>.Both(data, Plain);
        double[][] sums = Array.ConvertAll(data.Parameters, parameter => new double[parameter.Length]);
        for (int row = 0; row < shape.Batch; row++)
        {
            int length = data.Lengths![row];
            CellCase alone = shape with { Batch = 1, Steps = length, Traits = shape.Traits & ~CellTraits.Ragged };
            CellData own = Only(data, alone, row);
            CellRun<double> run = CellRun<double>.Both(own, Plain);
            foreach (((string name, double[] expected), (_, double[] actual)) in run.Tensors.Zip(all.Tensors).Take(6))
            {
                bool isSequence = name is "output" or "dX";
                int width = name == "dX" ? shape.InputSize : actual.Length / Math.Max(1, shape.Batch * (isSequence ? shape.Steps : 1));
                double[] taken = Take(actual, shape.Batch, row, width);
                Compare.Bits(expected, taken[..expected.Length], $"{name} of row {row}");
                Assert.All(taken[expected.Length..], padding => Assert.Equal(0, padding));
            }

            for (int i = 0; i < sums.Length; i++)
            {
                double[] part = run.Tensors[6 + i].Numbers;
                for (int j = 0; j < part.Length; j++) sums[i][j] += part[j];
            }
        }

        for (int i = 0; i < sums.Length; i++) Near(sums[i], all.Tensors[6 + i].Numbers, all.Tensors[6 + i].Name);
    }

    [Fact]
    public void ARowWithoutStepsKeepsItsStatesAndPassesTheirGradientOn()
    {
        var shape = new CellCase("lstm", 3, 2, 2, 3, 5, CellTraits.InitialState | CellTraits.FinalGradient | CellTraits.OutputGradient);
        var data = new CellData(shape) { Lengths = [2, 0, 1] };
        ReferenceSequence<double> results = CellRun<double>.Both(data, Plain).Sequence;
        Compare.Bits(data.InitialState[3..6], results.FinalState[3..6], "finalState");
        Compare.Bits(data.InitialCellState[3..6], results.FinalCellState[3..6], "finalCellState");
        Compare.Bits(data.FinalStateGradient[3..6], results.InitialStateGradient[3..6], "dh0");
        Compare.Bits(data.FinalCellStateGradient[3..6], results.InitialCellStateGradient[3..6], "dc0");
    }

    /// <summary>Backwards in time is forwards on what was turned around, row by row.</summary>
    [CaseProperty]
    public void ReverseIsForwardOnReversedRows(CellCase drawn)
    {
        CellCase shape = drawn.Within(Work);
        CellCase forwards = shape with { Traits = shape.Traits & ~(CellTraits.Reverse | CellTraits.GradientsStart) };
        var data = new CellData(forwards);
        var turned = new CellData(forwards with { Traits = forwards.Traits | CellTraits.Reverse });
        turned.Input = Turn(data, data.Input, shape.InputSize);
        turned.OutputGradient = Turn(data, data.OutputGradient, data.OutputSize);
        CellRun<double> expected = CellRun<double>.Both(data, Plain);
        CellRun<double> actual = CellRun<double>.Both(turned, Plain);
        Compare.Bits(Turn(data, expected.Sequence.Output, data.OutputSize), actual.Sequence.Output, "output");
        Compare.Bits(Turn(data, expected.Sequence.InputGradient, shape.InputSize), actual.Sequence.InputGradient, "dX");
        for (int i = 0; i < expected.Tensors.Count; i++)
        {
            (string name, double[] numbers) = expected.Tensors[i];
            if (name is not ("output" or "dX")) Compare.Bits(numbers, actual.Tensors[i].Numbers, name);
        }
    }

    /// <summary>Two chunks with the state handed on are the whole, also where a row ends within or before the second.</summary>
    /// <remarks>A blocked scan promises no such thing: its blocks begin where the chunk begins.</remarks>
    [CaseProperty]
    public void ChunksAreTheSequence(CellCase drawn)
    {
        CellTraits left = CellTraits.GradientsStart | CellTraits.Reverse | CellTraits.BlockedScan;
        CellCase shape = (drawn with { Traits = drawn.Traits & ~left }).Within(Work);
        var data = new CellData(shape);
        ReferenceSequence<double> whole = CellRun<double>.Both(data, Plain).Sequence;
        int cut = shape.Steps / 2;
        var first = new CellRun<double>(Chunk(data, 0, cut), Plain);
        first.Forward();
        CellData rest = Chunk(data, cut, shape.Steps);
        (rest.InitialState, rest.InitialCellState) = (first.Sequence.FinalState, first.Sequence.FinalCellState);
        ReferenceSequence<double> second = CellRun<double>.Both(rest, Plain).Sequence;
        Compare.Bits(whole.Output, (double[])[.. first.Sequence.Output, .. second.Output], "output");
        Compare.Bits(whole.FinalState, second.FinalState, "finalState");
        Compare.Bits(whole.FinalCellState, second.FinalCellState, "finalCellState");
        first.Sequence.Backward(
            data.OutputGradient.AsSpan(0, data.OutputGradient.Length == 0 ? 0 : first.Sequence.Output.Length),
            second.InitialStateGradient,
            second.InitialCellStateGradient);
        Compare.Bits(whole.InitialStateGradient, first.Sequence.InitialStateGradient, "dh0");
        Compare.Bits(whole.InitialCellStateGradient, first.Sequence.InitialCellStateGradient, "dc0");
        Compare.Bits(whole.InputGradient, (double[])[.. first.Sequence.InputGradient, .. second.InputGradient], "dX");
    }

    /// <summary>Both directions together are two that run alone, side by side or added; so are their gradients.</summary>
    [CaseProperty]
    public void BothDirectionsAreTwoAlone(CellCase drawn)
    {
        CellCase shape = (drawn with { Traits = drawn.Traits & ~(CellTraits.GradientsStart | CellTraits.Reverse) }).Within(Work / 2);
        ReferenceMerge merge = shape.Seed % 2 == 0 ? ReferenceMerge.Sum : ReferenceMerge.Concatenate;
        var data = new CellData(shape);
        var other = new CellData(shape with { Traits = shape.Traits | CellTraits.Reverse }, draw: 1) { Lengths = data.Lengths, Input = data.Input };
        if (merge == ReferenceMerge.Sum) other.OutputGradient = data.OutputGradient;
        ReferenceSequence<double>[] alone = [CellRun<double>.Both(data, Plain).Sequence, CellRun<double>.Both(other, Plain).Sequence];
        var both = new ReferenceBidirectional<double>(
            Cell(data), Cell(other), shape.Batch, shape.Steps, data.Lengths, merge);
        both.Forward(data.Input, [.. data.InitialState, .. other.InitialState], [.. data.InitialCellState, .. other.InitialCellState]);
        double[] dOutput = merge == ReferenceMerge.Sum ? data.OutputGradient : Interleave(data.OutputGradient, other.OutputGradient);
        both.Backward(
            dOutput.Length > 0 ? dOutput : new double[both.Output.Length],
            [.. data.FinalStateGradient, .. other.FinalStateGradient],
            [.. data.FinalCellStateGradient, .. other.FinalCellStateGradient]);
        double[] expected = merge == ReferenceMerge.Sum
            ? [.. alone[0].Output.Zip(alone[1].Output, (a, b) => a + b)]
            : Interleave(alone[0].Output, alone[1].Output);
        Compare.Bits(expected, both.Output, "output");
        Compare.Bits((double[])[.. alone[0].InputGradient.Zip(alone[1].InputGradient, (a, b) => a + b)], both.InputGradient, "dX");
        ReferenceSequence<double>[] together = [both.Forwards, both.Backwards];
        for (int i = 0; i < 2; i++)
        {
            Compare.Bits(alone[i].FinalState, together[i].FinalState, "finalState");
            Compare.Bits(alone[i].InitialStateGradient, together[i].InitialStateGradient, "dh0");
            Compare.Bits(alone[i].Gradients["bias"], together[i].Gradients["bias"], "dbias");
        }

        double[] Interleave(double[] left, double[] right)
        {
            double[] merged = new double[left.Length + right.Length];
            for (int i = 0; i < left.Length; i++)
            {
                int place = (i / data.OutputSize * 2 * data.OutputSize) + (i % data.OutputSize);
                (merged[place], merged[place + data.OutputSize]) = (left[i], right[i]);
            }

            return merged;
        }

        static ReferenceCell<double> Cell(CellData data)
        {
            ReferenceCell<double> cell = data.Options.Create(Plain, data.Case.InputSize, data.Case.HiddenSize);
            for (int i = 0; i < data.Parameters.Length; i++) data.Parameters[i].CopyTo(cell.Parameters[data.Shapes[i].Name], 0);
            return cell;
        }
    }

    /// <summary>Twice the upstream gradient, or the pass twice, is twice the gradient: scaling by 2 is exact.</summary>
    [CaseProperty]
    public void BackwardIsLinearAndAdds(CellCase drawn)
    {
        CellCase shape = (drawn with { Traits = (drawn.Traits | CellTraits.OutputGradient) & ~CellTraits.GradientsStart }).Within(Work);
        var data = new CellData(shape);
        CellRun<double> once = CellRun<double>.Both(data, Plain);
        double[][] single = [.. once.Tensors.Select(tensor => (double[])tensor.Numbers.Clone())];
        once.Backward();
        data.OutputGradient = Doubled(data.OutputGradient);
        data.FinalStateGradient = Doubled(data.FinalStateGradient);
        data.FinalCellStateGradient = Doubled(data.FinalCellStateGradient);
        CellRun<double> doubled = CellRun<double>.Both(data, Plain);
        for (int i = 3; i < single.Length; i++)
        {
            Compare.Bits(Doubled(single[i]), doubled.Tensors[i].Numbers, doubled.Tensors[i].Name);
            Near(Doubled(single[i]), once.Tensors[i].Numbers, once.Tensors[i].Name + " after two passes");
        }

        static double[] Doubled(double[] numbers) => Array.ConvertAll(numbers, number => 2 * number);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void LengthsOutsideTheSequenceAreRefused(int length)
    {
        ReferenceCell<double> cell = new ReferenceLruOptions().Create(Plain, 1, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReferenceSequence<double>(cell, 1, 2, [length]));
        Assert.Throws<ArgumentException>(() => new ReferenceSequence<double>(cell, 2, 2, [1]));
    }

    /// <summary>The same sums in another order: they agree to a few roundings of the largest entry.</summary>
    private static void Near(double[] expected, double[] actual, string what)
    {
        double largest = expected.Select(Math.Abs).DefaultIfEmpty().Max();
        double[] bound = new double[expected.Length];
        Array.Fill(bound, 1e-12 * Math.Max(1, largest));
        Compare.Within<double>(expected, actual, bound, what);
    }

    private static CellData Only(CellData data, CellCase alone, int row)
    {
        CellCase all = data.Case;
        var own = new CellData(alone with { Traits = alone.Traits & ~CellTraits.Ragged })
        {
            Input = Take(data.Input, all.Batch, row, all.InputSize)[..(alone.Steps * all.InputSize)],
            InitialState = Take(data.InitialState, all.Batch, row, data.OutputSize),
            InitialCellState = Take(data.InitialCellState, all.Batch, row, data.CellStateSize),
            FinalStateGradient = Take(data.FinalStateGradient, all.Batch, row, data.OutputSize),
            FinalCellStateGradient = Take(data.FinalCellStateGradient, all.Batch, row, data.CellStateSize),
        };
        double[] dOutput = Take(data.OutputGradient, all.Batch, row, data.OutputSize);
        own.OutputGradient = dOutput.Length == 0 ? [] : dOutput[..(alone.Steps * data.OutputSize)];
        for (int i = 0; i < data.Parameters.Length; i++) data.Parameters[i].CopyTo(own.Parameters[i], 0);
        return own;
    }

    private static CellData Chunk(CellData data, int from, int to)
    {
        CellCase all = data.Case;
        var chunk = new CellData(all with { Steps = to - from })
        {
            Input = data.Input[(from * all.Batch * all.InputSize)..(to * all.Batch * all.InputSize)],
            InitialState = data.InitialState,
            InitialCellState = data.InitialCellState,
            FinalStateGradient = data.FinalStateGradient,
            FinalCellStateGradient = data.FinalCellStateGradient,
            Lengths = data.Lengths is null ? null : [.. data.Lengths.Select(length => Math.Clamp(length - from, 0, to - from))],
        };
        int width = all.Batch * data.OutputSize;
        chunk.OutputGradient = data.OutputGradient.Length == 0 ? [] : data.OutputGradient[(from * width)..(to * width)];
        for (int i = 0; i < data.Parameters.Length; i++) data.Parameters[i].CopyTo(chunk.Parameters[i], 0);
        return chunk;
    }

    /// <summary>One row of [.., B, width].</summary>
    private static double[] Take(double[] source, int batch, int row, int width)
    {
        if (source.Length == 0) return [];
        double[] taken = new double[source.Length / batch];
        for (int i = 0; i < taken.Length; i++) taken[i] = source[(((i / width * batch) + row) * width) + (i % width)];
        return taken;
    }

    /// <summary>Every row's valid steps of [T, B, width] in reverse order, zeros where it has none.</summary>
    private static double[] Turn(CellData data, double[] source, int width)
    {
        double[] turned = new double[source.Length];
        for (int row = 0; row < data.Case.Batch && source.Length > 0; row++)
        {
            int length = data.Lengths?[row] ?? data.Case.Steps;
            for (int t = 0; t < length; t++)
            {
                Array.Copy(
                    source, ((t * data.Case.Batch) + row) * width, turned, (((length - 1 - t) * data.Case.Batch) + row) * width, width);
            }
        }

        return turned;
    }

    /// <summary>NaN wherever a row of [T, B, width] has ended.</summary>
    private static void Pad(CellData data, double[] sequence, int width)
    {
        for (int i = 0; i < sequence.Length; i++)
        {
            (int t, int row) = (i / width / data.Case.Batch, i / width % data.Case.Batch);
            if (t >= data.Lengths![row]) sequence[i] = double.NaN;
        }
    }
}
