using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Models;

/// <summary>Small encoder-decoders and batches for them.</summary>
internal sealed class EncoderDecoderSamples<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public const int Vocabulary = 7;
    public const int Begin = 1;
    public const int SourceVocabulary = 6;
    public const int SourceSize = 4;

    public EncoderDecoderSamples(
        AttentionScore score,
        bool hasTokens,
        double dropout = 0,
        ulong seed = 1,
        RecurrentCellKind cell = RecurrentCellKind.Lstm,
        int layers = 1,
        bool outputReadsContext = false)
    {
        HasTokens = hasTokens;
        const int hidden = 6, memory = 6, embedding = 3, feed = 5;
        SequentialLayer<T>[] encoder =
        [
            .. hasTokens ? (SequentialLayer<T>[])[new Embedding<T>(SourceVocabulary, SourceSize)] : [],
            new Bidirectional<T>(new Gru<T>(SourceSize, memory / 2), new Gru<T>(SourceSize, memory / 2)),
        ];
        var decoder = new List<SequentialLayer<T>>();
        for (int layer = 0; layer < layers; layer++)
        {
            if (layer > 0) decoder.Add(new Dropout<T>(dropout, seed + 10));
            int size = layer == 0 ? embedding + feed : hidden;
            decoder.Add(cell == RecurrentCellKind.Lstm ? new Lstm<T>(size, hidden) : new Gru<T>(size, hidden));
        }

        Model = new EncoderDecoder<T>(
            new Sequential<T>(encoder),
            new Sequential<T>(decoder.ToArray()),
            new Attention<T>(score, hidden, memory, score == AttentionScore.Additive ? 4 : 0),
            new EncoderDecoderOptions
            {
                VocabularySize = Vocabulary,
                EmbeddingSize = embedding,
                OutputReadsContext = outputReadsContext,
                Dropout = dropout,
                Seed = seed,
            });
        var random = new CounterRandom(seed, 3);
        foreach (ParameterSet<T> set in Model.ParameterSets)
        {
            foreach (Parameter parameter in set.Parameters) Initialization.Uniform(set.Span(parameter), 0.5, ref random);
        }

        Model.Repack();
    }

    public EncoderDecoder<T> Model { get; }

    public bool HasTokens { get; }
}

/// <summary>A batch in arrays.</summary>
internal sealed class EncoderDecoderData<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public EncoderDecoderData(int sourceSteps, int targetSteps, int batch, bool hasTokens, int seed)
    {
        var random = new CounterRandom((ulong)seed, 9);
        SourceSteps = sourceSteps;
        TargetSteps = targetSteps;
        Batch = batch;
        SourceTokens = hasTokens ? Draw(sourceSteps * batch, EncoderDecoderSamples<T>.SourceVocabulary, ref random) : [];
        Source = hasTokens ? [] : new T[sourceSteps * batch * EncoderDecoderSamples<T>.SourceSize];
        Initialization.Uniform<T>(Source, 1, ref random);
        SourceLengths = [.. Draw(batch, sourceSteps, ref random).Select(length => length + 1)];
        TargetLengths = [.. Draw(batch, targetSteps, ref random).Select(length => length + 1)];
        SourceLengths[0] = sourceSteps;
        TargetLengths[0] = targetSteps;
        Targets = Draw(targetSteps * batch, EncoderDecoderSamples<T>.Vocabulary, ref random);
        DecoderTokens = [.. Enumerable.Repeat(EncoderDecoderSamples<T>.Begin, batch), .. Targets[..^batch]];
    }

    private EncoderDecoderData(EncoderDecoderData<T> all, int row)
    {
        Batch = 1;
        SourceSteps = all.SourceLengths[row];
        TargetSteps = all.TargetLengths[row];
        SourceLengths = [SourceSteps];
        TargetLengths = [TargetSteps];
        int size = EncoderDecoderSamples<T>.SourceSize;
        SourceTokens = all.SourceTokens.Length == 0 ? [] : Column(all.SourceTokens, 1, SourceSteps);
        Source = all.Source.Length == 0 ? [] : Column(all.Source, size, SourceSteps);
        Targets = Column(all.Targets, 1, TargetSteps);
        DecoderTokens = Column(all.DecoderTokens, 1, TargetSteps);

        TItem[] Column<TItem>(TItem[] items, int width, int steps) =>
            [.. Enumerable.Range(0, steps).SelectMany(step => items.AsSpan(((step * all.Batch) + row) * width, width).ToArray())];
    }

    public int SourceSteps { get; }

    public int TargetSteps { get; }

    public int Batch { get; }

    public int[] SourceTokens { get; }

    public T[] Source { get; }

    public int[] SourceLengths { get; }

    public int[] TargetLengths { get; }

    public int[] Targets { get; }

    public int[] DecoderTokens { get; }

    /// <summary>One row by itself, as long as it is.</summary>
    public EncoderDecoderData<T> Row(int row) => new(this, row);

    public EncoderDecoderBatch<T> ToBatch(ulong? dropoutCall = null) => new()
    {
        SourceSteps = SourceSteps,
        TargetSteps = TargetSteps,
        Batch = Batch,
        SourceTokens = SourceTokens,
        Source = Source,
        SourceLengths = SourceLengths,
        DecoderTokens = DecoderTokens,
        TargetLengths = TargetLengths,
        DropoutCall = dropoutCall,
    };

    private static int[] Draw(int count, int bound, ref CounterRandom random)
    {
        int[] drawn = new int[count];
        foreach (ref int number in drawn.AsSpan()) number = random.NextInt(bound);
        return drawn;
    }
}
