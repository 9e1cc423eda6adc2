using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Wrong arguments at the doors of networks and of two directions: what was found and expected, and nothing written.</summary>
public sealed class SequentialArgumentTests
{
    private const int Steps = 2, Batch = 3;

    private readonly Sequential<float> _network = new(new Lstm<float>(4, 5), new Dropout<float>(0.5, 1), new Rnn<float>(5, 6));
    private readonly Bidirectional<float> _both = new(new Lstm<float>(4, 5), new Lstm<float>(4, 5));
    private readonly float[] _all = RnnRun<float>.Filled(30_000);
    private readonly float[] _read = new float[2_000];

    [Fact]
    public void NetworksThatDoNotFitAreRefused()
    {
        var rnn = new Rnn<float>(4, 5);
        RefusesToMake("No layer has a size", "layers", () => new Sequential<float>());
        RefusesToMake("No layer has a size", "layers", () => new Sequential<float>(new Dropout<float>(0.5, 1)));
        RefusesToMake("Layer 2, Gru, takes 4 numbers; expected 5,", "layers", () => new Sequential<float>(rnn, new Gru<float>(4, 5)));
        RefusesToMake("Layer 3, Rnn, is layer 1 again", "layers", () => new Sequential<float>(rnn, new Dense<float>(5, 4), rnn));
        RefusesToMake("Layer 2 is an embedding", "layers", () => new Sequential<float>(rnn, new Embedding<float>(5, 5)));
        RefusesToMake("Layer 2, + input, takes 4 numbers; expected 5,", "layers", () => new Sequential<float>(SequentialLayer<float>.Residual(rnn)));
        RefusesToMake("tokens cannot be added", "layers", () => new Sequential<float>(SequentialLayer<float>.Residual(new Embedding<float>(5, 5))));
        RefusesToMake("There are no layers", "layers", () => SequentialLayer<float>.Residual());
        Assert.Throws<ArgumentNullException>(() => new Sequential<float>((Rnn<float>)null!));
        Assert.Throws<ArgumentNullException>(() => new Sequential<float>((SequentialLayer<float>)null!));
        RefusesToMake("the same layer", "reverse", () => new Bidirectional<float>(rnn, rnn));
        RefusesToMake("I, H, P, C = (4, 6, 6, 0); expected (4, 5, 5, 0)", "reverse", () => new Bidirectional<float>(rnn, new Rnn<float>(4, 6)));
        Assert.Throws<ArgumentOutOfRangeException>("merge", () => new Bidirectional<float>(rnn, new Rnn<float>(4, 5), (BidirectionalMerge)2));
    }

