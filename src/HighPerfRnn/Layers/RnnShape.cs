namespace HighPerfRnn.Layers;

/// <summary>The sizes of one pass over a recurrent layer.</summary>
/// <param name="Steps">T, time steps.</param>
/// <param name="Batch">B, rows: sequences that run side by side.</param>
/// <param name="InputSize">I, numbers a step and row.</param>
/// <param name="HiddenSize">H, units.</param>
public readonly record struct RnnShape(int Steps, int Batch, int InputSize, int HiddenSize)
{
    /// <summary>T · B.</summary>
    internal int Rows => checked(Steps * Batch);

    /// <summary>Of one forward pass: T·B·H·(I + H).</summary>
    internal long MultiplyAdds => (long)Rows * HiddenSize * ((long)InputSize + HiddenSize);

    /// <exception cref="ArgumentOutOfRangeException">A size is negative, or B, I or H is zero.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(InputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HiddenSize);
    }
}
