using System.Globalization;
using System.Text;

namespace HighPerfRnn.Data.Text;

/// <summary>What a token of a text is.</summary>
public enum TextUnit
{
    /// <summary>What stands between white space.</summary>
    Word,

    /// <summary>A Unicode scalar.</summary>
    Character,
}

/// <summary>Cuts texts into tokens and joins tokens to texts.</summary>
/// <remarks>
/// Words and characters, no more: a vocabulary of learned parts (Microsoft.ML.Tokenizers) is trained on a text of its own and brings its
/// own numbers, where these tasks make theirs from the data that they are given.
/// </remarks>
public sealed record TextTokenizer
{
    /// <summary>What a token is.</summary>
    public TextUnit Unit { get; init; }

    /// <summary>Whether texts are taken in lower case, by the invariant culture.</summary>
    public bool LowerCase { get; init; }

    /// <summary>Whether each punctuation mark or symbol at the edge of a word is a token of its own; of words alone.</summary>
    public bool SplitPunctuation { get; init; }

    /// <summary>The tokens of a text.</summary>
    public string[] Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string read = LowerCase ? text.ToLowerInvariant() : text;
        if (Unit == TextUnit.Character) return [.. read.EnumerateRunes().Select(rune => rune.ToString())];
        string[] words = read.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return SplitPunctuation ? [.. words.SelectMany(SplitWord)] : words;
    }

    /// <summary>A text from tokens: words with a space between, but none before a mark that closes; characters side by side.</summary>
    public string Join(IReadOnlyList<string> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (Unit == TextUnit.Character) return string.Concat(tokens);
        if (!SplitPunctuation) return string.Join(' ', tokens);
        var text = new StringBuilder();
        for (int i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && !ClosesUp(tokens[i])) text.Append(' ');
            text.Append(tokens[i]);
        }

        return text.ToString();
    }

    /// <summary>One line that <see cref="Parse"/> reads: "word", "character", with " lower" and " punctuation" where they hold.</summary>
    public string Describe() =>
        $"{(Unit == TextUnit.Word ? "word" : "character")}{(LowerCase ? " lower" : "")}{(SplitPunctuation ? " punctuation" : "")}";

    /// <summary>The tokenizer of a description.</summary>
    /// <exception cref="FormatException">It is no such description.</exception>
    public static TextTokenizer Parse(string description)
    {
        ArgumentNullException.ThrowIfNull(description);
        string[] words = description.Split(' ');
        var tokenizer = new TextTokenizer
        {
            Unit = words[0] switch
            {
                "word" => TextUnit.Word,
                "character" => TextUnit.Character,
                _ => throw new FormatException($"Found '{description}'; expected a tokenizer that starts with word or character."),
            },
            LowerCase = words.Contains("lower"),
            SplitPunctuation = words.Contains("punctuation"),
        };
        return tokenizer.Describe() == description
            ? tokenizer
            : throw new FormatException($"Found '{description}'; expected '{tokenizer.Describe()}'.");
    }

    private static IEnumerable<string> SplitWord(string word)
    {
        Rune[] runes = [.. word.EnumerateRunes()];
        int start = 0, end = runes.Length;
        while (start < end && IsMark(runes[start])) start++;
        while (end > start && IsMark(runes[end - 1])) end--;
        for (int i = 0; i < start; i++) yield return runes[i].ToString();
        if (end > start) yield return string.Concat(runes[start..end].Select(rune => rune.ToString()));
        for (int i = end; i < runes.Length; i++) yield return runes[i].ToString();
    }

    private static bool IsMark(Rune rune) => Rune.IsPunctuation(rune) || Rune.IsSymbol(rune);

    private static bool ClosesUp(string token)
    {
        if (token.Length != 1) return false;
        UnicodeCategory category = char.GetUnicodeCategory(token[0]);
        return category is UnicodeCategory.ClosePunctuation or UnicodeCategory.FinalQuotePunctuation || token[0] is '.' or ',' or ';' or ':' or '!' or '?';
    }
}
