using System.Text.RegularExpressions;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>The table: its numbers are what the layers' and the network's own methods say.</summary>
public sealed class SequentialDescriptionTests
{
    private const int Steps = 20, Batch = 3, Rows = Steps * Batch;

    private readonly Embedding<float> _embedding = new(50, 8);
    private readonly Bidirectional<float> _bidirectional = new(new Lstm<float>(8, 8), new Lstm<float>(8, 8), BidirectionalMerge.Sum);
    private readonly LayerNorm<float> _norm = new(8);
    private readonly Gru<float> _gru = new(8, 8);
    private readonly Dense<float> _dense = new(8, 50);
    private readonly Sequential<float> _network;

    public SequentialDescriptionTests() => _network = new Sequential<float>(
        _embedding, _bidirectional, SequentialLayer<float>.Residual(_norm, new Dropout<float>(0.25, seed: 1, DropoutKind.Variational), _gru), _dense);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RowsAreWhatTheLayersSay(bool hasLengths)
    {
        int forward = hasLengths ? _gru.OrderedWorkspaceSize(Steps, Batch) : _gru.ForwardWorkspaceSize(Steps, Batch);
        int both = hasLengths ? _gru.OrderedWorkspaceSize(Steps, Batch) : _gru.WorkspaceSize(Steps, Batch);
        int twoWays = _bidirectional.WorkspaceSize(Steps, Batch);
        long wide = Rows * 8, logits = Rows * 50;
        SequentialRow[] expected =
        [
            new("Embedding", 8, _embedding.Parameters.Count, 4 * wide, 4 * wide),
            new(
                "Bidirectional Lstm, sum",
                8,
                2 * _bidirectional.ForwardLayer.Parameters.Count,
                4 * (wide + twoWays),
                4 * (wide + twoWays + _bidirectional.ReserveSize(Steps, Batch))),
            new("LayerNorm", 8, 16, 4 * wide, 4 * (wide + (2 * Rows))),
            new("Dropout 0.25, variational", 8, 0, 4 * wide, 4 * wide),
            new("Gru", 8, _gru.Parameters.Count, 4 * (wide + forward), 4 * (wide + both + _gru.ReserveSize(Steps, Batch))),
            new("+ output of layer 2", 8, 0, 4 * wide, 4 * wide),
            new("Dense", 50, (8 * 50) + 50, 4 * logits, 4 * (logits + Dense<float>.WorkspaceSize(Rows, 50))),
        ];
        Assert.Equal(expected, _network.Describe(Steps, Batch, hasLengths).Layers);
    }

    [Fact]
    public void TotalsAreWhatTheNetworkSays()
    {
        foreach (bool hasLengths in (bool[])[false, true])
        {
            SequentialDescription described = _network.Describe(Steps, Batch, hasLengths);
            long own = (Rows * 50) + _network.StateSize(Batch);
            Assert.Equal(_network.ParameterSets.Sum(set => set.Count), described.Parameters);
            Assert.Equal(4 * (own + _network.ForwardWorkspaceSize(Steps, Batch, hasLengths)), described.InferenceBytes);
            long training = _network.ReserveSize(Steps, Batch) + _network.WorkspaceSize(Steps, Batch, hasLengths);
            Assert.Equal(4 * (own + training), described.TrainingBytes);
        }
    }

    /// <summary>The sizes by hand: what is kept of each layer, the workspace of the largest, room for what is handed on.</summary>
    [Fact]
    public void SizesAreTheSumsOfTheLayers()
    {
        Assert.Equal(Batch * ((2 * (8 + 8)) + 8), _network.StateSize(Batch));
        // Six outputs are handed on; 2·60 statistics are rounded up to 16.
        int kept = (6 * Rows * 8) + _bidirectional.ReserveSize(Steps, Batch) + 128 + _gru.ReserveSize(Steps, Batch);
        Assert.Equal(kept, _network.ReserveSize(Steps, Batch));
        // The residual sum holds the output of layer 2 while two others take turns; backward the logits' gradient takes one of them.
        int largest = _bidirectional.WorkspaceSize(Steps, Batch);
        Assert.Equal((3 * Rows * 8) + largest, _network.ForwardWorkspaceSize(Steps, Batch));
        Assert.Equal((2 * Rows * 8) + (Rows * 50) + largest, _network.WorkspaceSize(Steps, Batch) - Padding(Rows * 50));
        static int Padding(int length) => ((length + 15) / 16 * 16) - length;
    }

    [Fact]
    public void TheTextIsATable()
    {
        var network = new Sequential<double>(new Rnn<double>(3, 4), new Dense<double>(4, 2));
        SequentialDescription described = network.Describe(steps: 5, batch: 2);
        string[] lines = described.ToString().Split('\n');
        string[] Cells(int line) => Regex.Split(lines[line], " {2,}");
        string[] Bytes(SequentialRow row) => [$"{row.InferenceBytes:N0} B", $"{row.TrainingBytes:N0} B"];
        Assert.Equal((string[])["layer", "output", "parameters", "inference", "training"], Cells(0));
        Assert.Equal((string[])["input", "[5, 2, 3]"], Cells(1));
        Assert.Equal((string[])["1 Rnn", "[5, 2, 4]", "32", .. Bytes(described.Layers[0])], Cells(2));
        Assert.Equal((string[])["2 Dense", "[5, 2, 2]", "10", .. Bytes(described.Layers[1])], Cells(3));
        Assert.Equal((string[])["in all", "42", $"{described.InferenceBytes:N0} B", $"{described.TrainingBytes:N0} B"], Cells(4));
        Assert.Equal("", lines[5]);
        Assert.Equal(network.Describe(1, 1).ToString(), network.ToString());
    }

    [Fact]
    public void ACellsOwnNameStandsForItsLayer() =>
        Assert.Equal("BlendCell", new Sequential<float>(new CellLayer<float, BlendCell<float>>(2, 3)).Describe(1, 1).Layers[0].Layer);
}
