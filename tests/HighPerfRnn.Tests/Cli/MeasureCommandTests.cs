using System.Text.Json;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>hello, check and bench.</summary>
public sealed class MeasureCommandTests
{
    [Fact]
    public void HelloLearnsTheWord()
    {
        JsonElement report = ToolRun.Of("hello", "--json").Json();
        string[] before = Letters(report.GetProperty("before"));
        string[] after = Letters(report.GetProperty("after"));
        Assert.Equal(["e", "l", "l", "o"], after);
        Assert.Equal(4, before.Length);
        Assert.NotEqual(after, before);
        Assert.Contains(before.Zip(after), pair => pair.First == pair.Second);
        Assert.True(report.GetProperty("lossAfter").GetDouble() < 0.05);
        Assert.True(report.GetProperty("lossBefore").GetDouble() > 1);
        Assert.True(report.GetProperty("iterations").GetInt32() > 0);
    }

    [Fact]
    public void HelloPrintsStatesScoresAndTheLossCurve()
    {
        ToolRun run = ToolRun.Of("hello");
        Assert.Equal(0, run.ExitCode);
        foreach (string word in (string[])["Before training", "After", "hidden state", "says", "target", "Loss in nats", "┤", "└"])
        {
            Assert.Contains(word, run.Output, StringComparison.Ordinal);
        }

        Assert.All(run.Output.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 80, line));
    }

    [Fact]
    public void CheckReportsEveryGradient()
    {
        JsonElement report = ToolRun.Of("check", "--json").Json();
        Assert.True(report.GetProperty("passed").GetBoolean());
        JsonElement[] rows = [.. report.GetProperty("rows").EnumerateArray()];
        string[] expected =
        [
            "logits", "dense.weight", "dense.bias", "dense.input", "rnn.weight_ih", "rnn.weight_hh", "rnn.bias", "rnn.input", "rnn.initial_state",
            "embedding.weight",
        ];
        foreach (string precision in (string[])["float", "double"])
        {
            JsonElement[] ofPrecision = [.. rows.Where(row => row.GetProperty("precision").GetString() == precision)];
            Assert.Equal(expected, ofPrecision.Select(row => row.GetProperty("parameter").GetString()));
            foreach (JsonElement row in ofPrecision)
            {
                double bound = row.GetProperty("bound").GetDouble();
                Assert.InRange(row.GetProperty("errorReference").GetDouble(), 0, bound);
                Assert.InRange(row.GetProperty("errorDifferences").GetDouble(), 0, bound);
                Assert.InRange(bound, 1e-12, 1e-2);
            }
        }
    }

    [Theory]
    [InlineData("lstm", "weight_ih weight_hh bias input initial_state initial_cell_state")]
    [InlineData("gru", "weight_ih weight_hh bias bias_hn input initial_state")]
    [InlineData("mingru", "weight_ih bias input initial_state")]
    [InlineData("minlstm", "weight_ih bias input initial_state")]
    [InlineData("lru", "weight_ih bias nu input initial_state")]
    public void CheckReportsEveryGradientOfEveryLayerOfACell(string cell, string names)
    {
        JsonElement report = ToolRun.Of("check", "--cell", cell, "--layers", "2", "--shape", "2,6,5,11", "--json").Json();
        Assert.True(report.GetProperty("passed").GetBoolean());
        JsonElement[] rows = [.. report.GetProperty("rows").EnumerateArray()];
        string[] expected = [.. Enumerable.Range(0, 2).SelectMany(i => names.Split(' ').Select(name => $"{cell}.{name}_l{1 - i}"))];
        foreach (string precision in (string[])["float", "double"])
        {
            JsonElement[] ofCell = [.. rows.Where(row => row.GetProperty("precision").GetString() == precision && Name(row).StartsWith(cell, StringComparison.Ordinal))];
            Assert.Equal(expected, ofCell.Select(Name));
            double least = precision == "float" ? 1e-3 : 1e-6;
            Assert.All(ofCell, row => Assert.InRange(row.GetProperty("bound").GetDouble(), 1e-12, least));
            Assert.All(ofCell, row => Assert.InRange(row.GetProperty("errorDifferences").GetDouble(), 0, row.GetProperty("bound").GetDouble()));
        }

        static string Name(JsonElement row) => row.GetProperty("parameter").GetString()!;
    }

    [Theory]
    [InlineData("rnn", "1", "weight_ih weight_hh bias")]
    [InlineData("lstm", "2", "weight_ih weight_hh bias")]
    [InlineData("gru", "1", "weight_ih weight_hh bias bias_hn")]
    [InlineData("lru", "2", "weight_ih bias nu")]
    public void CheckReportsEveryGradientOfBothDirections(string cell, string layers, string names)
    {
        ToolRun run = ToolRun.Of("check", "--cell", cell, "--layers", layers, "--bidirectional", "--shape", "2,5,4,7", "--json");
        JsonElement report = run.Json();
        Assert.True(report.GetProperty("passed").GetBoolean());
        string[] found = [.. report.GetProperty("rows").EnumerateArray()
            .Where(row => row.GetProperty("precision").GetString() == "float")
            .Select(row => row.GetProperty("parameter").GetString()!)];
        string layer = layers == "1" ? string.Empty : "_l1";
        foreach (string name in names.Split(' '))
        {
            Assert.Contains($"{cell}.{name}{layer}", found);
            Assert.Contains($"{cell}.{name}{layer}_reverse", found);
        }

        string line = ToolRun.Of("check", "--cell", cell, "--layers", layers, "--bidirectional", "--shape", "1,2,3,4").Output;
        Assert.Contains($"bidirectional {cell.ToUpperInvariant()}", line, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckFitsInEightyColumns()
    {
        ToolRun run = ToolRun.Of("check", "--cell", "lstm", "--shape", "1,2,3,4");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Embedding, LSTM, linear layer and loss", run.Output, StringComparison.Ordinal);
        Assert.Contains("lstm.initial_cell_state", run.Output, StringComparison.Ordinal);
        Assert.Contains("differences", run.Output, StringComparison.Ordinal);
        Assert.All(run.Output.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 80, line));
    }

    [Theory]
    [InlineData("1,1,1,1")]
    [InlineData("4,2,33,17")]
    [InlineData("2,40,3,8")]
    public void CheckPassesForOtherShapesAndSeeds(string shape)
    {
        ToolRun run = ToolRun.Of("check", "--shape", shape, "--seed", "9");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("rnn.weight_hh", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,1,16,16", "step", "float", 2.0 * 16 * 32)]
    [InlineData("2,3,5,7", "training", "double", 3 * 2.0 * 2 * 3 * 7 * 12)]
    [InlineData("1,1,33,64", "step", "int8", 2.0 * 64 * 97)]
    [InlineData("2,3,5,7", "forward", "bfloat16", 2.0 * 2 * 3 * 7 * 12)]
    public void BenchPrintsTheRowAskedFor(string shape, string mode, string precision, double operations)
    {
        JsonElement report = ToolRun.Of(
            "bench", "--shape", shape, "--mode", mode, "--precision", precision, "--seconds", "0.02", "--json").Json();
        JsonElement machine = report.GetProperty("machine");
        Assert.True(machine.GetProperty("peakGflops").GetDouble() > 0);
        Assert.Contains(machine.GetProperty("vectorBits").GetInt32(), (int[])[0, 128, 256, 512]);
        foreach (string name in (string[])["l1GBps", "l2GBps", "l3GBps", "cyclesPerSecond"])
        {
            Assert.True(machine.GetProperty(name).GetDouble() > 0, name);
        }

        JsonElement row = Assert.Single(report.GetProperty("rows").EnumerateArray());
        Assert.Equal("rnn", row.GetProperty("cell").GetString());
        Assert.Equal(mode, row.GetProperty("mode").GetString());
        Assert.Equal(precision, row.GetProperty("precision").GetString());
        int[] sizes = [.. ((string[])["batch", "steps", "input", "hidden"]).Select(name => row.GetProperty(name).GetInt32())];
        Assert.Equal(shape, string.Join(',', sizes));
        Assert.Equal(1, row.GetProperty("threads").GetInt32());
        double microseconds = row.GetProperty("microseconds").GetDouble();
        Assert.Equal(operations / microseconds / 1000, row.GetProperty("gflops").GetDouble(), 6);
        Assert.InRange(row.GetProperty("shareOfPeak").GetDouble(), 1e-9, 2);
        Assert.InRange(row.GetProperty("shareOfLimit").GetDouble(), 1e-9, 2);
        JsonElement overFull = row.GetProperty("timeOverFull");
        if (precision is "bfloat16" or "int8") Assert.True(overFull.GetDouble() > 0);
        else Assert.Equal(JsonValueKind.Null, overFull.ValueKind);
        Assert.True(row.GetProperty("speedupOverNaive").GetDouble() > 0);
        Assert.True(row.GetProperty("allocatedBytes").GetInt64() >= 0);
    }

    [Theory]
    [InlineData("lstm", "1", "step", 2.0 * 2 * 4 * 7 * (5 + 7))]
    [InlineData("lstm", "2", "training", 3 * 3 * 2.0 * 2 * 4 * 7 * (5 + 7 + 7 + 7))]
    [InlineData("gru", "1", "forward", 3 * 2.0 * 2 * 3 * 7 * (5 + 7))]
    [InlineData("gru", "2", "step", 2.0 * 2 * 3 * 7 * (5 + 7 + 7 + 7))]
    [InlineData("mingru", "1", "training", 3 * 3 * 2.0 * 2 * 2 * 7 * 5)]
    [InlineData("minlstm", "1", "forward", 3 * 2.0 * 2 * 3 * 7 * 5)]
    [InlineData("lru", "3", "training", 3 * 3 * 2.0 * 2 * 7 * (5 + 7 + 7))]
    [InlineData("rnn", "2", "backward", 3 * 2 * 2.0 * 2 * 7 * (5 + 7 + 7 + 7))]
    public void BenchCountsTheMultiplyAddsOfTheCell(string cell, string layers, string mode, double operations)
    {
        JsonElement report = ToolRun.Of(
            "bench", "--cell", cell, "--layers", layers, "--shape", "2,3,5,7", "--mode", mode, "--seconds", "0.02", "--json").Json();
        JsonElement row = Assert.Single(report.GetProperty("rows").EnumerateArray());
        Assert.Equal(cell, row.GetProperty("cell").GetString());
        Assert.Equal(layers, row.GetProperty("layers").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(operations / row.GetProperty("microseconds").GetDouble() / 1000, row.GetProperty("gflops").GetDouble(), 6);
        Assert.InRange(row.GetProperty("shareOfLimit").GetDouble(), 1e-9, 2);
        Assert.True(row.GetProperty("speedupOverNaive").GetDouble() > 0);
    }

    [Theory]
    [InlineData("lstm", "1", "forward", 3 * 2.0 * 2 * 2 * 4 * 7 * (5 + 7))]
    [InlineData("gru", "2", "training", 3 * 3 * 2.0 * 2 * 2 * 3 * 7 * (5 + 7 + 14 + 7))]
    [InlineData("rnn", "1", "backward", 3 * 2 * 2.0 * 2 * 2 * 7 * (5 + 7))]
    public void BenchMeasuresBothDirections(string cell, string layers, string mode, double operations)
    {
        JsonElement report = ToolRun.Of(
            "bench", "--bidirectional", "--cell", cell, "--layers", layers, "--shape", "2,3,5,7", "--mode", mode, "--seconds", "0.02", "--json").Json();
        JsonElement row = Assert.Single(report.GetProperty("rows").EnumerateArray());
        Assert.True(row.GetProperty("bidirectional").GetBoolean());
        Assert.Equal(operations / row.GetProperty("microseconds").GetDouble() / 1000, row.GetProperty("gflops").GetDouble(), 6);
        Assert.True(row.GetProperty("speedupOverNaive").GetDouble() > 0);
    }

    [Fact]
    public void BenchPrintsATable()
    {
        ToolRun run = ToolRun.Of("bench", "--shape", "1,1,16,16", "--mode", "step", "--seconds", "0.02");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("1,1,16,16", run.Output, StringComparison.Ordinal);
        Assert.Contains("× naive", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void BenchSaysWhatSmallerWeightsTake()
    {
        ToolRun run = ToolRun.Of("bench", "--shape", "1,1,16,16", "--mode", "step", "--precision", "int8", "--seconds", "0.02");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("step int8", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"step 1,1,16,16: int8 weights take [0-9.]+ of float's time\.", run.Output);
    }

    private static string[] Letters(JsonElement letters) => [.. letters.EnumerateArray().Select(letter => letter.GetString()!)];
}
