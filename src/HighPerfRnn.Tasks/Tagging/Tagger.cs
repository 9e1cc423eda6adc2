using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tasks.Tagging;

/// <summary>What a sequence was taken for.</summary>
/// <param name="Example">Which.</param>
/// <param name="Labels">Numbers of labels: one a frame, or in their order.</param>
public sealed record TaggedSequence(int Example, int[] Labels);

/// <summary>Labels whole sequences.</summary>
public static class Tagger
{
    private const int BeamWidth = 8;

    /// <summary>The labels of a sequence: one a frame, or, of a model without times, in their order.</summary>
    /// <param name="model">The model.</param>
    /// <param name="sequence">Frames as they were read.</param>
    public static string[] Tag(TaggingModel model, TagSequence sequence)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sequence);
        NumberSequences examples = model.Encode([sequence with { Labels = [] }], int.MaxValue, new Data.DataSkips());
        return [.. Predict(model, examples)[0].Labels.Select(label => model.Labels[label])];
    }

    /// <summary>Labels all examples; each has the labels that it has alone.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">What <see cref="TaggingModel.Encode"/> gave.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    public static IReadOnlyList<TaggedSequence> Predict(TaggingModel model, ILabelExamples examples, WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        var found = new TaggedSequence[examples.Count];
        int classes = model.Network.OutputSize;
        LabelPredictor.Run(
            model.Network,
            examples,
            model.Scaling.Columns.Count,
            (example, logits) => found[example] = new TaggedSequence(example, model.HasTimes ? FrameLabels(logits, classes) : Order(logits, classes)),
            batch: 8,
            workers);
        return found;
    }

    /// <summary>Measures what was found.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">What is right.</param>
    /// <param name="found">What <see cref="Predict"/> gave.</param>
    public static SegmentMetrics Measure(TaggingModel model, ILabelExamples examples, IReadOnlyList<TaggedSequence> found)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(found);
        var metrics = new SegmentMetrics();
        int background = model.Labels.ToList().IndexOf(model.Features.Background);
        foreach (TaggedSequence sequence in found)
        {
            int[] right = [.. examples.Labels(sequence.Example)];
            if (model.HasTimes) metrics.Add(sequence.Labels, right, background < 0 ? null : background);
            else metrics.AddOrder(sequence.Labels, [.. right.Select(label => label - model.FirstClass)]);
        }

        return metrics;
    }

    private static int[] FrameLabels(ReadOnlySpan<float> logits, int classes)
    {
        int[] labels = new int[logits.Length / classes];
        for (int frame = 0; frame < labels.Length; frame++) labels[frame] = LabelPredictor.IndexOfLargest(logits.Slice(frame * classes, classes));
        return labels;
    }

    private static int[] Order(ReadOnlySpan<float> logits, int classes)
    {
        int frames = logits.Length / classes;
        var decoder = new CtcDecoder<float>(classes, frames, BeamWidth);
        if (decoder.Search(logits, frames) == 0) return [];
        int[] labels = new int[decoder.Length(0)];
        decoder.CopyLabels(0, labels);
        return Array.ConvertAll(labels, label => label - 1);
    }
}
