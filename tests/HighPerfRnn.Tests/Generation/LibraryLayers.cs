using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The library's layer for a cell of the reference, and where each parameter of the one is among those of the other.</summary>
internal static class LibraryLayers
{
    public static RecurrentLayer<T> Create<T>(
        ReferenceCellOptions options, int inputSize, int hiddenSize, RecurrenceOrder order = RecurrenceOrder.Sequential)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => options switch
        {
            ReferenceVanillaRnnOptions rnn => new Rnn<T>(inputSize, hiddenSize, Of(rnn.Activation), clip: rnn.Clip),
            ReferenceLstmOptions lstm => new Lstm<T>(inputSize, hiddenSize, Of(lstm)),
            ReferenceGruOptions gru => new Gru<T>(inputSize, hiddenSize, Of(gru)),
            ReferenceMinGruOptions minGru => new MinGru<T>(inputSize, hiddenSize, Of(minGru.CandidateActivation)) { Order = order },
            ReferenceMinLstmOptions minLstm => new MinLstm<T>(inputSize, hiddenSize, Of(minLstm.CandidateActivation)) { Order = order },
            ReferenceLruOptions => new Lru<T>(inputSize, hiddenSize) { Order = order },
            _ => throw new ArgumentException($"The library has no layer for {options}.", nameof(options)),
        };

    /// <summary>Takes a parameter of the reference to those of the library: columns that a coupled LSTM does not have are dropped.</summary>
    public static void Load<T>(RecurrentLayer<T> layer, string name, ReadOnlySpan<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((string target, int rows, int[] columns, int width) in Pieces(layer, name))
        {
            Span<T> into = layer.Parameters[target];
            for (int row = 0; row < rows; row++)
            {
                for (int i = 0; i < columns.Length; i++) into[(row * columns.Length) + i] = numbers[(row * width) + columns[i]];
            }
        }
    }

    /// <summary>The gradient of a parameter of the reference, gathered from the library's; what it held before where that has none.</summary>
    public static T[] Gather<T>(RecurrentLayer<T> layer, Memory.ParameterSet<T> gradients, string name, T[] before)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] gathered = before;
        foreach ((string source, int rows, int[] columns, int width) in Pieces(layer, name))
        {
            Span<T> from = gradients[source];
            for (int row = 0; row < rows; row++)
            {
                for (int i = 0; i < columns.Length; i++) gathered[(row * width) + columns[i]] = from[(row * columns.Length) + i];
            }
        }

        return gathered;
    }

    public static Activation Of(ReferenceActivation activation) =>
        new(Enum.Parse<ActivationKind>(activation.Kind.ToString()), activation.Alpha, activation.Beta);

    private static LstmOptions Of(ReferenceLstmOptions options) => new()
    {
        HasPeepholes = options.Peepholes,
        IsCoupled = options.CoupledForget,
        ProjectionSize = options.ProjectionSize,
        Clip = options.Clip,
        InputActivation = Of(options.InputActivation),
        ForgetActivation = Of(options.ForgetActivation),
        CandidateActivation = Of(options.CandidateActivation),
        OutputActivation = Of(options.OutputActivation),
        StateActivation = Of(options.StateActivation),
    };

    private static GruOptions Of(ReferenceGruOptions options) => new()
    {
        ResetsBefore = options.ResetBefore,
        Clip = options.Clip,
        ResetActivation = Of(options.ResetActivation),
        UpdateActivation = Of(options.UpdateActivation),
        CandidateActivation = Of(options.CandidateActivation),
    };

    /// <summary>The library's parameters that one of the reference becomes: their rows, and which of its columns they are.</summary>
    private static IEnumerable<(string Name, int Rows, int[] Columns, int Width)> Pieces<T>(RecurrentLayer<T> layer, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int hidden = layer.HiddenSize;
        bool isCoupled = layer is Lstm<T> { Options.IsCoupled: true };
        if (name == "peepholes")
        {
            foreach ((string piece, int index) in PeepholesOf(isCoupled))
            {
                yield return (piece, 1, [.. Enumerable.Range(index * hidden, hidden)], 3 * hidden);
            }

            yield break;
        }

        int length = layer.Parameters[name].Length;
        if (!isCoupled || name == "weight_hr")
        {
            yield return (name, 1, [.. Enumerable.Range(0, length)], length);
            yield break;
        }

        int[] columns = [.. Enumerable.Range(0, 4 * hidden).Where(column => column / hidden != 1)];
        yield return (name, length / (3 * hidden), columns, 4 * hidden);
    }

    private static (string Name, int Index)[] PeepholesOf(bool isCoupled) =>
        isCoupled ? [("peephole_i", 0), ("peephole_o", 2)] : [("peephole_i", 0), ("peephole_f", 1), ("peephole_o", 2)];
}
