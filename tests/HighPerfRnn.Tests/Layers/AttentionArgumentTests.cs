using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Wrong arguments at attention's door: each is named, and nothing has been written then.</summary>
public sealed class AttentionArgumentTests
{
    private const int QuerySteps = 2, MemorySteps = 3, Batch = 2, QuerySize = 4, MemorySize = 5, KeySize = 6;

    private readonly Attention<float> _layer = new(AttentionScore.Additive, QuerySize, MemorySize, KeySize);
    private readonly ParameterSet<float> _gradients;
    private readonly Dictionary<string, Memory<float>> _spans = [];
    private readonly float[] _block;
    private int[] _lengths = [3, 0];

    public AttentionArgumentTests()
    {
        _gradients = _layer.Parameters.CreateZeros();
        (string Name, int Length)[] all =
        [
            ("Query", QuerySteps * Batch * QuerySize), ("Memory", MemorySteps * Batch * MemorySize),
            ("Keys", MemorySteps * Batch * KeySize), ("Context", QuerySteps * Batch * MemorySize),
            ("Weights", QuerySteps * Batch * MemorySteps), ("ContextGradient", QuerySteps * Batch * MemorySize),
            ("QueryGradient", QuerySteps * Batch * QuerySize), ("MemoryGradient", MemorySteps * Batch * MemorySize),
            ("KeysGradient", MemorySteps * Batch * KeySize),
            ("Workspace", Math.Max(
                _layer.BackwardWorkspaceSize(QuerySteps, MemorySteps, Batch), _layer.PrepareWorkspaceSize(MemorySteps, Batch))),
        ];
        _block = RnnRun<float>.Filled(all.Sum(span => span.Length));
        int start = 0;
        foreach ((string name, int length) in all)
        {
            _spans[name] = _block.AsMemory(start, length);
            start += length;
        }
    }

    public static TheoryData<string, string> ForwardOverlaps => Pairs(
        ["Context", "Weights", "Workspace"], ["Query", "Memory", "Keys"]);

    public static TheoryData<string, string> BackwardOverlaps => Pairs(
        ["QueryGradient", "MemoryGradient", "KeysGradient", "Workspace"], ["Query", "Memory", "Keys", "Weights", "ContextGradient"]);

    [Theory]
    [InlineData("Query", 16, "[Q, B, H] = [2, 2, 4]")]
    [InlineData("Memory", 30, "[S, B, M] = [3, 2, 5]")]
    [InlineData("Keys", 36, "[S, B, K] = [3, 2, 6]")]
    [InlineData("Context", 20, "[Q, B, M] = [2, 2, 5]")]
    [InlineData("Weights", 12, "[Q, B, S] = [2, 2, 3]")]
    public void ForwardNamesAWrongLength(string name, int expected, string shape) => RefusesLength(name, expected, shape, Forward);

    [Theory]
    [InlineData("Query", 16, "[Q, B, H] = [2, 2, 4]")]
    [InlineData("Memory", 30, "[S, B, M] = [3, 2, 5]")]
    [InlineData("Keys", 36, "[S, B, K] = [3, 2, 6]")]
    [InlineData("Weights", 12, "[Q, B, S] = [2, 2, 3]")]
    [InlineData("ContextGradient", 20, "[Q, B, M] = [2, 2, 5]")]
    [InlineData("QueryGradient", 16, "[Q, B, H] = [2, 2, 4]")]
    [InlineData("MemoryGradient", 30, "[S, B, M] = [3, 2, 5]")]
    [InlineData("KeysGradient", 36, "[S, B, K] = [3, 2, 6]")]
    public void BackwardNamesAWrongLength(string name, int expected, string shape) => RefusesLength(name, expected, shape, Backward);

    [Theory]
    [MemberData(nameof(ForwardOverlaps))]
    public void ForwardRefusesOverlaps(string written, string read) => RefusesOverlap(written, read, Forward);

