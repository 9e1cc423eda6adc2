using FsCheck.Xunit;
using HighPerfRnn.Data.Metrics;
using Xunit;

namespace HighPerfRnn.Tests.Data;

/// <summary>Metrics of translation against values that sacreBLEU's own tests and documentation publish.</summary>
public sealed class TranslationMetricsTests
{
    // The example of sacreBLEU's README, and what its test/test_bleu.py expects.
    private static readonly string[] Hypotheses = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];

    private static readonly string[][] References =
    [
        ["The dog bit the man.", "The dog had bit the man."],
        ["It was not unexpected.", "No one was surprised."],
        ["The man bit him first.", "The man had bitten the dog."],
    ];

    [Theory]
    [InlineData(BleuTokenization.Mteval13a, BleuSmoothing.Exponential, 48.530827)]
    [InlineData(BleuTokenization.None, BleuSmoothing.Exponential, 49.1919566)]
    [InlineData(BleuTokenization.Mteval13a, BleuSmoothing.None, 48.530827)]
    public void BleuIsThePublishedOne(BleuTokenization tokenization, BleuSmoothing smoothing, double expected)
    {
        BleuScore score = Bleu.Corpus(Hypotheses, References, tokenization, smoothing);
        Assert.Equal(expected, score.Score, 1e-6);
    }

    [Fact]
    public void EmptyHypothesesScoreNothing()
    {
        Assert.Equal(0, Bleu.Corpus(["", "", ""], References).Score);
        Assert.Equal(0, Chrf.Corpus(["", "", ""], References));
    }

    [Fact]
    public void TheSignatureSaysHowItWasComputed()
    {
        Assert.Equal(
            "nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp",
            Bleu.Corpus(Hypotheses, References, BleuTokenization.Mteval13a).Signature);
    }

    // test/test_chrf.py of sacreBLEU, "effective order", where β does not matter.
    [Theory]
    [InlineData("a", "a", 100)]
    [InlineData("", "reference", 0)]
    [InlineData("a b c", "abc", 100)]
    [InlineData("aa", "ab", 25)]
    // The metric card of Hugging Face's chrF, which runs sacreBLEU's.
    [InlineData(
        "The relationship between Obama and Netanyahu is not exactly friendly.",
        "The ties between Obama and Netanyahu are not particularly friendly.",
        61.576379378113785)]
    public void ChrfIsThePublishedOne(string hypothesis, string reference, double expected) =>
        Assert.Equal(expected, Chrf.Corpus([hypothesis], [[reference]]), 1e-9);

    [Fact]
    public void ChrfOfACorpusAddsCounts() => Assert.Equal(50, Chrf.Corpus(["a", "b"], [["a"], ["c"]]), 1e-9);

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("flaw", "lawn", 2)]
    public void DistancesAreTheKnownOnes(string first, string second, int expected) =>
        Assert.Equal(expected, EditDistance.Of<char>(first, second));

    [Property(MaxTest = 100)]
    public void DistanceIsAMetric(byte[] first, byte[] second, byte[] third)
    {
        // Few symbols, so that sequences have something in common.
        int[] a = Few(first), b = Few(second), c = Few(third);
        int ab = EditDistance.Of<int>(a, b);
        Assert.Equal(ab, EditDistance.Of<int>(b, a));
        Assert.Equal(a.AsSpan().SequenceEqual(b), ab == 0);
        Assert.InRange(ab, Math.Abs(a.Length - b.Length), Math.Max(a.Length, b.Length));
        Assert.True(ab <= EditDistance.Of<int>(a, c) + EditDistance.Of<int>(c, b));
        static int[] Few(byte[]? bytes) => [.. (bytes ?? []).Select(b => b % 3)];
    }

    [Fact]
    public void TheBestReferenceCounts()
    {
        ErrorRates rates = EditDistance.Rates([["a", "b"], ["c"]], [[["x", "b", "c"], ["a", "b"]], [["d"]]]);
        Assert.Equal(1.0 / 3, rates.TokenErrorRate, 1e-12);
        Assert.Equal(0.5, rates.WordErrorRate);
        Assert.Equal(0.5, rates.ExactMatch);
    }
}
