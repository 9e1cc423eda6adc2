using System.Numerics;
using HighPerfRnn.Layers;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The numbers of an attention case, rounded to T.</summary>
internal sealed class AttentionData<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public AttentionData(AttentionCase shape)
    {
        Case = shape;
        var random = new CaseRandom(shape.Seed, 5000);
        Lengths = [.. Enumerable.Range(0, shape.Batch).Select(_ => shape.IsRagged ? random.Below(shape.MemorySteps + 1) : shape.MemorySteps)];
        // Scores of a few units, so that weights differ and none of them vanishes.
        Query = random.Numbers<T>(shape.Queries * shape.QuerySize, 1.5);
        Memory = random.Numbers<T>(shape.MemorySteps * shape.Batch * shape.MemorySize, 1.5);
        ContextGradient = random.Numbers<T>(shape.Queries * shape.MemorySize);
        QueryStart = random.Numbers<T>(Query.Length);
        MemoryStart = random.Numbers<T>(Memory.Length);
        QueryWeights = random.Numbers<T>(shape.QuerySize * shape.KeySize, 1.5 / Math.Sqrt(shape.QuerySize));
        Bias = random.Numbers<T>(shape.KeySize);
        MemoryWeights = random.Numbers<T>(shape.MemorySize * shape.KeySize, 1.5 / Math.Sqrt(shape.MemorySize));
        Score = random.Numbers<T>(shape.KeySize, 4 / Math.Sqrt(shape.KeySize));
    }

    private AttentionData(AttentionData<T> source, AttentionCase shape)
    {
        Case = shape;
        (Lengths, Query, Memory, ContextGradient) = (source.Lengths, source.Query, source.Memory, source.ContextGradient);
        (QueryStart, MemoryStart) = (source.QueryStart, source.MemoryStart);
        (QueryWeights, Bias, MemoryWeights, Score) = (source.QueryWeights, source.Bias, source.MemoryWeights, source.Score);
    }

    public AttentionCase Case { get; }

    public int[] Lengths { get; private init; }

    public T[] Query { get; private init; }

    public T[] Memory { get; private init; }

    public T[] ContextGradient { get; private init; }

    public T[] QueryStart { get; private init; }

    public T[] MemoryStart { get; private init; }

    public T[] QueryWeights { get; }

    public T[] Bias { get; }

    public T[] MemoryWeights { get; }

    public T[] Score { get; }

    /// <summary>What the passes are given: nothing where all rows have all steps.</summary>
    public int[] GivenLengths => Case.IsRagged ? Lengths : [];

    /// <summary>One row alone, its memory no longer than it is itself.</summary>
    public AttentionData<T> Row(int row)
    {
        int length = Lengths[row];
        return new AttentionData<T>(this, Case with { Batch = 1, MemorySteps = length, IsRagged = false })
        {
            Lengths = [length],
            Query = RowOf(Query, row, Case.QuerySteps, Case.QuerySize),
            Memory = RowOf(Memory, row, length, Case.MemorySize),
            ContextGradient = RowOf(ContextGradient, row, Case.QuerySteps, Case.MemorySize),
            QueryStart = RowOf(QueryStart, row, Case.QuerySteps, Case.QuerySize),
            MemoryStart = RowOf(MemoryStart, row, length, Case.MemorySize),
        };
    }

    /// <summary>The first steps of one row out of [steps, B, width].</summary>
    public T[] RowOf(T[] source, int row, int steps, int width)
    {
        T[] taken = new T[steps * width];
        for (int i = 0; i < steps; i++) source.AsSpan(((i * Case.Batch) + row) * width, width).CopyTo(taken.AsSpan(i * width));
        return taken;
    }

    /// <summary>Past each row's length.</summary>
    public void FillPadding(T[] memory, T value)
    {
        for (int s = 0; s < Case.MemorySteps; s++)
        {
            for (int b = 0; b < Case.Batch; b++)
            {
                if (s >= Lengths[b]) memory.AsSpan(((s * Case.Batch) + b) * Case.MemorySize, Case.MemorySize).Fill(value);
            }
        }
    }

    /// <summary>A layer with the case's parameters.</summary>
    public Attention<T> CreateLayer()
    {
        var layer = new Attention<T>(Case.Score, Case.QuerySize, Case.MemorySize, Case.ScoreSize);
        Load(layer);
        return layer;
    }

    public void Load(Attention<T> layer)
    {
        if (Case.Score == AttentionScore.Additive)
        {
            QueryWeights.CopyTo(layer.Parameters["weight_query"]);
            Bias.CopyTo(layer.Parameters["bias"]);
            Score.CopyTo(layer.Parameters["score"]);
        }

        if (Case.Score != AttentionScore.ScaledDot) MemoryWeights.CopyTo(layer.Parameters["weight_memory"]);
        layer.Repack();
    }
}
