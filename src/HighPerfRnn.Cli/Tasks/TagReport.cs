using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Tagging;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>How metrics of labelled frames are named and shown.</summary>
internal static class TagReport
{
    private static readonly string[] Directions = [" left", " right"];

    /// <summary>The numbers by the names that reports use; without times there is the edit score alone.</summary>
    public static IReadOnlyDictionary<string, double> ByName(TaggingModel model, ILabelExamples examples, IReadOnlyList<TaggedSequence> found)
    {
        SegmentMetrics metrics = Tagger.Measure(model, examples, found);
        var named = new SortedDictionary<string, double>(StringComparer.Ordinal) { ["editScore"] = metrics.EditScore };
        if (!model.HasTimes) return named;
        named["frameAccuracy"] = metrics.FrameAccuracy;
        named["segmentF1"] = metrics.F1At50;
        named["segmentF1At10"] = metrics.F1At10;
        named["segmentF1At25"] = metrics.F1At25;
        if (Direction(model, examples, found) is double direction) named["directionAccuracy"] = direction;
        return named;
    }

    /// <summary>Metrics in a line.</summary>
    public static string Describe(IReadOnlyDictionary<string, double> metrics)
    {
        string edit = Invariant($"edit score {metrics["editScore"]:P1}");
        if (!metrics.TryGetValue("frameAccuracy", out double accuracy)) return edit;
        string direction = metrics.TryGetValue("directionAccuracy", out double share) ? Invariant($", directions right {share:P1}") : string.Empty;
        return Invariant($"frames right {accuracy:P2}, {edit}, segment F1 {metrics["segmentF1"]:P1} (at half overlap){direction}");
    }

    /// <summary>Of frames whose label ends in a direction, how many were given that direction; null where labels have none.</summary>
    private static double? Direction(TaggingModel model, ILabelExamples examples, IReadOnlyList<TaggedSequence> found)
    {
        int[] directions = [.. model.Labels.Select(label => Array.FindIndex(Directions, end => label.EndsWith(end, StringComparison.Ordinal)))];
        if (!directions.Any(direction => direction >= 0)) return null;
        long counted = 0, right = 0;
        foreach (TaggedSequence sequence in found)
        {
            ReadOnlySpan<int> labels = examples.Labels(sequence.Example);
            for (int frame = 0; frame < labels.Length; frame++)
            {
                int direction = directions[labels[frame]];
                if (direction < 0) continue;
                counted++;
                if (directions[sequence.Labels[frame]] == direction) right++;
            }
        }

        return counted == 0 ? null : (double)right / counted;
    }
}
