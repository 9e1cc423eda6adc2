using HighPerfRnn.Benchmarks;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>A training under way; a call is an iteration.</summary>
internal interface IModelTraining : IWork
{
    /// <summary>The mean loss of the last iteration before its update, in nats.</summary>
    double LastLoss { get; }
}
