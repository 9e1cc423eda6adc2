using System.Text;

namespace HighPerfRnn.Data.Text;

/// <summary>Tokens and their numbers. The first three are marks: an unknown token, the beginning and the end of a sequence.</summary>
public sealed class Vocabulary
{
    /// <summary>What stands for a token that is not here.</summary>
    public const int Unknown = 0;

    /// <summary>What stands before a sequence.</summary>
    public const int Begin = 1;

    /// <summary>What ends a sequence.</summary>
    public const int End = 2;

    /// <summary>How many marks there are: real tokens start here.</summary>
    public const int Marks = 3;

    private static readonly string[] MarkNames = ["⁇", "⟨begin⟩", "⟨end⟩"];

    private readonly Dictionary<string, int> _numbers;
    private readonly string[] _tokens;

    /// <summary>A vocabulary of these tokens; they get the numbers from <see cref="Marks"/> on.</summary>
    /// <exception cref="ArgumentException">A token comes twice.</exception>
    public Vocabulary(IReadOnlyList<string> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _tokens = [.. tokens];
        _numbers = new Dictionary<string, int>(_tokens.Length, StringComparer.Ordinal);
        for (int i = 0; i < _tokens.Length; i++)
        {
            if (!_numbers.TryAdd(_tokens[i], Marks + i)) throw new ArgumentException($"The token '{_tokens[i]}' comes twice.", nameof(tokens));
        }
    }

    /// <summary>How many numbers there are, the marks counted.</summary>
    public int Count => Marks + _tokens.Length;

    /// <summary>The tokens without the marks.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>A token's text; of a mark a name for people.</summary>
    public string this[int number] => number < Marks ? MarkNames[number] : _tokens[number - Marks];

    /// <summary>The tokens of texts, the most frequent first, of equally frequent ones the first by their code points.</summary>
    /// <param name="texts">Tokens of each text.</param>
    /// <param name="minimumCount">What is rarer is left out.</param>
    /// <param name="maximumSize">How many tokens are kept at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is not positive.</exception>
    public static Vocabulary Build(IEnumerable<IReadOnlyList<string>> texts, int minimumCount = 1, int maximumSize = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minimumCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumSize);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (IReadOnlyList<string> text in texts)
        {
            foreach (string token in text) counts[token] = counts.GetValueOrDefault(token) + 1;
        }

        return new Vocabulary(
        [
            .. counts.Where(pair => pair.Value >= minimumCount)
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key, StringComparer.Ordinal)
                .Take(maximumSize)
                .Select(pair => pair.Key),
        ]);
    }

    /// <summary>A token's number; <see cref="Unknown"/> where it is not here.</summary>
    public int IndexOf(string token) => _numbers.GetValueOrDefault(token, Unknown);

    /// <summary>Whether a token is here.</summary>
    public bool Contains(string token) => _numbers.ContainsKey(token);

    /// <summary>Numbers of tokens, without marks of beginning and end.</summary>
    public int[] Encode(IReadOnlyList<string> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        int[] numbers = new int[tokens.Count];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = IndexOf(tokens[i]);
        return numbers;
    }

    /// <summary>Tokens of numbers; beginning and end are left out, an unknown one is "⁇".</summary>
    /// <exception cref="ArgumentException">A number is not here.</exception>
    public string[] Decode(ReadOnlySpan<int> numbers)
    {
        var tokens = new List<string>(numbers.Length);
        foreach (int number in numbers)
        {
            if ((uint)number >= (uint)Count) throw new ArgumentException($"Found {number}; expected 0 to {Count - 1}.", nameof(numbers));
            if (number is not (Begin or End)) tokens.Add(this[number]);
        }

        return [.. tokens];
    }

    /// <summary>All tokens as a text that <see cref="Parse"/> reads: a line a token, with \n, \r and \\ for what would break lines.</summary>
    public string Save()
    {
        var text = new StringBuilder();
        foreach (string token in _tokens)
        {
            text.Append(token.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal)
                .Replace("\r", "\\r", StringComparison.Ordinal)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="FormatException">The text is something else.</exception>
    public static Vocabulary Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > 0 && text[^1] != '\n') throw new FormatException("Found a last line without its end; expected a line a token.");
        string[] lines = text.Length == 0 ? [] : text[..^1].Split('\n');
        try
        {
            return new Vocabulary([.. lines.Select(Unescape)]);
        }
        catch (ArgumentException error)
        {
            throw new FormatException(error.Message, error);
        }
    }

    private static string Unescape(string line)
    {
        var token = new StringBuilder(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] != '\\')
            {
                token.Append(line[i]);
                continue;
            }

            token.Append((++i < line.Length ? line[i] : ' ') switch
            {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => throw new FormatException($"Found '{line}'; expected \\n, \\r or \\\\ after a backslash."),
            });
        }

        return token.ToString();
    }
}
