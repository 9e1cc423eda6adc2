using HighPerfRnn.Cli;
using HighPerfRnn.Cli.Check;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Layers;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>The gradient check of the tool can fail, and fails where it should.</summary>
public sealed class GradientComparisonTests
{
    private static readonly CheckShape Shape = new(2, 3, 5, 7);

    public static TheoryData<RecurrentCellKind, bool> CellsInEitherDirection
    {
        get
        {
            var cells = new TheoryData<RecurrentCellKind, bool>();
            foreach (RecurrentCellKind cell in Enum.GetValues<RecurrentCellKind>())
            {
                cells.Add(cell, false);
                cells.Add(cell, true);
            }

            return cells;
        }
    }

    [Fact]
    public void EveryGradientOfBothPrecisionsPasses()
    {
        Assert.All(new GradientCheck<double>(Shape, 5).Tensors().Select(Compare), row => Assert.True(row.Passed, row.ToString()));
        Assert.All(new GradientCheck<float>(Shape, 5).Tensors().Select(Compare), row => Assert.True(row.Passed, row.ToString()));
    }

    [Fact]
    public void OnePercentInOneEntryIsSeenInEveryTensor()
    {
        int seen = 0;
        foreach (GradientTensor tensor in new GradientCheck<double>(Shape, 5).Tensors().Concat(BreakableInFloat()))
        {
            int largest = Array.IndexOf(tensor.Gradient, tensor.Gradient.MaxBy(Math.Abs));
            tensor.Gradient[largest] *= 1.01;
            CheckRow row = Compare(tensor);
            Assert.False(row.Passed, row.ToString());
            Assert.InRange(row.ErrorReference, 0.0099, 0.0101);
            Assert.InRange(row.ErrorDifferences, 0.0099, 0.0101);
            seen++;
        }

        Assert.Equal(20, seen);
    }

    [Theory]
    [MemberData(nameof(CellsInEitherDirection))]
    public void OnePercentIsSeenInEveryTensorOfEveryCell(RecurrentCellKind cell, bool isBidirectional)
    {
        CheckShape shape = Shape with { Cell = cell, Layers = 2, IsBidirectional = isBidirectional };
        foreach (GradientTensor tensor in new GradientCheck<double>(shape, 5).Tensors().Concat(new GradientCheck<float>(shape, 5).Tensors()))
        {
            CheckRow right = Compare(tensor);
            Assert.True(right.Passed, right.ToString());
            tensor.Gradient[Array.IndexOf(tensor.Gradient, tensor.Gradient.MaxBy(Math.Abs))] *= 1.01;
            CheckRow wrong = Compare(tensor);
            Assert.False(wrong.Passed, wrong.ToString());
        }
    }

    [Fact]
    public void AGradientThatIsNoNumberFails()
    {
        foreach (GradientTensor tensor in new GradientCheck<double>(Shape, 5).Tensors())
        {
            tensor.Gradient[^1] = double.NaN;
            Assert.False(Compare(tensor).Passed);
        }
    }

    [Fact]
    public void DifferencesAreASecondWitness()
    {
        // The same mistake in the library and in the reference formula.
        foreach (GradientTensor tensor in new GradientCheck<double>(Shape, 5).Tensors())
        {
            int largest = Array.IndexOf(tensor.Gradient, tensor.Gradient.MaxBy(Math.Abs));
            tensor.Gradient[largest] *= 1.01;
            tensor.Reference[largest] *= 1.01;
            CheckRow row = Compare(tensor);
            Assert.False(row.Passed, row.ToString());
        }
    }

    [Fact]
    public void ABrokenGradientEndsTheCommandWithOneLineAndExitOne()
    {
        GradientTensor tensor = new GradientCheck<double>(Shape, 5).Tensors().First();
        tensor.Gradient[0] += 1;
        using var output = new StringWriter();
        using var error = new StringWriter();
        ToolException thrown = Assert.Throws<ToolException>(
            () => CheckCommand.Report(new ToolContext(output, error), [Compare(tensor)], asJson: true));
        Assert.Equal(ExitCode.Unmet, thrown.ExitCode);
        Assert.Contains("1 of 1 gradients are out of bounds, logits in double", thrown.Message, StringComparison.Ordinal);
        Assert.StartsWith("{\"passed\":false,\"rows\":[{\"parameter\":\"logits\"", output.ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<GradientTensor> BreakableInFloat() => new GradientCheck<float>(Shape, 5).Tensors();

    private static CheckRow Compare(GradientTensor tensor) => GradientComparison.Compare(tensor, int.MaxValue, seed: 1);
}
