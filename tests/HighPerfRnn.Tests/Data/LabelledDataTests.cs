using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Data;

/// <summary>Texts with classes, vectors of words, and what is counted of classes.</summary>
public sealed class LabelledDataTests
{
    [Theory]
    [InlineData("a\tone two\nb\tthree\n")]
    [InlineData("label\ttext\na\tone two\nb\tthree\n")]
    [InlineData("label,text\na,one two\nb,three\n")]
    [InlineData("a,one two\r\nb,\"three\"\r\n")]
    public void TablesAreRead(string content)
    {
        (IReadOnlyList<LabelledText> texts, DataSkips skips) = Read(content);
        Assert.Equal([new("a", "one two"), new("b", "three")], texts);
        Assert.Equal(0, skips.Count);
    }

    [Fact]
    public void QuotesHoldCommasAndLines()
    {
        (IReadOnlyList<LabelledText> texts, _) = Read("a,\"x, \"\"y\"\"\nz\"\nb,p,q\n");
        Assert.Equal([new("a", "x, \"y\"\nz"), new("b", "p,q")], texts);
    }

    [Fact]
    public void WhatIsPassedOverIsCounted()
    {
        (IReadOnlyList<LabelledText> texts, DataSkips skips) = Read("a\tone\n\nb\t \nb\ttoo long\nb\tx\n", new TextReadOptions { MaximumLength = 5 });
        Assert.Equal(2, texts.Count);
        Assert.Equal(3, skips.Count);
        Assert.Equal(["empty line", "empty text", "text longer than the most"], skips.ByReason.Keys);
    }

    [Theory]
    [InlineData("", "an empty file")]
    [InlineData("a one\n", "neither tab nor comma")]
    [InlineData("a\tone\nb two\n", "line 2: found no tab")]
    [InlineData("a\tone\na\ttwo\n", "the one class 'a'")]
    [InlineData("\tone\na\ttwo\n", "an empty label")]
    [InlineData("a,one\n\"b\nc\",two\n", "line 2, column 1: found a label of several lines")]
    public void WhatIsWrongIsSaid(string content, string expected)
    {
        string message = Assert.Throws<DataException>(() => Read(content)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void FoldersAreClassesOrTheirFilesAre()
    {
        using var folder = new TemporaryFolder();
        string lines = Directory.CreateDirectory(folder.File("lines")).FullName, files = Directory.CreateDirectory(folder.File("files")).FullName;
        File.WriteAllText(Path.Combine(lines, "x.neg"), "bad\nworse\n");
        File.WriteAllText(Path.Combine(lines, "x.pos"), "good\n");
        Assert.Equal([new("neg", "bad"), new("neg", "worse"), new("pos", "good")], ReadPath(lines));
        File.Move(Path.Combine(lines, "x.pos"), Path.Combine(lines, "y.txt"));
        Assert.Equal(["x", "y"], ReadPath(lines).Select(text => text.Label).Distinct());
        foreach (string name in (string[])["b", "a"]) Directory.CreateDirectory(Path.Combine(files, name));
        File.WriteAllText(Path.Combine(files, "a", "1.txt"), "one\ntwo\n");
        Assert.Contains("no text", Assert.Throws<DataException>(() => ReadPath(files)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(files, "b", "1.txt"), "three");
        Assert.Equal([new("a", "one\ntwo"), new("b", "three")], ReadPath(files));
        Assert.Throws<DataException>(() => ReadPath(folder.File("none")));
    }

    [Fact]
    public void VectorsOfBothFormatsAreRead()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("vectors.txt");
        foreach (string header in (string[])["", "2 3\n"])
        {
            File.WriteAllText(path, $"{header}the 1 2.5 -3\n. . 4e-1 5 6 \n");
            var found = new Dictionary<string, float[]>();
            Assert.Equal(2, WordVectors.Read(path, 3, (word, vector) => found[word] = [.. vector]));
            Assert.Equal([1, 2.5f, -3], found["the"]);
            Assert.Equal([0.4f, 5, 6], found[". ."]);
        }

        foreach (string wrong in (string[])["the 1 2\n", "the 1 x 3\n", "the 1 NaN 3\n", ""])
        {
            File.WriteAllText(path, wrong);
            Assert.Throws<DataException>(() => WordVectors.Read(path, 3, (_, _) => { }));
        }
    }

    [Fact]
    public void ClassesAreCounted()
    {
        var metrics = new ClassificationMetrics(4);
        Assert.True(double.IsNaN(metrics.Accuracy));
        // 0: 2 right, 1 taken for 1. 1: 1 right. 2 never came, was predicted once, of class 1. 3 neither.
        foreach ((int right, int predicted) in ((int, int)[])[(0, 0), (0, 0), (0, 1), (1, 1), (1, 2)]) metrics.Add(right, predicted);
        Assert.Equal(3 / 5.0, metrics.Accuracy);
        Assert.Equal(4 / 5.0, metrics.F1(0), 1e-15);
        Assert.Equal(2 / 4.0, metrics.F1(1), 1e-15);
        Assert.Equal(0, metrics.F1(2));
        Assert.Equal(0, metrics.F1(3));
        Assert.Equal((0.8 + 0.5) / 2, metrics.MacroF1, 1e-15);
        Assert.Equal(1, metrics.Confusion(1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.Add(4, 0));
    }

    [Fact]
    public void NumbersAreMeasured()
    {
        RegressionErrors errors = RegressionErrors.Of([1, 2, 3], [1, 5, -1]);
        Assert.Equal(Math.Sqrt(25 / 3.0), errors.RootMeanSquare, 1e-12);
        Assert.Equal(7 / 3.0, errors.MeanAbsolute, 1e-12);
        Assert.Throws<ArgumentException>(() => RegressionErrors.Of([1], []));
    }

    private static IReadOnlyList<LabelledText> ReadPath(string path) => LabelledTexts.Read(path, new TextReadOptions(), new DataSkips());

    private static (IReadOnlyList<LabelledText> Texts, DataSkips Skips) Read(string content, TextReadOptions? options = null)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("table.txt");
        File.WriteAllText(path, content);
        var skips = new DataSkips();
        return (LabelledTexts.Read(path, options ?? new TextReadOptions(), skips), skips);
    }
}
