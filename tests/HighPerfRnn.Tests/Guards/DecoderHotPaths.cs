using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Models;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of encoder-decoders and of the search for what they say.</summary>
internal static class DecoderHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Width = 3;
    private const int Vocabulary = EncoderDecoderSamples<T>.Vocabulary;

    private static readonly bool[] Both = [false, true];

    public static IReadOnlyList<HotPath> All { get; } =
    [
        new("EncoderDecoder.Repack()", _ => OfEveryScore(run => run.Model.Repack())),
        new("EncoderDecoderPass.Forward(ref EncoderDecoderBatch, WorkerGroup)", workers => OfEveryScore(run =>
            run.Pass.Forward(run.Data.ToBatch(1), workers))),
        new(
            "EncoderDecoderPass.Backward(ref EncoderDecoderBatch, ReadOnlySpan<T>, IReadOnlyList<ParameterSet>, WorkerGroup)",
            workers => OfEveryScore(run => run.Pass.Backward(run.Data.ToBatch(1), run.Pass.Logits, run.Gradients, workers))),
        new("EncoderDecoderPass.CopyTargets(ReadOnlySpan<Int32>, Span<Int32>)", _ => OfEveryScore(run =>
        {
            Span<int> targets = stackalloc int[run.Pass.LogitRows];
            run.Pass.CopyTargets(run.Data.Targets, targets);
        })),
        new("EncoderDecoderPass.AttentionWeights(Int32, Int32, Int32)", _ => OfEveryScore(run =>
            run.Pass.AttentionWeights(run.Data.TargetSteps, run.Data.Batch, run.Data.SourceSteps))),
        new("EncoderDecoderSession.Encode(ReadOnlySpan<Int32>)", _ => OfSession(hasTokens: true, Encode)),
        new("EncoderDecoderSession.Encode(Int32, ReadOnlySpan<T>)", _ => OfSession(hasTokens: false, Encode)),
        new("EncoderDecoderSession.Score(ReadOnlySpan<Int32>, ReadOnlySpan<Int32>, Span<T>)", _ =>
        {
            int[] parents = new int[Width], tokens = new int[Width];
            T[] logits = new T[Width * Vocabulary];
            return OfSession(hasTokens: true, (session, _) => session.Score(parents, tokens, logits));
        }),
        new("BeamEnsemble.Score(ReadOnlySpan<Int32>, ReadOnlySpan<Int32>, Span<T>)", _ =>
        {
            int[] parents = new int[Width], tokens = new int[Width];
            T[] logits = new T[Width * Vocabulary];
            var ensemble = new BeamEnsemble<T>([Session(hasTokens: true).Session, Session(hasTokens: true).Session], Vocabulary, Width);
            return () => ensemble.Score(parents, tokens, logits);
        }),
        new("BeamSearch.Search(TScorer, Int32, Int32)", _ =>
        {
            var search = new BeamSearch<T>(Vocabulary, Width, maxLength: 5);
            return OfSession(hasTokens: true, (session, data) =>
            {
                Encode(session, data);
                search.Search(session, 1, 2);
            });
        }),
        new("BeamSearch.Length(Int32)", _ => Searched(search => search.Length(0))),
        new("BeamSearch.LogProbability(Int32)", _ => Searched(search => search.LogProbability(0))),
        new("BeamSearch.Score(Int32)", _ => Searched(search => search.Score(0))),
        new("BeamSearch.CopyTokens(Int32, Span<Int32>)", _ =>
        {
            int[] tokens = new int[5];
            return Searched(search => search.CopyTokens(0, tokens));
        }),
    ];

    private static Action OfEveryScore(Action<DecoderRun> call)
    {
        DecoderRun[] runs =
        [
            .. from score in Enum.GetValues<AttentionScore>()
               from hasTokens in Both
               select new DecoderRun(score, hasTokens),
        ];
        return () =>
        {
            for (int i = 0; i < runs.Length; i++) call(runs[i]);
        };
    }

    private static Action OfSession(bool hasTokens, Action<EncoderDecoderSession<T>, EncoderDecoderData<T>> call)
    {
        (EncoderDecoderSession<T> session, EncoderDecoderData<T> data) = Session(hasTokens);
        return () => call(session, data);
    }

    private static (EncoderDecoderSession<T> Session, EncoderDecoderData<T> Data) Session(bool hasTokens)
    {
        var session = new EncoderDecoderSession<T>(new EncoderDecoderSamples<T>(AttentionScore.Additive, hasTokens, outputReadsContext: hasTokens).Model, 4, Width);
        EncoderDecoderData<T> data = new EncoderDecoderData<T>(4, 3, 1, hasTokens, 1).Row(0);
        Encode(session, data);
        return (session, data);
    }

    private static void Encode(EncoderDecoderSession<T> session, EncoderDecoderData<T> data)
    {
        if (data.SourceTokens.Length > 0) session.Encode(data.SourceTokens);
        else session.Encode(data.SourceSteps, data.Source);
    }

    private static Action Searched(Action<BeamSearch<T>> call)
    {
        var search = new BeamSearch<T>(Vocabulary, Width, maxLength: 5);
        OfSession(hasTokens: true, (session, _) => search.Search(session, 1, 2))();
        return () => call(search);
    }

    /// <summary>A network with room for its passes, the first of which has run.</summary>
    private sealed class DecoderRun
    {
        public DecoderRun(AttentionScore score, bool hasTokens)
        {
            Model = new EncoderDecoderSamples<T>(score, hasTokens, dropout: 0.3, layers: 2, outputReadsContext: hasTokens).Model;
            Data = new EncoderDecoderData<T>(4, 3, 2, hasTokens, seed: 1);
            Pass = new EncoderDecoderPass<T>(Model, 4, 3, 2);
            Gradients = [.. Model.ParameterSets.Select(set => set.CreateZeros())];
            Pass.Forward(Data.ToBatch(1));
        }

        public EncoderDecoder<T> Model { get; }

        public EncoderDecoderData<T> Data { get; }

        public EncoderDecoderPass<T> Pass { get; }

        public ParameterSet<T>[] Gradients { get; }
    }
}
