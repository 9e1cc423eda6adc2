using static System.FormattableString;

namespace HighPerfRnn.Cli.LanguageModel;

/// <summary>How much memory a training takes, before it takes it.</summary>
internal static class LmMemory
{
    /// <summary>Refuses sizes that this machine has no room for.</summary>
    public static void ThrowIfTooLarge(LmSettings settings, int vocabulary)
    {
        double hidden = settings.Model.HiddenSize;
        double rows = (double)settings.Training.Batch * settings.Training.Window;
        double width = Math.Max(hidden, settings.Model.EmbeddingSize);
        double largest = Math.Max(width * Math.Max(hidden, vocabulary), rows * Math.Max(hidden, vocabulary));
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
    /// Parameters, their gradients, two moments and two packed copies; outputs and their gradients of every layer, and the logits.
    /// </summary>
    internal static double EstimateBytes(LmSettings settings, int vocabulary)
    {
        double hidden = settings.Model.HiddenSize;
        double embedding = settings.Model.EmbeddingSize;
        double layers = settings.Model.Layers;
        double rows = (double)settings.Training.Batch * settings.Training.Window;
        double recurrent = (hidden * (embedding + hidden)) + ((layers - 1) * 2 * hidden * hidden);
        double parameters = (vocabulary * (embedding + (3 * hidden))) + recurrent;
        double activations = rows * (((layers + Math.Min(2, layers)) * hidden) + vocabulary);
        return sizeof(float) * ((6 * parameters) + activations);
    }

    private static string Sizes(LmSettings settings)
    {
        string model = $"--hidden {settings.Model.HiddenSize} --layers {settings.Model.Layers} --embedding {settings.Model.EmbeddingSize}";
        return $"{model} --batch {settings.Training.Batch} --window {settings.Training.Window}";
    }
}
