using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Every lane gives the same bits of scores, weights, contexts and their gradients.</summary>
[Trait("Category", "Width")]
public sealed class AttentionLaneTests
{
    [CaseProperty]
    public void EveryLaneGivesTheSameBits(AttentionCase shape)
    {
        Check<float>(shape);
        Check<double>(shape);
    }

    private static void Check<T>(AttentionCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new AttentionData<T>(shape);
        T[][] scalar = RunAt<T, ScalarLane<T>>(data);
        foreach (T[][] other in (T[][][])[RunAt<T, VectorLane<T>>(data), RunAt<T, Vector512Lane<T>>(data)])
        {
            for (int i = 0; i < scalar.Length; i++) Compare.Bits(scalar[i], other[i], $"{typeof(T).Name}, result {i}");
        }
    }

    private static T[][] RunAt<T, TLane>(AttentionData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TLane : struct, ILane<TLane, T> =>
        data.Case.Score == AttentionScore.Additive ? RunAt<T, TLane, AdditiveScore<T>>(data) : RunAt<T, TLane, DotScore<T>>(data);

    private static T[][] RunAt<T, TLane, TScore>(AttentionData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TLane : struct, ILane<TLane, T>
        where TScore : struct, IAttentionScore<T>
    {
        AttentionCase shape = data.Case;
        bool isAdditive = shape.Score == AttentionScore.Additive;
        var random = new CaseRandom(shape.Seed, 5001);
        T[] queries = random.Numbers<T>(shape.Queries * shape.KeySize);
        T[] keys = random.Numbers<T>(shape.MemorySteps * shape.Batch * shape.KeySize);
        T[] queriesGradient = random.Numbers<T>(queries.Length);
        T[] keysGradient = random.Numbers<T>(keys.Length);
        T[] memoryGradient = (T[])data.MemoryStart.Clone();
        T[] context = RnnRun<T>.Filled(data.ContextGradient.Length);
        T[] weights = RnnRun<T>.Filled(shape.Queries * shape.MemorySteps);
        T[] parts = RnnRun<T>.Filled(isAdditive ? queries.Length : 0);
        T[] vectorGradient = new T[isAdditive ? shape.KeySize : 0];
        T[] vector = isAdditive ? data.Score : [];
        T scale = T.CreateChecked(0.3);
        new AttentionForwardJob<T, TScore>
        {
            Pass = new AttentionForward<T>
            {
                QuerySteps = shape.QuerySteps,
                MemorySteps = shape.MemorySteps,
                Batch = shape.Batch,
                Query = default,
                Memory = data.Memory,
                Lengths = data.GivenLengths,
                Context = context,
                Weights = weights,
            },
            Queries = queries,
            Keys = keys,
            KeySize = shape.KeySize,
            MemorySize = shape.MemorySize,
            Scale = scale,
            Vector = vector,
        }.Run<TLane>(WorkerTeam.Alone);
        new AttentionBackwardJob<T, TScore>
        {
            Pass = new AttentionBackward<T>
            {
                QuerySteps = shape.QuerySteps,
                MemorySteps = shape.MemorySteps,
                Batch = shape.Batch,
                Query = default,
                Memory = data.Memory,
                Lengths = data.GivenLengths,
                Weights = weights,
                ContextGradient = data.ContextGradient,
                MemoryGradient = memoryGradient,
                Gradients = new ParameterSet<T>(),
                Workspace = RnnRun<T>.Filled(shape.MemorySteps * shape.Batch),
            },
            Queries = queries,
            QueriesGradient = queriesGradient,
            AddsToQueries = !isAdditive,
            Keys = keys,
            KeysGradient = keysGradient,
            KeySize = shape.KeySize,
            MemorySize = shape.MemorySize,
            Scale = scale,
            Vector = vector,
            VectorParts = parts,
            VectorGradient = vectorGradient,
        }.Run<TLane>(WorkerTeam.Alone);
        return [context, weights, queriesGradient, keysGradient, memoryGradient, parts, vectorGradient];
    }
}
