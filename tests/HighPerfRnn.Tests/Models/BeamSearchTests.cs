using FsCheck.Xunit;
using HighPerfRnn.Kernels;
using HighPerfRnn.Models;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>The search over models whose scores are a hash of the hypothesis, which no shortcut can guess.</summary>
public sealed class BeamSearchTests
{
    private const int Begin = 0;
    private const int End = 1;

    [Property(MaxTest = 100)]
    public void WidthOneIsGreedy(int seed)
    {
        const int vocabulary = 5, length = 9;
        var search = new BeamSearch<double>(vocabulary, width: 1, length);
        Assert.Equal(1, search.Search(new HashScorer(vocabulary, 1, seed), Begin, End));
        List<int> greedy = [];
        double logProbability = 0;
        bool isEnded = false;
        while (!isEnded && greedy.Count < length)
        {
            double[] logits = HashScorer.Logits(vocabulary, seed, [Begin, .. greedy]);
            int best = Array.IndexOf(logits, logits.Max());
            logProbability += LogProbability(logits, best);
            isEnded = best == End;
            if (!isEnded) greedy.Add(best);
        }

        Assert.Equal(greedy, Tokens(search, 0));
        Assert.Equal(logProbability, search.LogProbability(0), 1e-12);
        Assert.Equal(logProbability / (greedy.Count + (isEnded ? 1 : 0)), search.Score(0), 1e-12);
    }

    [Property(MaxTest = 100)]
    public void AsWideAsTheVocabularyOverLengthTwoIsExhaustive(int seed)
    {
        const int vocabulary = 6;
        var search = new BeamSearch<double>(vocabulary, width: vocabulary, maxLength: 2, lengthExponent: 0);
        search.Search(new HashScorer(vocabulary, vocabulary, seed), Begin, End);
        (double Best, int[] Tokens) expected = (double.NegativeInfinity, []);
        double[] first = HashScorer.Logits(vocabulary, seed, [Begin]);
        for (int a = 0; a < vocabulary; a++)
        {
            double[] second = HashScorer.Logits(vocabulary, seed, [Begin, a]);
            for (int b = 0; b < vocabulary; b++)
            {
                double total = LogProbability(first, a) + (a == End ? 0 : LogProbability(second, b));
                int[] tokens = a == End ? [] : b == End ? [a] : [a, b];
                if (total > expected.Best) expected = (total, tokens);
            }
        }

        Assert.Equal(expected.Tokens, Tokens(search, 0));
        Assert.Equal(expected.Best, search.Score(0), 1e-12);
    }

    [Property(MaxTest = 50)]
    public void ResultsAreInOrderAndHaveTheProbabilityOfTheirTokens(int seed)
    {
        const int vocabulary = 7, width = 4, length = 6;
        var search = new BeamSearch<double>(vocabulary, width, length, lengthExponent: 0.6);
        int count = search.Search(new HashScorer(vocabulary, width, seed), Begin, End);
        Assert.InRange(count, 1, width);
        for (int rank = 0; rank < count; rank++)
        {
            if (rank > 0) Assert.True(search.Score(rank) <= search.Score(rank - 1));
            int[] tokens = Tokens(search, rank);
            double logProbability = 0;
            for (int i = 0; i < tokens.Length; i++)
            {
                logProbability += LogProbability(HashScorer.Logits(vocabulary, seed, [Begin, .. tokens[..i]]), tokens[i]);
            }

            // A result that was cut has no end in its probability.
            double ended = logProbability + LogProbability(HashScorer.Logits(vocabulary, seed, [Begin, .. tokens]), End);
            double expected = tokens.Length == length ? logProbability : ended;
            Assert.Equal(expected, search.LogProbability(rank), 1e-12);
            int counted = tokens.Length == length ? length : tokens.Length + 1;
            Assert.Equal(expected / Math.Pow(counted, 0.6), search.Score(rank), 1e-9);
        }
    }