    [Theory]
    [InlineData("Weights", "Context")]
    [InlineData("Workspace", "Context")]
    [InlineData("Workspace", "Weights")]
    public void ForwardRefusesOverlapsOfWhatIsWritten(string written, string other) => RefusesOverlap(written, other, Forward);

    [Theory]
    [MemberData(nameof(BackwardOverlaps))]
    public void BackwardRefusesOverlaps(string written, string read) => RefusesOverlap(written, read, Backward);

    [Theory]
    [InlineData("QueryGradient", "MemoryGradient")]
    [InlineData("QueryGradient", "KeysGradient")]
    [InlineData("MemoryGradient", "KeysGradient")]
    [InlineData("Workspace", "QueryGradient")]
    [InlineData("Workspace", "MemoryGradient")]
    [InlineData("Workspace", "KeysGradient")]
    public void BackwardRefusesOverlapsOfWhatIsWritten(string written, string other) => RefusesOverlap(written, other, Backward);

    [Fact]
    public void GradientsMayNotOverlapEither()
    {
        ArgumentException failure = Assert.Throws<ArgumentException>(() => _layer.Backward(new AttentionBackward<float>
        {
            QuerySteps = QuerySteps,
            MemorySteps = MemorySteps,
            Batch = Batch,
            Query = _gradients.Values[..16],
            Memory = _spans["Memory"].Span,
            Keys = _spans["Keys"].Span,
            Weights = _spans["Weights"].Span,
            ContextGradient = _spans["ContextGradient"].Span,
            KeysGradient = _spans["KeysGradient"].Span,
            Gradients = _gradients,
            Workspace = _spans["Workspace"].Span,
        }));
        Assert.Contains("Gradients overlaps Query.", failure.Message, StringComparison.Ordinal);
        AssertUntouched();
    }

    [Fact]
    public void LengthsOfRowsAreChecked()
    {
        foreach (Action pass in (Action[])[Forward, Backward])
        {
            _lengths = [1];
            Refuses("Lengths has length 1; expected 2, [B] = [2].", "Lengths", pass);
            _lengths = [0, 4];
            Refuses("Lengths[1] is 4; expected 0 to 3.", "Lengths", pass);
            _lengths = [-1, 0];
            Refuses("Lengths[0] is -1; expected 0 to 3.", "Lengths", pass);
        }
    }

    [Fact]
    public void WorkspacesAreChecked()
    {
        int forward = _layer.ForwardWorkspaceSize(QuerySteps, Batch);
        int backward = _layer.BackwardWorkspaceSize(QuerySteps, MemorySteps, Batch);
        int prepare = _layer.PrepareWorkspaceSize(MemorySteps, Batch);
        Assert.Equal(QuerySteps * Batch * KeySize, forward);
        Assert.Equal(
            (MemorySteps * Batch) + (3 * QuerySteps * Batch * KeySize) + Dense<float>.WorkspaceSize(QuerySteps * Batch, KeySize), backward);
        Assert.Equal(Dense<float>.WorkspaceSize(MemorySteps * Batch, KeySize), prepare);
        foreach ((int size, string name, Action pass) in ((int, string, Action)[])
            [(forward, "Workspace", Forward), (backward, "Workspace", Backward), (prepare, "workspace", PrepareBackward)])
        {
            Memory<float> whole = _spans["Workspace"];
            _spans["Workspace"] = whole[..(size - 1)];
            Refuses($"{name} has length {size - 1}; expected at least {size}.", name, pass);
            _spans["Workspace"] = whole;
        }
    }

