using FsCheck;
using FsCheck.Xunit;
using HighPerfRnn.Kernels;
using Xunit;

namespace HighPerfRnn.Tests.Training;

public class CounterRandomTests
{
    /// <summary>The known answers that come with the authors' Random123 (philox4x32, 10 rounds).</summary>
    [Theory]
    [InlineData(0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void PhiloxGivesThePublishedAnswers(
        uint counter0, uint counter1, uint counter2, uint counter3, uint key0, uint key1,
        uint word0, uint word1, uint word2, uint word3)
    {
        CounterRandom.Philox(ref counter0, ref counter1, ref counter2, ref counter3, key0, key1);
        Assert.Equal((word0, word1, word2, word3), (counter0, counter1, counter2, counter3));
    }

    [Fact]
    public void WordsAreTheBlocksInOrder()
    {
        var random = new CounterRandom(0x299f31d0_a4093822, 0x03707344_13198a2e, 4UL * 0x05a308d3_243f6a88);
        uint a = 0x243f6a88, b = 0x05a308d3, c = 0x13198a2e, d = 0x03707344;
        CounterRandom.Philox(ref a, ref b, ref c, ref d, 0xa4093822, 0x299f31d0);
        Assert.Equal([a, b, c, d], [random.NextUInt32(), random.NextUInt32(), random.NextUInt32(), random.NextUInt32()]);

        CounterRandom first = default;
        Assert.Equal(0xe169c58d_6627e8d5, first.NextUInt64());
        Assert.Equal(2UL, first.Position);
    }

    [Property(MaxTest = 200)]
    public void AGeneratorOfTheSameThreeNumbersContinues(ulong seed, ulong stream, byte draws)
    {
        var random = new CounterRandom(seed, stream);
        for (int i = 0; i < draws; i++) random.NextUInt32();
        var restored = new CounterRandom(random.Seed, random.Stream, random.Position);
        for (int i = 0; i < 9; i++) Assert.Equal(random.NextUInt32(), restored.NextUInt32());
        Assert.Equal(random.NextGaussian(), restored.NextGaussian());
        Assert.Equal(random.Position, restored.Position);
    }

    [Fact]
    public void SeedsAndStreamsDiffer()
    {
        var seen = new HashSet<ulong>();
        for (ulong seed = 0; seed < 20; seed++)
        {
            for (ulong stream = 0; stream < 20; stream++) Assert.True(seen.Add(new CounterRandom(seed, stream).NextUInt64()));
        }
    }

    [Fact]
    public void UniformNumbersAreUniform()
    {
        const int count = 100_000;
        var random = new CounterRandom(7);
        double sum = 0, squares = 0;
        int[] bins = new int[16];
        for (int i = 0; i < count; i++)
        {
            double x = random.NextDouble();
            float y = random.NextSingle();
            Assert.True(x is >= 0 and < 1 && y is >= 0 and < 1);
            Assert.Equal(0, (y * (1 << 24)) % 1);
            sum += x;
            squares += x * x;
            bins[(int)(x * 16)]++;
        }

        Assert.Equal(0.5, sum / count, 0.005);
        Assert.Equal(1.0 / 3, squares / count, 0.005);
        // 15 degrees of freedom: above 37.7 once in a thousand.
        Assert.InRange(ChiSquared(bins, count / 16.0), 3, 37.7);
    }

    [Fact]
    public void GaussianNumbersAreNormal()
    {
        const int count = 100_000;
        var random = new CounterRandom(8);
        double sum = 0, squares = 0, fourth = 0;
        int withinOne = 0;
        for (int i = 0; i < count; i++)
        {
            double x = random.NextGaussian();
            sum += x;
            squares += x * x;
            fourth += x * x * x * x;
            if (Math.Abs(x) < 1) withinOne++;
        }

        Assert.Equal(0, sum / count, 0.015);
        Assert.Equal(1, squares / count, 0.02);
        Assert.Equal(3, fourth / count, 0.15);
        Assert.Equal(0.6827, withinOne / (double)count, 0.006);
    }

    [Fact]
    public void BoundedNumbersAreUnbiased()
    {
        var random = new CounterRandom(9);
        int[] bins = new int[7];
        for (int i = 0; i < 70_000; i++) bins[random.NextInt(7)]++;
        Assert.InRange(ChiSquared(bins, 10_000), 0.3, 22.5);

        // With this bound a plain product would give a third of the numbers twice as often.
        int[] thirds = new int[3];
        const int bound = 3 << 29;
        for (int i = 0; i < 30_000; i++) thirds[random.NextInt(bound) % 3]++;
        Assert.InRange(ChiSquared(thirds, 10_000), 0, 13.8);
        Assert.Equal(0, random.NextInt(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CounterRandom(1).NextInt(0));
    }

    [Property(MaxTest = 100)]
    public void ShufflingKeepsEveryItem(ulong seed, byte length)
    {
        int[] items = [.. Enumerable.Range(0, length)];
        var random = new CounterRandom(seed);
        random.Shuffle<int>(items);
        int[] sorted = [.. items];
        Array.Sort(sorted);
        Assert.Equal(Enumerable.Range(0, length), sorted);
    }

    [Fact]
    public void EveryOrderComesUpAsOften()
    {
        var random = new CounterRandom(10);
        int[] bins = new int[27];
        Span<int> items = stackalloc int[3];
        for (int i = 0; i < 12_000; i++)
        {
            (items[0], items[1], items[2]) = (0, 1, 2);
            random.Shuffle(items);
            bins[(items[0] * 9) + (items[1] * 3) + items[2]]++;
        }

        int[] orders = [.. bins.Where(n => n > 0)];
        Assert.Equal(6, orders.Length);
        Assert.InRange(ChiSquared(orders, 2_000), 0.1, 20.5);
    }

    private static double ChiSquared(int[] counts, double expected)
    {
        double sum = 0;
        foreach (int count in counts) sum += (count - expected) * (count - expected) / expected;
        return sum;
    }
}
