using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training.Losses;

/// <summary>The beam against all paths of tiny sequences, where it holds every prefix and where it does not.</summary>
[Trait("Category", "Width")]
public sealed class CtcDecoderTests
{
    [CaseProperty]
    public void AWideBeamFindsEveryLabelSequenceWithItsProbability(RnnCase shape)
    {
        (double[] logits, int steps, int classes, int blank) = Tiny(shape);
        var expected = ReferenceCtc.AllPaths(logits, classes, blank);
        var decoder = new CtcDecoder<double>(classes, 6, beamWidth: 400, blank);
        // A search before leaves nothing behind.
        decoder.Search(new double[classes * 6], 6);
        Assert.Equal(expected.Count, decoder.Search(logits, steps));
        Assert.Equal(expected.Count, decoder.Count);
        double before = double.PositiveInfinity;
        for (int rank = 0; rank < decoder.Count; rank++)
        {
            Assert.Equal(Math.Log(expected[Labels(decoder, rank)]), decoder.LogProbability(rank), 1e-11);
            Assert.True(decoder.LogProbability(rank) <= before);
            before = decoder.LogProbability(rank);
        }

        Assert.Equal(expected.Count, Enumerable.Range(0, decoder.Count).Select(rank => Labels(decoder, rank)).Distinct().Count());
    }

    [CaseProperty]
    public void ANarrowBeamIsTheOneByDefinition(RnnCase shape)
    {
        (double[] logits, int steps, int classes, int blank) = Tiny(shape);
        int width = 1 + (shape.InputSize % 5);
        var decoder = new CtcDecoder<double>(classes, 6, width, blank);
        decoder.Search(logits, steps);
        (string Labels, double Score)[] expected = Beam(logits, steps, classes, blank, width);
        Assert.Equal(expected.Length, decoder.Count);
        for (int rank = 0; rank < expected.Length; rank++)
        {
            Assert.Equal(expected[rank].Labels, Labels(decoder, rank));
            Assert.Equal(expected[rank].Score, decoder.LogProbability(rank), 1e-11);
        }
    }

    [CaseProperty]
    public void TheBestPathIsTheBestClassOfEachFrame(RnnCase shape)
    {
        (double[] logits, int steps, int classes, int blank) = Tiny(shape);
        var decoder = new CtcDecoder<double>(classes, 6, 1, blank);
        int[] labels = [-1, -1, -1, -1, -1, -1];
        int count = decoder.BestPath(logits, steps, labels, out double logProbability);
        double[] logP = ReferenceCtc.LogSoftmax(logits, classes);
        double score = 0;
        var expected = new List<int>();
        int last = blank;
        for (int t = 0; t < steps; t++)
        {
            double[] frame = logP[(t * classes)..((t + 1) * classes)];
            int best = Array.IndexOf(frame, frame.Max());
            score += frame[best];
            if (best != blank && best != last) expected.Add(best);
            last = best;
        }

        Assert.Equal(expected, labels[..count]);
        Assert.All(labels[count..], label => Assert.Equal(-1, label));
        Assert.Equal(score, logProbability, 1e-12);
    }

    [Fact]
    public void ARowOfABatchIsDecodedAsAlone()
    {
        var random = new CaseRandom(4);
        float[] logits = random.Numbers<float>(7 * 3 * 5, 4);
        var decoder = new CtcDecoder<float>(5, 9, 8, blank: 2);
        for (int row = 0; row < 3; row++)
        {
            float[] alone = [.. Enumerable.Range(0, 7).SelectMany(t => logits[(((t * 3) + row) * 5)..(((t * 3) + row + 1) * 5)])];
            decoder.Search(alone, 6);
            var expected = Enumerable.Range(0, decoder.Count).Select(rank => (Labels(decoder, rank), decoder.LogProbability(rank))).ToArray();
            decoder.Search(logits, 6, batch: 3, row);
            Assert.Equal(expected, Enumerable.Range(0, decoder.Count).Select(rank => (Labels(decoder, rank), decoder.LogProbability(rank))));
            int[] labels = new int[7], ofBatch = new int[7];
            int count = decoder.BestPath(alone, 7, labels, out double score);
            Assert.Equal(count, decoder.BestPath(logits, 7, ofBatch, out double scoreOfBatch, 3, row));
            Assert.Equal(labels, ofBatch);
            Assert.Equal(score, scoreOfBatch);
        }
    }

    [Fact]
    public void SearchOfWhatALossWasTrainedOnAgreesWithIt()
    {
        var random = new CaseRandom(8);
        double[] logits = random.Numbers<double>(12 * 4, 3);
        var decoder = new CtcDecoder<double>(4, 12, 3000);
        decoder.Search(logits, 12);
        int[] labels = new int[decoder.Length(0)];
        decoder.CopyLabels(0, labels);
        double loss = ReferenceCtc.Run(logits, 4, 0, labels, new double[48], out _);
        Assert.Equal(-loss, decoder.LogProbability(0), 1e-6);
    }

    [Fact]
    public void PrefixesThatComeBackAreTheSameOnes()
    {
        // A beam drops "1", keeps its child "1,2", finds "1" again and from there "1,2": both must be one. In one round of ten it happens.
        var random = new CaseRandom(1);
        for (int round = 0; round < 300; round++)
        {
            int width = 2 + (round % 5);
            double[] logits = random.Numbers<double>(9 * 3, 3);
            var decoder = new CtcDecoder<double>(3, 9, width);
            decoder.Search(logits, 9);
            (string Labels, double Score)[] expected = Beam(logits, 9, 3, 0, width);
            Assert.Equal(expected.Length, decoder.Count);
            for (int rank = 0; rank < expected.Length; rank++)
            {
                Assert.Equal(expected[rank].Labels, Labels(decoder, rank));
                Assert.Equal(expected[rank].Score, decoder.LogProbability(rank), 1e-11);
            }
        }
    }

