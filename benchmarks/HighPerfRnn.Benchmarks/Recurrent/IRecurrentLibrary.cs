namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>A library that runs recurrent layers.</summary>
public interface IRecurrentLibrary
{
    /// <summary>Its name, as in <see cref="WorkCase.Library"/>.</summary>
    string Name { get; }

    /// <summary>What of it is measured, for the report.</summary>
    string Version { get; }

    /// <summary>Why it cannot run here; null when it can.</summary>
    string? Missing { get; }

    /// <summary>Whether it has a way to do this.</summary>
    bool Supports(RecurrentCase work);

    /// <summary>Takes the weights in its own best way, and binds the data.</summary>
    IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem);
}

/// <summary>A recurrent layer of some library with a problem's weights and data bound to it.</summary>
public interface IRecurrentWork : IWork
{
    /// <summary>
    /// What the calls so far have computed, by name: "states" [T, B, H] of a sequence, "state" [B, H] of the last step; of
    /// training, also "dInput" [T, B, I], "dInputWeights" [I, G·H], "dRecurrentWeights" [H, G·H] and "dBias" [G·H].
    /// </summary>
    IReadOnlyDictionary<string, float[]> Results();
}
