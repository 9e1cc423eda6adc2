using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <summary>What <see cref="GradientCheck"/> draws and how exact it is.</summary>
public sealed record GradientCheckOptions
{
    /// <summary>I.</summary>
    public int InputSize { get; init; } = 3;

    /// <summary>H; by default more than the widest vector of doubles has, and not a whole number of them.</summary>
    public int HiddenSize { get; init; } = 11;

    /// <summary>B.</summary>
    public int Batch { get; init; } = 3;

    /// <summary>T. Long sequences of a cell that amplifies make differences useless, and gradients too.</summary>
    public int Steps { get; init; } = 4;

    /// <summary>Decides every number.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How far a gradient may be off, as a share of the largest one of its tensor.</summary>
    public double Tolerance { get; init; } = 1e-7;

    /// <summary>How far an output y in float may be from that in double, as a share of 1 + |y|.</summary>
    public double SingleTolerance { get; init; } = 1e-4;

    /// <summary>
    /// Writes parameters for which the numbers drawn will not do, such as a vector that must be positive; null to leave all as they
    /// were drawn: matrices uniform within ±1.5 / √rows, vectors within ±½.
    /// </summary>
    public Action<ParameterSet<double>>? Initialize { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A size or a tolerance is not positive.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(InputSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(HiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Steps);
        Positive(Tolerance, nameof(Tolerance));
        Positive(SingleTolerance, nameof(SingleTolerance));
    }

    private static void Positive(double value, string name)
    {
        if (!(value > 0 && double.IsFinite(value))) throw new ArgumentOutOfRangeException(name, value, "expected a finite positive number");
    }
}

/// <summary>
/// Proves a recurrent cell of your own: every gradient of a small layer against differences of its own forward pass, in double, and
/// that the layer is one function however it is called.
/// </summary>
/// <remarks>
/// <para>The loss is L = Σ u·h_t + Σ v·h_T + Σ w·c_T with random u, v and w, so that a gradient reaches every output and state. Each entry
/// of inputs, initial states and parameters is moved by -2s, -s, -s/2, s/2, s and 2s, s = 2⁻¹⁰; central differences extrapolated to
/// fourth order (Richardson 1911) from the outer and from the inner four must agree, which says how far they are from the truth, or else
/// s is shortened by 8, three times at most. One that settles judges the backward pass. Where it disagrees and the differences to the
/// left and to the right settle on different slopes, the entry lies at a kink, where either may be right: it is uncertain, as is one
/// whose differences never settle.</para>
/// <para>Beside that, bit for bit: single steps, of all rows and of one, give the sequence; a row alone gives what it gives in a batch.
/// It allocates, and takes eight forward passes an entry.</para>
/// </remarks>
public static class GradientCheck
{
    /// <summary>Checks a cell in double.</summary>
    /// <param name="cell">The equations, with their constants.</param>
    /// <param name="options">Sizes, seed and tolerance; null for the usual ones.</param>
    /// <returns>What was found; the same for the same arguments. It never throws for what a cell computes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size or a tolerance is not positive.</exception>
    /// <exception cref="ArgumentException">The cell's layout is impossible.</exception>
    public static GradientReport Run<TCell>(TCell cell, GradientCheckOptions? options = null)
        where TCell : struct, IRecurrentCell<double>
    {
        options ??= new GradientCheckOptions();
        options.Validate();
        return Run(new CellLayer<double, TCell>(options.InputSize, options.HiddenSize, cell), null, options);
    }

    /// <summary>Checks a cell in double, and that in float it computes the same to float's precision, and in one way.</summary>
    /// <param name="cell">The equations in double.</param>
    /// <param name="singleCell">The same in float.</param>
    /// <param name="options">Sizes, seed and tolerances; null for the usual ones.</param>
    /// <returns>What was found; the same for the same arguments. It never throws for what a cell computes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size or a tolerance is not positive.</exception>
    /// <exception cref="ArgumentException">A cell's layout is impossible, or the two differ in gates, cell states or vectors.</exception>
    public static GradientReport Run<TCell, TSingle>(TCell cell, TSingle singleCell, GradientCheckOptions? options = null)
        where TCell : struct, IRecurrentCell<double>
        where TSingle : struct, IRecurrentCell<float>
    {
        options ??= new GradientCheckOptions();
        options.Validate();
        CheckSame(TCell.Layout, TSingle.Layout);
        return Run(
            new CellLayer<double, TCell>(options.InputSize, options.HiddenSize, cell),
            new CellLayer<float, TSingle>(options.InputSize, options.HiddenSize, singleCell),
            options);
    }

    /// <summary>Any layer, whose parameters are drawn anew.</summary>
    internal static GradientReport Run(RecurrentLayer<double> layer, RecurrentLayer<float>? single, GradientCheckOptions options)
    {
        var run = new CheckedLayer<double>(layer, options.Steps, options.Batch);
        run.Draw(options.Seed, options.Initialize);
        run.Forward();
        run.Backward();
        var consistency = new GradientConsistency();
        consistency.Check(run);
        if (single is not null)
        {
            CheckedLayer<float> converted = run.ConvertTo(single);
            converted.Forward();
            converted.Backward();
            consistency.Check(converted);
            consistency.CheckNear(run, converted, options.SingleTolerance);
        }

        return new GradientReport
        {
            Tensors = new GradientDifferences(run, options.Tolerance).Run(),
            Inconsistencies = consistency.Found,
        };
    }

    private static void CheckSame(in CellLayout layout, in CellLayout single)
    {
        bool same = (layout.Gates, layout.StateGates, layout.ScratchGates, layout.CellStates)
                == (single.Gates, single.StateGates, single.ScratchGates, single.CellStates)
            && (layout.Vectors ?? []).SequenceEqual(single.Vectors ?? []);
        if (same) return;
        throw new ArgumentException($"The cell in float has {Describe(single)}; expected those of the cell in double, {Describe(layout)}.", nameof(single));
    }

    private static string Describe(in CellLayout layout) =>
        $"{layout.Gates} gates ({layout.StateGates} recurrent, {layout.ScratchGates} scratch), {layout.CellStates} cell states and vectors "
        + $"[{string.Join(", ", layout.Vectors ?? [])}]";
}
