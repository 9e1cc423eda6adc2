using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Tests.Generation;

/// <summary>
/// Networks of every kind of layer, as lists of layers (an array of them stands for a residual connection), and the library's network
/// of each.
/// </summary>
internal static class NetworkParts
{
    public const int Kinds = 7;

    private const int Vocabulary = 7;

    /// <summary>Whether the kind's input is tokens.</summary>
    public static bool TakesTokens(int kind) => kind is 2 or 4;

    /// <summary>Whether the kind runs step by step.</summary>
    public static bool IsCausal(int kind) => kind is not (1 or 3);

    /// <summary>Whether what the input holds past a row's end must be finite.</summary>
    public static bool ReadsPadding(int kind) => kind is 5;

    /// <param name="kind">0 to <see cref="Kinds"/> - 1.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="drops">p of all dropout; null for none.</param>
    public static object[] Create<T>(int kind, int inputs, int hidden, double? drops)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        object[] Drop(ulong seed, DropoutKind dropout = DropoutKind.Ordinary) =>
            drops is { } p ? [new Dropout<T>(p, seed, dropout)] : [];
        LayerNorm<T> Norm(int size) => new(size, epsilon: 0.25);
        Bidirectional<T> Both(Func<RecurrentLayer<T>> create, BidirectionalMerge merge) => new(create(), create(), merge);
        return kind switch
        {
            0 => [new Lstm<T>(inputs, hidden), .. Drop(1), new Gru<T>(hidden, hidden + 1)],
            1 =>
            [
                Both(() => new Lstm<T>(inputs, hidden), BidirectionalMerge.Concatenate), Norm(2 * hidden),
                (object[])[.. Drop(2), new Rnn<T>(2 * hidden, 2 * hidden)], new Dense<T>(2 * hidden, 3),
            ],
            2 =>
            [
                new Embedding<T>(Vocabulary, hidden), (object[])[new Lstm<T>(hidden, hidden)],
                (object[])[Norm(hidden), new MinGru<T>(hidden, hidden)], new Dense<T>(hidden, Vocabulary),
            ],
            3 =>
            [
                (object[])[(object[])[new Rnn<T>(inputs, inputs)], .. Drop(3, DropoutKind.Variational), Norm(inputs)],
                Both(() => new Gru<T>(inputs, hidden), BidirectionalMerge.Sum),
            ],
            4 => [new Lstm<T>(Vocabulary, hidden, new LstmOptions { ProjectionSize = 2 }), new Rnn<T>(2, hidden)],
            5 => [new Dense<T>(inputs, hidden), new Lru<T>(hidden, hidden), .. Drop(4), Norm(hidden)],
            _ => [.. Drop(5), new Gru<T>(inputs, hidden), (object[])[new Gru<T>(hidden, hidden), (object[])[new MinLstm<T>(hidden, hidden)]]],
        };
    }

    public static SequentialLayer<T> Layer<T>(object part)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => part switch
        {
            Embedding<T> layer => layer,
            RecurrentLayer<T> layer => layer,
            Bidirectional<T> layer => layer,
            LayerNorm<T> layer => layer,
            Dropout<T> layer => layer,
            Dense<T> layer => layer,
            object[] inner => SequentialLayer<T>.Residual([.. inner.Select(Layer<T>)]),
            _ => throw new ArgumentException($"No layer: {part}.", nameof(part)),
        };

    public static Sequential<T> Network<T>(object[] parts)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new([.. parts.Select(Layer<T>)]);

    /// <summary>Parameters that keep states near 1.</summary>
    public static void Fill<T>(Sequential<T> network, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new CaseRandom(seed, 4000);
        foreach (ParameterSet<T> set in network.ParameterSets)
        {
            foreach (Parameter parameter in set.Parameters)
            {
                random.Numbers<float>(parameter.Length, 1).Select(T.CreateChecked).ToArray().CopyTo(set.Span(parameter));
            }
        }

        network.Repack();
    }
}
