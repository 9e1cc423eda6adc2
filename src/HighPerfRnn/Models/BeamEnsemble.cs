using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;

namespace HighPerfRnn.Models;

/// <summary>
/// Several scorers as one: the mean of their logits, which is the geometric mean of what each holds likely. They may be models that were
/// trained apart, or one model before several views of one source.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>Nothing is allocated after the constructor. Logits are added in the order of the scorers.</remarks>
public sealed class BeamEnsemble<T> : IBeamScorer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IBeamScorer<T>[] _scorers;
    private readonly T[] _logits;
    private readonly T _share;

    /// <summary>Joins scorers of one width and one vocabulary.</summary>
    /// <param name="scorers">One at least; each with its own source read.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="width">W.</param>
    /// <exception cref="ArgumentException">There is no scorer, or one is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    /// <exception cref="OverflowException">W·V is 2³¹ or more.</exception>
    public BeamEnsemble(ReadOnlySpan<IBeamScorer<T>> scorers, int vocabularySize, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (scorers.IsEmpty) throw new ArgumentException("There are no scorers; expected one at least.", nameof(scorers));
        foreach (IBeamScorer<T> scorer in scorers) ArgumentNullException.ThrowIfNull(scorer, nameof(scorers));
        _scorers = scorers.ToArray();
        _logits = new T[checked(vocabularySize * width)];
        _share = T.One / T.CreateChecked(scorers.Length);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The logits have another length, or a scorer refuses the call.</exception>
    public void Score(ReadOnlySpan<int> parents, ReadOnlySpan<int> tokens, Span<T> logits)
    {
        Check.Shape(logits.Length, nameof(logits), "[W, V]", _logits.Length);
        _scorers[0].Score(parents, tokens, logits);
        if (_scorers.Length == 1) return;
        for (int i = 1; i < _scorers.Length; i++)
        {
            _scorers[i].Score(parents, tokens, _logits);
            Elementwise.Add<T>(logits, _logits, logits);
        }

        foreach (ref T logit in logits) logit *= _share;
    }
}
