using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Models;

/// <summary>A continuation: of which hypothesis, with which token.</summary>
internal readonly record struct BeamCandidate(int Row, int Token, double LogProbability);

/// <summary>The likeliest so many continuations, in order; of equal ones the first that was given stands first.</summary>
internal sealed class BeamCandidates(int capacity)
{
    private readonly BeamCandidate[] _best = new BeamCandidate[capacity];

    public int Count { get; private set; }

    public BeamCandidate this[int rank] => _best[rank];

    public void Clear() => Count = 0;

    /// <summary>Gives the continuations of one hypothesis, whose probabilities are exp(logit + offset).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add<T>(ReadOnlySpan<T> logits, int row, double offset)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Most tokens are out at the first comparison. A probability of 0 is none.
        double least = Count < _best.Length ? double.NegativeInfinity : _best[^1].LogProbability;
        for (int token = 0; token < logits.Length; token++)
        {
            double logProbability = ExactMath.Widen(logits[token]) + offset;
            if (!(logProbability > least)) continue;
            Insert(new BeamCandidate(row, token, logProbability));
            if (Count == _best.Length) least = _best[^1].LogProbability;
        }
    }

    private void Insert(BeamCandidate candidate)
    {
        int at = Count < _best.Length ? Count++ : Count - 1;
        for (; at > 0 && _best[at - 1].LogProbability < candidate.LogProbability; at--) _best[at] = _best[at - 1];
        _best[at] = candidate;
    }
}
