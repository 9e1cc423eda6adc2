using HighPerfRnn.Layers;
using HighPerfRnn.Models;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Encoder-decoders of the usual shape, from their settings.</summary>
public static class DecoderNetworks
{
    /// <summary>A network that reads tokens.</summary>
    /// <param name="settings">Sizes.</param>
    /// <param name="sourceVocabulary">How many tokens the encoder knows.</param>
    /// <param name="targetVocabulary">How many the decoder knows.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public static EncoderDecoder<float> OfTokens(
        DecoderSettings settings, int sourceVocabulary, int targetVocabulary, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(settings);
        SequentialLayer<float>[] first =
            [new Embedding<float>(sourceVocabulary, settings.EmbeddingSize), new Dropout<float>(settings.Dropout, settings.Seed + 2)];
        return Create(settings, first, settings.EmbeddingSize, targetVocabulary, isTrainable);
    }

    /// <summary>A network that reads numbers.</summary>
    /// <param name="settings">Sizes.</param>
    /// <param name="inputSize">Numbers of a step.</param>
    /// <param name="targetVocabulary">How many tokens the decoder knows.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public static EncoderDecoder<float> OfNumbers(DecoderSettings settings, int inputSize, int targetVocabulary, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Create(settings, [], inputSize, targetVocabulary, isTrainable);
    }

    private static EncoderDecoder<float> Create(
        DecoderSettings settings, SequentialLayer<float>[] first, int inputSize, int targetVocabulary, bool isTrainable)
    {
        var encoder = new List<SequentialLayer<float>>(first);
        var decoder = new List<SequentialLayer<float>>();
        int memorySize = settings.HiddenSize;
        int units = settings.IsBidirectional ? (settings.HiddenSize + 1) / 2 : settings.HiddenSize;
        if (settings.IsBidirectional) memorySize = 2 * units;
        int feed = settings.HiddenSize;
        for (int layer = 0; layer < settings.Layers; layer++)
        {
            ulong seed = settings.Seed + 10 + (2 * (ulong)layer);
            if (layer > 0)
            {
                encoder.Add(new Dropout<float>(settings.Dropout, seed));
                decoder.Add(new Dropout<float>(settings.Dropout, seed + 1));
            }

            int size = layer == 0 ? inputSize : memorySize;
            encoder.Add(settings.IsBidirectional
                ? new Bidirectional<float>(Cell(size, units), Cell(size, units))
                : Cell(size, units));
            decoder.Add(Cell(layer == 0 ? settings.EmbeddingSize + feed : settings.HiddenSize, settings.HiddenSize));
        }

        var attention = new Attention<float>(
            settings.Score,
            settings.HiddenSize,
            memorySize,
            settings.Score == AttentionScore.Additive ? settings.HiddenSize : 0,
            isTrainable);
        var options = new EncoderDecoderOptions
        {
            VocabularySize = targetVocabulary,
            EmbeddingSize = settings.EmbeddingSize,
            Dropout = settings.Dropout,
            Seed = settings.Seed,
        };
        return new EncoderDecoder<float>(
            new Sequential<float>(encoder.ToArray()), new Sequential<float>(decoder.ToArray()), attention, options, isTrainable);

        RecurrentLayer<float> Cell(int size, int hidden) =>
            RecurrentCells.Create<float>(settings.Cell, size, hidden, isTrainable: isTrainable);
    }
}
