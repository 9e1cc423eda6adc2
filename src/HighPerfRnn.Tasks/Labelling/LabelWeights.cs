namespace HighPerfRnn.Tasks.Labelling;

/// <summary>Weights of classes in a loss.</summary>
public static class LabelWeights
{
    /// <summary>N / (V·n) of a class that comes n times of N, so that each counts the same; 0 for one that never comes.</summary>
    /// <param name="examples">What is counted.</param>
    /// <param name="classes">V.</param>
    public static float[] Balanced(ILabelExamples examples, int classes)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        long[] counts = new long[classes];
        long all = 0;
        for (int example = 0; example < examples.Count; example++)
        {
            foreach (int label in examples.Labels(example)) counts[label]++;
            all += examples.Labels(example).Length;
        }

        return Array.ConvertAll(counts, count => count == 0 ? 0 : (float)((double)all / (classes * count)));
    }
}
