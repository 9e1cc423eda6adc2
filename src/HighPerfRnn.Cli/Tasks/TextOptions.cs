using System.CommandLine;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>How texts of one kind become tokens.</summary>
/// <param name="levelOtherwise">What --level is where it is not given, in words.</param>
internal sealed class TextOptions(string levelOtherwise)
{
    public Option<TextUnit?> Level { get; } = CommandOptions.Choice(
        "--level", levelOtherwise, "Tokens of texts.", ("word", TextUnit.Word), ("char", TextUnit.Character));

    public Option<bool> KeepCase { get; } = CommandOptions.Switch("--keep-case", "Take texts as they are, not in lower case.");

    public Option<bool> KeepPunctuation { get; } = CommandOptions.Switch(
        "--keep-punctuation", "Leave marks at the edge of a word with it, not as tokens of their own.");

    public Option<int> MinimumCount { get; } = CommandOptions.Whole("--min-count", 1, 1, 1_000_000, "How often a token must come to be known.");

    public Option<int> Vocabulary { get; } = CommandOptions.Whole("--vocabulary", 50_000, 1, 1 << 24, "How many tokens are known at most.");

    /// <summary>Adds all of them.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Level, KeepCase, KeepPunctuation, MinimumCount, Vocabulary]) command.Add(option);
    }

    /// <summary>The tokeniser that was asked for.</summary>
    public TextTokenizer TokenizerOf(ParseResult parsed, TextUnit otherwise)
    {
        TextUnit unit = parsed.GetValue(Level) ?? otherwise;
        return new TextTokenizer
        {
            Unit = unit,
            LowerCase = !parsed.GetValue(KeepCase),
            SplitPunctuation = unit == TextUnit.Word && !parsed.GetValue(KeepPunctuation),
        };
    }
}
