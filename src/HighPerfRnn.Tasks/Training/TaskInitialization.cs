using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tasks.Training;

/// <summary>First parameters of a task's network, which a seed decides.</summary>
public static class TaskInitialization
{
    private const double EmbeddingDeviation = 0.1;
    private const double ForgetBias = 1;
    private const double LeastDecay = 0.5;
    private const double MostDecay = 0.999;

    /// <summary>
    /// Matrices Xavier uniform, gate by gate in recurrent layers; recurrent ones orthogonal, gate by gate; a lone matrix, which is an
    /// embedding's, normal with deviation 0.1; biases 0 but 1 for an LSTM's forget gates; λ of an LRU between 0.5 and 0.999. What a layer
    /// normalisation starts with stays.
    /// </summary>
    /// <param name="sets">The parameters, overwritten.</param>
    /// <param name="seed">Each parameter has a stream of random numbers of its own.</param>
    public static void Initialize(IReadOnlyList<ParameterSet<float>> sets, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(sets);
        ulong stream = 0;
        foreach (ParameterSet<float> set in sets)
        {
            bool isEmbedding = set.Parameters.Count == 1 && set.Parameters[0].Name == "weight" && !set.Parameters[0].IsVector;
            foreach (Parameter parameter in set.Parameters)
            {
                var random = new CounterRandom(seed, stream++);
                Span<float> values = set.Span(parameter);
                if (isEmbedding) Initialization.Normal(values, 0, EmbeddingDeviation, ref random);
                else Initialize(set, parameter, values, ref random);
            }
        }
    }

    private static void Initialize(ParameterSet<float> set, in Parameter parameter, Span<float> values, ref CounterRandom random)
    {
        int hidden = HiddenSize(set);
        switch (parameter.Name)
        {
            case "weight" when parameter.IsVector:
                break;
            case "weight_hh":
                Initialization.OrthogonalGates(values, parameter.Rows, parameter.Columns / parameter.Rows, 1, ref random);
                break;
            case "weight_ih" when hidden > 0:
                Initialization.XavierUniform(values, parameter.Rows, hidden, ref random);
                break;
            case "nu":
                Initialization.Decays(values, LeastDecay, MostDecay, ref random);
                break;
            case "score":
                Initialization.XavierUniform(values, parameter.Columns, 1, ref random);
                break;
            case "bias" when hidden > 0 && parameter.Columns == 4 * hidden:
                // i, f, g, o.
                values.Clear();
                values.Slice(hidden, hidden).Fill((float)ForgetBias);
                break;
            default:
                if (parameter.IsVector) values.Clear();
                else Initialization.XavierUniform(values, parameter.Rows, parameter.Columns, ref random);
                break;
        }
    }

    /// <summary>H of a recurrent layer whose gates look at h; else 0.</summary>
    private static int HiddenSize(ParameterSet<float> set)
    {
        foreach (Parameter parameter in set.Parameters)
        {
            if (parameter.Name == "weight_hh") return parameter.Rows;
        }

        return 0;
    }
}
