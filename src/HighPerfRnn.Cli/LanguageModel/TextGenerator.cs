using System.Text;
using HighPerfRnn.Models;

namespace HighPerfRnn.Cli.LanguageModel;

/// <summary>Writes on from a prompt, a character at a time.</summary>
internal sealed class TextGenerator
{
    private readonly CharacterModel<float> _model;
    private readonly CharacterSession<float> _session;
    private readonly CharacterSampler<float> _sampler;
    private int _token;

    /// <summary>Reads the prompt.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">Tokens that the model has read before it writes; none for a line break, or what the alphabet has first.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="temperature">Of the draws; 0 takes the likeliest.</param>
    /// <param name="topK">How many of the likeliest are drawn from; 0 for all.</param>
    public TextGenerator(CharacterModel<float> model, ReadOnlySpan<int> prompt, ulong seed, double temperature, int topK)
    {
        _model = model;
        _session = new CharacterSession<float>(model);
        _sampler = new CharacterSampler<float>(model.Alphabet.Count, seed, temperature, topK);
        if (prompt.IsEmpty)
        {
            _token = model.Alphabet.TryGetToken(new Rune('\n'), out int lineBreak) ? lineBreak : 0;
            return;
        }

        foreach (int token in prompt[..^1]) _session.Next(token);
        _token = prompt[^1];
    }

    /// <summary>The next character.</summary>
    public Rune Next()
    {
        _token = _sampler.Next(_session.Next(_token));
        return _model.Alphabet[_token];
    }

    /// <summary>So many characters at once.</summary>
    public string Next(int count)
    {
        var text = new StringBuilder(count);
        for (int i = 0; i < count; i++) text.Append(Next().ToString());
        return text.ToString();
    }
}
