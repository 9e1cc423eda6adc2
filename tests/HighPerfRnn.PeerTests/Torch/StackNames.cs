using HighPerfRnn.Tests.Conformance;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>What a stack's results are called: parameters as PyTorch calls them, in our layout.</summary>
internal static class StackNames
{
    public const string Output = "output";
    public const string InputGradient = "dInput";
    public const string FinalState = "finalState";
    public const string FinalCellState = "finalCellState";
    public const string InitialStateGradient = "dInitialState";
    public const string InitialCellStateGradient = "dInitialCellState";

    /// <summary>A layer and a direction, as PyTorch's parameters end.</summary>
    public static string Suffix(int layer, int direction) => $"_l{layer}{(direction == 1 ? "_reverse" : "")}";

    public static string Gradient(string parameter) => "d" + parameter;

    /// <summary>The forward results of a lone layer.</summary>
    public static Dictionary<string, double[]> Of(RecurrentLayer layer, IReadOnlyList<RecurrentResult> results)
    {
        var named = new Dictionary<string, double[]>
        {
            [Output] = SideBySide.Join([.. results.Select(result => result.Output)], layer.Steps * layer.Batch),
        };
        Add(named, 0, results);
        return named;
    }

    /// <summary>The gradients of a stack of one layer. What reaches the input is one sum, of which each direction has a term.</summary>
    public static Dictionary<string, double[]> Of(LayerStack stack, IReadOnlyList<RecurrentGradients> results)
    {
        var named = new Dictionary<string, double[]>();
        Add(named, 0, results, stack.HasBias);
        if (results is [var lone]) named[InputGradient] = lone.Input;
        return named;
    }

    public static void Add(Dictionary<string, double[]> named, int layer, IReadOnlyList<RecurrentResult> results)
    {
        for (int d = 0; d < results.Count; d++)
        {
            named[FinalState + Suffix(layer, d)] = results[d].FinalState;
            named[FinalCellState + Suffix(layer, d)] = results[d].FinalCellState;
        }
    }

    public static void Add(Dictionary<string, double[]> named, int layer, IReadOnlyList<RecurrentGradients> results, bool hasBias)
    {
        for (int d = 0; d < results.Count; d++)
        {
            string suffix = Suffix(layer, d);
            named[InitialStateGradient + suffix] = results[d].InitialState;
            named[InitialCellStateGradient + suffix] = results[d].InitialCellState;
            foreach ((string name, double[] gradient) in results[d].Parameters)
            {
                if (!name.StartsWith("bias", StringComparison.Ordinal)) named[Gradient(name) + suffix] = gradient;
            }

            if (!hasBias) continue;

            // PyTorch has two biases for our one; of the GRU's candidate we have two as well, since r scales the recurrent one.
            double[] bias = results[d].Parameters["bias"];
            named[Gradient("bias_ih") + suffix] = bias;
            named[Gradient("bias_hh") + suffix] = results[d].Parameters.TryGetValue("bias_hn", out double[]? candidate)
                ? [.. bias.AsSpan(0, 2 * candidate.Length), .. candidate]
                : bias;
        }
    }
}
