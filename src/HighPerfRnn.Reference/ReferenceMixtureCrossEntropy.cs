using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// Softmax cross-entropy with label smoothing ε, class weights w and rows that are passed over.
/// <code>
/// q_rv  = (1 - ε)·[v = k_r] + ε / V
/// loss_r = Σ_v q_rv·w_v·(-ln p_rv)                          0 where the row is passed over
/// dz_rv = scale·(p_rv·Σ_u q_ru·w_u - q_rv·w_v)
/// mean  = Σ_r loss_r / Σ_r w_{k_r}                          over the rows that are not passed over
/// </code>
/// </summary>
public static class ReferenceMixtureCrossEntropy
{
    /// <summary>Writes each row's loss and its gradient, the gradient multiplied by the scale; gives the sum of the weights of the targets.</summary>
    /// <param name="classes">V.</param>
    /// <param name="logits">z, [rows, V].</param>
    /// <param name="targets">k, [rows].</param>
    /// <param name="smoothing">ε.</param>
    /// <param name="weights">w, [V]; empty for ones.</param>
    /// <param name="ignored">The target whose rows are passed over.</param>
    /// <param name="scale">What the gradient is multiplied by.</param>
    /// <param name="losses">[rows].</param>
    /// <param name="dLogits">[rows, V].</param>
    public static T Run<T>(
        int classes,
        ReadOnlySpan<T> logits,
        ReadOnlySpan<int> targets,
        T smoothing,
        ReadOnlySpan<T> weights,
        int? ignored,
        T scale,
        Span<T> losses,
        Span<T> dLogits)
        where T : IBinaryFloatingPointIeee754<T>
    {
        ReferenceCheck.Length(nameof(logits), logits.Length, targets.Length * classes);
        T counted = T.Zero;
        for (int r = 0; r < targets.Length; r++)
        {
            ReadOnlySpan<T> z = logits.Slice(r * classes, classes);
            Span<T> dz = dLogits.Slice(r * classes, classes);
            losses[r] = T.Zero;
            dz.Clear();
            if (targets[r] == ignored)
            {
                continue;
            }

            T m = z[0];
            foreach (T value in z)
            {
                m = T.Max(m, value);
            }

            T sum = T.Zero;
            foreach (T value in z)
            {
                sum += T.Exp(value - m);
            }

            T total = T.Zero;
            for (int v = 0; v < classes; v++)
            {
                T share = ShareOf(v, targets[r], classes, smoothing, weights);
                total += share;
                losses[r] += share * (T.Log(sum) - (z[v] - m));
            }

            for (int v = 0; v < classes; v++)
            {
                dz[v] = scale * ((T.Exp(z[v] - m) / sum * total) - ShareOf(v, targets[r], classes, smoothing, weights));
            }

            counted += weights.IsEmpty ? T.One : weights[targets[r]];
        }

        return counted;
    }

    private static T ShareOf<T>(int v, int target, int classes, T smoothing, ReadOnlySpan<T> weights)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T share = (smoothing / T.CreateChecked(classes)) + (v == target ? T.One - smoothing : T.Zero);
        return weights.IsEmpty ? share : share * weights[v];
    }
}
