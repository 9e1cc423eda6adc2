using HighPerfRnn.Models;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.LanguageModel;

/// <summary>What train lm was asked for.</summary>
internal sealed record LmSettings
{
    /// <summary>The text; null for the embedded one.</summary>
    public required string? TextPath { get; init; }

    /// <summary>The file to write.</summary>
    public required string ModelPath { get; init; }

    /// <summary>Whether to go on from <see cref="ModelPath"/>.</summary>
    public required bool Resume { get; init; }

    /// <summary>The share of the text, its last part, that is not trained on.</summary>
    public required double Validation { get; init; }

    /// <summary>Iterations between two validations, which save the model too.</summary>
    public required int ValidateEvery { get; init; }

    /// <summary>Workers; 0 for one a processor.</summary>
    public required int Threads { get; init; }

    /// <summary>The model's sizes.</summary>
    public required CharacterModelOptions Model { get; init; }

    /// <summary>How it is trained.</summary>
    public required CharacterTrainingOptions Training { get; init; }

    /// <summary>Whether to print an object in place of text.</summary>
    public required bool AsJson { get; init; }
}
