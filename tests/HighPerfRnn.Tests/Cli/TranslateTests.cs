using System.Text.Json;
using HighPerfRnn.Cli;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>train, eval and predict translate, in this process.</summary>
public sealed class TranslateTests
{
    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    [Fact]
    public void TheReportsHaveEveryFieldAndTheFilesAreThere()
    {
        using var folder = new CommandFolder();
        string pairs = WritePairs(folder);
        JsonElement report = ToolRun.Of(Training(folder, "m.safetensors", "--json")).Json();
        foreach (string name in (string[])["items", "seconds", "itemsPerSecond", "parameters", "allocatedBytesPerIteration"])
        {
            Assert.Equal(JsonValueKind.Number, report.GetProperty(name).ValueKind);
        }

        Assert.Equal(folder.Path("m.safetensors"), report.GetProperty("model").GetString());
        AssertMetrics(report.GetProperty("validation"));
        Assert.Equal(PngSignature, File.ReadAllBytes(folder.Path("m.png"))[..8]);

        JsonElement measured = ToolRun.Of("eval", "translate", folder.Path("m.safetensors"), "--data", pairs, "--json").Json();
        Assert.Equal(40, measured.GetProperty("items").GetInt32());
        Assert.Equal(0, measured.GetProperty("skipped").GetInt32());
        AssertMetrics(measured.GetProperty("metrics"));
    }

    [Fact]
    public void PredictionsComeLineByLineWithAlternativesAndAPicture()
    {
        using var folder = new CommandFolder();
        WritePairs(folder);
        ToolRun.Of(Training(folder, "m.safetensors", "--json")).Json();
        string texts = folder.Write("texts.txt", "ab\n\nba\n"), map = folder.Path("map.png");
        ToolRun plain = ToolRun.Of("predict", "translate", folder.Path("m.safetensors"), "--input", texts, "--heat-map", map);
        Assert.Equal(0, plain.ExitCode);
        Assert.Equal(3, plain.Output.Count(c => c == '\n'));
        Assert.Equal(PngSignature, File.ReadAllBytes(map)[..8]);
        ToolRun several = ToolRun.Of("predict", "translate", folder.Path("m.safetensors"), "--input", texts, "--alternatives", "2");
        Assert.Contains('\t', several.Output);
        string[] objects = ToolRun.Of("predict", "translate", folder.Path("m.safetensors"), "--input", texts, "--json").Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["ab", "", "ba"], objects.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("source").GetString()));
    }

    [Fact]
    public void AResumedRunEqualsOneThatNeverStopped()
    {
        using var folder = new CommandFolder();
        WritePairs(folder);
        ToolRun.Of(Training(folder, "whole", "--json", "--schedule", "constant")).Json();
        ToolRun.Of([.. Training(folder, "parts", "--json", "--schedule", "constant"), "--resume"]).ErrorLine(ExitCode.Usage);
        ToolRun.Of(Training(folder, "parts", "--json", "--schedule", "constant").Select(word => word == "12" ? "5" : word).ToArray()).Json();
        ToolRun.Of([.. Training(folder, "parts", "--json", "--schedule", "constant"), "--resume"]).Json();
        Assert.Equal(File.ReadAllBytes(folder.Path("whole")), File.ReadAllBytes(folder.Path("parts")));
    }

    [Fact]
    public void WhatIsWrongIsSaidInOneLine()
    {
        using var folder = new CommandFolder();
        string pairs = WritePairs(folder), source = folder.Write("a", "x\ny\n"), target = folder.Write("b", "x\n"), empty = folder.Write("e", "");
        string model = folder.Path("m");
        Assert.Contains("2 and 1 lines", Error("train", "translate", "--source", source, "--target", target, "--out", model), StringComparison.Ordinal);
        Assert.Contains("--source and --target together", Error("train", "translate", "--source", source, "--out", model), StringComparison.Ordinal);
        Assert.Contains("no tab", Error("train", "translate", "--data", source, "--out", model), StringComparison.Ordinal);
        Assert.Contains("no pair of texts", Error("train", "translate", "--data", empty, "--out", model), StringComparison.Ordinal);
        Assert.Contains("no such file", Error("train", "translate", "--data", folder.Path("none"), "--out", model), StringComparison.Ordinal);
        Assert.Contains("which is data", Error("train", "translate", "--data", pairs, "--out", pairs), StringComparison.Ordinal);
        Assert.Contains("utf-8 or latin1", Error("train", "translate", "--data", pairs, "--encoding", "ebcdic", "--out", model), StringComparison.Ordinal);
        Assert.Contains("--validation 0 for none", Error("train", "translate", "--data", pairs, "--validation", "0.001", "--out", model), StringComparison.Ordinal);
        Assert.Contains("no such file", Error("predict", "translate", folder.Path("none")), StringComparison.Ordinal);
        Assert.Contains("expected at least", Error("eval", "translate", empty), StringComparison.Ordinal);
        Assert.Contains("found 0xFF", Error("train", "translate", "--data", folder.Write("u", [0xFF, (byte)'\n']), "--out", model), StringComparison.Ordinal);
        string lm = folder.Path("lm");
        folder.WriteText();
        ToolRun.Of(folder.Training("lm", "--json")).Json();
        Assert.Contains("found 'character-rnn', expected 'translation'", Error("eval", "translate", lm), StringComparison.Ordinal);

        static string Error(params string[] args) => ToolRun.Of(args).ErrorLine(ExitCode.Usage);
    }

    private static void AssertMetrics(JsonElement metrics)
    {
        foreach (string name in (string[])["bleu", "chrf", "tokenErrorRate", "wordErrorRate", "exactMatch"])
        {
            Assert.Equal(JsonValueKind.Number, metrics.GetProperty(name).ValueKind);
        }
    }

    private static string[] Training(CommandFolder folder, string model, params string[] more) =>
    [
        "train", "translate", "--data", folder.Path("pairs.tsv"), "--source-level", "char", "--target-level", "char", "--hidden", "10",
        "--embedding", "5", "--batch", "8", "--iterations", "12", "--threads", "1", "--out", folder.Path(model), .. more,
    ];

    /// <summary>Forty words of a and b, and their reversals.</summary>
    private static string WritePairs(CommandFolder folder) => folder.Write("pairs.tsv", string.Concat(Enumerable.Range(4, 40).Select(i =>
    {
        string word = Convert.ToString(i, 2).Replace('0', 'a').Replace('1', 'b');
        return $"{word}\t{string.Concat(word.Reverse())}\n";
    })));
}
