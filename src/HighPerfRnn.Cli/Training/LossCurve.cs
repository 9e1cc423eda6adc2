namespace HighPerfRnn.Cli.Training;

/// <summary>The losses of a run: one an iteration, and those of the validation part now and then.</summary>
/// <param name="firstIteration">The iteration of the first training loss.</param>
internal sealed class LossCurve(long firstIteration)
{
    private readonly List<double> _training = [];
    private readonly List<(long Iteration, double Loss)> _validation = [];

    /// <summary>The iteration of the first training loss, from 1.</summary>
    public long FirstIteration { get; } = firstIteration;

    /// <summary>One an iteration.</summary>
    public IReadOnlyList<double> Training => _training;

    /// <summary>At intervals.</summary>
    public IReadOnlyList<(long Iteration, double Loss)> Validation => _validation;

    /// <summary>Adds the next iteration's loss.</summary>
    public void Add(double loss) => _training.Add(loss);

    /// <summary>Adds a validation loss.</summary>
    public void AddValidation(long iteration, double loss) => _validation.Add((iteration, loss));

    /// <summary>The mean of the last losses, which one window alone would leave to chance; NaN when there is none.</summary>
    public double RecentMean(int count)
    {
        int taken = Math.Min(count, _training.Count);
        double sum = 0;
        for (int i = _training.Count - taken; i < _training.Count; i++) sum += _training[i];
        return taken > 0 ? sum / taken : double.NaN;
    }
}
