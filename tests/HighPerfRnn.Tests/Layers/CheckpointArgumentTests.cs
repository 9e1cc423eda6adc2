using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Passes with checkpoints refuse wrong spans before the first segment has written anything.</summary>
public sealed class CheckpointArgumentTests
{
    private const int Batch = 130;
    private const int Size = 3;

    private static readonly CheckpointPlan Plan = new(steps: 3, Batch, segmentSteps: 1);

    private readonly CellLayer<float, BlendCell<float>> _layer = new(Size, Size);
    private readonly ParameterSet<float> _gradients;
    private readonly Dictionary<string, Memory<float>> _spans = [];
    private readonly float[] _block;
    private int[] _tokens = [];

    public CheckpointArgumentTests()
    {
        _gradients = _layer.Parameters.CreateZeros();
        int sequence = Plan.Steps * Batch * Size;
        (string Name, int Length)[] all =
        [
            ("Input", sequence), ("Output", sequence), ("OutputGradient", sequence), ("InputGradient", sequence),
            ("InitialState", Batch * Size), ("FinalState", Batch * Size), ("FinalStateGradient", Batch * Size),
            ("InitialStateGradient", Batch * Size), ("InitialCellState", Batch * Size), ("FinalCellState", Batch * Size),
            ("FinalCellStateGradient", Batch * Size), ("InitialCellStateGradient", Batch * Size),
            ("Workspace", _layer.CheckpointedWorkspaceSize(Plan)),
        ];
        _block = RnnRun<float>.Filled(all.Sum(span => span.Length));
        int start = 0;
        foreach ((string name, int length) in all)
        {
            _spans[name] = _block.AsMemory(start, length);
            start += length;
        }

        _spans["TokenTable"] = _spans["TokenTableGradient"] = Memory<float>.Empty;
    }

    [Theory]
    [InlineData("Input")]
    [InlineData("Output")]
    [InlineData("InitialState")]
    [InlineData("InitialCellState")]
    [InlineData("FinalState")]
    [InlineData("FinalCellState")]
    [InlineData("TokenTable")]
    [InlineData("Workspace")]
    public void ForwardNamesAWrongLength(string name) => RefusesLength(name, Forward);

    [Theory]
    [InlineData("Input")]
    [InlineData("OutputGradient")]
    [InlineData("FinalStateGradient")]
    [InlineData("FinalCellStateGradient")]
    [InlineData("InputGradient")]
    [InlineData("InitialStateGradient")]
    [InlineData("InitialCellStateGradient")]
    [InlineData("TokenTable")]
    [InlineData("TokenTableGradient")]
    [InlineData("Workspace")]
    public void BackwardNamesAWrongLength(string name) => RefusesLength(name, Backward);

    [Theory]
    [InlineData("Output", "Input")]
    [InlineData("Output", "InitialState")]
    [InlineData("Output", "InitialCellState")]
    [InlineData("Output", "FinalState")]
    [InlineData("Output", "FinalCellState")]
    [InlineData("Workspace", "Input")]
    [InlineData("Workspace", "InitialState")]
    [InlineData("Workspace", "InitialCellState")]
    [InlineData("Workspace", "Output")]
    [InlineData("Workspace", "FinalState")]
    [InlineData("Workspace", "FinalCellState")]
    [InlineData("FinalState", "Input")]
    [InlineData("FinalState", "InitialState")]
    [InlineData("FinalState", "InitialCellState")]
    [InlineData("FinalState", "FinalCellState")]
    [InlineData("FinalCellState", "Input")]
    [InlineData("FinalCellState", "InitialState")]
    [InlineData("FinalCellState", "InitialCellState")]
    public void ForwardRefusesOverlap(string written, string read) => RefusesOverlap(written, read, Forward);

    [Theory]
    [InlineData("Workspace", "Input")]
    [InlineData("Workspace", "OutputGradient")]
    [InlineData("Workspace", "FinalStateGradient")]
    [InlineData("Workspace", "FinalCellStateGradient")]
    [InlineData("Workspace", "InputGradient")]
    [InlineData("Workspace", "InitialStateGradient")]
    [InlineData("Workspace", "InitialCellStateGradient")]
    [InlineData("InputGradient", "Input")]
    [InlineData("InputGradient", "OutputGradient")]
    [InlineData("InputGradient", "InitialStateGradient")]
    [InlineData("InputGradient", "InitialCellStateGradient")]
    [InlineData("InitialStateGradient", "Input")]
    [InlineData("InitialStateGradient", "FinalStateGradient")]
    [InlineData("InitialStateGradient", "InitialCellStateGradient")]
    [InlineData("InitialCellStateGradient", "Input")]
    [InlineData("InitialCellStateGradient", "FinalCellStateGradient")]
    public void BackwardRefusesOverlap(string written, string read) => RefusesOverlap(written, read, Backward);

