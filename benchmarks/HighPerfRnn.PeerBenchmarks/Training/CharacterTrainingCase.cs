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
/// <param name="Cell">The layer's cell.</param>
public sealed record CharacterTrainingCase(string Library, int Characters, RecurrentCell Cell = RecurrentCell.Rnn) : WorkCase(Library, 1)
{
    /// <summary>E and H, and in each model's options its cell.</summary>
    public static CharacterModelOptions Model { get; } = new() { EmbeddingSize = 64, HiddenSize = 256 };

    /// <summary>B = 32 streams, T = 128, Adam, clipping at 1.</summary>
    public static CharacterTrainingOptions Options { get; } = new();

    /// <summary>B · T.</summary>
    public static int TokensOfIteration => Options.Batch * Options.Window;

    /// <summary>The cells that are compared.</summary>
    public static IReadOnlyList<RecurrentCell> Cells { get; } = [RecurrentCell.Rnn, RecurrentCell.Lstm, RecurrentCell.Gru];

    /// <summary>Of each cell this library, and TorchSharp where it is present.</summary>
    public static IEnumerable<CharacterTrainingCase> All
    {
        get
        {
            int characters = CharacterText.Alphabet.Count;
            foreach (RecurrentCell cell in Cells)
            {
                yield return new CharacterTrainingCase(OwnLibrary.LibraryName, characters, cell);
                if (new TorchLibrary().Missing is null) yield return new CharacterTrainingCase(TorchLibrary.LibraryName, characters, cell);
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>By the model's formula, three times B·T·(G·E·H + G·H·H + H·V): what a lookup skips counts.</remarks>
    public override double Operations =>
        3 * 2.0 * TokensOfIteration * Model.HiddenSize * ((Gates * (Model.EmbeddingSize + Model.HiddenSize)) + Characters);

    /// <inheritdoc/>
    public override long WorkingSetBytes => 0;

    private int Gates => new RecurrentCase(Library, Cell, RecurrentMode.Training, 1, 1, 1, 1).Gates;

    /// <inheritdoc/>
    public override double LoadedBytes => 0;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Library} {Cell} character model E={Model.EmbeddingSize} H={Model.HiddenSize} V={Characters} B={Options.Batch} T={Options.Window}";
}
