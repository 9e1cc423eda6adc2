namespace HighPerfRnn.Training;

/// <summary>What <see cref="CtcLoss{T}"/> makes of the losses of rows, which it gives one by one as well.</summary>
public enum CtcReduction
{
    /// <summary>Each is divided by the length of its target, at least 1, and the mean is taken over the batch.</summary>
    Mean,

    /// <summary>They are added.</summary>
    Sum,
}
