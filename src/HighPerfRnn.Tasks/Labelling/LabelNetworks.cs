using HighPerfRnn.Layers;
using HighPerfRnn.Models;

namespace HighPerfRnn.Tasks.Labelling;

/// <summary>Networks that label, from their settings.</summary>
public static class LabelNetworks
{
    /// <summary>A network that reads tokens.</summary>
    /// <param name="settings">Sizes.</param>
    /// <param name="vocabulary">How many tokens there are.</param>
    /// <param name="outputSize">How many logits.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public static SequenceClassifier<float> OfTokens(LabelSettings settings, int vocabulary, int outputSize, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(settings);
        SequentialLayer<float>[] first =
            [new Embedding<float>(vocabulary, settings.EmbeddingSize), new Dropout<float>(settings.Dropout, settings.Seed + 2)];
        return Create(settings, first, settings.EmbeddingSize, outputSize, isTrainable);
    }

    /// <summary>A network that reads numbers.</summary>
    /// <param name="settings">Sizes.</param>
    /// <param name="inputSize">Numbers of a step.</param>
    /// <param name="outputSize">How many logits.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public static SequenceClassifier<float> OfNumbers(LabelSettings settings, int inputSize, int outputSize, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Create(settings, [], inputSize, outputSize, isTrainable);
    }

    /// <summary>Numbers a step that the last layer puts out.</summary>
    internal static int OutputSize(LabelSettings settings) => settings.IsBidirectional ? 2 * Units(settings) : settings.HiddenSize;

    private static int Units(LabelSettings settings) => settings.IsBidirectional ? (settings.HiddenSize + 1) / 2 : settings.HiddenSize;

    private static SequenceClassifier<float> Create(
        LabelSettings settings, SequentialLayer<float>[] first, int inputSize, int outputSize, bool isTrainable)
    {
        var layers = new List<SequentialLayer<float>>(first);
        int units = Units(settings), size = inputSize;
        for (int layer = 0; layer < settings.Layers; layer++)
        {
            if (layer > 0) layers.Add(new Dropout<float>(settings.Dropout, settings.Seed + 10 + (ulong)layer));
            layers.Add(settings.IsBidirectional ? new Bidirectional<float>(Cell(), Cell()) : Cell());
            size = OutputSize(settings);
        }

        SequencePooling<float>? pooling = settings.Pooling is PoolingKind kind
            ? new SequencePooling<float>(kind, size, settings.IsBidirectional ? units : 0, isTrainable)
            : null;
        return new SequenceClassifier<float>(
            new Sequential<float>([.. layers]), pooling, outputSize, settings.Dropout, settings.Seed + 1, isTrainable);

        RecurrentLayer<float> Cell() => RecurrentCells.Create<float>(settings.Cell, size, units, isTrainable: isTrainable);
    }
}
