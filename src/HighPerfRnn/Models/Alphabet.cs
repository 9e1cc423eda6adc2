using System.Text;

namespace HighPerfRnn.Models;

/// <summary>The characters that a model knows, each with its token. A character is a Unicode scalar value.</summary>
public sealed class Alphabet
{
    private readonly Rune[] _runes;
    private readonly Dictionary<Rune, int> _tokens;

    /// <summary>The scalars of a string in their order: the first has token 0.</summary>
    /// <exception cref="ArgumentException">There are none, one comes twice, or a surrogate stands alone.</exception>
    public Alphabet(string scalars)
    {
        ArgumentException.ThrowIfNullOrEmpty(scalars);
        var runes = new List<Rune>();
        _tokens = [];
        foreach (Rune rune in Runes(scalars))
        {
            if (!_tokens.TryAdd(rune, runes.Count)) throw new ArgumentException($"U+{rune.Value:X4} comes twice in the alphabet.", nameof(scalars));
            runes.Add(rune);
        }

        _runes = [.. runes];
        // The dictionary makes its comparer at the first look-up, which allocates: now rather than later.
        _ = _tokens.ContainsKey(_runes[0]);
        Scalars = scalars;
    }

    /// <summary>V, how many there are.</summary>
    public int Count => _runes.Length;

    /// <summary>All of them in the order of their tokens.</summary>
    public string Scalars { get; }

    /// <summary>The character of a token.</summary>
    public Rune this[int token] => _runes[token];

    /// <summary>Every character of a text, in the order of their code points.</summary>
    /// <exception cref="ArgumentException">The text is empty or a surrogate stands alone.</exception>
    public static Alphabet FromText(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        var seen = new SortedSet<Rune>();
        foreach (Rune rune in Runes(text)) seen.Add(rune);
        var scalars = new StringBuilder();
        foreach (Rune rune in seen) scalars.Append(rune.ToString());
        return new Alphabet(scalars.ToString());
    }

    /// <summary>The token of a character, if the alphabet has it.</summary>
    public bool TryGetToken(Rune rune, out int token) => _tokens.TryGetValue(rune, out token);

    /// <summary>The tokens of a text. Characters that the alphabet lacks are left out and counted.</summary>
    /// <exception cref="ArgumentException">A surrogate stands alone.</exception>
    public int[] Encode(string text, out long unknown)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tokens = new List<int>(text.Length);
        unknown = 0;
        foreach (Rune rune in Runes(text))
        {
            if (_tokens.TryGetValue(rune, out int token)) tokens.Add(token);
            else unknown++;
        }

        return [.. tokens];
    }

    private static IEnumerable<Rune> Runes(string text)
    {
        for (int i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out Rune rune))
            {
                throw new ArgumentException($"The text has a surrogate without its partner at index {i}.", nameof(text));
            }

            yield return rune;
            i += rune.Utf16SequenceLength;
        }
    }
}