    [Fact]
    public void PrepareNamesWrongSpans()
    {
        float[] memory = new float[30], keys = RnnRun<float>.Filled(36);
        Refuses("memory has length 29; expected 30, [S, B, M]", "memory", () => _layer.Prepare(3, 2, memory.AsSpan(1), keys));
        Refuses("keys has length 35; expected 36, [S, B, K]", "keys", () => _layer.Prepare(3, 2, memory, keys.AsSpan(1)));
        Refuses("keys overlaps memory.", "keys", () => _layer.Prepare(3, 2, keys.AsSpan(0, 30), keys));
        Assert.Throws<ArgumentOutOfRangeException>(() => _layer.Prepare(-1, 2, memory, keys));
        Assert.Throws<ArgumentOutOfRangeException>(() => _layer.Prepare(3, 0, memory, keys));
        Assert.True(keys.All(float.IsNaN));
        RefusesLength("Memory", 30, "[S, B, M] = [3, 2, 5]", PrepareBackward, "memory");
        RefusesLength("KeysGradient", 36, "[S, B, K] = [3, 2, 6]", PrepareBackward, "keysGradient");
        RefusesLength("MemoryGradient", 30, "[S, B, M] = [3, 2, 5]", PrepareBackward, "memoryGradient");
        RefusesOverlap("MemoryGradient", "Memory", PrepareBackward, "memoryGradient overlaps memory.");
        RefusesOverlap("MemoryGradient", "KeysGradient", PrepareBackward, "memoryGradient overlaps keysGradient.");
    }

    [Fact]
    public void TheScaledProductHasNoKeys()
    {
        var layer = new Attention<float>(AttentionScore.ScaledDot, 4, 4);
        Assert.Empty(layer.Parameters.Parameters);
        Assert.Equal((4, 0, 0, 0, 6), (
            layer.KeySize, layer.KeysSize(3, 2), layer.ForwardWorkspaceSize(5, 2), layer.PrepareWorkspaceSize(3, 2),
            layer.BackwardWorkspaceSize(5, 3, 2)));
        float[] memory = new float[24], keys = new float[1];
        const string reason = "keys has length 1; expected 0, since the memory itself is the keys.";
        Refuses(reason, "keys", () => layer.Prepare(3, 2, memory, keys));
        layer.Prepare(3, 2, memory, []);
        layer.PrepareBackward(3, 2, memory, [], [], layer.Parameters.CreateZeros(), []);
        Refuses("keysGradient has length 1", "keysGradient", () => layer.PrepareBackward(3, 2, memory, keys, [], layer.Parameters.CreateZeros(), []));
    }

