using HighPerfRnn.Kernels;
using HighPerfRnn.Models;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>What is drawn, how often, and in which order.</summary>
public sealed class CharacterSamplerTests
{
    private static readonly float[] Logits = [0.5f, -1, 2, 1.5f, 2, float.NegativeInfinity, 0];

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 3)]
    [InlineData(1, 1)]
    [InlineData(50, 1)]
    public void ColdOrNarrowIsTheFirstOfTheLargest(double temperature, int topK)
    {
        var sampler = new CharacterSampler<float>(Logits.Length, seed: 3, temperature, topK);
        for (int i = 0; i < 50; i++) Assert.Equal(2, sampler.Next(Logits));
        float[] nothing = new float[Logits.Length];
        nothing.AsSpan().Fill(float.NegativeInfinity);
        Assert.Equal(0, sampler.Next(nothing));
    }

    /// <remarks>Bounds are five standard deviations of a count, √(n·p·(1 - p)): the seed is fixed, so that no run differs.</remarks>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(0.5, 0)]
    [InlineData(2, 4)]
    public void DrawsAreSoftmax(double temperature, int topK)
    {
        const int draws = 20_000;
        var sampler = new CharacterSampler<float>(Logits.Length, seed: 11, temperature, topK);
        int[] counts = new int[Logits.Length];
        for (int i = 0; i < draws; i++) counts[sampler.Next(Logits)]++;
        int[] kept = [.. Enumerable.Range(0, Logits.Length).OrderByDescending(i => Logits[i]).Take(topK == 0 ? Logits.Length : topK)];
        double total = kept.Sum(i => Math.Exp(Logits[i] / temperature));
        for (int i = 0; i < Logits.Length; i++)
        {
            double p = kept.Contains(i) ? Math.Exp(Logits[i] / temperature) / total : 0;
            Assert.InRange(counts[i], (draws * p) - Spread(p), (draws * p) + Spread(p));
        }

        static double Spread(double p) => 5 * Math.Sqrt(draws * p * (1 - p));
    }

    [Fact]
    public void TheSameSeedDrawsTheSame()
    {
        int[] first = Draw(5), other = Draw(6);
        Assert.Equal(first, Draw(5));
        Assert.NotEqual(first, other);
        // The draws are part of the promise: these stay as they are.
        Assert.Equal([2, 6, 2, 2, 3, 2, 3, 6], first[..8]);

        static int[] Draw(ulong seed)
        {
            var sampler = new CharacterSampler<float>(Logits.Length, seed, 1.2, 5);
            return [.. Enumerable.Range(0, 100).Select(_ => sampler.Next(Logits))];
        }
    }

    [Fact]
    public void WrongNumbersAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("vocabularySize", () => new CharacterSampler<float>(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>("temperature", () => new CharacterSampler<float>(3, 1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("topK", () => new CharacterSampler<float>(3, 1, 1, -1));
        foreach (double temperature in (double[])[0, 1])
        {
            var sampler = new CharacterSampler<float>(3, 1, temperature);
            Assert.Throws<ArgumentException>("logits", () => sampler.Next([1, 2]));
            Assert.Throws<ArgumentException>("logits", () => sampler.Next([1, 2, float.NaN]));
            Assert.Throws<ArgumentException>("logits", () => sampler.Next([1, float.PositiveInfinity, 0]));
        }
    }
}
