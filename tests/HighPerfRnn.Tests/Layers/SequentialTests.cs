using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Networks of every kind of layer, bit for bit against the layers by themselves, and against themselves.</summary>
[Trait("Category", "Width")]
public sealed class SequentialTests
{
    private const ulong Call = 9;

    [CaseProperty]
    public void EqualsItsLayersByHand(CellCase shape)
    {
        CheckByHand<float>(shape);
        CheckByHand<double>(shape);
    }

    [CaseProperty]
    public void WhatLiesPastRowsEndsChangesNothing(CellCase drawn)
    {
        CellCase shape = drawn with { Traits = drawn.Traits | CellTraits.Ragged };
        NetworkRun<float> clean = new NetworkRun<float>(shape, KindOf(shape)).Both(Call);
        SameResults(clean, new NetworkRun<float>(shape, KindOf(shape), hasGarbage: true).Both(Call));
        for (int i = 0; i < clean.Steps * clean.Batch; i++)
        {
            if (i / clean.Batch < clean.Lengths[i % clean.Batch]) continue;
            Assert.True(clean.Output.AsSpan(i * clean.Network.OutputSize, clean.Network.OutputSize).IndexOfAnyExcept(0f) < 0);
        }
    }

    [CaseProperty]
    public void WorkersGiveTheSameBits(CellCase shape)
    {
        using var workers = new WorkerGroup(1 + (shape.Seed % 3), multiplyAddsPerWorker: 0);
        SameResults(
            new NetworkRun<double>(shape, KindOf(shape)).Both(Call),
            new NetworkRun<double>(shape, KindOf(shape)).Both(Call, workers));
    }

    [CaseProperty]
    public void DropoutOfNothingIsNoDropout(CellCase shape)
    {
        int kind = KindOf(shape);
        NetworkRun<float> without = new NetworkRun<float>(shape, kind, drops: null).Both(Call);
        SameResults(without, new NetworkRun<float>(shape, kind, drops: 0).Both(Call));
        SameResults(without, new NetworkRun<float>(shape, kind, drops: 0.5).Both(dropoutCall: null));
    }

    [CaseProperty]
    public void ChunksFromSavedStatesEqualOneSequence(CellCase drawn)
    {
        CellCase shape = drawn with { Traits = drawn.Traits & ~CellTraits.Ragged };
        int kind = CausalKindOf(shape);
        foreach (ulong? call in (ulong?[])[null, Call])
        {
            var whole = new NetworkRun<float>(shape, kind);
            whole.Forward(call);
            int cut = whole.Steps / 2;
            float[] states = States(whole);
            float[] first = whole.Chunk(0, cut, states, call);
            // Another network with the same parameters, as after a restart.
            var other = new NetworkRun<float>(shape, kind);
            float[] restored = (float[])states.Clone();
            float[] second = other.Chunk(cut, whole.Steps, restored, call);
            Compare.Bits(whole.Output, first.Concat(second).ToArray(), "output");
            Compare.Bits(whole.FinalStates, restored, "final states");
        }
    }

    [CaseProperty]
    public void StepsEqualOneSequence(CellCase drawn)
    {
        CheckSteps<float>(drawn with { Traits = drawn.Traits & ~CellTraits.Ragged });
        CheckSteps<double>(drawn with { Traits = drawn.Traits & ~CellTraits.Ragged, Batch = 1 });
    }

    [CaseProperty]
    public void ARowAloneEqualsThatOfTheBatch(CellCase drawn)
    {
        CellCase shape = drawn with { Traits = drawn.Traits & ~(CellTraits.InitialState | CellTraits.FinalGradient) };
        NetworkRun<float> all = new NetworkRun<float>(shape, KindOf(shape)).Both(Call);
        int row = shape.Seed % all.Batch, steps = all.Lengths.Length > 0 ? all.Lengths[row] : all.Steps;
        var one = new NetworkRun<float>(shape with { Batch = 1, Steps = steps, Traits = shape.Traits & ~CellTraits.Ragged }, all.Kind);
        RowOf(all.Input, all.Network.InputSize).CopyTo(one.Input, 0);
        if (all.Tokens.Length > 0) RowOf(all.Tokens, 1).CopyTo(one.Tokens, 0);
        if (all.OutputGradient.Length > 0) RowOf(all.OutputGradient, all.Network.OutputSize).CopyTo(one.OutputGradient, 0);
        one.RowKeys[0] = all.RowKeys[row];
        one.Both(Call);
        Compare.Bits(RowOf(all.Output, all.Network.OutputSize), one.Output, "output");
        Compare.Bits(RowOf(all.InputGradient, all.Network.InputSize), one.InputGradient, "dX");

        TItem[] RowOf<TItem>(TItem[] sequence, int size) => sequence.Length == 0
            ? [] : [.. Enumerable.Range(0, steps).SelectMany(t => sequence.AsSpan(((t * all.Batch) + row) * size, size).ToArray())];
    }

    private static int KindOf(CellCase shape) => shape.Seed % NetworkParts.Kinds;

    private static int CausalKindOf(CellCase shape) => KindOf(shape) is var kind && NetworkParts.IsCausal(kind) ? kind : 0;

    private static T[] States<T>(NetworkRun<T> run)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        run.InitialStates.Length > 0 ? (T[])run.InitialStates.Clone() : new T[run.FinalStates.Length];

    private static void SameResults<T>(NetworkRun<T> expected, NetworkRun<T> actual)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (((string name, T[] numbers), (_, T[] others)) in expected.Results.Zip(actual.Results))
        {
            Compare.Bits(numbers, others, $"network {expected.Kind}, {name}");
        }
    }

    private static void CheckByHand<T>(CellCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ulong? call = shape.Has(CellTraits.Spread) ? null : Call;
        NetworkRun<T> run = new NetworkRun<T>(shape, KindOf(shape)).Both(call);
        var byHand = new NetworkByHand<T>(run, call);
        byHand.Both();
        T[][] expected =
        [
            byHand.Output, byHand.FinalStates, byHand.InputGradient, byHand.InitialStatesGradient,
            .. run.Network.ParameterSets.Select(byHand.Gradient),
        ];
        foreach ((T[] numbers, (string name, T[] actual)) in expected.Zip(run.Results)) Compare.Bits(numbers, actual, $"network {run.Kind}, {name}");
    }

    private static void CheckSteps<T>(CellCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var whole = new NetworkRun<T>(shape, CausalKindOf(shape));
        whole.Forward(dropoutCall: null);
        T[] states = States(whole);
        T[] workspace = RnnRun<T>.Filled(whole.Network.ForwardWorkspaceSize(1, whole.Batch));
        (int inputs, int outputs) = (whole.Batch * whole.Network.InputSize, whole.Batch * whole.Network.OutputSize);
        for (int t = 0; t < whole.Steps; t++)
        {
            T[] output = RnnRun<T>.Filled(outputs);
            whole.Network.Step(new SequentialStep<T>
            {
                Batch = whole.Batch,
                Input = whole.Tokens.Length > 0 ? default : whole.Input.AsSpan(t * inputs, inputs),
                Tokens = whole.Tokens.Length > 0 ? whole.Tokens.AsSpan(t * whole.Batch, whole.Batch) : default,
                States = states,
                Output = output,
                Workspace = workspace,
            });
            Compare.Bits<T>(whole.Output.AsSpan(t * outputs, outputs), output, $"network {whole.Kind}, step {t}");
        }

        Compare.Bits(whole.FinalStates, states, "states");
    }
}
