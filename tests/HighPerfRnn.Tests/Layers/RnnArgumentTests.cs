using System.Globalization;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>A wrong length throws, names the argument, what was given and what was expected, and leaves every output alone.</summary>
[Trait("Category", "Width")]
public sealed class RnnArgumentTests
{
    [CaseProperty]
    public void WrongLengthInForwardIsNamed(RnnCase shape)
    {
        shape = Small(shape);
        ForEach(
            shape,
            run => run.Forward(),
            new Place("Input", r => r.Data.Input, (r, a) => r.Data.Input = a),
            new Place("InitialState", r => r.Data.InitialState, (r, a) => r.Data.InitialState = a),
            new Place("Output", r => r.Output, (r, a) => r.Output = a),
            new Place("FinalState", r => r.FinalState, (r, a) => r.FinalState = a));
    }

    [CaseProperty]
    public void WrongLengthInBackwardIsNamed(RnnCase shape)
    {
        shape = Small(shape);
        ForEach(
            shape,
            run => run.Backward(),
            new Place("Input", r => r.Data.Input, (r, a) => r.Data.Input = a),
            new Place("InitialState", r => r.Data.InitialState, (r, a) => r.Data.InitialState = a),
            new Place("Output", r => r.Output, (r, a) => r.Output = a),
            new Place("OutputGradient", r => r.Data.OutputGradient, (r, a) => r.Data.OutputGradient = a),
            new Place("FinalStateGradient", r => r.Data.FinalStateGradient, (r, a) => r.Data.FinalStateGradient = a),
            new Place("InputGradient", r => r.InputGradient, (r, a) => r.InputGradient = a),
            new Place("InitialStateGradient", r => r.InitialStateGradient, (r, a) => r.InitialStateGradient = a));
    }

    [CaseProperty]
    public void WrongTokensAreNamed(RnnCase shape)
    {
        shape = Small(shape) with { Steps = Math.Max(1, shape.Steps), HiddenSize = shape.HiddenSize + 1 };
        int vocabulary = 1 + (shape.Seed % 9);
        int table = vocabulary * shape.HiddenSize;
        int[] tokens = new CaseRandom(shape.Seed, 3015).Indices(shape.Rows, vocabulary);
        Check("Tokens", shape.Rows + 1, shape.Rows, r => r.Tokens = [.. tokens, 0]);
        Check("TokenTable", table + 1, table, r => r.TokenTable = new float[table + 1], backward: false);
        Check("TokenTableGradient", table + 1, table, r => r.TokenTableGradient = new float[table + 1], forward: false);
        int place = shape.Seed % tokens.Length;
        int[] bad = (int[])tokens.Clone();
        bad[place] = shape.Seed % 2 == 0 ? -1 : vocabulary;
        RnnRun<float> run = Make();
        run.Tokens = bad;
        foreach (Action pass in (Action[])[() => run.Forward(), () => run.Backward()])
        {
            var outputs = new Snapshot(run);
            ArgumentException failure = Assert.ThrowsAny<ArgumentException>(pass);
            string text = $"Tokens[{place}] is {bad[place]}; expected 0 to {vocabulary - 1}";
            Assert.Contains(text, failure.Message, StringComparison.Ordinal);
            outputs.AssertUnchanged();
        }

        RnnRun<float> Make() => new(new RnnData<float>(shape))
        {
            Tokens = (int[])tokens.Clone(),
            TokenTable = new float[table],
            TokenTableGradient = new float[table],
        };

        void Check(
            string name, int given, int expected, Action<RnnRun<float>> spoil, bool forward = true, bool backward = true)
        {
            RnnRun<float> spoiled = Make();
            spoil(spoiled);
            if (forward) AssertRefuses(spoiled, r => r.Forward(), name, given, expected);
            if (backward) AssertRefuses(spoiled, r => r.Backward(), name, given, expected);
        }
    }

    [CaseProperty]
    public void ShortWorkspaceAndForeignGradientsAreRefused(RnnCase shape)
    {
        shape = Small(shape);
        var layer = new Rnn<float>(shape.InputSize, shape.HiddenSize);
        Refuses(run => run.Forward(), layer.ForwardWorkspaceSize(shape.Steps, shape.Batch));
        Refuses(run => run.Backward(), layer.WorkspaceSize(shape.Steps, shape.Batch));

        var foreign = new RnnRun<float>(new RnnData<float>(shape))
        {
            Gradients = new Rnn<float>(shape.InputSize + 1, shape.HiddenSize).Parameters.CreateZeros(),
        };
        Assert.ThrowsAny<ArgumentException>(() => foreign.Backward());

        void Refuses(Action<RnnRun<float>> pass, int enough)
        {
            var run = new RnnRun<float>(new RnnData<float>(shape));
            run.Workspace = new float[enough - 1];
            var outputs = new Snapshot(run);
            ArgumentException failure = Assert.ThrowsAny<ArgumentException>(() => pass(run));
            Assert.Contains($"Workspace has length {enough - 1}; expected at least {enough}", failure.Message, StringComparison.Ordinal);
            outputs.AssertUnchanged();
        }
    }

