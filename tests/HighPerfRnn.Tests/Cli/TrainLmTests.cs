using System.Text.Json;
using HighPerfRnn.Cli;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>train lm, eval lm and generate, in this process.</summary>
public sealed class TrainLmTests
{
    private static readonly string[] Diverging =
        ["--activation", "relu", "--optimizer", "sgd", "--learning-rate", "1000", "--clip", "1e30", "--json"];

    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    [Fact]
    public void TheReportHasEveryFieldAndTheFilesAreThere()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        JsonElement report = ToolRun.Of(folder.Training("m.safetensors", "--json")).Json();
        Assert.Equal(12, report.GetProperty("iterations").GetInt64());
        Assert.Equal(12 * 3 * 9, report.GetProperty("tokens").GetInt64());
        double seconds = report.GetProperty("seconds").GetDouble();
        Assert.Equal(12 * 3 * 9 / seconds, report.GetProperty("tokensPerSecond").GetDouble(), 3);
        Assert.InRange(report.GetProperty("trainLoss").GetDouble(), 0.1, 10);
        Assert.InRange(report.GetProperty("validationLoss").GetDouble(), 0.1, 10);
        Assert.True(report.GetProperty("parameters").GetInt64() > 12 * 12);
        Assert.True(report.GetProperty("allocatedBytesPerIteration").GetDouble() >= 0);
        Assert.Contains(report.GetProperty("vectorBits").GetInt32(), (int[])[0, 128, 256, 512]);
        Assert.Equal(1, report.GetProperty("threads").GetInt32());
        Assert.Equal(folder.Path("m.safetensors"), report.GetProperty("model").GetString());
        Assert.Equal(PngSignature, File.ReadAllBytes(folder.Path("m.png"))[..8]);
    }

    [Fact]
    public void TheScreenShowsASampleAndTheCurve()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        ToolRun run = ToolRun.Of(folder.Training("m.safetensors", "--schedule", "cosine", "--warmup", "3", "--layers", "2"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("What it writes:", run.Output, StringComparison.Ordinal);
        Assert.Contains("┤", run.Output, StringComparison.Ordinal);
        Assert.Contains("nats a character", run.Output, StringComparison.Ordinal);
        Assert.Contains("iteration 12/12: loss", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AResumedRunEqualsOneThatNeverStopped()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        foreach (string optimizer in (string[])["adam", "sgd"])
        {
            string[] flags = ["--optimizer", optimizer, "--json"];
            ToolRun.Of(folder.Training("whole", flags)).Json();
            ToolRun.Of(folder.Training("parts", [.. flags, "--resume"])).ErrorLine(2);
            ToolRun.Of([.. Replace(folder.Training("parts", flags), "12", "5")]).Json();
            JsonElement report = ToolRun.Of(folder.Training("parts", [.. flags, "--resume"])).Json();
            Assert.Equal(12, report.GetProperty("iterations").GetInt64());
            Assert.Equal(7 * 3 * 9, report.GetProperty("tokens").GetInt64());
            Assert.Equal(File.ReadAllBytes(folder.Path("whole")), File.ReadAllBytes(folder.Path("parts")));
            File.Delete(folder.Path("parts"));
        }
    }

    [Theory]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("mingru")]
    [InlineData("minlstm")]
    [InlineData("lru")]
    public void EveryCellTrainsResumesAndWrites(string cell)
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        string[] flags = ["--cell", cell, "--layers", "2", "--learning-rate", "0.02", "--json"];
        double first = ToolRun.Of([.. Replace(folder.Training("parts", flags), "12", "2")]).Json().GetProperty("trainLoss").GetDouble();
        JsonElement whole = ToolRun.Of([.. Replace(folder.Training("whole", flags), "12", "60")]).Json();
        Assert.Equal(cell, whole.GetProperty("cell").GetString());
        Assert.True(whole.GetProperty("trainLoss").GetDouble() < 0.8 * first, $"{first} to {whole.GetProperty("trainLoss")}");
        ToolRun.Of([.. Replace(folder.Training("parts", [.. flags, "--resume"]), "12", "60")]).Json();
        Assert.Equal(File.ReadAllBytes(folder.Path("whole")), File.ReadAllBytes(folder.Path("parts")));
        Assert.Contains("hprnn.cell", ToolRun.Of([.. Replace(folder.Training("parts", "--resume"), "12", "60")]).ErrorLine(2), StringComparison.Ordinal);
        JsonElement evaluation = ToolRun.Of("eval", "lm", folder.Path("whole"), "--text", folder.Path("text.txt"), "--json").Json();
        Assert.InRange(evaluation.GetProperty("nats").GetDouble(), 0.01, first);
        Assert.Equal(0, ToolRun.Of("generate", folder.Path("whole"), "--length", "20").ExitCode);
    }

    [Fact]
    public void TheForgetBiasDecidesTheModel()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        ToolRun.Of(folder.Training("one", "--cell", "lstm", "--json")).Json();
        ToolRun.Of(folder.Training("same", "--cell", "lstm", "--forget-bias", "1", "--json")).Json();
        ToolRun.Of(folder.Training("zero", "--cell", "lstm", "--forget-bias", "0", "--json")).Json();
        Assert.Equal(File.ReadAllBytes(folder.Path("one")), File.ReadAllBytes(folder.Path("same")));
        Assert.NotEqual(File.ReadAllBytes(folder.Path("one")), File.ReadAllBytes(folder.Path("zero")));
    }

    [Fact]
    public void ResumingWithOtherOptionsNamesTheDifference()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        ToolRun.Of(folder.Training("m", "--json")).Json();
        byte[] before = File.ReadAllBytes(folder.Path("m"));
        string[][] others = [["--batch", "3", "4"], ["--window", "9", "8"], ["--hidden", "12", "13"], ["--iterations", "12", "11"]];
        foreach (string[] other in others)
        {
            string[] args = folder.Training("m", "--resume");
            args[Array.IndexOf(args, other[0]) + 1] = other[2];
            Assert.Contains(other[2], ToolRun.Of(args).ErrorLine(2), StringComparison.Ordinal);
        }

        Assert.Contains("0.5", ToolRun.Of(folder.Training("m", "--resume", "--learning-rate", "0.5")).ErrorLine(2), StringComparison.Ordinal);
        Assert.Contains("seed", ToolRun.Of(folder.Training("m", "--resume", "--seed", "2")).ErrorLine(2), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(folder.Path("m")));
    }

    [Fact]
    public void TheSameSeedGivesTheSameFileForAnyNumberOfThreads()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        ToolRun.Of(folder.Training("one", "--json")).Json();
        string[] two = folder.Training("two", "--json");
        two[Array.IndexOf(two, "--threads") + 1] = "2";
        Assert.Equal(2, ToolRun.Of(two).Json().GetProperty("threads").GetInt32());
        ToolRun.Of(folder.Training("other", "--json", "--seed", "2")).Json();
        Assert.Equal(File.ReadAllBytes(folder.Path("one")), File.ReadAllBytes(folder.Path("two")));
        Assert.NotEqual(File.ReadAllBytes(folder.Path("one")), File.ReadAllBytes(folder.Path("other")));
    }

    [Fact]
    public void AStopSavesAfterTheIterationAndExits130()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        int exitCode = HprnnTool.Run(folder.Training("m"), new ToolContext(output, error, stop.Token));
        Assert.Equal(ExitCode.Stopped, exitCode);
        Assert.Contains("saved", error.ToString(), StringComparison.Ordinal);
        ToolRun.Of(folder.Training("m", "--resume", "--json")).Json();
    }

    [Fact]
    public void ALossThatIsNoNumberLeavesTheLastGoodCheckpoint()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        ToolRun run = ToolRun.Of(folder.Training(
            "m", "--activation", "relu", "--optimizer", "sgd", "--learning-rate", "1000", "--clip", "1e30", "--validate-every", "1", "--json"));
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Output);
        string line = run.Error.TrimEnd().Split('\n')[^1];
        Assert.Contains("is NaN; try a lower learning rate", line.Replace("Infinity", "NaN", StringComparison.Ordinal), StringComparison.Ordinal);
        if (File.Exists(folder.Path("m"))) Assert.Equal(0, ToolRun.Of("generate", folder.Path("m"), "--length", "3").ExitCode);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0.1")]
    public void ARuinousLastUpdateIsNotSavedOverTheLastGoodModel(string validation)
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        ToolRun.Of(folder.Training("m", "--json")).Json();
        byte[] good = File.ReadAllBytes(folder.Path("m"));
        for (int iterations = 1; iterations <= 12; iterations++)
        {
            string[] args = folder.Training("m", [.. Diverging, "--validation", validation]);
            ToolRun run = ToolRun.Of([.. Replace(args, "12", $"{iterations}")]);
            if (run.ExitCode != 0)
            {
                Assert.Equal(1, run.ExitCode);
                Assert.Contains("try a lower learning rate", run.Error, StringComparison.Ordinal);
                // The loss before this update would say that the file of one iteration less was ruined already.
                Assert.DoesNotContain($"The loss at iteration {iterations} is ", run.Error, StringComparison.Ordinal);
                Assert.Equal(good, File.ReadAllBytes(folder.Path("m")));
                return;
            }

            good = File.ReadAllBytes(folder.Path("m"));
        }

        Assert.Fail("the training did not diverge");
    }

    [Fact]
    public void EvaluationCountsUnknownCharacters()
    {
        using var folder = new CommandFolder();
        string text = folder.WriteText();
        JsonElement training = ToolRun.Of(folder.Training("m", "--validation", "0", "--json")).Json();
        Assert.Equal(JsonValueKind.Null, training.GetProperty("validationLoss").ValueKind);
        JsonElement known = ToolRun.Of("eval", "lm", folder.Path("m"), "--text", text, "--json").Json();
        Assert.Equal(0, known.GetProperty("unknown").GetInt64());
        string foreign = folder.Write("foreign.txt", "the geese ☃ quack 🦆 ẞ the");
        JsonElement report = ToolRun.Of("eval", "lm", folder.Path("m"), "--text", foreign, "--json").Json();
        Assert.Equal(2, report.GetProperty("unknown").GetInt64());
        Assert.Equal("the geese ☃ quack 🦆 ẞ the".EnumerateRunes().Count(), report.GetProperty("characters").GetInt64());
        double nats = report.GetProperty("nats").GetDouble();
        Assert.Equal(nats / Math.Log(2), report.GetProperty("bits").GetDouble(), 9);
        Assert.Equal(Math.Exp(nats), report.GetProperty("perplexity").GetDouble(), 9);
        Assert.Contains("2 of them unknown", ToolRun.Of("eval", "lm", folder.Path("m"), "--text", foreign).Output, StringComparison.Ordinal);
        string strange = folder.Write("strange.txt", "☃☃☃");
        Assert.Contains("0 characters that the model knows and 3 others", ToolRun.Of("eval", "lm", folder.Path("m"), "--text", strange).ErrorLine(2), StringComparison.Ordinal);
    }

    [Fact]
    public void TheValidationPartIsTheLastOneAsEvalSeesIt()
    {
        using var folder = new CommandFolder();
        string text = File.ReadAllText(folder.WriteText());
        JsonElement report = ToolRun.Of(folder.Training("m", "--validation", "0.1", "--json")).Json();
        var runes = text.EnumerateRunes().ToList();
        string last = string.Concat(runes.TakeLast((int)(runes.Count * 0.1)).Select(rune => rune.ToString()));
        JsonElement evaluation = ToolRun.Of("eval", "lm", folder.Path("m"), "--text", folder.Write("last.txt", last), "--json").Json();
        Assert.Equal(report.GetProperty("validationLoss").GetDouble(), evaluation.GetProperty("nats").GetDouble());
    }

    [Fact]
    public void TheSameSeedWritesTheSameText()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        ToolRun.Of(folder.Training("m", "--json")).Json();
        string[] args = ["generate", folder.Path("m"), "--prompt", "the ", "--length", "40", "--temperature", "0.9", "--top-k", "5"];
        string first = ToolRun.Of([.. args, "--seed", "7"]).Output;
        Assert.Equal(first, ToolRun.Of([.. args, "--seed", "7"]).Output);
        Assert.NotEqual(first, ToolRun.Of([.. args, "--seed", "8"]).Output);
        Assert.StartsWith("the ", first, StringComparison.Ordinal);
        Assert.Equal(44, first.TrimEnd('\r', '\n').EnumerateRunes().Count() + (first.Length - first.TrimEnd('\r', '\n').Length) - Environment.NewLine.Length);
        JsonElement report = ToolRun.Of([.. args, "--seed", "7", "--json"]).Json();
        Assert.Equal(first, $"the {report.GetProperty("text").GetString()}{Environment.NewLine}");
        ToolRun unknown = ToolRun.Of("generate", folder.Path("m"), "--prompt", "t☃", "--length", "1");
        Assert.Equal(0, unknown.ExitCode);
        Assert.Contains("1 characters are unknown", unknown.Error, StringComparison.Ordinal);
        Assert.Contains("knows no character", ToolRun.Of("generate", folder.Path("m"), "--prompt", "☃").ErrorLine(2), StringComparison.Ordinal);
        Assert.Contains("surrogate", ToolRun.Of("generate", folder.Path("m"), "--prompt", "t\ud800").ErrorLine(2), StringComparison.Ordinal);
    }

    [Fact]
    public void APlotThatCannotBeDrawnIsAWarning()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        Directory.CreateDirectory(folder.Path("m.png"));
        ToolRun run = ToolRun.Of(folder.Training("m.safetensors", "--json"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("warning", run.Error, StringComparison.Ordinal);
        run.Json();
    }

    private static IEnumerable<string> Replace(string[] args, string found, string with) => args.Select((arg, i) => arg == found && args[i - 1] == "--iterations" ? with : arg);
}
