using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <summary>Every gradient of a <see cref="CheckedLayer{T}"/> against differences of its loss. <see cref="GradientCheck"/> says how.</summary>
internal sealed class GradientDifferences
{
    private const double UnitRoundoff = 1.0 / (1L << 53);
    private const double FirstStep = 1.0 / 1024;
    private const int Shortenings = 3;
    private const double Shortening = 1.0 / 8;

    private readonly CheckedLayer<double> _run;
    private readonly double _tolerance;
    private readonly double _loss;
    private readonly double _roundoff;

    public GradientDifferences(CheckedLayer<double> run, double tolerance)
    {
        (_run, _tolerance) = (run, tolerance);
        run.Forward();
        _loss = Loss();
        // Each h errs by no more than the depth of its sums, and that of the functions behind them, times u·(1 + |h|).
        int depth = run.Layer.InputSize + run.Layer.HiddenSize + 16;
        _roundoff = depth * UnitRoundoff * (Magnitude(run.OutputGradient, run.Output)
            + Magnitude(run.FinalStateGradient, run.FinalState) + Magnitude(run.FinalCellStateGradient, run.FinalCellState));
    }

    private enum Verdict
    {
        Agrees,
        Disagrees,
        IsUncertain,
    }

    public IReadOnlyList<TensorGradientReport> Run()
    {
        CellLayout cell = _run.Layer.Cell;
        int hidden = _run.Layer.HiddenSize;
        ParameterSet<double> parameters = _run.Layer.Parameters;
        var reports = new List<TensorGradientReport>
        {
            Judge("input", [_run.Steps, _run.Batch, _run.Layer.InputSize], _run.Input, _run.InputGradient),
            Judge("initial_state", [_run.Batch, _run.Layer.OutputSize], _run.InitialState, _run.InitialStateGradient),
        };
        if (cell.CellStates > 0)
        {
            reports.Add(Judge("initial_cell_state", [cell.CellStates, _run.Batch, hidden], _run.InitialCellState, _run.InitialCellStateGradient));
        }

        foreach (Parameter parameter in parameters.Parameters)
        {
            int[] shape = parameter.IsVector ? [parameter.Columns] : [parameter.Rows, parameter.Columns];
            reports.Add(Judge(parameter.Name, shape, parameters.Span(parameter), _run.Gradients.Span(parameter)));
        }

        return reports;
    }

    private TensorGradientReport Judge(string name, int[] shape, Span<double> values, ReadOnlySpan<double> gradient)
    {
        var differences = new Difference[values.Length];
        double largest = 0;
        for (int i = 0; i < values.Length; i++)
        {
            differences[i] = Take(values, i, FirstStep);
            // A derivative across a kink, or a gradient of NaN, says nothing of the size of the others.
            foreach (double size in (ReadOnlySpan<double>)[Math.Abs(gradient[i]), Math.Abs(differences[i].Derivative)])
            {
                if (double.IsFinite(size)) largest = Math.Max(largest, size);
            }
        }

        (int failures, int uncertain, int worst) = (0, 0, -1);
        double worstRelative = 0;
        for (int i = 0; i < values.Length; i++)
        {
            Verdict verdict = JudgeEntry(values, i, gradient[i], ref differences[i], largest);
            if (verdict == Verdict.Disagrees) failures++;
            if (verdict == Verdict.IsUncertain)
            {
                uncertain++;
                continue;
            }

            double relative = Math.Abs(differences[i].Derivative - gradient[i]) / Math.Max(largest, differences[i].Roundoff / _tolerance);
            if (!double.IsFinite(relative)) relative = verdict == Verdict.Agrees ? 0 : double.PositiveInfinity;
            if (worst >= 0 && relative <= worstRelative) continue;
            (worst, worstRelative) = (i, relative);
        }

        return new TensorGradientReport
        {
            Name = name,
            Shape = shape,
            Failures = failures,
            Uncertain = uncertain,
            WorstRelativeDifference = worstRelative,
            WorstIndex = worst,
            Expected = worst < 0 ? 0 : differences[worst].Derivative,
            Found = worst < 0 ? 0 : gradient[worst],
        };
    }

