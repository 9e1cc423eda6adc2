using System.Globalization;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Labelling;

/// <summary>Networks that label in model files: settings as texts, names of parameters.</summary>
internal static class LabelFile
{
    private const string NoPooling = "None";

    public static IEnumerable<KeyValuePair<string, string>> Metadata(LabelSettings settings)
    {
        yield return new("loss", settings.Loss.ToString());
        yield return new("cell", settings.Cell.ToString());
        yield return new("hidden_size", Text(settings.HiddenSize));
        yield return new("layers", Text(settings.Layers));
        yield return new("embedding_size", Text(settings.EmbeddingSize));
        yield return new("bidirectional", settings.IsBidirectional ? "1" : "0");
        yield return new("pooling", settings.Pooling?.ToString() ?? NoPooling);
        yield return new("dropout", settings.Dropout.ToString("R", CultureInfo.InvariantCulture));
        yield return new("token_dropout", settings.TokenDropout.ToString("R", CultureInfo.InvariantCulture));
        yield return new("label_smoothing", settings.LabelSmoothing.ToString("R", CultureInfo.InvariantCulture));
        yield return new("seed", settings.Seed.ToString(CultureInfo.InvariantCulture));
    }

    public static LabelSettings Settings(TaskModelFile file) => new()
    {
        Loss = file.Choice<LabelLoss>("loss"),
        Cell = file.Choice<RecurrentCellKind>("cell"),
        HiddenSize = file.Whole("hidden_size", 1, TaskModelFile.MostUnits),
        Layers = file.Whole("layers", 1, TaskModelFile.MostLayers),
        EmbeddingSize = file.Whole("embedding_size", 1, TaskModelFile.MostUnits),
        IsBidirectional = file.Whole("bidirectional", 0, 1) == 1,
        Pooling = file.Text("pooling") == NoPooling ? null : file.Choice<PoolingKind>("pooling"),
        Dropout = file.Probability("dropout"),
        TokenDropout = file.Probability("token_dropout"),
        LabelSmoothing = file.Probability("label_smoothing"),
        Seed = file.Seed("seed"),
    };

    /// <summary>A name for each set of parameters.</summary>
    public static string[] SetNames(SequenceClassifier<float> network)
    {
        string[] pooling = network.Pooling is null ? [] : ["pooling"];
        return [.. Enumerable.Range(0, network.Encoder.ParameterSets.Count).Select(i => $"encoder.{Text(i)}"), .. pooling, "output"];
    }

    public static NamedParameters[] Sets(SequenceClassifier<float> network) =>
        [.. SetNames(network).Zip(network.ParameterSets, (name, set) => new NamedParameters(name, set))];

    /// <summary>The matrices that sizes decide, before a network of these sizes is made: sizes that lie allocate nothing.</summary>
    /// <param name="file">The file.</param>
    /// <param name="settings">Its sizes.</param>
    /// <param name="vocabulary">How many tokens there are; 0 for numbers.</param>
    /// <param name="outputSize">V.</param>
    public static void RequireSizes(TaskModelFile file, LabelSettings settings, int vocabulary, int outputSize)
    {
        file.Require([("output.weight", LabelNetworks.OutputSize(settings), outputSize)]);
        if (vocabulary > 0) file.Require([("encoder.0.weight", vocabulary, settings.EmbeddingSize)]);
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
