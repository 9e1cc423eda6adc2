using HighPerfRnn.Kernels;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>The cells.</summary>
public enum RecurrentCell
{
    /// <summary>h_t = tanh(x_t·Wx + h_{t-1}·Wh + b).</summary>
    Rnn,
}

/// <summary>What a call does.</summary>
public enum RecurrentMode
{
    /// <summary>One time step; its state is the next one's.</summary>
    Step,

    /// <summary>A whole sequence from a given state.</summary>
    Forward,

    /// <summary>Forward, backward with every gradient, and what packing the changed weights costs.</summary>
    Training,
}

/// <summary>A recurrent layer at a size.</summary>
/// <param name="Library">Who computes it.</param>
/// <param name="Cell">The cell.</param>
/// <param name="Mode">What a call does.</param>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Threads">How many threads.</param>
/// <param name="Weights">What the weights are held in.</param>
public sealed record RecurrentCase(
    string Library,
    RecurrentCell Cell,
    RecurrentMode Mode,
    int Batch,
    int Steps,
    int InputSize,
    int HiddenSize,
    int Threads = 1,
    WeightFormat Weights = WeightFormat.Full)
    : WorkCase(Library, Threads)
{
    /// <summary>G, sums a unit.</summary>
    public int Gates => Cell switch
    {
        RecurrentCell.Rnn => 1,
        _ => throw new InvalidOperationException($"{Cell} has no number of gates yet."),
    };

    /// <inheritdoc/>
    /// <remarks>Backward has twice the products of forward.</remarks>
    public override double Operations
    {
        get
        {
            double forward = 2.0 * Batch * Steps * Gates * HiddenSize * ((double)InputSize + HiddenSize);
            return Mode == RecurrentMode.Training ? 3 * forward : forward;
        }
    }

    /// <inheritdoc/>
    /// <remarks>A sequence needs Wx once for all its steps, and Wh in each of them.</remarks>
    public override long WorkingSetBytes => RecurrentBytes + (Steps == 1 ? InputBytes : 0);

    /// <inheritdoc/>
    public override double LoadedBytes => ((double)Steps * RecurrentBytes) + InputBytes;

    /// <summary>What Wh takes.</summary>
    public long RecurrentBytes => BytesOfWeight * Gates * HiddenSize * HiddenSize;

    private long InputBytes => BytesOfWeight * Gates * HiddenSize * InputSize;

    private long BytesOfWeight => Weights switch
    {
        WeightFormat.Full => sizeof(float),
        WeightFormat.BFloat16 => sizeof(ushort),
        _ => sizeof(sbyte),
    };

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Library} {Cell} {Mode} B={Batch} T={Steps} I={InputSize} H={HiddenSize} threads={Threads}"
        + (Weights == WeightFormat.Full ? "" : $" weights={Weights}");
}