    [Fact]
    public void RowsWithoutProbabilitiesEndThere()
    {
        var search = new BeamSearch<float>(3, width: 2, maxLength: 4);
        Assert.Equal(0, search.Search(new ConstantScorer([float.NaN, 0, 0]), Begin, End));
        Assert.Equal(0, search.Search(new ConstantScorer([0, float.PositiveInfinity, 0]), Begin, End));
        Assert.Equal(1, search.Search(new ConstantScorer([float.NegativeInfinity, 3, float.NegativeInfinity]), Begin, End));
        Assert.Equal(0, search.Length(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => search.Score(1));
    }

    [Property(MaxTest = 50)]
    public void AnEnsembleScoresByTheMeanOfLogits(int seed)
    {
        const int vocabulary = 5, width = 3;
        double[] found = new double[width * vocabulary];
        IBeamScorer<double>[] scorers = [.. Enumerable.Range(0, 3).Select(i => new HashScorer(vocabulary, width, seed + i))];
        var ensemble = new BeamEnsemble<double>(scorers, vocabulary, width);
        ensemble.Score([0, 1, 2], [Begin, 2, 3], found);
        ensemble.Score([2, 0, 0], [4, 2, 3], found);
        int[][] hypotheses = [[3, 4], [Begin, 2], [Begin, 3]];
        for (int row = 0; row < width; row++)
        {
            double[][] logits = [.. Enumerable.Range(0, 3).Select(i => HashScorer.Logits(vocabulary, seed + i, hypotheses[row]))];
            for (int token = 0; token < vocabulary; token++)
            {
                Assert.Equal(logits.Average(of => of[token]), found[(row * vocabulary) + token], 1e-12);
            }
        }

        Assert.Throws<ArgumentException>(() => new BeamEnsemble<double>([], vocabulary, width));
        Assert.Throws<ArgumentException>(() => ensemble.Score([0, 0, 0], [0, 0, 0], new double[4]));
    }

    [Fact]
    public void ASearchAllocatesNothing()
    {
        var search = new BeamSearch<float>(3, width: 2, maxLength: 8);
        var scorer = new ConstantScorer([0.5f, -2, 1]);
        search.Search(scorer, Begin, End);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) search.Search(scorer, Begin, End);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int[] Tokens<T>(BeamSearch<T> search, int rank)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        int[] tokens = new int[search.Length(rank)];
        search.CopyTokens(rank, tokens);
        return tokens;
    }

    private static double LogProbability(double[] logits, int token)
    {
        double largest = logits.Max();
        return logits[token] - largest - Math.Log(logits.Sum(logit => Math.Exp(logit - largest)));
    }

    /// <summary>Logits that are drawn from the tokens so far.</summary>
    private sealed class HashScorer(int vocabulary, int width, int seed) : IBeamScorer<double>
    {
        private List<int>[] _hypotheses = [.. Enumerable.Range(0, width).Select(_ => new List<int>())];

        public static double[] Logits(int vocabulary, int seed, IReadOnlyList<int> tokens)
        {
            ulong hash = (ulong)(uint)seed;
            foreach (int token in tokens) hash = unchecked((hash ^ (uint)(token + 1)) * 1099511628211);
            var random = new CounterRandom(hash);
            double[] logits = new double[vocabulary];
            foreach (ref double logit in logits.AsSpan()) logit = random.NextGaussian();
            return logits;
        }

        public void Score(ReadOnlySpan<int> parents, ReadOnlySpan<int> tokens, Span<double> logits)
        {
            var next = new List<int>[width];
            for (int i = 0; i < width; i++)
            {
                next[i] = [.. _hypotheses[parents[i]], tokens[i]];
                Logits(vocabulary, seed, next[i]).CopyTo(logits[(i * vocabulary)..]);
            }

            _hypotheses = next;
        }
    }

    private sealed class ConstantScorer(float[] logits) : IBeamScorer<float>
    {
        public void Score(ReadOnlySpan<int> parents, ReadOnlySpan<int> tokens, Span<float> scores)
        {
            for (int i = 0; i < parents.Length; i++) logits.CopyTo(scores[(i * logits.Length)..]);
        }
    }
}
