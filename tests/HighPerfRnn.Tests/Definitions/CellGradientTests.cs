using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Definitions;

/// <summary>The gradients of every reference cell and variant against central differences of its own forward pass, in double.</summary>
/// <remarks><see cref="DifferenceCheck"/> states the tolerance and the step.</remarks>
public sealed class CellGradientTests(ITestOutputHelper log) : IDisposable
{
    /// <summary>About eighty forward passes a case.</summary>
    private const long Work = 30_000;

    [CaseProperty]
    public void GradientsAreTheDifferencesOfTheForwardPass(CellCase drawn)
    {
        CellTraits traits = (drawn.Traits | CellTraits.InitialState | CellTraits.OutputGradient) & ~CellTraits.GradientsStart;

        // Gates without bounds and large inputs make states in the thousands, whose fifth derivatives no step suits.
        if (drawn.Has(CellTraits.OtherActivations)) traits &= ~CellTraits.LargeInput;
        CellCase shape = (drawn with { Traits = traits }).Within(Work);

        // Nor do states that such gates multiply step after step: one step shows each derivative, bounded gates the way through time.
        if (drawn.Has(CellTraits.OtherActivations)) shape = shape with { Steps = Math.Min(1, shape.Steps) };
        var data = new CellData(shape);
        CellRun<double> run = CellRun<double>.Both(data, new ReferenceFloatingPoint<double>(ReferenceRnn.FlushBelowDouble));
        ReferenceSequence<double> results = run.Sequence;
        (string, double[], double[])[] tensors =
        [
            ("dX", data.Input, results.InputGradient),
            ("dh0", data.InitialState, results.InitialStateGradient),
            ("dc0", data.InitialCellState, results.InitialCellStateGradient),
            .. data.Shapes.Select((parameter, i) =>
                ("d" + parameter.Name, data.Parameters[i], results.Gradients[parameter.Name])),
        ];
        new DifferenceCheck(nameof(CellGradientTests), new CellLoss(data), shape.Seed).Run(tensors);
    }

    public void Dispose()
    {
        foreach (string line in Redraws.Report(nameof(CellGradientTests))) log.WriteLine(line);
    }
}
