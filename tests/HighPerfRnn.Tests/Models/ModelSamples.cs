using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>Small models with random parameters, and texts for them.</summary>
internal static class ModelSamples
{
    public static readonly Alphabet Alphabet = new("abcdefgh–🦆\n");

    /// <summary>Two layers, no size a multiple of another or of a vector.</summary>
    public static CharacterModelOptions Options { get; } = new() { HiddenSize = 13, Layers = 2, EmbeddingSize = 5 };

    /// <summary>For tests of each.</summary>
    public static TheoryData<RecurrentCellKind> Cells => [.. Enum.GetValues<RecurrentCellKind>()];

    public static CharacterModel<T> Model<T>(
        ulong seed = 1,
        int layers = 2,
        Activation? activation = null,
        bool isTrainable = true,
        RecurrentCellKind cell = RecurrentCellKind.Rnn)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterModelOptions options = Options with { Cell = cell, Layers = layers, Activation = activation ?? Activation.Tanh };
        var model = new CharacterModel<T>(Alphabet, options, isTrainable);
        var random = new CounterRandom(seed);
        foreach (ParameterSet<T> set in model.ParameterSets)
        {
            foreach (Parameter parameter in set.Parameters) Initialization.Normal(set.Span(parameter), 0, 0.4, ref random);
        }

        model.Repack();
        return model;
    }

    public static int[] Tokens(int count, ulong seed = 1)
    {
        var random = new CounterRandom(seed, stream: 7);
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) tokens[i] = random.NextInt(Alphabet.Count);
        return tokens;
    }

    public static T[][] Values<T>(IReadOnlyList<ParameterSet<T>> sets)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => [.. sets.Select(set => set.Values.ToArray())];

    public static ParameterSet<T>[] Gradients<T>(CharacterModel<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => [.. model.ParameterSets.Select(set => set.CreateZeros())];
}
