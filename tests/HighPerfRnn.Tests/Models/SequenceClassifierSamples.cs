using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Models;

/// <summary>Small networks that label, and batches for them.</summary>
internal sealed class SequenceClassifierSamples<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public const int Vocabulary = 6;
    public const int Size = 4;
    public const int Classes = 5;

    private readonly T[] _input;
    private readonly int[] _tokens;

    public SequenceClassifierSamples(PoolingKind? pooling, bool hasTokens, bool isCausal = false, double dropout = 0, int steps = 4, int batch = 3)
    {
        const int hidden = 6;
        SequentialLayer<T>[] layers =
        [
            .. hasTokens ? (SequentialLayer<T>[])[new Embedding<T>(Vocabulary, Size)] : [],
            isCausal ? new Gru<T>(Size, hidden) : new Bidirectional<T>(new Gru<T>(Size, hidden / 2), new Gru<T>(Size, hidden / 2)),
            new Dropout<T>(dropout, 11),
            new Gru<T>(hidden, hidden),
        ];
        SequencePooling<T>? pooled = pooling is PoolingKind kind ? new SequencePooling<T>(kind, hidden, isCausal ? 0 : hidden / 2) : null;
        Model = new SequenceClassifier<T>(new Sequential<T>(layers), pooled, Classes, dropout, seed: 5);
        var random = new CounterRandom(12, 3);
        foreach (ParameterSet<T> set in Model.ParameterSets)
        {
            foreach (Parameter parameter in set.Parameters) Initialization.Uniform(set.Span(parameter), 0.5, ref random);
        }

        Model.Repack();
        Steps = steps;
        Batch = batch;
        Call = dropout > 0 ? 9UL : null;
        _input = new T[hasTokens ? 0 : steps * batch * Size];
        Initialization.Uniform<T>(_input, 1, ref random);
        _tokens = new int[hasTokens ? steps * batch : 0];
        foreach (ref int token in _tokens.AsSpan()) token = (int)(random.NextDouble() * Vocabulary);
        Lengths = [.. Enumerable.Range(0, batch).Select(row => Math.Max(1, steps - row))];
        Targets = [.. Enumerable.Range(0, pooling is null ? steps * batch : batch).Select(i => i * 3 % Classes)];
        for (int i = 0; pooling is null && i < Targets.Length; i++)
        {
            if (i / batch >= Lengths[i % batch]) Targets[i] = -1;
        }
    }

    public SequenceClassifier<T> Model { get; }

    public int Steps { get; }

    public int Batch { get; }

    public ulong? Call { get; }

    public int[] Lengths { get; }

    public int[] Targets { get; }

    public SequenceBatch<T> ToBatch() => new()
    {
        Steps = Steps,
        Batch = Batch,
        Tokens = _tokens,
        Input = _input,
        Lengths = Lengths,
        DropoutCall = Call,
    };

    /// <summary>The numbers of a step of a row.</summary>
    public ReadOnlySpan<T> InputOf(int step, int row) => _input.AsSpan(((step * Batch) + row) * Size, Size);

    /// <summary>The logits of a row alone.</summary>
    public T[] Alone(int row)
    {
        int steps = Lengths[row];
        T[] input = new T[_input.Length > 0 ? steps * Size : 0];
        int[] tokens = new int[_tokens.Length > 0 ? steps : 0];
        for (int step = 0; step < steps; step++)
        {
            if (tokens.Length > 0) tokens[step] = _tokens[(step * Batch) + row];
            else InputOf(step, row).CopyTo(input.AsSpan(step * Size));
        }

        var pass = new SequenceClassifierPass<T>(Model, steps, 1, isTrainable: false);
        pass.Forward(new SequenceBatch<T> { Steps = steps, Batch = 1, Tokens = tokens, Input = input });
        return pass.Logits.ToArray();
    }
}
