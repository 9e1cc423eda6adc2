using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Models;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of pooling and of networks that label.</summary>
internal static class ClassifierHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly PoolingKind?[] Kinds = [null, .. Enum.GetValues<PoolingKind>()];

    public static IReadOnlyList<HotPath> All { get; } =
    [
        new("SequencePooling.ReserveSize(Int32, Int32)", _ => OfEveryPooling(pooling => pooling.ReserveSize(4, 3))),
        new("SequencePooling.WorkspaceSize(Int32, Int32)", _ => OfEveryPooling(pooling => pooling.WorkspaceSize(4, 3))),
        new("SequencePooling.Repack()", _ => OfEveryPooling(pooling => pooling.Repack())),
        new("SequencePooling.Forward(ref PoolingForward, WorkerGroup)", workers => OfEveryKind(run => run.Pass.Forward(run.Sample.ToBatch(), workers))),
        new("SequencePooling.Backward(ref PoolingBackward, WorkerGroup)", workers => OfEveryKind(run =>
            run.Pass.Backward(run.Sample.ToBatch(), run.Pass.Logits, run.Gradients, workers))),
        new("SequenceClassifier.Repack()", _ => OfEveryKind(run => run.Sample.Model.Repack())),
        new("SequenceClassifierPass.Forward(ref SequenceBatch, WorkerGroup)", workers => OfEveryKind(run =>
            run.Pass.Forward(run.Sample.ToBatch(), workers))),
        new(
            "SequenceClassifierPass.Backward(ref SequenceBatch, ReadOnlySpan<T>, IReadOnlyList<ParameterSet>, WorkerGroup)",
            workers => OfEveryKind(run => run.Pass.Backward(run.Sample.ToBatch(), run.Pass.Logits, run.Gradients, workers))),
        new("SequenceClassifierSession.Step(ReadOnlySpan<T>)", _ => OfSession(hasTokens: false, (session, sample) => session.Step(sample.InputOf(0, 0)))),
        new("SequenceClassifierSession.Step(Int32)", _ => OfSession(hasTokens: true, (session, _) => session.Step(1))),
        new("SequenceClassifierSession.Reset()", _ => OfSession(hasTokens: true, (session, _) => session.Reset())),
    ];

    private static Action OfEveryPooling(Action<SequencePooling<T>> call)
    {
        SequencePooling<T>[] poolings = [.. Enum.GetValues<PoolingKind>().Select(kind => new SequencePooling<T>(kind, 5))];
        return () =>
        {
            for (int i = 0; i < poolings.Length; i++) call(poolings[i]);
        };
    }

    private static Action OfEveryKind(Action<ClassifierRun> call)
    {
        ClassifierRun[] runs = [.. Kinds.SelectMany(kind => (ClassifierRun[])[new(kind, hasTokens: false), new(kind, hasTokens: true)])];
        return () =>
        {
            for (int i = 0; i < runs.Length; i++) call(runs[i]);
        };
    }

    private static Action OfSession(bool hasTokens, Action<SequenceClassifierSession<T>, SequenceClassifierSamples<T>> call)
    {
        var sample = new SequenceClassifierSamples<T>(null, hasTokens, isCausal: true);
        var session = new SequenceClassifierSession<T>(sample.Model);
        return () => call(session, sample);
    }

    /// <summary>A network with room for its passes, the first of which has run.</summary>
    private sealed class ClassifierRun
    {
        public ClassifierRun(PoolingKind? pooling, bool hasTokens)
        {
            Sample = new SequenceClassifierSamples<T>(pooling, hasTokens, dropout: 0.3);
            Pass = new SequenceClassifierPass<T>(Sample.Model, Sample.Steps, Sample.Batch);
            Gradients = [.. Sample.Model.ParameterSets.Select(set => set.CreateZeros())];
            Pass.Forward(Sample.ToBatch());
        }

        public SequenceClassifierSamples<T> Sample { get; }

        public SequenceClassifierPass<T> Pass { get; }

        public ParameterSet<T>[] Gradients { get; }
    }
}
