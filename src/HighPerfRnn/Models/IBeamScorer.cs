using System.Numerics;

namespace HighPerfRnn.Models;

/// <summary>What a <see cref="BeamSearch{T}"/> asks: a model that scores the next token of several hypotheses at once.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IBeamScorer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// One step of all hypotheses. Hypothesis i goes on from the state in which hypothesis <paramref name="parents"/>[i] was left by the
    /// last step (in the first step, from the beginning), and its last token is <paramref name="tokens"/>[i].
    /// </summary>
    /// <param name="parents">[W], each in 0 to W - 1; the same may come several times.</param>
    /// <param name="tokens">[W].</param>
    /// <param name="logits">[W, V], to be overwritten with the scores of the tokens that may follow; their softmax is taken.</param>
    void Score(ReadOnlySpan<int> parents, ReadOnlySpan<int> tokens, Span<T> logits);
}
