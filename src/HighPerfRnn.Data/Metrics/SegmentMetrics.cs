namespace HighPerfRnn.Data.Metrics;

/// <summary>
/// How good a label a frame is: by frames, by the order of segments, and by their overlap (Lea et al., Temporal convolutional networks for
/// action segmentation and detection, 2017).
/// </summary>
/// <remarks>
/// A segment is a run of one label. The edit score of a sequence is 1 - distance / max(segments), over the segments' labels, the mean over
/// sequences counts. F1@k: a predicted segment is right where its overlap with a right segment of its label, intersection over union, is
/// at least k, each right one counted once; over all sequences. All from 0 to 1.
/// </remarks>
public sealed class SegmentMetrics
{
    private static readonly double[] Thresholds = [0.1, 0.25, 0.5];

    private readonly long[] _right = new long[Thresholds.Length];
    private long _frames;
    private long _rightFrames;
    private long _predictedSegments;
    private long _segments;
    private double _editSum;
    private int _sequences;

    /// <summary>The share of frames that are right; NaN of none.</summary>
    public double FrameAccuracy => (double)_rightFrames / _frames;

    /// <summary>The mean edit score; NaN of no sequence.</summary>
    public double EditScore => _editSum / _sequences;

    /// <summary>F1 at an overlap of 0.1.</summary>
    public double F1At10 => F1(0);

    /// <summary>F1 at an overlap of 0.25.</summary>
    public double F1At25 => F1(1);

    /// <summary>F1 at an overlap of 0.5.</summary>
    public double F1At50 => F1(2);

    /// <summary>Counts a sequence.</summary>
    /// <param name="predicted">A label a frame.</param>
    /// <param name="right">As many.</param>
    /// <param name="background">A label whose segments do not count; null for none.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public void Add(ReadOnlySpan<int> predicted, ReadOnlySpan<int> right, int? background = null)
    {
        if (predicted.Length != right.Length) throw new ArgumentException($"Found {predicted.Length} labels; expected {right.Length}.", nameof(predicted));
        for (int frame = 0; frame < right.Length; frame++)
        {
            if (predicted[frame] == right[frame]) _rightFrames++;
        }

        _frames += right.Length;
        List<Segment> found = Segments(predicted, background), expected = Segments(right, background);
        _predictedSegments += found.Count;
        _segments += expected.Count;
        _sequences++;
        int distance = EditDistance.Of<int>([.. found.Select(segment => segment.Label)], [.. expected.Select(segment => segment.Label)]);
        _editSum += found.Count + expected.Count == 0 ? 1 : 1 - ((double)distance / Math.Max(found.Count, expected.Count));
        for (int i = 0; i < Thresholds.Length; i++) _right[i] += CountRight(found, expected, Thresholds[i]);
    }

    /// <summary>Counts a sequence of labels without times: of its frames nothing is known.</summary>
    /// <param name="predicted">Labels in their order.</param>
    /// <param name="right">What is right.</param>
    public void AddOrder(ReadOnlySpan<int> predicted, ReadOnlySpan<int> right)
    {
        _sequences++;
        int longest = Math.Max(predicted.Length, right.Length);
        _editSum += longest == 0 ? 1 : 1 - ((double)EditDistance.Of(predicted, right) / longest);
    }

    private double F1(int threshold) => _segments + _predictedSegments == 0 ? 1 : 2.0 * _right[threshold] / (_segments + _predictedSegments);

    private static List<Segment> Segments(ReadOnlySpan<int> labels, int? background)
    {
        var segments = new List<Segment>();
        for (int first = 0, end; first < labels.Length; first = end)
        {
            for (end = first + 1; end < labels.Length && labels[end] == labels[first];) end++;
            if (labels[first] != background) segments.Add(new Segment(first, end, labels[first]));
        }

        return segments;
    }

    private static int CountRight(List<Segment> predicted, List<Segment> right, double threshold)
    {
        bool[] isTaken = new bool[right.Count];
        int count = 0;
        foreach (Segment segment in predicted)
        {
            (double best, int at) = (0, -1);
            for (int i = 0; i < right.Count; i++)
            {
                if (right[i].Label != segment.Label) continue;
                double overlap = segment.Overlap(right[i]);
                if (overlap > best) (best, at) = (overlap, i);
            }

            if (at < 0 || best < threshold || isTaken[at]) continue;
            isTaken[at] = true;
            count++;
        }

        return count;
    }

    /// <summary>Frames from the first to before the end.</summary>
    private readonly record struct Segment(int First, int End, int Label)
    {
        /// <summary>Intersection over union.</summary>
        public double Overlap(Segment other)
        {
            int both = Math.Min(End, other.End) - Math.Max(First, other.First);
            return both <= 0 ? 0 : (double)both / (Math.Max(End, other.End) - Math.Min(First, other.First));
        }
    }
}
