namespace HighPerfRnn.Reference;

/// <summary>
/// Softmax over words in classes of M, word w in class ⌊w / M⌋; class vectors A [K, H] with a [K], word vectors W [V, H] with b [V].
/// <code>
/// p(k) = softmax(A·x + a)_k       p(w | k) = softmax(W_w·x + b_w over the words of k)       loss = -ln p(k) - ln p(w | k)
/// </code>
/// The gradients of both scores are scale·(p - onehot), of words in other classes 0; then those of a linear layer each.
/// </summary>
public sealed class ReferenceHierarchicalSoftmax
{
    /// <summary>Sizes and parameters, each array as above.</summary>
    public required int InputSize { get; init; }

    /// <summary>M.</summary>
    public required int ClassSize { get; init; }

    /// <summary>A.</summary>
    public required double[] ClassWeights { get; init; }

    /// <summary>a.</summary>
    public required double[] ClassBias { get; init; }

    /// <summary>W.</summary>
    public required double[] WordWeights { get; init; }

    /// <summary>b.</summary>
    public required double[] WordBias { get; init; }

    /// <summary>ln p(k) of all classes and ln p(w | its class) of all words.</summary>
    public (double[] Classes, double[] Words) LogProbabilities(double[] x)
    {
        double[] classes = Scores(x, ClassWeights, ClassBias);
        double[] words = Scores(x, WordWeights, WordBias);
        Normalize(classes);
        for (int start = 0; start < words.Length; start += ClassSize)
        {
            Normalize(words.AsSpan(start, Math.Min(ClassSize, words.Length - start)));
        }

        return (classes, words);
    }

    /// <summary>dL/d of both scores for one row.</summary>
    public (double[] Classes, double[] Words) ScoreGradients(double[] x, int target, double scale)
    {
        (double[] classes, double[] words) = LogProbabilities(x);
        int k = target / ClassSize;
        for (int i = 0; i < classes.Length; i++)
        {
            classes[i] = scale * (Math.Exp(classes[i]) - (i == k ? 1 : 0));
        }

        for (int w = 0; w < words.Length; w++)
        {
            words[w] = w / ClassSize == k ? scale * (Math.Exp(words[w]) - (w == target ? 1 : 0)) : 0;
        }

        return (classes, words);
    }

    private double[] Scores(double[] x, double[] rows, double[] bias)
    {
        double[] scores = new double[bias.Length];
        for (int j = 0; j < scores.Length; j++)
        {
            scores[j] = bias[j];
            for (int i = 0; i < InputSize; i++)
            {
                scores[j] += x[i] * rows[(j * InputSize) + i];
            }
        }

        return scores;
    }

    private static void Normalize(Span<double> scores)
    {
        double m = double.NegativeInfinity;
        foreach (double score in scores)
        {
            m = Math.Max(m, score);
        }

        double sum = 0;
        foreach (double score in scores)
        {
            sum += Math.Exp(score - m);
        }

        foreach (ref double score in scores)
        {
            score -= m + Math.Log(sum);
        }
    }
}
