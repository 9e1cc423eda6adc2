using HighPerfRnn.Layers;
using HighPerfRnn.Models;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Encoder-decoders of the usual shapes, from their settings.</summary>
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
        var encoder = new List<SequentialLayer<float>>
        {
            new Embedding<float>(sourceVocabulary, settings.EmbeddingSize),
            new Dropout<float>(settings.Dropout, settings.Seed + 2),
        };
        int units = settings.IsBidirectional ? (settings.HiddenSize + 1) / 2 : settings.HiddenSize, read = settings.EmbeddingSize;
        for (int layer = 0; layer < settings.Layers; layer++)
        {
            if (layer > 0) encoder.Add(new Dropout<float>(settings.Dropout, LayerSeed(settings, layer)));
            encoder.Add(settings.IsBidirectional
                ? new Bidirectional<float>(Cell(settings, read, units, isTrainable), Cell(settings, read, units, isTrainable))
                : Cell(settings, read, units, isTrainable));
            read = settings.IsBidirectional ? 2 * units : units;
        }

        return WithDecoder(settings, new Sequential<float>(encoder.ToArray()), targetVocabulary, outputReadsContext: false, isTrainable);
    }

    /// <summary>
    /// A network that reads one vector: the decoder starts from it, and has it, normalised, before its eyes at every step, as the output
    /// layer has.
    /// </summary>
    /// <param name="settings">Sizes.</param>
    /// <param name="inputSize">Numbers of the vector.</param>
    /// <param name="targetVocabulary">How many tokens the decoder knows.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public static EncoderDecoder<float> OfVectors(DecoderSettings settings, int inputSize, int targetVocabulary, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var encoder = new Sequential<float>(new Dropout<float>(settings.Dropout, settings.Seed + 2), new LayerNorm<float>(inputSize));
        return WithDecoder(settings, encoder, targetVocabulary, outputReadsContext: true, isTrainable);
    }

    private static EncoderDecoder<float> WithDecoder(
        DecoderSettings settings, Sequential<float> encoder, int targetVocabulary, bool outputReadsContext, bool isTrainable)
    {
        var decoder = new List<SequentialLayer<float>>();
        for (int layer = 0; layer < settings.Layers; layer++)
        {
            if (layer > 0) decoder.Add(new Dropout<float>(settings.Dropout, LayerSeed(settings, layer) + 1));
            // The first layer reads an embedding and what is fed back.
            decoder.Add(Cell(
                settings, layer == 0 ? settings.EmbeddingSize + settings.HiddenSize : settings.HiddenSize, settings.HiddenSize, isTrainable));
        }

        var attention = new Attention<float>(
            settings.Score,
            settings.HiddenSize,
            encoder.OutputSize,
            settings.Score == AttentionScore.Additive ? settings.HiddenSize : 0,
            isTrainable);
        var options = new EncoderDecoderOptions
        {
            VocabularySize = targetVocabulary,
            EmbeddingSize = settings.EmbeddingSize,
            OutputReadsContext = outputReadsContext,
            Dropout = settings.Dropout,
            Seed = settings.Seed,
        };
        return new EncoderDecoder<float>(encoder, new Sequential<float>(decoder.ToArray()), attention, options, isTrainable);
    }

    private static ulong LayerSeed(DecoderSettings settings, int layer) => settings.Seed + 10 + (2 * (ulong)layer);

    private static RecurrentLayer<float> Cell(DecoderSettings settings, int size, int hidden, bool isTrainable) =>
        RecurrentCells.Create<float>(settings.Cell, size, hidden, isTrainable: isTrainable);
}
