using System.Runtime.InteropServices;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Spans that may not overlap are refused before anything is written.</summary>
public sealed class OverlapTests
{
    private const int Steps = 2;
    private const int Batch = 3;
    private const int Size = 4;

    private readonly Rnn<float> _layer = new(Size, Size);
    private readonly Dictionary<string, Memory<float>> _spans = [];
    private readonly float[] _block;

    public OverlapTests()
    {
        int sequence = Steps * Batch * Size;
        (string Name, int Length)[] all =
        [
            ("Input", sequence), ("Output", sequence), ("OutputGradient", sequence), ("InputGradient", sequence),
            ("InitialState", Batch * Size), ("FinalState", Batch * Size), ("FinalStateGradient", Batch * Size),
            ("InitialStateGradient", Batch * Size),
            ("Workspace", new Rnn<float>(Size, Size).WorkspaceSize(Steps, Batch)),
        ];
        _block = RnnRun<float>.Filled(all.Sum(span => span.Length));
        int start = 0;
        foreach ((string name, int length) in all)
        {
            _spans[name] = _block.AsMemory(start, length);
            start += length;
        }
    }

    [Theory]
    [InlineData("Output", "Input")]
    [InlineData("Output", "InitialState")]
    [InlineData("Output", "FinalState")]
    [InlineData("Workspace", "Input")]
    [InlineData("Workspace", "InitialState")]
    [InlineData("Workspace", "Output")]
    [InlineData("Workspace", "FinalState")]
    public void ForwardRefuses(string written, string read) => Refuses(written, read, Forward);

    [Theory]
    [InlineData("InputGradient", "Input")]
    [InlineData("InputGradient", "Output")]
    [InlineData("InputGradient", "OutputGradient")]
    [InlineData("InitialStateGradient", "Output")]
    [InlineData("Workspace", "Input")]
    [InlineData("Workspace", "Output")]
    [InlineData("Workspace", "OutputGradient")]
    [InlineData("Workspace", "InputGradient")]
    [InlineData("Workspace", "FinalStateGradient")]
    [InlineData("Workspace", "InitialStateGradient")]
    public void BackwardRefuses(string written, string read) => Refuses(written, read, Backward);

    [Fact]
    public void NeighboursInOneArrayAreFine()
    {
        _block.AsSpan().Clear();
        Forward();
        Backward();
    }

    [Fact]
    public void StepRefuses()
    {
        float[] state = new float[Batch * Size];
        float[] workspace = new float[_spans["Workspace"].Length];
        ArgumentException failure = Assert.Throws<ArgumentException>(
            () => _layer.Step(new float[Batch * Size], state, state, workspace));
        Assert.StartsWith("NextState overlaps State.", failure.Message, StringComparison.Ordinal);
        failure = Assert.Throws<ArgumentException>(() => _layer.Step(state, new float[Batch * Size], state, workspace));
        Assert.StartsWith("NextState overlaps Input.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DenseRefuses()
    {
        var dense = new Dense<float>(Size, Size);
        ParameterSet<float> gradients = dense.Parameters.CreateZeros();
        float[] one = new float[Batch * Size];
        float[] other = new float[Batch * Size];
        float[] workspace = new float[Dense<float>.WorkspaceSize(Batch, Size)];
        Assert.Throws<ArgumentException>(() => dense.Forward(Batch, one, one));
        Assert.Throws<ArgumentException>(() => dense.Backward(Batch, one, other, one, gradients, workspace));
        Assert.Throws<ArgumentException>(() => dense.Backward(Batch, other, one, one, gradients, workspace));
    }

    private void Refuses(string written, string read, Action pass)
    {
        Memory<float> kept = _spans[written];
        // By one element: the last of one is the first of the other.
        int start = Offset(_spans[read]) + _spans[read].Length - 1;
        Memory<float> moved = start + kept.Length <= _block.Length
            ? _block.AsMemory(start, kept.Length)
            : _block.AsMemory(Offset(_spans[read]) - kept.Length + 1, kept.Length);
        _spans[written] = moved;
        // Others must not be touched by the moved span: they get memory of their own.
        foreach (string name in _spans.Keys.ToArray())
        {
            if (name != written && name != read) _spans[name] = RnnRun<float>.Filled(_spans[name].Length);
        }

        float[] before = (float[])_block.Clone();
        ArgumentException failure = Assert.Throws<ArgumentException>(pass);
        Assert.StartsWith($"{written} overlaps {read}.", failure.Message, StringComparison.Ordinal);
        Compare.Bits(before, _block, "memory");
        foreach (Memory<float> span in _spans.Values) Assert.True(span.Span.IndexOfAnyExcept(float.NaN) < 0);
    }

    private static int Offset(Memory<float> span) =>
        MemoryMarshal.TryGetArray(span, out ArraySegment<float> segment) ? segment.Offset : -1;

    private void Forward() => _layer.Forward(new RnnForward<float>
    {
        Steps = Steps,
        Batch = Batch,
        Input = _spans["Input"].Span,
        InitialState = _spans["InitialState"].Span,
        Output = _spans["Output"].Span,
        FinalState = _spans["FinalState"].Span,
        Workspace = _spans["Workspace"].Span,
    });

    private void Backward() => _layer.Backward(new RnnBackward<float>
    {
        Steps = Steps,
        Batch = Batch,
        Input = _spans["Input"].Span,
        InitialState = _spans["InitialState"].Span,
        Output = _spans["Output"].Span,
        OutputGradient = _spans["OutputGradient"].Span,
        FinalStateGradient = _spans["FinalStateGradient"].Span,
        InputGradient = _spans["InputGradient"].Span,
        InitialStateGradient = _spans["InitialStateGradient"].Span,
        Gradients = _layer.Parameters.CreateZeros(),
        Workspace = _spans["Workspace"].Span,
    });
}
