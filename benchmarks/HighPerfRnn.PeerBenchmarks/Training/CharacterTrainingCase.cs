using HighPerfRnn.Benchmarks;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Models;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;
using HighPerfRnn.Training;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>
/// An iteration of the character model as the README trains it: embedding, a layer, linear scores, cross-entropy, everything
/// backward, clipping, Adam, packing.
/// </summary>
/// <param name="Library">Who trains.</param>
/// <param name="Characters">V, how many different ones the text has.</param>
public sealed record CharacterTrainingCase(string Library, int Characters) : WorkCase(Library, 1)
{
    /// <summary>E and H.</summary>
    public static CharacterModelOptions Model { get; } = new() { EmbeddingSize = 64, HiddenSize = 256 };

    /// <summary>B = 32 streams, T = 128, Adam, clipping at 1.</summary>
    public static CharacterTrainingOptions Options { get; } = new();

    /// <summary>B · T.</summary>
    public static int TokensOfIteration => Options.Batch * Options.Window;

    /// <summary>This library, and TorchSharp where it is present.</summary>
    public static IEnumerable<CharacterTrainingCase> All
    {
        get
        {
            int characters = CharacterText.Alphabet.Count;
            yield return new CharacterTrainingCase(OwnLibrary.LibraryName, characters);
            if (new TorchLibrary().Missing is null) yield return new CharacterTrainingCase(TorchLibrary.LibraryName, characters);
        }
    }

    /// <inheritdoc/>
    /// <remarks>By the model's formula, three times B·T·(E·H + H·H + H·V): what a lookup skips counts.</remarks>
    public override double Operations =>
        3 * 2.0 * TokensOfIteration * Model.HiddenSize * (Model.EmbeddingSize + Model.HiddenSize + Characters);

    /// <inheritdoc/>
    public override long WorkingSetBytes => 0;

    /// <inheritdoc/>
    public override double LoadedBytes => 0;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Library} character model E={Model.EmbeddingSize} H={Model.HiddenSize} V={Characters} B={Options.Batch} T={Options.Window}";
}
