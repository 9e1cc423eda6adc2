using HighPerfRnn.Memory;

namespace HighPerfRnn.Tasks.Training;

/// <summary>A network with the examples that it learns from, as a <see cref="TaskTrainer"/> sees them.</summary>
public interface ITrainableTask
{
    /// <summary>What is learned.</summary>
    IReadOnlyList<ParameterSet<float>> ParameterSets { get; }

    /// <summary>A length an example, for batches of alike lengths; as many as there are examples.</summary>
    ReadOnlySpan<int> TrainingLengths { get; }

    /// <summary>The mean loss of some examples; adds its gradients. Allocates nothing after the first call.</summary>
    /// <param name="examples">Which.</param>
    /// <param name="draw">What masks and everything else that training draws follow from.</param>
    /// <param name="gradients">A set for each of <see cref="ParameterSets"/>, added to.</param>
    double Accumulate(ReadOnlySpan<int> examples, ulong draw, IReadOnlyList<ParameterSet<float>> gradients);

    /// <summary>Tokens or frames of some examples, for the speed that is shown.</summary>
    long UnitsOf(ReadOnlySpan<int> examples);

    /// <summary>Takes the parameters as they are now.</summary>
    void Repack();

    /// <summary>Measures the network on what it does not learn from.</summary>
    TaskScore Validate();
}

/// <summary>What a validation found.</summary>
/// <param name="Loss">Mean loss, for the curve; NaN without a validation part.</param>
/// <param name="Decisive">What the best parameters are chosen by: the larger the better.</param>
/// <param name="Metrics">Further numbers by name.</param>
public sealed record TaskScore(double Loss, double Decisive, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>A score where the smallest loss is the best.</summary>
    public static TaskScore OfLoss(double loss) => new(loss, -loss, new Dictionary<string, double>());
}
