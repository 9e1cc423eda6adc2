using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Models;

/// <summary>
/// Draws the next token from logits x: with probability softmax(x / temperature) among the k largest. The same seed draws the
/// same tokens on every machine.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class CharacterSampler<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly double[] _weights;
    private readonly int[] _order;
    private readonly double _temperature;
    private readonly int _topK;
    private readonly Comparison<int> _compare;
    private CounterRandom _random;

    /// <summary>A sampler for so many different tokens.</summary>
    /// <param name="vocabularySize">V.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="temperature">At least 0; 0 always takes the largest, without a draw.</param>
    /// <param name="topK">How many of the largest logits are drawn from; 0 for all, 1 for the largest without a draw.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public CharacterSampler(int vocabularySize, ulong seed, double temperature = 1, int topK = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegative(topK);
        if (!(temperature >= 0 && double.IsFinite(temperature)))
        {
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "expected a finite number of at least 0");
        }

        _weights = new double[vocabularySize];
        _order = new int[vocabularySize];
        _temperature = temperature;
        _topK = topK == 0 ? vocabularySize : Math.Min(topK, vocabularySize);
        _compare = CompareLogits;
        _random = new CounterRandom(seed);
    }

    /// <summary>Draws a token; of equal logits the first stands first. Allocates nothing.</summary>
    /// <param name="logits">x [V].</param>
    /// <exception cref="ArgumentException">The length is not V, or a logit is NaN or positive infinity.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Next(ReadOnlySpan<T> logits)
    {
        if (logits.Length != _weights.Length)
        {
            throw new ArgumentException($"logits has length {logits.Length}; expected {_weights.Length}.", nameof(logits));
        }

        int best = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            double logit = ExactMath.Widen(logits[i]);
            if (double.IsNaN(logit) || double.IsPositiveInfinity(logit))
            {
                throw new ArgumentException($"logits[{i}] is {logit}; expected a number.", nameof(logits));
            }

            _weights[i] = logit;
            if (logit > _weights[best]) best = i;
        }

        double largest = _weights[best];
        if (_temperature == 0 || _topK == 1 || double.IsNegativeInfinity(largest)) return best;

        // Largest first; equal ones keep the order of their tokens.
        for (int i = 0; i < _order.Length; i++) _order[i] = i;
        _order.AsSpan().Sort(_compare);
        double total = 0;
        for (int i = 0; i < _topK; i++)
        {
            double weight = ExactMath.Exp((_weights[_order[i]] - largest) / _temperature);
            _weights[_order[i]] = weight;
            total += weight;
        }

        double draw = _random.NextDouble() * total;
        for (int i = 0; i < _topK - 1; i++)
        {
            draw -= _weights[_order[i]];
            if (draw < 0) return _order[i];
        }

        return _order[_topK - 1];
    }

    private int CompareLogits(int a, int b)
    {
        int order = _weights[b].CompareTo(_weights[a]);
        return order != 0 ? order : a.CompareTo(b);
    }
}