    [Fact]
    public void WrongLengthsAreNamed()
    {
        int states = _network.StateSize(Batch), reserve = _network.ReserveSize(Steps, Batch), room = _network.ForwardWorkspaceSize(Steps, Batch);
        Refuses("Input has length 23; expected 24, [T, B, I] = [2, 3, 4].", "Input", () => Forward(23, 36, states, reserve, room));
        Refuses("Output has length 35; expected 36, [T, B, O] = [2, 3, 6].", "Output", () => Forward(24, 35, states, reserve, room));
        Refuses($"InitialStates has length {states - 1}; expected {states}", "InitialStates", () => Forward(24, 36, states - 1, reserve, room));
        Refuses($"Reserve has length {reserve - 1}; expected {reserve}", "Reserve", () => Forward(24, 36, states, reserve - 1, room));
        Refuses($"Workspace has length {room - 1}; expected at least {room}", "Workspace", () => Forward(24, 36, states, reserve, room - 1));
        Refuses("Lengths[1] is 3; expected 0 to 2.", "Lengths", () => Forward(24, 36, states, reserve, room, [2, 3, 0]));
        Refuses("Lengths has length 2", "Lengths", () => Forward(24, 36, states, reserve, room, [2, 2]));
        Refuses("expected at least", "Workspace", () => Forward(24, 36, states, reserve, room, [2, 2, 2]));
        Refuses("Tokens[1] is 4; expected 0 to 3.", "Tokens", () => Tokens(_network, [0, 4, 0, 0, 0, 0]));
        var summed = new Sequential<float>(SequentialLayer<float>.Residual(new Rnn<float>(6, 6)));
        Refuses("Tokens has length 6; expected 0,", "Tokens", () => Tokens(summed, [0, 4, 0, 0, 0, 0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _network.WorkspaceSize(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _network.StateSize(0));
        Assert.True(_all.All(float.IsNaN));

        void Forward(int x, int y, int state, int kept, int work, int[]? lengths = null) => _network.Forward(new SequentialForward<float>
        {
            Steps = Steps,
            Batch = Batch,
            Lengths = lengths,
            Input = _read.AsSpan(0, x),
            InitialStates = _read.AsSpan(100, state),
            Output = _all.AsSpan(0, y),
            Reserve = _all.AsSpan(100, kept),
            Workspace = _all.AsSpan(10_000, work),
        });

        void Tokens(Sequential<float> network, int[] tokens) => network.Forward(new SequentialForward<float>
        {
            Steps = Steps,
            Batch = Batch,
            Tokens = tokens,
            Output = _all.AsSpan(0, 36),
            Workspace = _all.AsSpan(10_000, room),
        });
    }

    [Fact]
    public void OverlapsAreNamed()
    {
        int states = _network.StateSize(Batch);
        Refuses("Output overlaps Input.", "Output", () => Forward(_all.AsSpan(0, 24), _all.AsSpan(23, 36), default));
        Refuses("Workspace overlaps Output.", "Workspace", () => Forward(_read.AsSpan(0, 24), _all.AsSpan(9_999, 36), default));
        Refuses("FinalStates overlaps InitialStates.", "FinalStates", () => Forward(
            _read.AsSpan(0, 24), _all.AsSpan(0, 36), _all.AsSpan(101, states), _all.AsSpan(100, states)));
        Assert.True(_all.All(float.IsNaN));

        void Forward(Span<float> x, Span<float> y, Span<float> final, Span<float> initial = default) => _network.Forward(
            new SequentialForward<float>
            {
                Steps = Steps,
                Batch = Batch,
                Input = x,
                InitialStates = initial,
                Output = y,
                FinalStates = final,
                Workspace = _all.AsSpan(10_000),
            });
    }

    [Fact]
    public void WrongGradientsAreNamedBeforeAnythingIsAdded()
    {
        IReadOnlyList<ParameterSet<float>> right = _network.CreateGradients();
        float[] inputGradient = new float[24];
        Refuses("Gradients has 1 sets; expected 2.", "Gradients", () => Backward(_network, [right[0]]));
        Refuses("another layout", "gradients", () => Backward(_network, [right[1], right[0]]));
        Refuses("the parameters themselves", "gradients", () => Backward(_network, [right[0], _network.ParameterSets[1]]));
        var twins = new Sequential<float>(new Rnn<float>(4, 4), new Rnn<float>(4, 4));
        ParameterSet<float> one = twins.CreateGradients()[0];
        Refuses("Gradients[1] is Gradients[0]", "Gradients", () => Backward(twins, [one, one]));
        var frozen = new Sequential<float>(new Rnn<float>(4, 4, isTrainable: false), new Rnn<float>(4, 4));
        Assert.Throws<InvalidOperationException>(() => Backward(frozen, frozen.CreateGradients()));
        Assert.True(inputGradient.All(number => number == 0));
        Assert.True(right.All(set => set.Values.IndexOfAnyExcept(0f) < 0));

        void Backward(Sequential<float> network, IReadOnlyList<ParameterSet<float>> gradients) => network.Backward(
            new SequentialBackward<float>
            {
                Steps = Steps,
                Batch = Batch,
                Input = _read.AsSpan(0, 24),
                Output = _read.AsSpan(100, Steps * Batch * network.OutputSize),
                Reserve = _read.AsSpan(200, network.ReserveSize(Steps, Batch)),
                OutputGradient = _read.AsSpan(0, Steps * Batch * network.OutputSize),
                InputGradient = inputGradient,
                Gradients = gradients,
                Workspace = _all,
            });
    }

    [Fact]
    public void ANetworkOfTwoDirectionsHasNoSteps() => Assert.Contains(
        "bidirectional",
        Assert.Throws<InvalidOperationException>(() => new Sequential<float>(_both).Step(new SequentialStep<float>
        {
            Batch = 1,
            Input = _read.AsSpan(0, 4),
            States = _all.AsSpan(0, 20),
            Output = _all.AsSpan(100, 10),
            Workspace = _all.AsSpan(1_000),
        })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void WrongArgumentsOfTwoDirectionsAreNamed()
    {
        Refuses("Input has length 23; expected 24,", "Input", () => Forward(23, 60, 30, 30));
        Refuses("Output has length 30; expected 60, [T, B, O] = [2, 3, 10].", "Output", () => Forward(24, 30, 30, 30));
        Refuses("InitialState has length 15; expected 30, [2, B, P] = [2, 3, 5].", "InitialState", () => Forward(24, 60, 15, 30));
        Refuses("FinalCellState has length 15; expected 30, [2·C, B, H] = [2, 3, 5].", "FinalCellState", () => Forward(24, 60, 30, 15));
        Refuses("Output overlaps FinalCellState.", "Output", () => Forward(24, 60, 30, 30, finalAt: 50));
        Refuses("Tokens[0] is 9; expected 0 to 3.", "Tokens", () => _both.Forward(new BidirectionalForward<float>
        {
            Steps = 1,
            Batch = 1,
            Tokens = [9],
            Output = _all.AsSpan(0, 10),
            Workspace = _all.AsSpan(100),
        }));
        ParameterSet<float> gradients = _both.ForwardLayer.Parameters.CreateZeros();
        Refuses("the same gradients", "ReverseGradients", () => _both.Backward(new BidirectionalBackward<float>
        {
            Steps = 1,
            Batch = 1,
            Input = _read.AsSpan(0, 4),
            Reserve = default,
            ForwardGradients = gradients,
            ReverseGradients = gradients,
            Workspace = _all,
        }));
        Assert.True(_all.All(float.IsNaN));

        void Forward(int x, int y, int state, int cellState, int finalAt = 200) => _both.Forward(new BidirectionalForward<float>
        {
            Steps = Steps,
            Batch = Batch,
            Input = _read.AsSpan(0, x),
            InitialState = _read.AsSpan(100, state),
            Output = _all.AsSpan(0, y),
            FinalCellState = _all.AsSpan(finalAt, cellState),
            Workspace = _all.AsSpan(1_000),
        });
    }

    private static void Refuses(string message, string name, Action run) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(name, run).Message, StringComparison.Ordinal);

    private static void RefusesToMake(string message, string name, Func<object> make) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(name, make).Message, StringComparison.Ordinal);
}
