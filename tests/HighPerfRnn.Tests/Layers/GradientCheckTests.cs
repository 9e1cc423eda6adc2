using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Tests.Guards;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Layers;

/// <summary>A right cell passes; a mistake is caught, and named with its tensor; a kink is neither.</summary>
public class GradientCheckTests(ITestOutputHelper log)
{
    public static TheoryData<string> Variants => [.. CellVariants<double>.All.Select(variant => variant.Name)];

    [Fact]
    public void CellsWithOneOfEverythingPass()
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            var options = new GradientCheckOptions { Seed = seed };
            GradientReport one = GradientCheck.Run(new BlendCell<double>(), new BlendCell<float>(), options);
            Assert.True(one.Passed, one.ToString());
            GradientReport two = GradientCheck.Run(new TwoPhaseCell<double>(), new TwoPhaseCell<float>(), options);
            Assert.True(two.Passed, two.ToString());
            Assert.Equal(0, one.Tensors.Concat(two.Tensors).Sum(tensor => tensor.Uncertain));
            Assert.InRange(one.WorstRelativeDifference, 0, 1e-8);
            log.WriteLine($"{one}\n{two}");
        }

        Assert.Equal(
            ["input", "initial_state", "initial_cell_state", "weight_ih", "weight_hh", "bias", "pace"],
            GradientCheck.Run(new TwoPhaseCell<double>()).Tensors.Select(tensor => tensor.Name));
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 7, 1, 3)]
    [InlineData(9, 17, 2, 2)]
    [InlineData(1, 33, 1, 1)]
    public void SizesMakeNoDifference(int inputSize, int hiddenSize, int batch, int steps)
    {
        var options = new GradientCheckOptions { InputSize = inputSize, HiddenSize = hiddenSize, Batch = batch, Steps = steps };
        GradientReport report = GradientCheck.Run(new TwoPhaseCell<double>(), new TwoPhaseCell<float>(), options);
        Assert.True(report.Passed, report.ToString());
        int expected = (steps * batch * inputSize) + (2 * batch * hiddenSize) + (3 * hiddenSize * (inputSize + hiddenSize + 1)) + hiddenSize;
        Assert.Equal(expected, report.Tensors.Sum(tensor => tensor.Entries));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void TheLibrarysOwnCellsPass(string name)
    {
        var options = new GradientCheckOptions { InputSize = 2, HiddenSize = 9, Batch = 2, Steps = 3, SingleTolerance = 1e-3 };
        GradientReport report = GradientCheck.Run(
            CellVariants<double>.Create(name, options.InputSize, options.HiddenSize),
            CellVariants<float>.Create(name, options.InputSize, options.HiddenSize),
            options);
        log.WriteLine($"{name}: {report}");
        Assert.True(report.Passed, report.ToString());
        // Kinks are rarely within a thousandth, and shorter steps go past them.
        Assert.Equal(0, report.Tensors.Sum(tensor => tensor.Uncertain));
    }

    [Theory]
    [InlineData(CellFault.None)]
    [InlineData(CellFault.Slope, "input", "weight_ih", "weight_hh", "bias")]
    [InlineData(CellFault.SecondGate, "input", "weight_ih", "weight_hh", "bias")]
    [InlineData(CellFault.RecurrentSum, "initial_state", "weight_hh")]
    [InlineData(CellFault.Vector, "gain")]
    [InlineData(CellFault.PreviousState, "initial_state")]
    [InlineData(CellFault.CellState, "initial_cell_state", "gain")]
    [InlineData(CellFault.NotANumber, "input", "initial_state", "weight_ih", "weight_hh", "bias")]
    public void AWrongDerivativeIsCaughtWhereItIs(CellFault fault, params string[] off)
    {
        GradientReport report = GradientCheck.Run(new FaultyCell(fault));
        log.WriteLine(report.ToString());
        string[] failed = [.. report.Tensors.Where(tensor => tensor.Failures > 0).Select(tensor => tensor.Name)];
        Assert.Equal(fault == CellFault.None, report.Passed);
        Assert.Empty(off.Except(failed));
        if (fault == CellFault.None) Assert.Empty(failed);
        if (fault == CellFault.Vector) Assert.Equal(off, failed);
        Assert.Empty(report.Inconsistencies);
        foreach (string name in off)
        {
            TensorGradientReport tensor = report.Tensors.Single(tensor => tensor.Name == name);
            Assert.True(tensor.WorstRelativeDifference > 1e-6, tensor.ToString());
            Assert.Contains(tensor.ToString(), report.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheReportSaysWhereAndHowMuch()
    {
        GradientReport report = GradientCheck.Run(new FaultyCell(CellFault.Vector));
        TensorGradientReport gain = report.Tensors.Single(tensor => tensor.Name == "gain");
        Assert.Equal([11], gain.Shape);
        Assert.Equal(11, gain.Failures);
        Assert.InRange(gain.WorstIndex, 0, 10);
        Assert.Equal(2, gain.Found / gain.Expected, 6);
        Assert.Equal(1, gain.WorstRelativeDifference, 0.5);
        Assert.Matches(
            @"^failed: 443 gradients, worst relative difference \d\.\dE-?\d+\ngain\[\d+\]: backward says [-\d.]+, differences say [-\d.]+ \(relative \d\.\dE-?\d+; 11 of 11 off\)$",
            report.ToString());
        string weights = GradientCheck.Run(new FaultyCell(CellFault.SecondGate)).ToString();
        Assert.Matches(@"\nweight_hh\[\d+, \d+\]: backward says [-\d.E]+, differences say [-\d.E]+ \(", weights);
        Assert.Matches(@"\ninput\[\d, \d, \d\]: backward says ", weights);
        Assert.StartsWith("passed: 443 gradients, worst relative difference ", GradientCheck.Run(new FaultyCell(CellFault.None)).ToString());
    }

    /// <summary>A gate's mistake shows in its own columns.</summary>
    [Fact]
    public void TheWorstEntryIsInTheGateThatIsWrong()
    {
        var options = new GradientCheckOptions { Steps = 1 };
        TensorGradientReport bias = GradientCheck.Run(new FaultyCell(CellFault.Slope), options).Tensors.Single(tensor => tensor.Name == "bias");
        Assert.InRange(bias.WorstIndex, 0, 10);
        bias = GradientCheck.Run(new FaultyCell(CellFault.SecondGate), options).Tensors.Single(tensor => tensor.Name == "bias");
        Assert.InRange(bias.WorstIndex, 11, 21);
    }

    [Fact]
    public void StatesThatAreNotSetAndCellsThatRememberAreInconsistent()
    {
        GradientReport unset = GradientCheck.Run(new FaultyCell(CellFault.UnsetState));
        Assert.False(unset.Passed);
        Assert.Equal(["in double: an output or a final cell state is not finite; was every state set?"], unset.Inconsistencies);
        GradientReport remembers = GradientCheck.Run(new FaultyCell(CellFault.Memory));
        Assert.False(remembers.Passed);
        Assert.Contains(remembers.Inconsistencies, text => text.StartsWith("in double, steps of 3 rows: h of step 0 at 0 is ", StringComparison.Ordinal));
        Assert.Contains(remembers.Inconsistencies, text => text.StartsWith("in double, row 1 alone: the output at 0 is ", StringComparison.Ordinal));
    }

    [Fact]
    public void ACellThatIsAnotherInFloatIsInconsistent()
    {
        GradientReport report = GradientCheck.Run(
            new CellLayer<double, TwoPhaseCell<double>>(3, 5), new CellLayer<float, TwoPhaseCell<float>>(3, 5), new GradientCheckOptions());
        Assert.True(report.Passed, report.ToString());
        report = GradientCheck.Run(new Rnn<double>(3, 5), new Rnn<float>(3, 5, Activation.Sigmoid), new GradientCheckOptions());
        Assert.False(report.Passed);
        Assert.Matches(@"^the output at 0 is .* in float and .* in double; expected 1\.0E-4 of", Assert.Single(report.Inconsistencies));
    }

    /// <summary>All pre-activations are 0: the slope is 0 to the left and 1 to the right.</summary>
    [Fact]
    public void EntriesAtAKinkAreUncertain()
    {
        var options = new GradientCheckOptions { Initialize = parameters => parameters.Values.Clear() };
        GradientReport report = GradientCheck.Run(new Rnn<double>(3, 5, Activation.Relu), null, options);
        log.WriteLine(report.ToString());
        Assert.All(report.Tensors, tensor => Assert.Equal(0, tensor.Failures));
        TensorGradientReport bias = report.Tensors.Single(tensor => tensor.Name == "bias");
        Assert.Equal((5, -1), (bias.Uncertain, bias.WorstIndex));
        Assert.Contains("\nbias: all 5 uncertain", report.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Most entries are at a kink: that proves nothing.</summary>
    [Fact]
    public void AReportThatIsMostlyUncertainHasNotPassed()
    {
        var tensor = new TensorGradientReport
        {
            Name = "bias",
            Shape = [3],
            Failures = 0,
            Uncertain = 1,
            WorstRelativeDifference = 0,
            WorstIndex = 0,
            Expected = 1,
            Found = 1,
        };
        Assert.True(new GradientReport { Tensors = [tensor], Inconsistencies = [] }.Passed);
        Assert.False(new GradientReport { Tensors = [tensor with { Uncertain = 2 }], Inconsistencies = [] }.Passed);
        Assert.False(new GradientReport { Tensors = [tensor with { Failures = 1 }], Inconsistencies = [] }.Passed);
        Assert.False(new GradientReport { Tensors = [tensor], Inconsistencies = ["x"] }.Passed);
    }

    [Fact]
    public void TheSameSeedGivesTheSameReport()
    {
        string Report(ulong seed) => GradientCheck.Run(new FaultyCell(CellFault.Slope), new GradientCheckOptions { Seed = seed }).ToString();
        Assert.Equal(Report(3), Report(3));
        Assert.NotEqual(Report(3), Report(4));
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        Refuses(new() { InputSize = 0 }, "InputSize");
        Refuses(new() { HiddenSize = -1 }, "HiddenSize");
        Refuses(new() { Batch = 0 }, "Batch");
        Refuses(new() { Steps = 0 }, "Steps");
        Refuses(new() { Tolerance = double.NaN }, "Tolerance");
        Refuses(new() { SingleTolerance = 0 }, "SingleTolerance");
        ArgumentException failure = Assert.Throws<ArgumentException>(
            () => GradientCheck.Run(new BlendCell<double>(), new TwoPhaseCell<float>()));
        Assert.StartsWith(
            "The cell in float has 3 gates (2 recurrent, 1 scratch), 1 cell states and vectors [pace]; expected those of the cell in "
            + "double, 2 gates (2 recurrent, 0 scratch), 1 cell states and vectors [decay].",
            failure.Message,
            StringComparison.Ordinal);

        static void Refuses(GradientCheckOptions options, string name) =>
            Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => GradientCheck.Run(new BlendCell<double>(), options)).ParamName);
    }

    /// <summary>The cell of two phases as plain loops.</summary>
    [Fact]
    public void TheCellOfTwoPhasesIsItsEquations()
    {
        const int inputs = 4, hidden = 17, batch = 3, steps = 5;
        var run = new CheckedLayer<double>(new CellLayer<double, TwoPhaseCell<double>>(inputs, hidden), steps, batch);
        run.Draw(seed: 7, initialize: null);
        run.Forward();
        (double[] h, double[] c) = ([.. run.InitialState], [.. run.InitialCellState]);
        for (int t = 0; t < steps; t++)
        {
            for (int row = 0; row < batch; row++)
            {
                Step(run.Layer, run.Input.AsSpan(((t * batch) + row) * inputs, inputs), h.AsSpan(row * hidden, hidden), c.AsSpan(row * hidden, hidden));
            }

            Near(h, run.Output.AsSpan(t * batch * hidden, batch * hidden));
        }

        Near(c, run.FinalCellState);

        static void Near(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
        {
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-14);
        }
    }

    private static void Step(RecurrentLayer<double> layer, ReadOnlySpan<double> x, Span<double> h, Span<double> c)
    {
        int hidden = h.Length;
        double[] scratch = new double[hidden], z = new double[hidden];
        for (int unit = 0; unit < hidden; unit++)
        {
            z[unit] = Squash(Sum(layer, x, h, 0, unit));
            scratch[unit] = Squash(Sum(layer, x, h, 1, unit)) * h[unit];
        }

        for (int unit = 0; unit < hidden; unit++)
        {
            c[unit] = (c[unit] / 2) + (layer.Parameters["pace"][unit] * Squash(Sum(layer, x, scratch, 2, unit)));
            h[unit] = (h[unit] / 2) + (z[unit] * c[unit]);
        }
    }

    private static double Sum(RecurrentLayer<double> layer, ReadOnlySpan<double> x, ReadOnlySpan<double> state, int gate, int unit)
    {
        (int columns, int column) = (3 * state.Length, (gate * state.Length) + unit);
        double sum = layer.Parameters["bias"][column];
        for (int k = 0; k < x.Length; k++) sum += x[k] * layer.Parameters["weight_ih"][(k * columns) + column];
        for (int k = 0; k < state.Length; k++) sum += state[k] * layer.Parameters["weight_hh"][(k * columns) + column];
        return sum;
    }

    private static double Squash(double a) => a / Math.Sqrt(1 + (a * a));
}
