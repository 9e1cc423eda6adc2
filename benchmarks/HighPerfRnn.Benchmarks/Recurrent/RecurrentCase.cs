using HighPerfRnn.Kernels;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>The cells.</summary>
public enum RecurrentCell
{
    /// <summary>h_t = tanh(x_t·Wx + h_{t-1}·Wh + b).</summary>
    Rnn,

    /// <summary>Gates i, f, g, o without peepholes or projection.</summary>
    Lstm,

    /// <summary>Gates r, z, n, the reset after the product.</summary>
    Gru,

    /// <summary>Gates z, n that do not look at h.</summary>
    MinGru,
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
/// <param name="IsRagged">Whether rows have lengths of their own, uniform in 1..T, rather than T each.</param>
public sealed record RecurrentCase(
    string Library,
    RecurrentCell Cell,
    RecurrentMode Mode,
    int Batch,
    int Steps,
    int InputSize,
    int HiddenSize,
    int Threads = 1,
    WeightFormat Weights = WeightFormat.Full,
    bool IsRagged = false)
    : WorkCase(Library, Threads)
{
    /// <summary>G, sums a unit.</summary>
    public int Gates => Cell switch
    {
        RecurrentCell.Rnn => 1,
        RecurrentCell.Lstm => 4,
        RecurrentCell.Gru => 3,
        RecurrentCell.MinGru => 2,
        _ => throw new InvalidOperationException($"{Cell} has no number of gates yet."),
    };

    /// <summary>How many of them look at h.</summary>
    public int RecurrentGates => Cell == RecurrentCell.MinGru ? 0 : Gates;

    /// <summary>The steps of each row; null where all have T.</summary>
    public int[]? Lengths
    {
        get
        {
            if (!IsRagged) return null;
            var random = new CounterRandom(1);
            int[] lengths = new int[Batch];
            foreach (ref int length in lengths.AsSpan()) length = 1 + random.NextInt(Steps);
            return lengths;
        }
    }

    /// <summary>Steps of all rows together.</summary>
    public int ValidRows => Lengths?.Sum() ?? (Batch * Steps);

    /// <inheritdoc/>
    /// <remarks>Backward has twice the products of forward.</remarks>
    public override double Operations
    {
        get
        {
            double forward = 2.0 * ValidRows * HiddenSize * (((double)Gates * InputSize) + (RecurrentGates * HiddenSize));
            return Mode == RecurrentMode.Training ? 3 * forward : forward;
        }
    }

    /// <inheritdoc/>
    /// <remarks>A sequence needs Wx once for all its steps, and Wh, where there is one, in each of them.</remarks>
    public override long WorkingSetBytes => RecurrentBytes + (Steps == 1 || RecurrentGates == 0 ? InputBytes : 0);

    /// <inheritdoc/>
    public override double LoadedBytes => ((double)Steps * RecurrentBytes) + InputBytes;

    /// <summary>What Wh takes.</summary>
    public long RecurrentBytes => BytesOfWeight * RecurrentGates * HiddenSize * HiddenSize;

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
        + (Weights == WeightFormat.Full ? "" : $" weights={Weights}")
        + (IsRagged ? " ragged" : "");
}