    [Fact]
    public void TokensPastTheTableOfAnyPassAreRefused()
    {
        int columns = 2 * Size;
        _tokens = new int[Plan.Steps * Batch];
        _tokens[^1] = 4;
        _spans["Input"] = _spans["InputGradient"] = Memory<float>.Empty;
        _spans["TokenTable"] = new float[4 * columns];
        _spans["TokenTableGradient"] = new float[5 * columns];
        Refuses(Forward, $"Tokens[{_tokens.Length - 1}] is 4; expected 0 to 3");
        Refuses(Backward, $"Tokens[{_tokens.Length - 1}] is 4; expected 0 to 3");
        _spans["TokenTable"] = new float[5 * columns];
        _spans["TokenTableGradient"] = new float[4 * columns];
        Refuses(Backward, $"Tokens[{_tokens.Length - 1}] is 4; expected 0 to 3");
        _spans["TokenTableGradient"] = new float[5 * columns];
        _spans["InputGradient"] = new float[Plan.Steps * Batch * Size];
        Refuses(Backward, "InputGradient has length 1170; expected 0, since tokens have no gradient");
    }

    [Fact]
    public void ALossAndItsGradientsAreNotBothGiven() => Refuses(
        () =>
        {
            var loss = new TargetLoss<float>([], Batch * Size, Plan.Steps);
            _layer.BackwardCheckpointed(BackwardPass(), ref loss);
        },
        "OutputGradient has length 1170; expected 0, since the loss gives it");

    [Fact]
    public void ForeignGradientsAndLayersWithoutABackwardPassAreRefused()
    {
        var other = new CellLayer<float, BlendCell<float>>(Size + 1, Size);
        Assert.Throws<ArgumentException>(() => _layer.BackwardCheckpointed(BackwardPass(other.Parameters.CreateZeros())));
        var forward = new CellLayer<float, BlendCell<float>>(Size, Size, isTrainable: false);
        Assert.Throws<InvalidOperationException>(() => forward.BackwardCheckpointed(BackwardPass()));
        Assert.Throws<InvalidOperationException>(() =>
        {
            var loss = new TargetLoss<float>([], Batch * Size, Plan.Steps);
            forward.BackwardCheckpointed(BackwardPass(), ref loss);
        });
    }

    [Fact]
    public void NeighboursInOneArrayAreFine()
    {
        _block.AsSpan().Clear();
        Forward();
        Backward();
    }

    private void RefusesLength(string name, Action pass)
    {
        int length = _spans[name].Length;
        _spans[name] = name == "Workspace" ? _spans[name][..^1] : new float[length + 1];
        string message = name switch
        {
            "Workspace" => $"Workspace has length {length - 1}; expected at least {length}.",
            "TokenTable" or "TokenTableGradient" => $"{name} has length 1; expected 0, since no Tokens are given",
            _ => $"{name} has length {length + 1}; expected {length}, [",
        };
        Refuses(pass, message);
    }

    private void RefusesOverlap(string written, string read, Action pass)
    {
        // The last element of the one is the first of the other.
        float[] shared = RnnRun<float>.Filled(_spans[written].Length + _spans[read].Length - 1);
        (_spans[written], Memory<float> other) = (shared.AsMemory(0, _spans[written].Length), shared.AsMemory(_spans[written].Length - 1));
        _spans[read] = other;
        Refuses(pass, $"{written} overlaps {read}.");
        Assert.All(shared, value => Assert.True(float.IsNaN(value)));
    }

    private void Refuses(Action pass, string message)
    {
        ArgumentException failure = Assert.ThrowsAny<ArgumentException>(pass);
        Assert.StartsWith(message, failure.Message, StringComparison.Ordinal);
        Assert.All(_block, value => Assert.True(float.IsNaN(value)));
        Assert.All(_gradients.Values.ToArray(), value => Assert.Equal(0, value));
    }

    private void Forward() => _layer.ForwardCheckpointed(new CheckpointedForward<float>
    {
        Plan = Plan,
        Input = _spans["Input"].Span,
        Tokens = _tokens,
        TokenTable = _spans["TokenTable"].Span,
        InitialState = _spans["InitialState"].Span,
        InitialCellState = _spans["InitialCellState"].Span,
        Output = _spans["Output"].Span,
        FinalState = _spans["FinalState"].Span,
        FinalCellState = _spans["FinalCellState"].Span,
        Workspace = _spans["Workspace"].Span,
    });

    private void Backward() => _layer.BackwardCheckpointed(BackwardPass());

    private CheckpointedBackward<float> BackwardPass(ParameterSet<float>? gradients = null) => new()
    {
        Plan = Plan,
        Input = _spans["Input"].Span,
        Tokens = _tokens,
        TokenTable = _spans["TokenTable"].Span,
        OutputGradient = _spans["OutputGradient"].Span,
        FinalStateGradient = _spans["FinalStateGradient"].Span,
        FinalCellStateGradient = _spans["FinalCellStateGradient"].Span,
        InputGradient = _spans["InputGradient"].Span,
        TokenTableGradient = _spans["TokenTableGradient"].Span,
        InitialStateGradient = _spans["InitialStateGradient"].Span,
        InitialCellStateGradient = _spans["InitialCellStateGradient"].Span,
        Gradients = gradients ?? _gradients,
        Workspace = _spans["Workspace"].Span,
    };
}
