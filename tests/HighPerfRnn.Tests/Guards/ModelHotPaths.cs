using System.Numerics;
using System.Text;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The calls of the models.</summary>
internal static class ModelHotPaths<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] Tokens = [0, 1, 2, 3, 2, 1];

    public static IReadOnlyList<HotPath> All { get; } =
    [
        new("Alphabet.TryGetToken(Rune, ref Int32)", _ =>
        {
            var alphabet = new Alphabet("abcd");
            return () => alphabet.TryGetToken(new Rune('c'), out int _);
        }),
        new("CharacterModel.Repack(WorkerGroup)", workers => OfEveryCell(model => () => model.Repack(workers))),
        new("CharacterModelPass.Forward(ReadOnlySpan<Int32>, WorkerGroup)", workers => OfEveryCell(model =>
        {
            var pass = new CharacterModelPass<T>(model, maxSteps: 3, batch: 2);
            return () => pass.Forward(Tokens, workers);
        })),
        new(
            "CharacterModelPass.Backward(ReadOnlySpan<Int32>, ReadOnlySpan<T>, IReadOnlyList<ParameterSet>, WorkerGroup)",
            workers => OfEveryCell(model =>
            {
                var pass = new CharacterModelPass<T>(model, maxSteps: 3, batch: 2);
                ParameterSet<T>[] gradients = [.. model.ParameterSets.Select(set => set.CreateZeros())];
                pass.Forward(Tokens, workers);
                return () => pass.Backward(Tokens, pass.Logits, gradients, workers);
            })),
        new("CharacterModelPass.State(Int32)", _ => Pass(pass => pass.State(0))),
        new("CharacterModelPass.CellState(Int32)", _ => Pass(pass => pass.CellState(0))),
        new("CharacterModelPass.CarryState()", _ => Pass(pass => pass.CarryState())),
        new("CharacterModelPass.ResetState()", _ => Pass(pass => pass.ResetState())),
        new("CharacterSession.Next(Int32)", _ => OfEveryCell(model =>
        {
            var session = new CharacterSession<T>(model);
            return () => session.Next(1);
        })),
        new("CharacterSession.Reset()", _ =>
        {
            var session = new CharacterSession<T>(Model());
            return () => session.Reset();
        }),
        new("CharacterSampler.Next(ReadOnlySpan<T>)", _ =>
        {
            var sampler = new CharacterSampler<T>(vocabularySize: 40, seed: 1, temperature: 0.8, topK: 7);
            T[] logits = [.. Enumerable.Range(0, 40).Select(i => T.CreateChecked((i * 7) % 11))];
            return () => sampler.Next(logits);
        }),
    ];

    /// <summary>The calls of a model of each cell, one after the other.</summary>
    public static Action OfEveryCell(Func<CharacterModel<T>, Action> create)
    {
        Action[] calls = [.. Enum.GetValues<RecurrentCellKind>().Select(cell => create(Model(cell)))];
        return () =>
        {
            foreach (Action call in calls) call();
        };
    }

    public static CharacterModel<T> Model(RecurrentCellKind cell = RecurrentCellKind.Rnn)
    {
        var options = new CharacterModelOptions { Cell = cell, HiddenSize = 5, Layers = 2, EmbeddingSize = 3 };
        var model = new CharacterModel<T>(new Alphabet("abcd"), options);
        model.Repack();
        return model;
    }

    private static Action Pass(Action<CharacterModelPass<T>> call) => OfEveryCell(model =>
    {
        var pass = new CharacterModelPass<T>(model, maxSteps: 3, batch: 2);
        return () => call(pass);
    });
}
