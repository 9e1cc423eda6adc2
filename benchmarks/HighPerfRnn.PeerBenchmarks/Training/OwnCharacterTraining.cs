using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Training;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>The character model in training, by this library.</summary>
internal sealed class OwnCharacterTraining : IModelTraining
{
    private readonly CharacterTrainer<float> _trainer;

    public OwnCharacterTraining(RecurrentCell cell)
    {
        Model = new CharacterModel<float>(CharacterText.Alphabet, CharacterTrainingCase.Model with { Cell = KindOf(cell) });
        _trainer = new CharacterTrainer<float>(Model, CharacterText.Tokens, CharacterTrainingCase.Options);
        _trainer.Initialize();
    }

    /// <summary>The model, whose initial parameters others take over.</summary>
    public CharacterModel<float> Model { get; }

    public double LastLoss { get; private set; }

    public void Run() => LastLoss = _trainer.Step().Loss;

    public void Dispose()
    {
    }

    private static RecurrentCellKind KindOf(RecurrentCell cell) => cell switch
    {
        RecurrentCell.Rnn => RecurrentCellKind.Rnn,
        RecurrentCell.Lstm => RecurrentCellKind.Lstm,
        RecurrentCell.Gru => RecurrentCellKind.Gru,
        _ => throw new NotSupportedException($"{cell} is not compared in training."),
    };
}
