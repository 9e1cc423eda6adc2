using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Options out of range, impossible layouts and wrong spans of cells other than the plain one: each message, and nothing written.</summary>
public class CellArgumentTests
{
    private const int Steps = 4, Batch = 2, Inputs = 3, Hidden = 5;

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(double.NegativeInfinity)]
    public void AClipMustBePositive(double clip)
    {
        Refuses(() => new Rnn<float>(2, 3, clip: clip), "clip");
        Refuses(() => new Lstm<float>(2, 3, new LstmOptions { Clip = clip }), "Clip");
        Refuses(() => new Gru<double>(2, 3, new GruOptions { Clip = clip }), "Clip");

        void Refuses(Func<object> make, string name)
        {
            ArgumentOutOfRangeException failure = Assert.Throws<ArgumentOutOfRangeException>(make);
            Assert.Equal(name, failure.ParamName);
            Assert.Equal(clip, failure.ActualValue);
            Assert.StartsWith("expected a positive bound", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnActivationMustBeOneAndItsNumbersFinite()
    {
        Activation[] impossible =
        [
            new((ActivationKind)99), new((ActivationKind)(-1)), Activation.Elu(double.NaN), Activation.Affine(1, double.PositiveInfinity),
            Activation.LeakyRelu(double.NegativeInfinity),
        ];
        foreach (Activation activation in impossible)
        {
            Refuses(() => new Rnn<float>(2, 3, activation), "activation");
            Refuses(() => new Lstm<float>(2, 3, new LstmOptions { InputActivation = activation }), "InputActivation");
            Refuses(() => new Lstm<float>(2, 3, new LstmOptions { ForgetActivation = activation }), "ForgetActivation");
            Refuses(() => new Lstm<float>(2, 3, new LstmOptions { CandidateActivation = activation }), "CandidateActivation");
            Refuses(() => new Lstm<float>(2, 3, new LstmOptions { OutputActivation = activation }), "OutputActivation");
            Refuses(() => new Lstm<float>(2, 3, new LstmOptions { StateActivation = activation }), "StateActivation");
            Refuses(() => new Gru<float>(2, 3, new GruOptions { ResetActivation = activation }), "ResetActivation");
            Refuses(() => new Gru<float>(2, 3, new GruOptions { UpdateActivation = activation }), "UpdateActivation");
            Refuses(() => new Gru<float>(2, 3, new GruOptions { CandidateActivation = activation }), "CandidateActivation");
            Refuses(() => new MinGru<float>(2, 3, activation), "candidate");
            Refuses(() => new MinLstm<float>(2, 3, activation), "candidate");

            void Refuses(Func<object> make, string name)
            {
                ArgumentOutOfRangeException failure = Assert.Throws<ArgumentOutOfRangeException>(make);
                Assert.Equal((name, activation), (failure.ParamName, (Activation)failure.ActualValue!));
                Assert.StartsWith(
                    "expected an activation of ActivationKind with finite Alpha and Beta", failure.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void SizesMustBePositive()
    {
        Refuses(() => new Lstm<float>(0, 3), "inputSize", 0);
        Refuses(() => new Gru<float>(2, 0), "hiddenSize", 0);
        Refuses(() => new MinGru<float>(-1, 3), "inputSize", -1);
        Refuses(() => new MinLstm<float>(2, -3), "hiddenSize", -3);
        Refuses(() => new Lru<float>(0, 3), "inputSize", 0);
        Refuses(() => new CellLayer<float, BlendCell<float>>(2, 0), "hiddenSize", 0);
        Refuses(() => new Lstm<float>(2, 3, new LstmOptions { ProjectionSize = -1 }), "projectionSize", -1);

        static void Refuses(Func<object> make, string name, int given)
        {
            ArgumentOutOfRangeException failure = Assert.Throws<ArgumentOutOfRangeException>(make);
            Assert.Equal((name, given), (failure.ParamName, (int)failure.ActualValue!));
        }
    }

    [Fact]
    public void ACellThatUsesItsStateOrHasTwoPhasesHasNoProjection()
    {
        foreach (Func<object> make in (Func<object>[])[() => new Projected<BlendCell<float>>(), () => new Projected<TwoPhaseCell<float>>()])
        {
            ArgumentException failure = Assert.Throws<ArgumentException>(make);
            Assert.Equal("projectionSize", failure.ParamName);
            Assert.StartsWith(
                "A cell of two phases, or one that uses h itself, has no projection.", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ImpossibleLayoutsAreRefused()
    {
        const string counts = "The cell has {0} gates, {1} cell states and keeps {2} values; expected at least 1, 0 and 0.";
        Refuses(new() { Gates = 0 }, string.Format(null, counts, 0, 0, 0));
        Refuses(new() { Gates = 1, CellStates = -1 }, string.Format(null, counts, 1, -1, 0));
        Refuses(new() { Gates = 2, KeptValues = -3 }, string.Format(null, counts, 2, 0, -3));
        const string gates = "Of the cell's {0} gates {1} are recurrent and {2} take the first phase's product; expected no more in all.";
        Refuses(new() { Gates = 2, RecurrentGates = 3 }, string.Format(null, gates, 2, 3, 0));
        Refuses(new() { Gates = 2, RecurrentGates = 2, ScratchGates = 1 }, string.Format(null, gates, 2, 2, 1));
        Refuses(new() { Gates = 2, RecurrentGates = -1 }, string.Format(null, gates, 2, -1, 0));
        Refuses(new() { Gates = 2, ScratchGates = -1, RecurrentGates = 1 }, string.Format(null, gates, 2, 1, -1));

        static void Refuses(CellLayout layout, string message) =>
            Assert.Equal(message, Assert.Throws<ArgumentException>(layout.Validate).Message);
    }

    [Fact]
    public void LengthsOutOfRangeAreNamedAndNothingIsWritten()
    {
        Refuses([1, 5], "Lengths[1] is 5; expected 0 to 4.");
        Refuses([-1, 4], "Lengths[0] is -1; expected 0 to 4.");
        Refuses([4], "Lengths has length 1; expected 2, [B] = [2].");
        Refuses([4, 4, 4], "Lengths has length 3; expected 2, [B] = [2].");

        static void Refuses(int[] lengths, string message)
        {
            foreach (bool isReverse in (bool[])[false, true])
            {
                ForwardRefuses(new Lstm<float>(Inputs, Hidden), message, lengths: lengths, isReverse: isReverse);
                BackwardRefuses(new Gru<float>(Inputs, Hidden), message, lengths: lengths, isReverse: isReverse);
            }
        }
    }

    [Fact]
    public void WrongSpansOfACellAreNamedAndNothingIsWritten()
    {
        const int state = Batch * Hidden;
        string cellState = $"expected {state}, [C, B, H] = [1, {Batch}, {Hidden}].";
        ForwardRefuses(new Lstm<float>(Inputs, Hidden), $"InitialCellState has length {state - 1}; {cellState}", initialCellState: state - 1);
        ForwardRefuses(new Lstm<float>(Inputs, Hidden), $"FinalCellState has length {state + 1}; {cellState}", finalCellState: state + 1);
        BackwardRefuses(
            new Lstm<float>(Inputs, Hidden), $"FinalCellStateGradient has length {state + 1}; {cellState}", finalCellStateGradient: state + 1);
        const string none = "expected 0, since the cell has no state but h.";
        ForwardRefuses(new Gru<float>(Inputs, Hidden), $"InitialCellState has length {state}; {none}", initialCellState: state);
        BackwardRefuses(new Gru<float>(Inputs, Hidden), $"FinalCellStateGradient has length {state}; {none}", finalCellStateGradient: state);
        var gru = new Gru<float>(Inputs, Hidden);
        int reserve = gru.ReserveSize(Steps, Batch);
        string kept = $"expected {reserve}, [T·B, K, S] = [{Steps * Batch}, {gru.Cell.KeptValues}, 16].";
        ForwardRefuses(gru, $"Reserve has length {reserve - 1}; {kept}", reserve: reserve - 1);
        BackwardRefuses(gru, $"Reserve has length {reserve + 1}; {kept}", reserve: reserve + 1);
        BackwardRefuses(gru, $"Reserve has length 0; {kept}", reserve: 0);
        int ordered = gru.OrderedWorkspaceSize(Steps, Batch);
        string workspace = $"Workspace has length {ordered - 1}; expected at least {ordered}.";
        ForwardRefuses(gru, workspace, isReverse: true, workspace: ordered - 1);
        BackwardRefuses(gru, workspace, isReverse: true, workspace: ordered - 1);
        int projected = Batch * 2;
        ForwardRefuses(
            new Lstm<float>(Inputs, Hidden, new LstmOptions { ProjectionSize = 2 }),
            $"InitialState has length {state}; expected {projected}, [B, H] = [{Batch}, 2].",
            initialState: state);
    }

    [Fact]
    public void WrongSpansOfAStepAreNamedAndNothingIsWritten()
    {
        foreach (int batch in (int[])[1, 2])
        {
            int state = batch * Hidden;
            string sizes = $"expected {state}, [C, B, H] = [1, {batch}, {Hidden}].";
            Refuses(new Lstm<float>(Inputs, Hidden), batch, 0, state, $"CellState has length 0; {sizes}");
            Refuses(new Lstm<float>(Inputs, Hidden), batch, state, state - 1, $"NextCellState has length {state - 1}; {sizes}");
            Refuses(new Gru<float>(Inputs, Hidden), batch, state, 0, $"CellState has length {state}; expected 0, [C, B, H] = [0, {batch}, {Hidden}].");
        }

        static void Refuses(RecurrentLayer<float> layer, int batch, int cellState, int nextCellState, string message)
        {
            (float[] next, float[] nextCell) = (RnnRun<float>.Filled(batch * Hidden), RnnRun<float>.Filled(nextCellState));
            ArgumentException failure = Assert.Throws<ArgumentException>(() => layer.Step(new RnnStep<float>
            {
                Input = new float[batch * Inputs],
                State = new float[batch * Hidden],
                CellState = new float[cellState],
                NextState = next,
                NextCellState = nextCell,
                Workspace = new float[layer.ForwardWorkspaceSize(1, batch)],
            }));
            Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
            Assert.All([.. next, .. nextCell], number => Assert.True(float.IsNaN(number)));
        }
    }

    /// <summary>All spans lie in one block; a shift by all but one element makes two of them share that one.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void WhatAStepWritesMayNotOverlapWhatItReads(int batch)
    {
        int state = batch * Hidden, inputs = batch * Inputs, room = Math.Max(state, inputs);
        var layer = new Lstm<float>(Inputs, Hidden);
        string[] names = ["Input", "State", "CellState", "NextState", "NextCellState"];
        float[] workspace = new float[layer.ForwardWorkspaceSize(1, batch)];
        for (int written = 3; written < names.Length; written++)
        {
            for (int other = 0; other < written; other++)
            {
                int[] at = [.. Enumerable.Range(0, names.Length).Select(span => ((2 * span) + 1) * room)];
                int length = other == 0 ? inputs : state;
                Step(at);
                foreach (int shift in (int[])[length - 1, 1 - state])
                {
                    int[] shifted = [.. at];
                    shifted[written] = at[other] + shift;
                    string message = Assert.Throws<ArgumentException>(() => Step(shifted)).Message;
                    Assert.Contains("overlaps", message, StringComparison.Ordinal);
                    Assert.Contains(names[written], message, StringComparison.Ordinal);
                    Assert.Contains(names[other], message, StringComparison.Ordinal);
                }
            }
        }

        // New cell states may take the place of the old.
        Step([0, room, 2 * room, 3 * room, 2 * room]);

        void Step(int[] at)
        {
            float[] block = new float[11 * room];
            layer.Step(new RnnStep<float>
            {
                Input = block.AsSpan(at[0], inputs),
                State = block.AsSpan(at[1], state),
                CellState = block.AsSpan(at[2], state),
                NextState = block.AsSpan(at[3], state),
                NextCellState = block.AsSpan(at[4], state),
                Workspace = workspace,
            });
        }
    }

    private static void ForwardRefuses(
        RecurrentLayer<float> layer,
        string message,
        int[]? lengths = null,
        bool isReverse = false,
        int? initialState = null,
        int? initialCellState = null,
        int? finalCellState = null,
        int? reserve = null,
        int? workspace = null)
    {
        int cellStates = layer.Cell.CellStates * Batch * Hidden;
        float[][] written =
        [
            RnnRun<float>.Filled(Steps * Batch * layer.OutputSize), RnnRun<float>.Filled(Batch * layer.OutputSize),
            RnnRun<float>.Filled(finalCellState ?? cellStates), RnnRun<float>.Filled(reserve ?? layer.ReserveSize(Steps, Batch)),
        ];
        ArgumentException failure = Assert.Throws<ArgumentException>(() => layer.Forward(new RnnForward<float>
        {
            Steps = Steps,
            Batch = Batch,
            Lengths = lengths,
            IsReverse = isReverse,
            Input = new float[Steps * Batch * Inputs],
            InitialState = new float[initialState ?? Batch * layer.OutputSize],
            InitialCellState = new float[initialCellState ?? cellStates],
            Output = written[0],
            FinalState = written[1],
            FinalCellState = written[2],
            Reserve = written[3],
            Workspace = new float[workspace ?? layer.OrderedWorkspaceSize(Steps, Batch)],
        }));
        Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
        Assert.All(written.SelectMany(numbers => numbers), number => Assert.True(float.IsNaN(number)));
    }

    private static void BackwardRefuses(
        RecurrentLayer<float> layer,
        string message,
        int[]? lengths = null,
        bool isReverse = false,
        int? finalCellStateGradient = null,
        int? reserve = null,
        int? workspace = null)
    {
        float[][] written = [RnnRun<float>.Filled(Steps * Batch * Inputs), RnnRun<float>.Filled(Batch * layer.OutputSize)];
        Memory.ParameterSet<float> gradients = layer.Parameters.CreateZeros();
        ArgumentException failure = Assert.Throws<ArgumentException>(() => layer.Backward(new RnnBackward<float>
        {
            Steps = Steps,
            Batch = Batch,
            Lengths = lengths,
            IsReverse = isReverse,
            Input = new float[Steps * Batch * Inputs],
            Output = new float[Steps * Batch * layer.OutputSize],
            OutputGradient = RnnRun<float>.Filled(Steps * Batch * layer.OutputSize),
            FinalCellStateGradient = new float[finalCellStateGradient ?? 0],
            Reserve = new float[reserve ?? layer.ReserveSize(Steps, Batch)],
            InputGradient = written[0],
            InitialStateGradient = written[1],
            Gradients = gradients,
            Workspace = new float[workspace ?? layer.OrderedWorkspaceSize(Steps, Batch)],
        }));
        Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
        Assert.All(written.SelectMany(numbers => numbers), number => Assert.True(float.IsNaN(number)));
        Assert.Equal(-1, gradients.Values.IndexOfAnyExcept(0));
    }

    private sealed class Projected<TCell>() : RecurrentLayer<float>(2, 3, new CellPasses<float, TCell>(default), isTrainable: true, projectionSize: 2)
        where TCell : struct, IRecurrentCell<float>;
}
