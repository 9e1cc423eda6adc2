using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;

namespace HighPerfRnn.Models;

/// <summary>
/// The likeliest sequences of a decoder, found by keeping W hypotheses: score = ln p(tokens) / length^α, where the length counts the
/// end token (Sutskever, Vinyals and Le, Sequence to sequence learning with neural networks, 2014; α = 1 is the mean over tokens).
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Each step takes the 2·W likeliest continuations of all hypotheses. Of the first W of them those that end are finished, with
/// their score; the first W that do not end go on. The search stops when W are finished, when nothing goes on, or after the most tokens
/// that are allowed: what is still open then is cut there and counts as finished if there is room. W = 1 is greedy decoding.</para>
/// <para>Sums of logarithms are taken in double; equal candidates stand in the order of hypothesis and token. The results depend neither
/// on the vector width nor on workers. An object belongs to one thread at a time; it allocates when it is made, and never after.</para>
/// <para>A row of logits with a NaN or +∞ has no probabilities: its hypothesis ends there, and is not among the results. A logit of -∞ is a
/// probability of 0.</para>
/// </remarks>
public sealed class BeamSearch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _logits;
    private readonly double[] _logNormalizers;
    private readonly int[] _parents;
    private readonly int[] _tokens;
    private readonly BeamNode[] _nodes;
    private readonly BeamCandidates _candidates;
    private readonly double[] _lengthFactors;
    private readonly Finished[] _finished;
    private Open[] _open;
    private Open[] _next;
    private int _nodeCount;

    /// <summary>Makes room for searches.</summary>
    /// <param name="vocabularySize">V.</param>
    /// <param name="width">W, hypotheses that go on side by side.</param>
    /// <param name="maxLength">The most tokens of a result, the end token not counted.</param>
    /// <param name="lengthExponent">α, 0 to 10: 0 compares probabilities of whole sequences, which favours short ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, α is out of range, or W·V or W times the length is 2³⁰ or more.</exception>
    public BeamSearch(int vocabularySize, int width, int maxLength, double lengthExponent = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((long)width * vocabularySize, 1 << 30, nameof(width));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((long)width * maxLength, 1 << 30, nameof(maxLength));
        if (!(lengthExponent is >= 0 and <= 10))
        {
            throw new ArgumentOutOfRangeException(nameof(lengthExponent), lengthExponent, "expected a number from 0 to 10");
        }

        VocabularySize = vocabularySize;
        Width = width;
        MaxLength = maxLength;
        LengthExponent = lengthExponent;
        _logits = new T[width * vocabularySize];
        _logNormalizers = new double[width];
        _parents = new int[width];
        _tokens = new int[width];
        _nodes = new BeamNode[width * maxLength];
        _candidates = new BeamCandidates(2 * width);
        _finished = new Finished[width];
        _open = new Open[width];
        _next = new Open[width];
        _lengthFactors = new double[maxLength + 2];
        for (int length = 1; length < _lengthFactors.Length; length++)
        {
            _lengthFactors[length] = ExactMath.Exp(-lengthExponent * ExactMath.Log(length));
        }
    }

    /// <summary>V.</summary>
    public int VocabularySize { get; }

    /// <summary>W.</summary>
    public int Width { get; }

    /// <summary>The most tokens of a result.</summary>
    public int MaxLength { get; }

    /// <summary>α.</summary>
    public double LengthExponent { get; }

    /// <summary>How many sequences the last search found, at most <see cref="Width"/>, the best first.</summary>
    public int Count { get; private set; }

    /// <summary>Searches from the beginning of a sequence.</summary>
    /// <typeparam name="TScorer">The model; a struct is called without indirection.</typeparam>
    /// <param name="scorer">The model.</param>
    /// <param name="begin">The token that stands before the first one.</param>
    /// <param name="end">The token that ends a sequence; it is not among a result's tokens.</param>
    /// <returns><see cref="Count"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A token is not in 0 to V - 1.</exception>
    public int Search<TScorer>(TScorer scorer, int begin, int end)
        where TScorer : IBeamScorer<T>
    {
        CheckToken(begin, nameof(begin));
        CheckToken(end, nameof(end));
        Count = 0;
        _nodeCount = 0;
        _open[0] = new Open(BeamNode.None, Row: 0, begin, LogProbability: 0);
        int open = 1;
        for (int length = 1; open > 0 && Count < Width; length++)
        {
            for (int i = 0; i < Width; i++)
            {
                // Places without a hypothesis repeat the first one: a batch of one size serves all steps.
                Open hypothesis = _open[i < open ? i : 0];
                _parents[i] = hypothesis.Row;
                _tokens[i] = hypothesis.Token;
            }

            scorer.Score(_parents, _tokens, _logits);
            Choose(open);
            open = GoOn(length, end);
            (_open, _next) = (_next, _open);
            if (length < MaxLength) continue;
            for (int i = 0; i < open && Count < Width; i++) Finish(_open[i].Node, length, _open[i].LogProbability, length);
            break;
        }

        return Count;
    }

    /// <summary>How many tokens a result has.</summary>
    /// <param name="rank">0 for the best.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such result.</exception>
    public int Length(int rank) => _finished[CheckRank(rank)].Tokens;

    /// <summary>ln p of a result's tokens and of its end.</summary>
    /// <inheritdoc cref="Length"/>
    public double LogProbability(int rank) => _finished[CheckRank(rank)].LogProbability;

    /// <summary>What results are ordered by.</summary>
    /// <inheritdoc cref="Length"/>
    public double Score(int rank) => _finished[CheckRank(rank)].Score;

    /// <summary>Copies a result's tokens.</summary>
    /// <param name="rank">0 for the best.</param>
    /// <param name="tokens">At least <see cref="Length"/> places, overwritten from the first on.</param>
    /// <exception cref="ArgumentException">There are fewer places; nothing has been written then.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such result.</exception>
    public void CopyTokens(int rank, Span<int> tokens)
    {
        Finished result = _finished[CheckRank(rank)];
        Check.AtLeast(tokens.Length, result.Tokens, nameof(tokens));
        int node = result.Node;
        for (int i = result.Tokens - 1; i >= 0; i--)
        {
            tokens[i] = _nodes[node].Token;
            node = _nodes[node].Parent;
        }
    }

    /// <summary>The likeliest continuations of the open hypotheses.</summary>
    private void Choose(int open)
    {
        int vocabulary = VocabularySize;
        LogNormalizers.Run<T>(_logits.AsSpan(0, open * vocabulary), vocabulary, _logNormalizers);
        _candidates.Clear();
        for (int i = 0; i < open; i++)
        {
            if (!double.IsFinite(_logNormalizers[i])) continue;
            _candidates.Add<T>(_logits.AsSpan(i * vocabulary, vocabulary), i, _open[i].LogProbability - _logNormalizers[i]);
        }
    }

    /// <summary>Finishes what ends, and collects what goes on.</summary>
    /// <returns>How many go on.</returns>
    private int GoOn(int length, int end)
    {
        int going = 0;
        for (int rank = 0; rank < _candidates.Count && going < Width; rank++)
        {
            BeamCandidate candidate = _candidates[rank];
            Open from = _open[candidate.Row];
            if (candidate.Token != end)
            {
                _nodes[_nodeCount] = new BeamNode(from.Node, candidate.Token);
                _next[going++] = new Open(_nodeCount++, candidate.Row, candidate.Token, candidate.LogProbability);
            }
            else if (rank < Width && Count < Width)
            {
                Finish(from.Node, length - 1, candidate.LogProbability, length);
            }
        }

        return going;
    }

    /// <summary>Takes a sequence among the results, which stay in order: of equal ones, the first found stands first.</summary>
    private void Finish(int node, int tokens, double logProbability, int length)
    {
        var result = new Finished(node, tokens, logProbability, logProbability * _lengthFactors[length]);
        int at = Count++;
        for (; at > 0 && _finished[at - 1].Score < result.Score; at--) _finished[at] = _finished[at - 1];
        _finished[at] = result;
    }

    private void CheckToken(int token, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(token, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, VocabularySize, name);
    }

    private int CheckRank(int rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Count);
        return rank;
    }

    /// <summary>A hypothesis that goes on: its last node, the place of its state, its last token.</summary>
    private readonly record struct Open(int Node, int Row, int Token, double LogProbability);

    /// <summary>A result: its last node and how many there are.</summary>
    private readonly record struct Finished(int Node, int Tokens, double LogProbability, double Score);
}

/// <summary>A token of a hypothesis, and the node of the one before.</summary>
internal readonly record struct BeamNode(int Parent, int Token)
{
    /// <summary>The parent of a first token.</summary>
    public const int None = -1;
}
