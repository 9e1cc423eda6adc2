using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;

namespace HighPerfRnn.Cli.Bench;

/// <summary>What a row computes in or, in inference, holds its weights in.</summary>
internal enum BenchPrecision
{
    /// <summary>32 bits.</summary>
    Float,

    /// <summary>64 bits.</summary>
    Double,

    /// <summary>Weights of 16 bits, sums in float.</summary>
    BFloat16,

    /// <summary>Weights of 8 bits, sums in whole numbers.</summary>
    Int8,
}

/// <summary>What a call does.</summary>
internal enum BenchMode
{
    /// <summary>One time step; its state is the next one's.</summary>
    Step,

    /// <summary>A whole sequence.</summary>
    Forward,

    /// <summary>Back through the whole sequence, every gradient.</summary>
    Backward,

    /// <summary>Forward, backward, and packing the weights anew.</summary>
    Training,
}

/// <summary>A row to measure.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Mode">What a call does.</param>
/// <param name="Weights">How the weights are held.</param>
/// <param name="Cell">The cell of every layer.</param>
/// <param name="Layers">How many layers stand on each other.</param>
/// <param name="IsBidirectional">Whether each runs both ways, its outputs side by side.</param>
internal readonly record struct BenchCase(
    int Batch,
    int Steps,
    int InputSize,
    int HiddenSize,
    BenchMode Mode,
    WeightFormat Weights = WeightFormat.Full,
    RecurrentCellKind Cell = RecurrentCellKind.Rnn,
    int Layers = 1,
    bool IsBidirectional = false)
{
    /// <summary>The layers.</summary>
    public RecurrentSizes Sizes => new(Cell, Layers, InputSize, HiddenSize, IsBidirectional ? 2 : 1);

    /// <summary>Numbers of a layer's output.</summary>
    public int OutputSize => Sizes.Directions * HiddenSize;

    /// <summary>The rows of a run that names none.</summary>
    public static IReadOnlyList<BenchCase> Defaults(bool quick)
    {
        (int, int, int, int)[] sequences = quick
            ? [(32, 128, 256, 256), (64, 128, 128, 128)]
            : [(32, 128, 256, 256), (64, 128, 128, 128), (32, 64, 512, 512)];
        var cases = new List<BenchCase>();
        foreach (int size in (int[])[16, 32, 64, 128, 256]) cases.Add(new BenchCase(1, 1, size, size, BenchMode.Step));
        // Where float weights leave the second-level cache of most machines.
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>()) cases.Add(new BenchCase(1, 1, 512, 512, BenchMode.Step, format));
        foreach ((int batch, int steps, int input, int hidden) in sequences)
        {
            foreach (BenchMode mode in (BenchMode[])[BenchMode.Forward, BenchMode.Backward, BenchMode.Training])
            {
                cases.Add(new BenchCase(batch, steps, input, hidden, mode));
            }
        }

        return cases;
    }

    /// <summary>Operations of one call: two for each multiply-add of the products; backward has twice those of forward.</summary>
    public double Operations
    {
        get
        {
            double step = 2.0 * Batch * Sizes.Weights;
            return Mode switch
            {
                BenchMode.Step => step,
                BenchMode.Forward => step * Steps,
                BenchMode.Backward => 2 * step * Steps,
                _ => 3 * step * Steps,
            };
        }
    }

    /// <summary>Whether there is a backward pass in it.</summary>
    public bool IsInference => Mode is BenchMode.Step or BenchMode.Forward;

    /// <summary>
    /// Numbers of weights that are loaded again and again: a sequence needs Wx once for all its steps, and the layers and their directions one after the other.
    /// </summary>
    public long WorkingWeights => Mode == BenchMode.Step ? Sizes.Weights : Sizes.RecurrentWeights / (Layers * Sizes.Directions);

    /// <summary>Numbers of weights that one call has to load: a sequence the recurrent ones at every step, the others once.</summary>
    public double LoadedWeights
    {
        get
        {
            double steps = Mode == BenchMode.Step ? 1 : Steps;
            double pass = Sizes.InputWeights + (steps * Sizes.RecurrentWeights);
            return Mode == BenchMode.Training ? 2 * pass : pass;
        }
    }

    /// <summary>Bytes of a weight in a layer whose numbers have so many.</summary>
    public int WeightBytes(int numberBytes) => Weights switch
    {
        WeightFormat.BFloat16 => 2,
        WeightFormat.Int8 => 1,
        _ => numberBytes,
    };
}
