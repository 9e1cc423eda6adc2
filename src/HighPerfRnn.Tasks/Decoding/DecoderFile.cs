using System.Globalization;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Encoder-decoders in model files: settings as texts, names of parameters.</summary>
internal static class DecoderFile
{
    public static IEnumerable<KeyValuePair<string, string>> Metadata(DecoderSettings settings)
    {
        yield return new("cell", settings.Cell.ToString());
        yield return new("hidden_size", Text(settings.HiddenSize));
        yield return new("layers", Text(settings.Layers));
        yield return new("embedding_size", Text(settings.EmbeddingSize));
        yield return new("bidirectional", settings.IsBidirectional ? "1" : "0");
        yield return new("attention", settings.Score.ToString());
        yield return new("dropout", settings.Dropout.ToString("R", CultureInfo.InvariantCulture));
        yield return new("label_smoothing", settings.LabelSmoothing.ToString("R", CultureInfo.InvariantCulture));
        yield return new("seed", settings.Seed.ToString(CultureInfo.InvariantCulture));
    }

    public static DecoderSettings Settings(TaskModelFile file) => new()
    {
        Cell = file.Choice<RecurrentCellKind>("cell"),
        HiddenSize = file.Whole("hidden_size", 1, TaskModelFile.MostUnits),
        Layers = file.Whole("layers", 1, TaskModelFile.MostLayers),
        EmbeddingSize = file.Whole("embedding_size", 1, TaskModelFile.MostUnits),
        IsBidirectional = file.Whole("bidirectional", 0, 1) == 1,
        Score = file.Choice<AttentionScore>("attention"),
        Dropout = file.Probability("dropout"),
        LabelSmoothing = file.Probability("label_smoothing"),
        Seed = file.Seed("seed"),
    };

    /// <summary>A name for each set of parameters.</summary>
    public static string[] SetNames(EncoderDecoder<float> network) =>
    [
        .. Enumerable.Range(0, network.Encoder.ParameterSets.Count).Select(i => $"encoder.{Text(i)}"),
        .. Enumerable.Range(0, network.Decoder.ParameterSets.Count).Select(i => $"decoder.{Text(i)}"),
        "bridge", "embedding", "attention", "combination", "output",
    ];

    public static NamedParameters[] Sets(EncoderDecoder<float> network) =>
        [.. SetNames(network).Zip(network.ParameterSets, (name, set) => new NamedParameters(name, set))];

    /// <summary>The matrices that sizes decide, before a network of these sizes is made: sizes that lie allocate nothing.</summary>
    public static void RequireTokenSizes(TaskModelFile file, DecoderSettings settings, int sourceVocabulary, int targetVocabulary)
    {
        int memory = settings.IsBidirectional ? 2 * ((settings.HiddenSize + 1) / 2) : settings.HiddenSize;
        RequireSizes(file, settings, targetVocabulary, memory, settings.HiddenSize);
        file.Require([("encoder.0.weight", sourceVocabulary, settings.EmbeddingSize)]);
    }

    /// <summary>The same for a network that reads vectors.</summary>
    public static void RequireVectorSizes(TaskModelFile file, DecoderSettings settings, int inputSize, int targetVocabulary) =>
        RequireSizes(file, settings, targetVocabulary, inputSize, settings.HiddenSize + inputSize);

    private static void RequireSizes(TaskModelFile file, DecoderSettings settings, int targetVocabulary, int memory, int outputInput)
    {
        file.Require(
        [
            ("embedding.weight", targetVocabulary, settings.EmbeddingSize),
            ("output.weight", outputInput, targetVocabulary),
            ("combination.weight", settings.HiddenSize + memory, settings.HiddenSize),
        ]);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
