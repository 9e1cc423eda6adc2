using HighPerfRnn.Kernels;
using HighPerfRnn.Training;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>The numbers of a case, the same for every library: drawn from one seed, row-major, time first.</summary>
public sealed class RecurrentProblem
{
    /// <summary>Draws the weights and the bias within ±1/√H, the rest within ±1.</summary>
    public RecurrentProblem(RecurrentCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var random = new CounterRandom(1);
        double bound = 1 / Math.Sqrt(work.HiddenSize);
        int columns = work.Gates * work.HiddenSize;
        InputWeights = Draw(work.InputSize * columns, bound, ref random);
        RecurrentWeights = Draw(work.HiddenSize * work.RecurrentGates * work.HiddenSize, bound, ref random);
        Bias = Draw(columns, bound, ref random);
        InitialState = Draw(work.Batch * work.HiddenSize, 1, ref random);
        Input = Draw(work.Steps * work.Batch * work.InputSize, 1, ref random);
        OutputGradient = Draw(work.Mode == RecurrentMode.Training ? work.Steps * work.Batch * work.HiddenSize : 0, 1, ref random);
        InitialCellState = Draw(work.Cell == RecurrentCell.Lstm ? InitialState.Length : 0, 1, ref random);
        Lengths = work.Lengths;
    }

    /// <summary>Wx [I, G·H].</summary>
    public float[] InputWeights { get; }

    /// <summary>Wh [H, G·H].</summary>
    public float[] RecurrentWeights { get; }

    /// <summary>b [G·H].</summary>
    public float[] Bias { get; }

    /// <summary>h₋₁ [B, H].</summary>
    public float[] InitialState { get; }

    /// <summary>c₋₁ [B, H]; empty but for an LSTM.</summary>
    public float[] InitialCellState { get; }

    /// <summary>Steps of each row; null where all have T.</summary>
    public int[]? Lengths { get; }

    /// <summary>x [T, B, I].</summary>
    public float[] Input { get; }

    /// <summary>dY [T, B, H]; empty but for training.</summary>
    public float[] OutputGradient { get; }

    private static float[] Draw(int length, double bound, ref CounterRandom random)
    {
        float[] values = new float[length];
        Initialization.Uniform<float>(values, bound, ref random);
        return values;
    }
}
