using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>How a query and a memory step make a score.</summary>
public enum ReferenceAttentionScore
{
    /// <summary>e = q·m / √H.</summary>
    ScaledDot,

    /// <summary>e = q·(m·Wk).</summary>
    General,

    /// <summary>e = v·tanh(q·Wq + b + m·Wk).</summary>
    Additive,
}

/// <summary>
/// Attention of queries q [Q, B, H] to a memory m [S, B, M], of which row b has n_b steps.
/// <code>
/// e_s = score(q, m_s)                       for s below n_b
/// w_s = exp(e_s - max e) · (1 / Σ_j exp(e_j - max e))        0 for the other s
/// c   = Σ_s w_s·m_s
///
/// dw_s  = dc·m_s            dm_s += w_s·dc
/// de_s  = w_s·(dw_s - Σ_j w_j·dw_j)
/// ScaledDot   dq += Σ_s (de_s/√H)·m_s                  dm_s += (de_s/√H)·q
/// General     k_s = m_s·Wk    dq += Σ_s de_s·k_s       dk_s += de_s·q
/// Additive    t_s = tanh(q·Wq + b + k_s)
///             dz_s = de_s·v∘(1 - t_s²)                 dp = Σ_s dz_s      dk_s += dz_s      dv += Σ_s de_s·t_s
///             dq += dp·Wqᵀ     dWq += qᵀ·dp     db += dp
/// at the end  dm_s += dk_s·Wkᵀ     dWk += m_sᵀ·dk_s
/// </code>
/// Query steps run from the last to the first.
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
/// <param name="math">Its functions.</param>
/// <param name="score">How scores are made.</param>
/// <param name="querySize">H.</param>
/// <param name="memorySize">M.</param>
/// <param name="keySize">A of the additive score, else H.</param>
public sealed class ReferenceAttention<T>(
    ReferenceMath<T> math, ReferenceAttentionScore score, int querySize, int memorySize, int keySize)
    where T : struct, INumberBase<T>
{
    /// <summary>weight_query [H, K], bias [K], weight_memory [M, K] and score [K]; a score reads those that it has.</summary>
    public ReferenceParameters<T> Parameters { get; } = new(
    [
        new("weight_query", querySize, keySize),
        new("bias", 1, keySize),
        new("weight_memory", memorySize, keySize),
        new("score", 1, keySize),
    ]);

    private T Scale => T.One / math.Sqrt(T.CreateChecked((double)querySize));

    /// <summary>Contexts and weights; overwrites both.</summary>
    /// <param name="lengths">n [B].</param>
    /// <param name="query">q, [Q, B, H].</param>
    /// <param name="memory">m, [S, B, M].</param>
    /// <param name="context">c, [Q, B, M].</param>
    /// <param name="weights">w, [Q, B, S].</param>
    public void Forward(ReadOnlySpan<int> lengths, ReadOnlySpan<T> query, ReadOnlySpan<T> memory, Span<T> context, Span<T> weights)
    {
        int batch = lengths.Length;
        int steps = memory.Length / (batch * memorySize);
        T[] keys = Keys(memory);
        context.Clear();
        weights.Clear();
        for (int i = 0; i < query.Length / querySize; i++)
        {
            int row = i % batch;
            T[] p = Projected(query.Slice(i * querySize, querySize));
            T[] e = new T[lengths[row]];
            for (int s = 0; s < e.Length; s++)
            {
                e[s] = ScoreOf(p, keys.AsSpan((s * batch + row) * keySize, keySize));
            }

            Softmax(e);
            for (int s = 0; s < e.Length; s++)
            {
                weights[i * steps + s] = e[s];
                for (int c = 0; c < memorySize; c++)
                {
                    context[i * memorySize + c] += e[s] * memory[(s * batch + row) * memorySize + c];
                }
            }
        }
    }

    /// <summary>Adds into the gradients of query, memory and parameters.</summary>
    /// <param name="lengths">n [B].</param>
    /// <param name="query">q, [Q, B, H].</param>
    /// <param name="memory">m, [S, B, M].</param>
    /// <param name="weights">w, [Q, B, S], as the forward pass left them.</param>
    /// <param name="dContext">dc, [Q, B, M].</param>
    /// <param name="dQuery">dq, [Q, B, H]; added into.</param>
    /// <param name="dMemory">dm, [S, B, M]; added into.</param>
    /// <param name="gradients">Those of the parameters; added into.</param>
    public void Backward(
        ReadOnlySpan<int> lengths,
        ReadOnlySpan<T> query,
        ReadOnlySpan<T> memory,
        ReadOnlySpan<T> weights,
        ReadOnlySpan<T> dContext,
        Span<T> dQuery,
        Span<T> dMemory,
        ReferenceParameters<T> gradients)
    {
        int batch = lengths.Length;
        int steps = memory.Length / (batch * memorySize);
        T[] keys = Keys(memory);
        T[] dKeys = new T[keys.Length];
        for (int i = query.Length / querySize - 1; i >= 0; i--)
        {
            int row = i % batch;
            ReadOnlySpan<T> q = query.Slice(i * querySize, querySize);
            ReadOnlySpan<T> w = weights.Slice(i * steps, lengths[row]);
            T[] de = new T[w.Length];
            for (int s = 0; s < w.Length; s++)
            {
                for (int c = 0; c < memorySize; c++)
                {
                    int at = (s * batch + row) * memorySize + c;
                    de[s] += dContext[i * memorySize + c] * memory[at];
                    dMemory[at] += w[s] * dContext[i * memorySize + c];
                }
            }

            SoftmaxBackward(w, de);
            T[] p = Projected(q);
            T[] dp = new T[keySize];
            for (int s = 0; s < w.Length; s++)
            {
                int at = (s * batch + row) * keySize;
                ScoreBackward(p, keys.AsSpan(at, keySize), de[s], dp, dKeys.AsSpan(at, keySize), gradients["score"]);
            }

            if (score == ReferenceAttentionScore.Additive)
            {
                ReferenceMatrix.AddTransposedProduct<T>(dp, Parameters["weight_query"], dQuery.Slice(i * querySize, querySize));
                ReferenceMatrix.AddOuterProduct<T>(q, dp, gradients["weight_query"]);
                ReferenceMatrix.Add<T>(dp, gradients["bias"]);
            }
            else
            {
                ReferenceMatrix.Add<T>(dp, dQuery.Slice(i * querySize, querySize));
            }
        }

        KeysBackward(memory, dKeys, dMemory, gradients);
    }

    private T[] Projected(ReadOnlySpan<T> q)
    {
        if (score != ReferenceAttentionScore.Additive)
        {
            return q.ToArray();
        }

        T[] p = [.. Parameters["bias"]];
        ReferenceMatrix.AddProduct<T>(q, Parameters["weight_query"], p);
        return p;
    }

    /// <summary>k [S, B, K]; for the scaled product the memory itself.</summary>
    private T[] Keys(ReadOnlySpan<T> memory)
    {
        if (score == ReferenceAttentionScore.ScaledDot)
        {
            return memory.ToArray();
        }

        int rows = memory.Length / memorySize;
        T[] keys = new T[rows * keySize];
        for (int r = 0; r < rows; r++)
        {
            ReferenceMatrix.AddProduct<T>(
                memory.Slice(r * memorySize, memorySize), Parameters["weight_memory"], keys.AsSpan(r * keySize, keySize));
        }

        return keys;
    }

    private void KeysBackward(ReadOnlySpan<T> memory, T[] dKeys, Span<T> dMemory, ReferenceParameters<T> gradients)
    {
        if (score == ReferenceAttentionScore.ScaledDot)
        {
            ReferenceMatrix.Add<T>(dKeys, dMemory);
            return;
        }

        for (int r = 0; r < memory.Length / memorySize; r++)
        {
            ReadOnlySpan<T> dk = dKeys.AsSpan(r * keySize, keySize);
            ReferenceMatrix.AddTransposedProduct<T>(dk, Parameters["weight_memory"], dMemory.Slice(r * memorySize, memorySize));
            ReferenceMatrix.AddOuterProduct(memory.Slice(r * memorySize, memorySize), dk, gradients["weight_memory"]);
        }
    }

    private T ScoreOf(ReadOnlySpan<T> p, ReadOnlySpan<T> k)
    {
        T sum = T.Zero;
        for (int c = 0; c < keySize; c++)
        {
            sum += score == ReferenceAttentionScore.Additive
                ? Parameters["score"][c] * math.Activate(ReferenceActivation.Tanh, p[c] + k[c])
                : p[c] * k[c];
        }

        return score == ReferenceAttentionScore.ScaledDot ? sum * Scale : sum;
    }

    private void ScoreBackward(ReadOnlySpan<T> p, ReadOnlySpan<T> k, T de, Span<T> dp, Span<T> dk, Span<T> dv)
    {
        T scaled = score == ReferenceAttentionScore.ScaledDot ? de * Scale : de;
        for (int c = 0; c < keySize; c++)
        {
            if (score == ReferenceAttentionScore.Additive)
            {
                T z = p[c] + k[c];
                T t = math.Activate(ReferenceActivation.Tanh, z);
                T dz = de * Parameters["score"][c] * math.Slope(ReferenceActivation.Tanh, z, t);
                dp[c] += dz;
                dk[c] += dz;
                dv[c] += de * t;
            }
            else
            {
                dp[c] += scaled * k[c];
                dk[c] += scaled * p[c];
            }
        }
    }

    private void Softmax(Span<T> e)
    {
        if (e.IsEmpty)
        {
            return;
        }

        T largest = e[0];
        foreach (T value in e)
        {
            largest = math.Larger(largest, value);
        }

        T sum = T.Zero;
        for (int s = 0; s < e.Length; s++)
        {
            e[s] = math.Exp(e[s] - largest);
            sum += e[s];
        }

        T share = T.One / sum;
        for (int s = 0; s < e.Length; s++)
        {
            e[s] *= share;
        }
    }

    private static void SoftmaxBackward(ReadOnlySpan<T> w, Span<T> de)
    {
        T mean = T.Zero;
        for (int s = 0; s < w.Length; s++)
        {
            mean += w[s] * de[s];
        }

        for (int s = 0; s < w.Length; s++)
        {
            de[s] = w[s] * (de[s] - mean);
        }
    }
}
