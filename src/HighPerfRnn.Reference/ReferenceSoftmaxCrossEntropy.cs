using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// Softmax cross-entropy over rows of logits z [rows, C] with one target class k_r a row.
/// <code>
/// p_rc  = exp(z_rc - m_r) / Σ_c exp(z_rc - m_r)           m_r = max_c z_rc
/// loss  = 1/rows · Σ_r (log Σ_c exp(z_rc - m_r) - (z_rk - m_r))      = mean of -log p_rk, in nats
/// dz_rc = scale/rows · (p_rc - [c = k_r])
/// </code>
/// Subtracting the row's maximum changes neither value and keeps exp from overflowing; the loss is never written as
/// the logarithm of a probability, which would be log 0 for logits of ±1e4.
/// </summary>
public static class ReferenceSoftmaxCrossEntropy
{
    /// <summary>The mean loss in nats; 0 for no rows.</summary>
    /// <param name="classes">C.</param>
    /// <param name="logits">z, [rows, C].</param>
    /// <param name="targets">k, [rows], each from 0 to C-1.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a target is not a class.</exception>
    public static T Loss<T>(int classes, ReadOnlySpan<T> logits, ReadOnlySpan<int> targets)
        where T : IBinaryFloatingPointIeee754<T>
    {
        Check(classes, logits.Length, targets);
        T total = T.Zero;
        for (int r = 0; r < targets.Length; r++)
        {
            ReadOnlySpan<T> z = logits.Slice(r * classes, classes);
            T m = Maximum(z);
            total += T.Log(SumOfExponentials(z, m)) - (z[targets[r]] - m);
        }

        return targets.IsEmpty ? T.Zero : total / T.CreateChecked(targets.Length);
    }

    /// <summary>dz = scale/rows · (softmax(z) - onehot(k)); overwrites <paramref name="dLogits"/>.</summary>
    /// <param name="classes">C.</param>
    /// <param name="logits">z, [rows, C].</param>
    /// <param name="targets">k, [rows], each from 0 to C-1.</param>
    /// <param name="scale">What the loss is multiplied by; 1 for the loss itself.</param>
    /// <param name="dLogits">dz, [rows, C]; may be the logits' own span.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a target is not a class.</exception>
    public static void Backward<T>(
        int classes,
        ReadOnlySpan<T> logits,
        ReadOnlySpan<int> targets,
        T scale,
        Span<T> dLogits)
        where T : IBinaryFloatingPointIeee754<T>
    {
        Check(classes, logits.Length, targets);
        ReferenceCheck.Length(nameof(dLogits), dLogits.Length, logits.Length);
        for (int r = 0; r < targets.Length; r++)
        {
            ReadOnlySpan<T> z = logits.Slice(r * classes, classes);
            T m = Maximum(z);
            T sum = SumOfExponentials(z, m);
            for (int c = 0; c < classes; c++)
            {
                T p = T.Exp(z[c] - m) / sum;
                T oneHot = c == targets[r] ? T.One : T.Zero;
                dLogits[r * classes + c] = (p - oneHot) * scale / T.CreateChecked(targets.Length);
            }
        }
    }

    private static T Maximum<T>(ReadOnlySpan<T> z)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T m = T.NegativeInfinity;
        foreach (T value in z)
        {
            m = T.Max(m, value);
        }

        return m;
    }

    private static T SumOfExponentials<T>(ReadOnlySpan<T> z, T m)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T sum = T.Zero;
        foreach (T value in z)
        {
            sum += T.Exp(value - m);
        }

        return sum;
    }

    private static void Check(int classes, int logitsLength, ReadOnlySpan<int> targets)
    {
        ReferenceCheck.Length("logits", logitsLength, targets.Length * classes);
        foreach (int target in targets)
        {
            ReferenceCheck.Index(nameof(targets), target, classes);
        }
    }
}
