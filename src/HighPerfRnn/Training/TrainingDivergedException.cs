namespace HighPerfRnn.Training;

/// <summary>
/// The loss or the gradient is not finite any more. The parameters are those of the last iteration whose loss and gradient were
/// finite, after its update: it may be that update which ruined them, so an older checkpoint is what to go back to.
/// </summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Training diverged.</summary>
    public TrainingDivergedException()
        : this("Training diverged.")
    {
    }

    /// <summary>Training diverged, with one line that says where.</summary>
    public TrainingDivergedException(string message)
        : base(message)
    {
    }

    /// <summary>Training diverged, with one line that says where, and a cause.</summary>
    public TrainingDivergedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
