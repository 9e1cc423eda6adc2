using System.Globalization;
using System.Text.Json;
using HighPerfRnn.Cli;
using HighPerfRnn.Tests.Data;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>train, eval and predict of classify, caption and tag, in this process.</summary>
public sealed class TaskCommandTests
{
    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    [Fact]
    public void TextsGetTheirClasses()
    {
        using var folder = new CommandFolder();
        string data = WriteTexts(folder), model = folder.Path("m.safetensors");
        JsonElement report = ToolRun.Of(Small("classify", "--data", data, "--out", model, "--json", "--embedding", "4", "--validation", "0.2", "--class-weights")).Json();
        AssertReport(report, model, "accuracy", "f1", "f1.even", "f1.odd", "loss");
        Assert.Equal(PngSignature, File.ReadAllBytes(folder.Path("m.confusion.png"))[..8]);
        JsonElement measured = ToolRun.Of("eval", "classify", model, "--data", data, "--json", "--confusion", folder.Path("c.png")).Json();
        Assert.Equal(40, measured.GetProperty("items").GetInt32());
        AssertNumbers(measured.GetProperty("metrics"), "accuracy", "f1");
        Assert.Equal(PngSignature, File.ReadAllBytes(folder.Path("c.png"))[..8]);
        ToolRun plain = ToolRun.Of("predict", "classify", model, "--input", folder.Write("in", "one two\n\nthree\n"), "--top", "2");
        Assert.Equal(3, plain.Output.Count(c => c == '\n'));
        string[] cells = plain.Output.Split('\n')[0].Split('\t');
        Assert.Equal(1, double.Parse(cells[1], CultureInfo.InvariantCulture) + double.Parse(cells[3], CultureInfo.InvariantCulture), 2e-4);
        string line = ToolRun.Of("predict", "classify", model, "--input", folder.Path("in"), "--top", "2", "--json").Output.Split('\n')[0];
        Assert.Equal(2, JsonDocument.Parse(line).RootElement.GetProperty("classes").GetArrayLength());
        Assert.Contains("right", ToolRun.Of("eval", "classify", model, "--data", data).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void VectorsOfWordsAreTaken()
    {
        using var folder = new CommandFolder();
        string vectors = folder.Write("v", "one 1 2 3 4\ntwo 4 3 2 1\n");
        string[] training = Small("classify", "--data", WriteTexts(folder), "--out", folder.Path("m"), "--embedding", "4");
        ToolRun run = ToolRun.Of([.. training, "--vectors", vectors]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("2 of", run.Error, StringComparison.Ordinal);
        Assert.Contains("a word and 4 numbers", ToolRun.Of([.. training, "--vectors", folder.Write("w", "one 1\n")]).ErrorLine(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public void SeriesAreForecastAndClassified()
    {
        using var folder = new CommandFolder();
        string model = folder.Path("m"), table = folder.Write("t.csv", Waves(120));
        JsonElement report = ToolRun.Of(Small(
            "classify", "--sequences", "--data", table, "--target-columns", "b", "--window", "10", "--out", model, "--json")).Json();
        AssertNumbers(report.GetProperty("validation"), "rmse", "mae", "repeatRmse", "repeatMae");
        AssertNumbers(ToolRun.Of("eval", "classify", model, "--data", table, "--json").Json().GetProperty("metrics"), "rmse", "mae");
        Assert.StartsWith("b\t", ToolRun.Of("predict", "classify", model, "--input", table).Output, StringComparison.Ordinal);
        foreach (string name in (string[])["x", "y"])
        {
            Directory.CreateDirectory(folder.Path($"c/{name}"));
            for (int i = 0; i < 6; i++) folder.Write($"c/{name}/{i}.csv", Waves(8 + i));
        }

        AssertNumbers(
            ToolRun.Of(Small("classify", "--sequences", "--data", folder.Path("c"), "--out", model, "--json", "--validation", "0.4")).Json().GetProperty("validation"), "accuracy");
        Assert.Equal(0, ToolRun.Of("predict", "classify", model, "--input", table).ExitCode);
        Assert.Equal(12, ToolRun.Of("eval", "classify", model, "--data", folder.Path("c"), "--json").Json().GetProperty("items").GetInt32());
        Assert.Contains("--sequences with it", Error(Small("classify", "--target-columns", "b", "--data", table, "--out", model)), StringComparison.Ordinal);
        Assert.Contains("no column 'q'", Error(Small("classify", "--sequences", "--target-columns", "q", "--data", table, "--out", model)), StringComparison.Ordinal);
    }

    [Fact]
    public void ImagesGetCaptions()
    {
        using var folder = new CommandFolder();
        string table = WriteImages(folder), model = folder.Path("m.safetensors");
        ToolRun run = ToolRun.Of(Small("caption", "--data", table, "--out", model, "--json", "--embedding", "4"));
        AssertReport(run.Json(), model, "exactMatch", "bleu", "recallAt1", "recallAt5");
        JsonElement measured = ToolRun.Of("eval", "caption", model, "--data", table, "--json", "--shuffle").Json();
        Assert.Equal(6, measured.GetProperty("items").GetInt32());
        Assert.Equal(1, measured.GetProperty("skipped").GetInt32());
        AssertNumbers(measured.GetProperty("metrics"), "exactMatch", "bleu", "chrf", "recallAt1", "recallAt5");
        Assert.Equal(1, ToolRun.Of("predict", "caption", model, "--image", folder.Path("0.png")).Output.Count(c => c == '\n'));
        Assert.Contains('\t', ToolRun.Of("predict", "caption", model, "--image", folder.Path("0.png"), "--alternatives", "2").Output);
        string line = ToolRun.Of("predict", "caption", model, "--input", folder.Write("in", folder.Path("0.png")), "--json").Output;
        Assert.NotEqual(0, JsonDocument.Parse(line).RootElement.GetProperty("captions").GetArrayLength());
        Assert.Contains("PNG or JPEG", Error("predict", "caption", model, "--image", folder.Path("bad.png")), StringComparison.Ordinal);
        Assert.Contains("a divisor", Error(Small("caption", "--data", table, "--image-cell", "5", "--out", model)), StringComparison.Ordinal);
        Assert.Contains("no tab", Error(Small("caption", "--data", folder.Write("n", "x\n"), "--out", model)), StringComparison.Ordinal);
    }

    [Fact]
    public void FramesGetLabels()
    {
        using var folder = new CommandFolder();
        string model = folder.Path("m.safetensors");
        Directory.CreateDirectory(folder.Path("d"));
        for (int i = 0; i < 6; i++) folder.Write($"d/{i}.csv", Labelled(20));
        JsonElement report = ToolRun.Of(Small("tag", "--data", folder.Path("d"), "--out", model, "--json", "--causal", "--validation", "0.2")).Json();
        AssertReport(report, model, "frameAccuracy", "editScore", "segmentF1");
        Assert.Equal(PngSignature, File.ReadAllBytes(folder.Path("m.timeline.png"))[..8]);
        JsonElement measured = ToolRun.Of("eval", "tag", model, "--data", folder.Path("d"), "--json", "--timeline", folder.Path("t.png")).Json();
        Assert.Equal(6, measured.GetProperty("items").GetInt32());
        AssertNumbers(measured.GetProperty("metrics"), "frameAccuracy", "editScore", "segmentF1");
        string numbers = folder.Write("rows.csv", "1,2\n3,4\n");
        string whole = ToolRun.Of("predict", "tag", model, "--input", numbers).Output;
        Assert.Equal(2, whole.Count(c => c == '\n'));
        ToolRun live = ToolRun.Of("predict", "tag", model, "--input", numbers, "--live");
        Assert.Equal(whole, live.Output);
        Assert.Contains("2 frames", live.Error, StringComparison.Ordinal);
        Assert.Contains("expected 2", Error("predict", "tag", model, "--input", folder.Write("r", "1\n"), "--live"), StringComparison.Ordinal);
        Assert.Contains("found 1 numbers a frame, expected 2", Error("predict", "tag", model, "--input", folder.Path("r")), StringComparison.Ordinal);
        Assert.Contains("--live for a stream", Error("predict", "tag", model), StringComparison.Ordinal);
        Assert.Contains("data of the kind", Error("eval", "tag", model), StringComparison.Ordinal);
    }

    [Fact]
    public void SoundsGetTracks()
    {
        using var folder = new CommandFolder();
        string model = folder.Path("m");
        Directory.CreateDirectory(folder.Path("d"));
        for (int i = 0; i < 3; i++)
        {
            folder.Write($"d/{i}.wav", SoundDataTests.Wave(16, 1, new float[4000]));
            folder.Write($"d/{i}.txt", "0.1\t0.3\ta\n");
        }

        ToolRun.Of(Small("tag", "--data", folder.Path("d"), "--out", model, "--validation", "0", "--json")).Json();
        ToolRun track = ToolRun.Of("predict", "tag", model, "--input", folder.Path("d/0.wav"));
        Assert.Equal(0, track.ExitCode);
        Assert.All(track.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Equal(3, line.Split('\t').Length));
        Assert.Contains("--causal", Error("predict", "tag", model, "--input", folder.Path("d/0.wav"), "--live"), StringComparison.Ordinal);
        string both = folder.Path("d/1.txt");
        File.Delete(both);
        Assert.Contains("1.txt", Error(Small("tag", "--data", folder.Path("d"), "--out", model)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("classify")]
    [InlineData("caption")]
    [InlineData("tag")]
    public void AResumedRunEqualsOneThatNeverStopped(string task)
    {
        using var folder = new CommandFolder();
        string data = task switch
        {
            "classify" => WriteTexts(folder),
            "caption" => folder.Write("whole.tsv", string.Concat(File.ReadLines(WriteImages(folder)).Take(6).Select(line => $"{line}\n"))),
            _ => folder.Write("t.csv", Labelled(60)),
        };
        string[] common = ["--data", data, "--json", "--schedule", "constant", "--validation", "0", .. task == "tag" ? (string[])["--window", "5"] : ["--embedding", "4"]];
        ToolRun.Of(Small(task, [.. common, "--out", folder.Path("whole")])).Json();
        ToolRun.Of([.. Small(task, [.. common, "--out", folder.Path("parts")]), "--resume"]).ErrorLine(ExitCode.Usage);
        ToolRun.Of([.. Small(task, [.. common, "--out", folder.Path("parts")]).Select(word => word == "8" ? "3" : word)]).Json();
        ToolRun.Of([.. Small(task, [.. common, "--out", folder.Path("parts")]), "--resume"]).Json();
        Assert.Equal(File.ReadAllBytes(folder.Path("whole")), File.ReadAllBytes(folder.Path("parts")));
    }

    private static string Error(params string[] args) => ToolRun.Of(args).ErrorLine(ExitCode.Usage);

    private static string[] Small(string task, params string[] more) =>
        ["train", task, "--hidden", "6", "--batch", "4", "--iterations", "8", "--threads", "1", .. more];

    private static string WriteTexts(CommandFolder folder) =>
        folder.Write("texts.tsv", string.Concat(Enumerable.Range(0, 40).Select(i => $"{(i % 2 == 0 ? "even" : "odd")}\tone two {i} and {i * i}.\n")));

    /// <summary>Six images, and one that is none.</summary>
    private static string WriteImages(CommandFolder folder)
    {
        var lines = new List<string>();
        for (int i = 0; i < 6; i++)
        {
            folder.Write($"{i}.png", Png.Encode(2, 1, [(byte)(40 * i), 0, 0, 255, 0, 0, (byte)(250 - (40 * i)), 255]));
            lines.Add($"{i}.png\timage {i}\n");
        }

        folder.Write("bad.png", "no image");
        return folder.Write("captions.tsv", string.Concat([.. lines, "bad.png\tnone\n"]));
    }

    private static string Waves(int rows) =>
        "a,b\n" + string.Concat(Enumerable.Range(0, rows).Select(t => FormattableString.Invariant($"{Math.Sin(t * 0.4):R},{Math.Cos(t * 0.4):R}\n")));

    private static string Labelled(int rows) =>
        string.Concat(Enumerable.Range(0, rows).Select(t => FormattableString.Invariant($"{t % 5},{t % 3},{(t % 5 < 2 ? "low" : "high")}\n")));

    private static void AssertReport(JsonElement report, string model, params string[] metrics)
    {
        AssertNumbers(report, "items", "seconds", "itemsPerSecond", "parameters", "allocatedBytesPerIteration");
        Assert.Equal(model, report.GetProperty("model").GetString());
        AssertNumbers(report.GetProperty("validation"), metrics);
    }

    private static void AssertNumbers(JsonElement report, params string[] names)
    {
        foreach (string name in names) Assert.Equal(JsonValueKind.Number, report.GetProperty(name).ValueKind);
    }
}
