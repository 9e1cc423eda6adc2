namespace HighPerfRnn.Reference;

/// <summary>
/// Connectionist temporal classification of one row (Graves, Fernández, Gomez and Schmidhuber, 2006), twice.
/// <code>
/// p_t   = softmax(z_t)
/// p(l)  = Σ over paths π with B(π) = l of Π_t p_t(π_t)        B merges repetitions, then removes blanks
/// loss  = -ln p(l)
/// dz_tc = p_t(c) - Σ over those paths with π_t = c of Π p / p(l)
/// </code>
/// <see cref="AllPaths"/> is that sum; it takes C^T paths. <see cref="Run"/> takes the states 0..2L of l with blanks between:
/// <code>
/// α_t(s) = p_t(l_s)·(α_{t-1}(s) + α_{t-1}(s-1) + [l_s ≠ blank, l_s ≠ l_{s-2}]·α_{t-1}(s-2))
/// β_t(s) = the same from behind, without p_t
/// p(l)   = α_T(2L) + α_T(2L-1) = Σ_s α_t(s)·β_t(s) for every t
/// </code>
/// in logarithms.
/// </summary>
public static class ReferenceCtc
{
    /// <summary>The probability of every label sequence, by all paths; labels joined with commas.</summary>
    /// <param name="logits">z, [T, C].</param>
    /// <param name="classes">C.</param>
    /// <param name="blank">The blank.</param>
    public static Dictionary<string, double> AllPaths(double[] logits, int classes, int blank)
    {
        var probabilities = new Dictionary<string, double>();
        Walk(logits, classes, blank, (labels, _, p) => probabilities[labels] = probabilities.GetValueOrDefault(labels) + p);
        return probabilities;
    }

    /// <summary>p(l), and by all paths of l how often each class is at each frame, [T, C].</summary>
    /// <param name="logits">z, [T, C].</param>
    /// <param name="classes">C.</param>
    /// <param name="blank">The blank.</param>
    /// <param name="target">l.</param>
    /// <param name="occupancy">[T, C], overwritten.</param>
    public static double Probability(double[] logits, int classes, int blank, int[] target, double[] occupancy)
    {
        Array.Clear(occupancy);
        string wanted = string.Join(',', target);
        double total = 0;
        Walk(logits, classes, blank, (labels, path, p) =>
        {
            if (labels != wanted)
            {
                return;
            }

            total += p;
            for (int t = 0; t < path.Length; t++)
            {
                occupancy[(t * classes) + path[t]] += p;
            }
        });
        for (int i = 0; i < occupancy.Length; i++)
        {
            occupancy[i] /= total;
        }

        return total;
    }

    /// <summary>The loss and dz [T, C] by α and β; α itself as [T + 1, 2L + 1], ln 1 at state 0 before the first frame.</summary>
    /// <param name="logits">z, [T, C].</param>
    /// <param name="classes">C.</param>
    /// <param name="blank">The blank.</param>
    /// <param name="target">l.</param>
    /// <param name="dLogits">[T, C], overwritten.</param>
    /// <param name="alpha">ln α.</param>
    public static double Run(double[] logits, int classes, int blank, int[] target, double[] dLogits, out double[] alpha)
    {
        int steps = logits.Length / classes;
        int states = (2 * target.Length) + 1;
        double[] logP = LogSoftmax(logits, classes);
        alpha = new double[(steps + 1) * states];
        double[] beta = new double[(steps + 1) * states];
        Array.Fill(alpha, double.NegativeInfinity);
        Array.Fill(beta, double.NegativeInfinity);
        alpha[0] = 0;
        beta[(steps * states) + states - 1] = 0;
        beta[(steps * states) + Math.Max(0, states - 2)] = 0;
        for (int t = 1; t <= steps; t++)
        {
            for (int s = 0; s < states; s++)
            {
                double sum = alpha[((t - 1) * states) + s];
                if (s >= 1)
                {
                    sum = LogAdd(sum, alpha[((t - 1) * states) + s - 1]);
                }

                if (MaySkipTo(s))
                {
                    sum = LogAdd(sum, alpha[((t - 1) * states) + s - 2]);
                }

                alpha[(t * states) + s] = sum + logP[((t - 1) * classes) + LabelOf(s)];
            }
        }

        // β[t, s] is the probability of all that follows when the state is s after t frames.
        for (int t = steps - 1; t >= 0; t--)
        {
            for (int s = 0; s < states; s++)
            {
                double sum = double.NegativeInfinity;
                for (int next = s; next <= Math.Min(states - 1, s + 2); next++)
                {
                    if (next == s + 2 && !MaySkipTo(next))
                    {
                        continue;
                    }

                    sum = LogAdd(sum, logP[(t * classes) + LabelOf(next)] + beta[((t + 1) * states) + next]);
                }

                beta[(t * states) + s] = sum;
            }
        }

        double last = alpha[(steps * states) + states - 1];
        double logTotal = states > 1 ? LogAdd(last, alpha[(steps * states) + states - 2]) : last;
        for (int t = 1; t <= steps; t++)
        {
            for (int c = 0; c < classes; c++)
            {
                dLogits[((t - 1) * classes) + c] = Math.Exp(logP[((t - 1) * classes) + c]);
            }

            for (int s = 0; s < states; s++)
            {
                dLogits[((t - 1) * classes) + LabelOf(s)] -= Math.Exp(alpha[(t * states) + s] + beta[(t * states) + s] - logTotal);
            }
        }

        return -logTotal;

        int LabelOf(int s) => s % 2 == 0 ? blank : target[s / 2];
        bool MaySkipTo(int s) => s % 2 == 1 && s >= 3 && target[s / 2] != target[(s / 2) - 1];
    }

    /// <summary>ln softmax of each frame, [T, C].</summary>
    public static double[] LogSoftmax(double[] logits, int classes)
    {
        double[] logP = new double[logits.Length];
        for (int start = 0; start < logits.Length; start += classes)
        {
            double m = logits.AsSpan(start, classes).ToArray().Max();
            double sum = 0;
            for (int c = 0; c < classes; c++)
            {
                sum += Math.Exp(logits[start + c] - m);
            }

            for (int c = 0; c < classes; c++)
            {
                logP[start + c] = logits[start + c] - m - Math.Log(sum);
            }
        }

        return logP;
    }

    private static void Walk(double[] logits, int classes, int blank, Action<string, int[], double> visit)
    {
        int steps = logits.Length / classes;
        double[] logP = LogSoftmax(logits, classes);
        int[] path = new int[steps];
        do
        {
            double p = 0;
            var labels = new List<int>();
            for (int t = 0; t < steps; t++)
            {
                p += logP[(t * classes) + path[t]];
                if (path[t] != blank && (t == 0 || path[t - 1] != path[t]))
                {
                    labels.Add(path[t]);
                }
            }

            visit(string.Join(',', labels), path, Math.Exp(p));
        }
        while (Next(path, classes));
    }

    /// <summary>Counts one up; false when all have been there.</summary>
    private static bool Next(int[] path, int classes)
    {
        for (int t = 0; t < path.Length; t++)
        {
            if (++path[t] < classes)
            {
                return true;
            }

            path[t] = 0;
        }

        return false;
    }

    private static double LogAdd(double a, double b)
    {
        double m = Math.Max(a, b);
        return double.IsNegativeInfinity(m) ? m : m + Math.Log(Math.Exp(a - m) + Math.Exp(b - m));
    }
}
