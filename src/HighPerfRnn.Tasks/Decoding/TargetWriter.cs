using HighPerfRnn.Data.Text;
using HighPerfRnn.Models;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>A sequence that a decoder wrote.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Score">Mean ln p a token, the end counted; by the exponent of length that was asked for.</param>
/// <param name="LogProbability">ln p of all tokens and the end.</param>
public sealed record WrittenTarget(int[] Tokens, double Score, double LogProbability);

/// <summary>How targets are searched for.</summary>
public sealed record SearchSettings
{
    /// <summary>Hypotheses side by side; 1 is greedy.</summary>
    public int Width { get; init; } = 5;

    /// <summary>The most tokens of a target.</summary>
    public int MaxLength { get; init; } = 100;

    /// <summary>α of length normalisation: scores are ln p / length^α.</summary>
    public double LengthExponent { get; init; } = 1;
}

/// <summary>
/// Writes targets by beam search, one source after the other, with a network or the mean of several. Room is made once; only results are
/// allocated.
/// </summary>
internal sealed class TargetWriter
{
    private readonly EncoderDecoder<float>[] _networks;
    private readonly SearchSettings _settings;
    private readonly BeamSearch<float> _search;
    private EncoderDecoderSession<float>[] _sessions;
    private BeamEnsemble<float> _scorer;

    /// <summary>A writer.</summary>
    /// <param name="networks">One at least, all of one vocabulary.</param>
    /// <param name="settings">How to search.</param>
    public TargetWriter(IEnumerable<EncoderDecoder<float>> networks, SearchSettings settings)
    {
        _networks = [.. networks];
        _settings = settings;
        _search = new BeamSearch<float>(VocabularySize, settings.Width, settings.MaxLength, settings.LengthExponent);
        _sessions = [];
        _scorer = MakeRoom(1, 64);
    }

    private int VocabularySize => _networks[0].Options.VocabularySize;

    /// <summary>The best targets of a source of tokens, the best first.</summary>
    public IReadOnlyList<WrittenTarget> Write(ReadOnlySpan<int> source)
    {
        _scorer = MakeRoom(1, source.Length);
        foreach (EncoderDecoderSession<float> session in _sessions) session.Encode(source);
        return Search();
    }

    /// <summary>The best targets of a source of numbers in the mean of the scores of all networks and views.</summary>
    /// <param name="steps">S.</param>
    /// <param name="source">[networks, views, S, I]: as each network wants each view of the source.</param>
    /// <param name="views">How many.</param>
    public IReadOnlyList<WrittenTarget> Write(int steps, ReadOnlySpan<float> source, int views = 1)
    {
        _scorer = MakeRoom(views, steps);
        int size = source.Length / _sessions.Length;
        for (int i = 0; i < _sessions.Length; i++) _sessions[i].Encode(steps, source.Slice(i * size, size));
        return Search();
    }

    /// <summary>What each step of a target looked at [T, S], the end's step the last; of several networks the mean.</summary>
    public float[] Attention(ReadOnlySpan<int> source, ReadOnlySpan<int> target)
    {
        float[] weights = new float[(target.Length + 1) * source.Length], logits = new float[VocabularySize];
        foreach (EncoderDecoder<float> network in _networks)
        {
            var session = new EncoderDecoderSession<float>(network, source.Length, 1);
            session.Encode(source);
            for (int step = 0; step <= target.Length; step++)
            {
                session.Score([0], [step == 0 ? Vocabulary.Begin : target[step - 1]], logits);
                Span<float> ofStep = weights.AsSpan(step * source.Length, source.Length);
                for (int i = 0; i < ofStep.Length; i++) ofStep[i] += session.AttentionWeights[i] / _networks.Length;
            }
        }

        return weights;
    }

    private WrittenTarget[] Search()
    {
        var written = new WrittenTarget[_search.Search(_scorer, Vocabulary.Begin, Vocabulary.End)];
        for (int rank = 0; rank < written.Length; rank++)
        {
            int[] tokens = new int[_search.Length(rank)];
            _search.CopyTokens(rank, tokens);
            written[rank] = new WrittenTarget(tokens, _search.Score(rank), _search.LogProbability(rank));
        }

        return written;
    }

    /// <summary>For each network sessions for so many views of so many steps, and what scores by all of them.</summary>
    private BeamEnsemble<float> MakeRoom(int views, int steps)
    {
        int room = _sessions.Length == 0 ? 0 : _sessions[0].MaxSourceSteps;
        if (_sessions.Length == _networks.Length * views && steps <= room) return _scorer;
        if (steps > room) room = Math.Max(steps, 2 * room);
        _sessions = [.. _networks.SelectMany(network =>
            Enumerable.Range(0, views).Select(_ => new EncoderDecoderSession<float>(network, room, _settings.Width)))];
        return new BeamEnsemble<float>(_sessions, VocabularySize, _settings.Width);
    }
}
