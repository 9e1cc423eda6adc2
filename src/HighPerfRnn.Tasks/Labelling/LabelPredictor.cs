using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tasks.Labelling;

/// <summary>Logits of an example: [V] with pooling, else [T, V].</summary>
/// <param name="example">Which.</param>
/// <param name="logits">They hold during the call.</param>
internal delegate void LogitsReader(int example, ReadOnlySpan<float> logits);

/// <summary>Runs a network over examples in batches of alike lengths; each has the bits that it has alone.</summary>
internal static class LabelPredictor
{
    /// <summary>Computes the logits of all examples, in an order of its own.</summary>
    /// <param name="network">The network.</param>
    /// <param name="examples">What it reads.</param>
    /// <param name="inputSize">Numbers of a step; 0 for tokens.</param>
    /// <param name="read">Takes an example's logits.</param>
    /// <param name="batch">B.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    public static void Run(
        SequenceClassifier<float> network, ISourceExamples examples, int inputSize, LogitsReader read, int batch = 32, WorkerGroup? workers = null)
    {
        if (examples.Count == 0) return;
        int rows = Math.Min(batch, examples.Count), classes = network.OutputSize;
        var batches = new SourceBatches(examples, rows, inputSize);
        var pass = new SequenceClassifierPass<float>(network, batches.MaxSteps, rows, isTrainable: false);
        float[] steps = new float[network.Pooling is null ? batches.MaxSteps * classes : 0];
        int[] order = [.. Enumerable.Range(0, examples.Count).OrderBy(examples.SourceSteps)];
        for (int start = 0; start < order.Length; start += rows)
        {
            ReadOnlySpan<int> together = order.AsSpan(start, Math.Min(rows, order.Length - start));
            batches.Fill(together, draw: null);
            pass.Forward(
                new SequenceBatch<float>
                {
                    Steps = batches.Steps,
                    Batch = together.Length,
                    Tokens = batches.Tokens,
                    Input = batches.Numbers,
                    Lengths = batches.Lengths,
                },
                workers);
            for (int row = 0; row < together.Length; row++) read(together[row], RowOf(network, pass.Logits, batches.Lengths, row, steps));
        }
    }

    /// <summary>The first of the largest.</summary>
    public static int IndexOfLargest(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best]) best = i;
        }

        return best;
    }

    private static ReadOnlySpan<float> RowOf(
        SequenceClassifier<float> network, ReadOnlySpan<float> logits, ReadOnlySpan<int> lengths, int row, float[] steps)
    {
        int classes = network.OutputSize;
        if (network.Pooling is not null) return logits.Slice(row * classes, classes);
        for (int step = 0; step < lengths[row]; step++)
        {
            logits.Slice(((step * lengths.Length) + row) * classes, classes).CopyTo(steps.AsSpan(step * classes));
        }

        return steps.AsSpan(0, lengths[row] * classes);
    }
}
