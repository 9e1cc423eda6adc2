using System.Text.RegularExpressions;

namespace HighPerfRnn.Data.Metrics;

/// <summary>How BLEU cuts texts into tokens, by sacreBLEU's names.</summary>
public enum BleuTokenization
{
    /// <summary>none: at white space, for texts that are cut already.</summary>
    None,

    /// <summary>13a: as mteval-v13a, the script of the WMT evaluations.</summary>
    Mteval13a,

    /// <summary>char: a character a token.</summary>
    Character,
}

/// <summary>The tokenisations of BLEU.</summary>
internal static partial class BleuTokenizer
{
    public static string NameOf(BleuTokenization tokenization) => tokenization switch
    {
        BleuTokenization.None => "none",
        BleuTokenization.Mteval13a => "13a",
        _ => "char",
    };

    public static string[] Split(string text, BleuTokenization tokenization)
    {
        string cut = tokenization switch
        {
            BleuTokenization.Mteval13a => Mteval13a(text),
            BleuTokenization.Character => string.Join(' ', text.EnumerateRunes()),
            _ => text,
        };
        return cut.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Entities become characters; symbols stand alone, periods and commas unless between digits, a dash after a digit.</summary>
    private static string Mteval13a(string text)
    {
        string line = text.Replace("<skipped>", "", StringComparison.Ordinal)
            .Replace("-\n", "", StringComparison.Ordinal)
            .Replace('\n', ' ')
            .Replace("&quot;", "\"", StringComparison.Ordinal)
            .Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal)
            .Replace("&gt;", ">", StringComparison.Ordinal);
        line = Symbols().Replace($" {line} ", " $1 ");
        line = PeriodAfterOther().Replace(line, "$1 $2 ");
        line = PeriodBeforeOther().Replace(line, " $1 $2");
        return DashAfterDigit().Replace(line, "$1 $2 ");
    }

    [GeneratedRegex(@"([\{-\~\[-\` -\&\(-\+\:-\@\/])")]
    private static partial Regex Symbols();

    [GeneratedRegex(@"([^0-9])([\.,])")]
    private static partial Regex PeriodAfterOther();

    [GeneratedRegex(@"([\.,])([^0-9])")]
    private static partial Regex PeriodBeforeOther();

    [GeneratedRegex(@"([0-9])(-)")]
    private static partial Regex DashAfterDigit();
}
