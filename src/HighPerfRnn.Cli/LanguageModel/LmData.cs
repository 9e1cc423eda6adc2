using System.Globalization;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Models;

namespace HighPerfRnn.Cli.LanguageModel;

/// <summary>A text as tokens, its last part set aside for validation.</summary>
internal sealed class LmData
{
    private LmData(Alphabet alphabet, ReadOnlyMemory<int> training, ReadOnlyMemory<int> validation)
    {
        Alphabet = alphabet;
        Training = training;
        Validation = validation;
    }

    /// <summary>All characters of the text.</summary>
    public Alphabet Alphabet { get; }

    /// <summary>What is trained on.</summary>
    public ReadOnlyMemory<int> Training { get; }

    /// <summary>The last part; empty when none is wanted.</summary>
    public ReadOnlyMemory<int> Validation { get; }

    /// <summary>Reads the text and finds out whether it is long enough.</summary>
    public static LmData Read(LmSettings settings)
    {
        string text = settings.TextPath is string path ? InputFile.ReadText("--text", path) : EmbeddedData.ReadText();
        string place = settings.TextPath is string name ? $"--text {TextConsole.Quote(name)}" : "the embedded text";
        Alphabet alphabet = Alphabet.FromText(text);
        int[] tokens = alphabet.Encode(text, out _);
        int validationCount = (int)(tokens.Length * settings.Validation);
        int trainingCount = tokens.Length - validationCount;
        long needed = (settings.Training.Window + 1L) * settings.Training.Batch;
        if (trainingCount < needed)
        {
            throw ToolException.Usage(
                place,
                $"{trainingCount:N0} characters to train on",
                $"at least {needed:N0}: --batch {settings.Training.Batch} times --window {settings.Training.Window} and a target each");
        }

        if (settings.Validation > 0 && validationCount < 2)
        {
            throw ToolException.Usage(
                $"--validation {settings.Validation.ToString(CultureInfo.InvariantCulture)}",
                $"{validationCount} of {tokens.Length} characters",
                "at least 2, or --validation 0 for none");
        }

        return new LmData(alphabet, tokens.AsMemory(0, trainingCount), tokens.AsMemory(trainingCount));
    }
}
