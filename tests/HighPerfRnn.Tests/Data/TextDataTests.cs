using System.Text;
using FsCheck.Xunit;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Batching;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tests.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Data;

/// <summary>Tokenisers, vocabularies, readers of texts, batches.</summary>
public sealed class TextDataTests
{
    [Theory]
    [InlineData("Don't stop, (now)!", "Don't|stop|,|(|now|)|!")]
    [InlineData("  a\tb\n", "a|b")]
    [InlineData("", "")]
    public void WordsAreCutAtWhiteSpaceAndPunctuation(string text, string expected)
    {
        var tokenizer = new TextTokenizer { SplitPunctuation = true };
        Assert.Equal(expected, string.Join('|', tokenizer.Split(text)));
    }

    [Fact]
    public void JoiningIsReadable()
    {
        var tokenizer = new TextTokenizer { SplitPunctuation = true };
        Assert.Equal("Hello, world!", tokenizer.Join(["Hello", ",", "world", "!"]));
    }

    [Property]
    public void CharactersComeBack(string text)
    {
        var tokenizer = new TextTokenizer { Unit = TextUnit.Character };
        // A lone surrogate is no character; runes make U+FFFD of it.
        string valid = string.Concat((text ?? "").EnumerateRunes());
        Assert.Equal(valid, tokenizer.Join(tokenizer.Split(valid)));
    }

    [Theory]
    [InlineData(TextUnit.Word, true, true)]
    [InlineData(TextUnit.Character, false, false)]
    public void DescriptionsComeBack(TextUnit unit, bool lower, bool punctuation)
    {
        var tokenizer = new TextTokenizer { Unit = unit, LowerCase = lower, SplitPunctuation = punctuation };
        Assert.Equal(tokenizer, TextTokenizer.Parse(tokenizer.Describe()));
        Assert.Throws<FormatException>(() => TextTokenizer.Parse("sentence"));
        Assert.Throws<FormatException>(() => TextTokenizer.Parse("word upper"));
    }

    [Property]
    public void AnyVocabularyComesBack(string[] tokens)
    {
        string[] distinct = [.. (tokens ?? []).Where(token => token is not null).Distinct(StringComparer.Ordinal)];
        var vocabulary = new Vocabulary(distinct);
        var read = Vocabulary.Parse(vocabulary.Save());
        Assert.Equal(distinct, read.Tokens);
        Assert.Equal(distinct, read.Decode(read.Encode(distinct)));
    }

    [Fact]
    public void TheMostFrequentTokensComeFirst()
    {
        var vocabulary = Vocabulary.Build([["b", "a", "c"], ["a", "b", "d"]], minimumCount: 2);
        Assert.Equal(["a", "b"], vocabulary.Tokens);
        Assert.Equal([Vocabulary.Marks, Vocabulary.Unknown], vocabulary.Encode(["a", "c"]));
        Assert.Equal(["⁇", "b"], vocabulary.Decode([Vocabulary.Begin, Vocabulary.Unknown, 4, Vocabulary.End]));
    }

    [Fact]
    public void LinesSayWhereAByteIsWrong()
    {
        using var stream = new MemoryStream([(byte)'a', (byte)'\n', (byte)'b', 0xFF]);
        DataException error = Assert.Throws<DataException>(() => TextLines.Read(stream, "x.txt", new TextReadOptions()).ToList());
        Assert.StartsWith("x.txt, line 2, byte 2: found 0xFF", error.Message, StringComparison.Ordinal);
        stream.Position = 0;
        var latin = new TextReadOptions { Encoding = TextReadOptions.EncodingOf("latin1") };
        Assert.Equal(["a", "bÿ"], TextLines.Read(stream, "x.txt", latin).Select(line => line.Text));
    }

    [Fact]
    public void LinesEndInAnyWay()
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes("\uFEFFone\r\ntwo\n\nfour"));
        Assert.Equal(["one", "two", "", "four"], TextLines.Read(stream, "x", new TextReadOptions()).Select(line => line.Text));
    }

    [Fact]
    public void AlignedFilesHaveAsManyLines()
    {
        using var folder = new TemporaryFolder();
        string source = folder.File("a.en"), target = folder.File("a.de");
        File.WriteAllText(source, "one\ntwo\n\nfour\n");
        File.WriteAllText(target, "eins\nzwei\ndrei\nvier\n");
        var skips = new DataSkips();
        Assert.Equal(
            [new TextPair("one", "eins"), new TextPair("two", "zwei"), new TextPair("four", "vier")],
            TextPairs.ReadAligned(source, target, new TextReadOptions(), skips));
        Assert.Equal($"1 empty text (first: {source}, line 3)", skips.Describe());
        File.AppendAllText(target, "fünf\n");
        DataException error = Assert.Throws<DataException>(() => TextPairs.ReadAligned(source, target, new TextReadOptions(), skips));
        Assert.Contains("found 4 and 5 lines, expected as many in both", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TablesNameTheLineWithoutATab()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("pairs.tsv");
        File.WriteAllText(path, "source\ttarget\nab\tba\nxyz\n");
        DataException error = Assert.Throws<DataException>(() => TextPairs.ReadTable(path, new TextReadOptions(), new DataSkips()));
        Assert.Equal($"{path}, line 3: found no tab, expected SOURCE TAB TARGET.", error.Message);
    }

    [Property(MaxTest = 50)]
    public void EveryExampleIsInOneBatch(byte[] lengths, byte batch, ulong seed, byte epoch)
    {
        int[] of = [.. (lengths ?? []).Select(length => (int)length)];
        int size = (batch % 17) + 1;
        var order = new LengthBatches(of, size);
        order.Shuffle(seed, epoch + 1);
        int[][] batches = Shuffled();
        Assert.Equal((of.Length + size - 1) / size, batches.Length);
        Assert.All(batches, made => Assert.InRange(made.Length, 1, size));
        Assert.Equal(Enumerable.Range(0, of.Length), batches.SelectMany(made => made).Order());
        Assert.Equal(batches, Shuffled());
        order.Sort();
        Assert.Equal(
            Enumerable.Range(0, of.Length).OrderBy(example => of[example]),
            Enumerable.Range(0, order.Count).SelectMany(index => order[index].ToArray()));

        int[][] Shuffled()
        {
            order.Shuffle(seed, epoch);
            return [.. Enumerable.Range(0, order.Count).Select(index => order[index].ToArray())];
        }
    }
}