    private Verdict JudgeEntry(Span<double> values, int index, double gradient, ref Difference difference, double largest)
    {
        if (!double.IsFinite(gradient)) return Verdict.Disagrees;
        double step = FirstStep;
        for (int i = 0; ; i++)
        {
            double allowed = Math.Max(_tolerance * largest, difference.Roundoff);
            bool hasSettled = difference.Spread <= allowed;
            if (hasSettled && Math.Abs(difference.Derivative - gradient) <= allowed) return Verdict.Agrees;
            if (hasSettled) return difference.IsAtKink(allowed) ? Verdict.IsUncertain : Verdict.Disagrees;
            if (i == Shortenings) return Verdict.IsUncertain;
            difference = Take(values, index, step *= Shortening);
        }
    }

    private Difference Take(Span<double> values, int index, double step)
    {
        double original = values[index];
        Span<double> losses = stackalloc double[6];
        ReadOnlySpan<double> multiples = [-2, -1, -0.5, 0.5, 1, 2];
        for (int i = 0; i < losses.Length; i++)
        {
            values[index] = original + (multiples[i] * step);
            _run.Layer.Repack();
            _run.Forward();
            losses[i] = Loss();
        }

        values[index] = original;
        _run.Layer.Repack();
        return Difference.Of(losses, _loss, step, _roundoff);
    }

    // Compensated (Neumaier 1974): then the rounding of the outputs is all there is.
    private double Loss()
    {
        (double sum, double rest) = (0, 0);
        Add(_run.OutputGradient, _run.Output);
        Add(_run.FinalStateGradient, _run.FinalState);
        Add(_run.FinalCellStateGradient, _run.FinalCellState);
        return sum + rest;

        void Add(ReadOnlySpan<double> weights, ReadOnlySpan<double> outputs)
        {
            for (int i = 0; i < weights.Length; i++)
            {
                double term = weights[i] * outputs[i];
                double next = sum + term;
                rest += Math.Abs(sum) >= Math.Abs(term) ? (sum - next) + term : (term - next) + sum;
                sum = next;
            }
        }
    }

    private static double Magnitude(ReadOnlySpan<double> weights, ReadOnlySpan<double> outputs)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++) sum += Math.Abs(weights[i]) * (1 + Math.Abs(outputs[i]));
        return sum;
    }

    /// <summary>What seven losses along a line say of the slope in their middle.</summary>
    /// <param name="Derivative">Of fourth order, from the inner four.</param>
    /// <param name="Spread">From what the outer four say: more than the truncation behind <paramref name="Derivative"/>, unless there is a kink in the middle.</param>
    /// <param name="Roundoff">What rounding does to <paramref name="Derivative"/> at worst.</param>
    /// <param name="Jump">How much steeper the line is to the right than to the left, from the nearer losses.</param>
    /// <param name="WiderJump">The same from losses twice as far: of a smooth line eight times as much.</param>
    private readonly record struct Difference(double Derivative, double Spread, double Roundoff, double Jump, double WiderJump)
    {
        public static Difference Of(ReadOnlySpan<double> losses, double middle, double step, double roundoff)
        {
            double widest = (losses[5] - losses[0]) / (4 * step);
            double wide = (losses[4] - losses[1]) / (2 * step);
            double near = (losses[3] - losses[2]) / step;
            double derivative = ((4 * near) - wide) / 3;
            double outer = ((4 * wide) - widest) / 3;
            double jump = (OneSided(middle, losses[3], losses[4]) + OneSided(middle, losses[2], losses[1])) / step;
            double wider = (OneSided(middle, losses[4], losses[5]) + OneSided(middle, losses[1], losses[0])) / (2 * step);
            // The weights of the four losses, without signs, add up to 3 / step.
            return new Difference(derivative, Math.Abs(derivative - outer), 3 * roundoff / step, Math.Abs(jump), Math.Abs(wider));
        }

        /// <summary>Both sides have slopes, different ones, however near one looks.</summary>
        public bool IsAtKink(double allowed) => Jump > Math.Max(allowed, 6 * Roundoff) && Jump > WiderJump / 2;

        private static double OneSided(double middle, double near, double far) => (4 * near) - far - (3 * middle);
    }
}