    [Fact]
    public void SizesAreChecked()
    {
        Assert.Throws<ArgumentOutOfRangeException>("score", () => new Attention<float>((AttentionScore)3, 2, 2));
        Assert.Throws<ArgumentOutOfRangeException>("querySize", () => new Attention<float>(AttentionScore.General, 0, 2));
        Assert.Throws<ArgumentOutOfRangeException>("memorySize", () => new Attention<float>(AttentionScore.General, 2, 0));
        Assert.Throws<ArgumentOutOfRangeException>("memorySize", () => new Attention<float>(AttentionScore.ScaledDot, 2, 3));
        Assert.Throws<ArgumentOutOfRangeException>("scoreSize", () => new Attention<float>(AttentionScore.General, 2, 3, 1));
        Assert.Throws<ArgumentOutOfRangeException>("scoreSize", () => new Attention<float>(AttentionScore.Additive, 2, 3));
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => _layer.KeysSize(-1, 2));
        Assert.Throws<ArgumentOutOfRangeException>("batch", () => _layer.ForwardWorkspaceSize(1, 0));
        Assert.Throws<OverflowException>(() => _layer.BackwardWorkspaceSize(1, 1 << 20, 1 << 20));
        Assert.Throws<ArgumentOutOfRangeException>("querySteps", () => _layer.Forward(Empty(-1, 0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>("memorySteps", () => _layer.Forward(Empty(0, -1, 1)));
        Assert.Throws<ArgumentOutOfRangeException>("batch", () => _layer.Forward(Empty(0, 0, 0)));

        static AttentionForward<float> Empty(int querySteps, int memorySteps, int batch) => new()
        {
            QuerySteps = querySteps,
            MemorySteps = memorySteps,
            Batch = batch,
            Query = [],
            Memory = [],
            Context = [],
            Weights = [],
        };
    }

    [Fact]
    public void WhatIsNotTrainableHasNoBackwardPass()
    {
        var layer = new Attention<float>(AttentionScore.General, 2, 2, isTrainable: false);
        Assert.Throws<InvalidOperationException>(
            () => layer.PrepareBackward(0, 1, [], [], [], layer.Parameters.CreateZeros(), []));
        Assert.Throws<InvalidOperationException>(() => layer.Backward(default));
        Assert.Throws<ArgumentException>(
            "gradients", () => _layer.PrepareBackward(0, 1, [], [], [], layer.Parameters.CreateZeros(), []));
    }

    private static TheoryData<string, string> Pairs(string[] written, string[] read)
    {
        var pairs = new TheoryData<string, string>();
        foreach (string one in written)
        {
            foreach (string other in read) pairs.Add(one, other);
        }

        return pairs;
    }

    private void RefusesLength(string name, int expected, string shape, Action pass, string? given = null)
    {
        Memory<float> whole = _spans[name];
        _spans[name] = whole[1..];
        Refuses($"{given ?? name} has length {expected - 1}; expected {expected}, {shape}.", given ?? name, pass);
        _spans[name] = whole;
    }

    /// <summary>The second starts one element before the first ends.</summary>
    private void RefusesOverlap(string written, string other, Action pass, string? message = null)
    {
        Memory<float> whole = _spans[other];
        float[] room = RnnRun<float>.Filled(_spans[written].Length + whole.Length);
        Memory<float> before = _spans[written];
        _spans[written] = room.AsMemory(0, before.Length);
        _spans[other] = room.AsMemory(before.Length - 1, whole.Length);
        ArgumentException failure = Assert.Throws<ArgumentException>(pass);
        string[] names = message is null ? [$"{written} overlaps {other}.", $"{other} overlaps {written}."] : [message];
        Assert.Contains(names, name => failure.Message.StartsWith(name, StringComparison.Ordinal));
        Assert.True(room.All(float.IsNaN));
        AssertUntouched();
        (_spans[written], _spans[other]) = (before, whole);
    }

    private void Refuses(string message, string name, Action pass)
    {
        Assert.StartsWith(message, Assert.Throws<ArgumentException>(name, pass).Message, StringComparison.Ordinal);
        AssertUntouched();
    }

    private void AssertUntouched()
    {
        Assert.True(_block.All(float.IsNaN));
        Assert.True(_gradients.Values.IndexOfAnyExcept(0f) < 0);
    }

    private void Forward() => _layer.Forward(new AttentionForward<float>
    {
        QuerySteps = QuerySteps,
        MemorySteps = MemorySteps,
        Batch = Batch,
        Query = _spans["Query"].Span,
        Memory = _spans["Memory"].Span,
        Keys = _spans["Keys"].Span,
        Lengths = _lengths,
        Context = _spans["Context"].Span,
        Weights = _spans["Weights"].Span,
        Workspace = _spans["Workspace"].Span,
    });

    private void Backward() => _layer.Backward(new AttentionBackward<float>
    {
        QuerySteps = QuerySteps,
        MemorySteps = MemorySteps,
        Batch = Batch,
        Query = _spans["Query"].Span,
        Memory = _spans["Memory"].Span,
        Keys = _spans["Keys"].Span,
        Lengths = _lengths,
        Weights = _spans["Weights"].Span,
        ContextGradient = _spans["ContextGradient"].Span,
        QueryGradient = _spans["QueryGradient"].Span,
        MemoryGradient = _spans["MemoryGradient"].Span,
        KeysGradient = _spans["KeysGradient"].Span,
        Gradients = _gradients,
        Workspace = _spans["Workspace"].Span,
    });

    private void PrepareBackward() => _layer.PrepareBackward(
        MemorySteps,
        Batch,
        _spans["Memory"].Span,
        _spans["KeysGradient"].Span,
        _spans["MemoryGradient"].Span,
        _gradients,
        _spans["Workspace"].Span);
}
