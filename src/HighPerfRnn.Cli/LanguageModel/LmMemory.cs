using HighPerfRnn.Layers;
using static System.FormattableString;

namespace HighPerfRnn.Cli.LanguageModel;

/// <summary>How much memory a training takes, before it takes it.</summary>
internal static class LmMemory
{
    /// <summary>Refuses sizes that this machine has no room for.</summary>
    public static void ThrowIfTooLarge(LmSettings settings, int vocabulary)
    {
        double hidden = settings.Model.HiddenSize;
        CellLayout cell = RecurrentCells.LayoutOf(settings.Model.Cell);
        double gates = cell.Gates * hidden;
        double rows = (double)settings.Training.Batch * settings.Training.Window;
        double width = Math.Max(hidden, settings.Model.EmbeddingSize);
        double kept = hidden * Math.Max(1, cell.KeptValues);
        double largest = Math.Max(width * Math.Max(gates, vocabulary), rows * Math.Max(kept, vocabulary));
        if (largest > int.MaxValue / 2)
        {
            throw ToolException.Usage(Sizes(settings), Invariant($"an array of {largest:0.0e+0} numbers"), $"at most {int.MaxValue / 2}");
        }

        double needed = EstimateBytes(settings, vocabulary);
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > 0.9 * available)
        {
            throw ToolException.Usage(
                Sizes(settings),
                Invariant($"sizes that need about {needed / (1 << 30):0.0} GiB"),
                Invariant($"at most {0.9 * available / (1 << 30):0.0} GiB, what this machine has room for"));
        }
    }

    /// <summary>
    /// Parameters, their gradients, two moments and two packed copies; outputs of every layer, their gradients, what the cells keep, and
    /// the logits.
    /// </summary>
    internal static double EstimateBytes(LmSettings settings, int vocabulary)
    {
        double hidden = settings.Model.HiddenSize;
        double embedding = settings.Model.EmbeddingSize;
        double layers = settings.Model.Layers;
        double rows = (double)settings.Training.Batch * settings.Training.Window;
        var sizes = new RecurrentSizes(settings.Model.Cell, settings.Model.Layers, settings.Model.EmbeddingSize, settings.Model.HiddenSize);
        // The token table and its gradient stand for two of the vocabulary's parts.
        double parameters = (vocabulary * (embedding + hidden + (2 * sizes.Layout.Gates * hidden))) + sizes.Weights;
        double activations = rows * (((layers + Math.Min(2, layers) + (layers * sizes.Layout.KeptValues)) * hidden) + vocabulary);
        return sizeof(float) * ((6 * parameters) + activations);
    }

    private static string Sizes(LmSettings settings)
    {
        string model = $"--hidden {settings.Model.HiddenSize} --layers {settings.Model.Layers} --embedding {settings.Model.EmbeddingSize}";
        return $"{model} --batch {settings.Training.Batch} --window {settings.Training.Window}";
    }
}