    [CaseProperty]
    public void WrongLengthInStepIsNamed(RnnCase shape)
    {
        shape = Small(shape) with { HiddenSize = shape.HiddenSize + 1 };
        var layer = new Rnn<float>(shape.InputSize, shape.HiddenSize);
        int state = shape.Batch * shape.HiddenSize;
        int input = shape.Batch * shape.InputSize;
        float[] workspace = new float[new Rnn<float>(shape.InputSize, shape.HiddenSize).WorkspaceSize(1, shape.Batch)];
        Refuses("Input", input + 1, input, input + 1, state, state);
        Refuses("NextState", state + 1, state, input, state, state + 1);
        Refuses("NextState", state - 1, state, input, state, state - 1);
        Refuses("State", state + 1, state, input, state + 1, state);

        void Refuses(string name, int given, int expected, int inputLength, int stateLength, int nextLength)
        {
            float[] next = RnnRun<float>.Filled(nextLength);
            ArgumentException failure = Assert.ThrowsAny<ArgumentException>(
                () => layer.Step(new float[inputLength], new float[stateLength], next, workspace));
            AssertNames(failure, name, given, expected);
            Assert.True(next.All(float.IsNaN));
        }
    }

    [Fact]
    public void SizesOutOfRangeAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rnn<float>(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rnn<float>(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rnn<float>(1, 1, new Activation((ActivationKind)17)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rnn<float>(1, 1).WorkspaceSize(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Rnn<float>(1, 1).WorkspaceSize(1, 0));
        Assert.Throws<OverflowException>(() => new Rnn<float>(1, 1 << 12).WorkspaceSize(1, 1 << 20));
        var layer = new Rnn<float>(2, 2, isTrainable: false);
        Assert.Throws<InvalidOperationException>(() => layer.Backward(new RnnBackward<float>
        {
            Steps = 0,
            Batch = 1,
            Output = [],
            Gradients = layer.Parameters.CreateZeros(),
            Workspace = [],
        }));
    }

    /// <summary>Small enough that a hundred refusals cost little, with every optional span given.</summary>
    private static RnnCase Small(RnnCase shape) => shape.Within(50_000) with
    {
        Options = shape.Options | CaseOptions.InitialState | CaseOptions.OutputGradient | CaseOptions.FinalGradient,
    };

    private static void ForEach(RnnCase shape, Action<RnnRun<float>> pass, params Place[] places)
    {
        foreach (Place place in places)
        {
            int expected = place.Get(new RnnRun<float>(new RnnData<float>(shape))).Length;
            foreach (int given in (int[])[expected + 1, expected - 1, expected * 2])
            {
                // An empty span may stand for absent.
                if (given <= 0 || given == expected) continue;
                var run = new RnnRun<float>(new RnnData<float>(shape));
                place.Set(run, RnnRun<float>.Filled(given));
                AssertRefuses(run, pass, place.Name, given, expected);
            }
        }
    }

    private static void AssertRefuses(RnnRun<float> run, Action<RnnRun<float>> pass, string name, int given, int expected)
    {
        var outputs = new Snapshot(run);
        ArgumentException failure = Assert.ThrowsAny<ArgumentException>(() => pass(run));
        AssertNames(failure, name, given, expected);
        outputs.AssertUnchanged();
    }

    private static void AssertNames(ArgumentException failure, string name, int given, int expected)
    {
        Assert.Equal(name, failure.ParamName);
        string text = string.Create(CultureInfo.InvariantCulture, $"{name} has length {given}; expected {expected},");
        Assert.StartsWith(text, failure.Message, StringComparison.Ordinal);
    }

    private sealed record Place(string Name, Func<RnnRun<float>, float[]> Get, Action<RnnRun<float>, float[]> Set);

    /// <summary>Everything that a pass may write, as it was.</summary>
    private sealed class Snapshot(RnnRun<float> run)
    {
        private readonly float[][] _before = [.. Outputs(run).Select(array => (float[])array.Clone())];

        public void AssertUnchanged()
        {
            float[][] after = Outputs(run);
            for (int i = 0; i < after.Length; i++) Compare.Bits(_before[i], after[i], $"output {i} of a refused pass");
        }

        private static float[][] Outputs(RnnRun<float> run) =>
        [
            run.Output, run.FinalState, run.Workspace, run.InputGradient, run.InitialStateGradient, run.TokenTableGradient,
            run.Gradients.Values.ToArray(),
        ];
    }
}