    [Fact]
    public void SpecialLogits()
    {
        var decoder = new CtcDecoder<float>(3, 4, 5);
        Assert.Equal(0, decoder.Search([0, float.NaN, 0], 1));
        Assert.Equal(0, decoder.Search([0, 0, 0, 0, float.PositiveInfinity, 0], 2));
        decoder.BestPath([0, float.NaN, 0], 1, new int[1], out double score);
        Assert.True(double.IsNaN(score));
        // What has the probability 0 is no hypothesis.
        Assert.Equal(1, decoder.Search([float.NegativeInfinity, 0, float.NegativeInfinity], 1));
        Assert.Equal(("1", 0.0), (Labels(decoder, 0), decoder.LogProbability(0)));
        Assert.Equal(1, decoder.Search([], 0));
        Assert.Equal(("", 0.0), (Labels(decoder, 0), decoder.LogProbability(0)));
        // Equal scores: the lower class first.
        decoder.Search(new float[3], 1);
        Assert.Equal(["", "1", "2"], Enumerable.Range(0, 3).Select(rank => Labels(decoder, rank)));
    }

    [Fact]
    public void WrongArgumentsAreNamed()
    {
        Assert.Throws<ArgumentOutOfRangeException>("classes", () => new CtcDecoder<float>(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>("maxSteps", () => new CtcDecoder<float>(2, 0));
        Assert.Throws<ArgumentOutOfRangeException>("beamWidth", () => new CtcDecoder<float>(2, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>("blank", () => new CtcDecoder<float>(2, 1, 1, 2));
        Assert.Throws<ArgumentOutOfRangeException>("maxSteps", () => new CtcDecoder<float>(2, 1 << 20, 1 << 10));
        var decoder = new CtcDecoder<float>(3, 4, 2);
        Assert.Throws<ArgumentOutOfRangeException>("steps", () => decoder.Search(new float[15], 5));
        Assert.Throws<ArgumentOutOfRangeException>("row", () => decoder.Search(new float[15], 1, 2, 2));
        Assert.Throws<ArgumentOutOfRangeException>("batch", () => decoder.Search(new float[15], 1, 0));
        ArgumentException failure = Assert.Throws<ArgumentException>("logits", () => decoder.Search(new float[11], 4));
        Assert.Contains("logits has length 11; expected at least 12.", failure.Message, StringComparison.Ordinal);
        failure = Assert.Throws<ArgumentException>("labels", () => decoder.BestPath(new float[12], 4, new int[3], out _));
        Assert.Contains("labels has length 3; expected at least 4.", failure.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("rank", () => decoder.LogProbability(0));
        decoder.Search([0, 9, 0], 1);
        Assert.Throws<ArgumentException>("labels", () => decoder.CopyLabels(0, []));
        Assert.Throws<ArgumentOutOfRangeException>("rank", () => decoder.Length(2));
    }

    private static (double[] Logits, int Steps, int Classes, int Blank) Tiny(RnnCase shape)
    {
        int steps = shape.Seed % 6, classes = 2 + (shape.HiddenSize % 2);
        return (new CaseRandom(shape.Seed, 2).Numbers<double>(steps * classes, 3), steps, classes, shape.Seed / 7 % classes);
    }

    private static string Labels<T>(CtcDecoder<T> decoder, int rank)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        int[] labels = new int[decoder.Length(rank)];
        Assert.Equal(labels.Length, decoder.CopyLabels(rank, labels));
        return string.Join(',', labels);
    }

    /// <summary>The search with a dictionary: after each frame the best prefixes by the sum of their paths.</summary>
    private static (string Labels, double Score)[] Beam(double[] logits, int steps, int classes, int blank, int width)
    {
        double[] logP = ReferenceCtc.LogSoftmax(logits, classes);
        var beam = new Dictionary<string, (double Blank, double Label)> { [""] = (1, 0) };
        for (int t = 0; t < steps; t++)
        {
            var next = new Dictionary<string, (double Blank, double Label)>();
            foreach ((string prefix, (double ofBlank, double ofLabel)) in beam)
            {
                string last = prefix.Split(',')[^1];
                for (int c = 0; c < classes; c++)
                {
                    double p = Math.Exp(logP[(t * classes) + c]);
                    string grown = prefix.Length == 0 ? $"{c}" : $"{prefix},{c}";
                    if (c == blank) Add(prefix, (ofBlank + ofLabel) * p, 0);
                    else if (last == $"{c}")
                    {
                        Add(prefix, 0, ofLabel * p);
                        Add(grown, 0, ofBlank * p);
                    }
                    else
                    {
                        Add(grown, 0, (ofBlank + ofLabel) * p);
                    }
                }
            }

            // What has no path is no prefix.
            beam = next.Where(entry => entry.Value.Blank + entry.Value.Label > 0).OrderByDescending(entry => entry.Value.Blank + entry.Value.Label).Take(width).ToDictionary();

            void Add(string prefix, double ofBlank, double ofLabel)
            {
                (double Blank, double Label) old = next.GetValueOrDefault(prefix);
                next[prefix] = (old.Blank + ofBlank, old.Label + ofLabel);
            }
        }

        return [.. beam.Select(entry => (entry.Key, Math.Log(entry.Value.Blank + entry.Value.Label))).OrderByDescending(entry => entry.Item2)];
    }
}
