using HighPerfRnn.Benchmarks;
using HighPerfRnn.Models;
using HighPerfRnn.Training;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>The character model in training, by this library.</summary>
internal sealed class OwnCharacterTraining : ICharacterTraining
{
    private readonly CharacterTrainer<float> _trainer;

    public OwnCharacterTraining()
    {
        Model = new CharacterModel<float>(CharacterText.Alphabet, CharacterTrainingCase.Model);
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
}

/// <summary>A training under way; a call is an iteration.</summary>
internal interface ICharacterTraining : IWork
{
    /// <summary>The mean loss of the last iteration's window, in nats.</summary>
    double LastLoss { get; }
}
