using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Wrong arguments at the normalisation's door.</summary>
public sealed class LayerNormArgumentTests
{
    private readonly LayerNorm<float> _layer = new(4);
    private readonly float[] _all = RnnRun<float>.Filled(64);

    [Fact]
    public void WrongLengthsAreNamed()
    {
        ParameterSet<float> gradients = _layer.Parameters.CreateZeros();
        float[] read = new float[13], statistics = new float[7];
        Refuses("input has length 13; expected 12, [rows, size] = [3, 4].", "input", () => _layer.Forward(3, read, A(12)));
        Refuses("output has length 11; expected 12,", "output", () => _layer.Forward(3, read.AsSpan(1), A(11)));
        Refuses("statistics has length 5; expected 6, [rows, 2] = [3, 2].", "statistics", () => _layer.Forward(3, read.AsSpan(1), A(12), B(5)));
        Refuses("input has length 13", "input", () => Backward(13, 6, 12, 12));
        Refuses("statistics has length 7", "statistics", () => Backward(12, 7, 12, 12));
        Refuses("outputGradient has length 13", "outputGradient", () => Backward(12, 6, 13, 12));
        Refuses("inputGradient has length 11", "inputGradient", () => Backward(12, 6, 12, 11));
        Assert.Throws<ArgumentException>("gradients", () => _layer.Backward(0, [], [], [], [], new LayerNorm<float>(5).Parameters.CreateZeros()));
        Assert.Throws<ArgumentException>("gradients", () => _layer.Backward(0, [], [], [], [], _layer.Parameters));
        Assert.Throws<ArgumentOutOfRangeException>(() => _layer.Forward(-1, [], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => _layer.Backward(-1, [], [], [], [], gradients));
        Assert.True(_all.All(float.IsNaN));
        Assert.True(gradients.Values.IndexOfAnyExcept(0f) < 0);

        void Backward(int x, int mean, int dY, int dX) =>
            _layer.Backward(3, read.AsSpan(0, x), statistics.AsSpan(0, mean), new float[dY], A(dX), gradients);
    }

    [Fact]
    public void OverlapsAreNamed()
    {
        ParameterSet<float> gradients = _layer.Parameters.CreateZeros();
        float[] read = new float[12];
        Refuses("output overlaps input.", "output", () => _layer.Forward(3, A(12), _all.AsSpan(1, 12)));
        Refuses("statistics overlaps input.", "statistics", () => _layer.Forward(3, A(12), B(12), _all.AsSpan(11, 6)));
        Refuses("statistics overlaps output.", "statistics", () => _layer.Forward(3, read, B(12), _all.AsSpan(31, 6)));
        Refuses("output overlaps Parameters.", "output", () => _layer.Forward(1, read.AsSpan(0, 4), _layer.Parameters["bias"]));
        Refuses("statistics overlaps Parameters.", "statistics", () => _layer.Forward(1, read.AsSpan(0, 4), A(4), _layer.Parameters["bias"][..2]));
        Refuses("inputGradient overlaps input.", "inputGradient", () => Backward(A(12), read.AsSpan(0, 6), read, A(12)));
        Refuses("inputGradient overlaps statistics.", "inputGradient", () => Backward(read, A(6), read, A(12)));
        Refuses("inputGradient overlaps outputGradient.", "inputGradient", () => Backward(read, read.AsSpan(0, 6), A(12), A(12)));
        Refuses("inputGradient overlaps Parameters.", "inputGradient", () => _layer.Backward(1, A(4), B(2), B(4), _layer.Parameters["weight"], gradients));
        Refuses("gradients overlaps input.", "gradients", () => _layer.Backward(1, gradients["bias"], B(2), B(4), A(4), gradients));
        Refuses("gradients overlaps statistics.", "gradients", () => _layer.Backward(1, B(4), gradients["bias"][..2], B(4), A(4), gradients));
        Refuses("gradients overlaps outputGradient.", "gradients", () => _layer.Backward(1, B(4), B(2), gradients["bias"], A(4), gradients));
        Refuses("gradients overlaps inputGradient.", "gradients", () => _layer.Backward(1, B(4), B(2), B(4), gradients["bias"], gradients));
        Assert.True(_all.All(float.IsNaN));
        Assert.True(gradients.Values.IndexOfAnyExcept(0f) < 0);
        Assert.Equal([1, 1, 1, 1], _layer.Parameters["weight"]);

        void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> statistics, ReadOnlySpan<float> dY, Span<float> dX) =>
            _layer.Backward(3, x, statistics, dY, dX, gradients);
    }

    [Fact]
    public void SizesAndEpsilonAreChecked()
    {
        Assert.Throws<ArgumentOutOfRangeException>("size", () => new LayerNorm<float>(0));
        foreach (double epsilon in (double[])[0, -1, double.NaN, double.PositiveInfinity, 1e-60, 1e60])
        {
            Assert.Contains(
                "expected a positive and finite number",
                Assert.Throws<ArgumentOutOfRangeException>("epsilon", () => new LayerNorm<float>(3, epsilon)).Message,
                StringComparison.Ordinal);
        }

        Assert.Equal(1e-60, new LayerNorm<double>(3, 1e-60).Epsilon);
    }

    private Span<float> A(int length) => _all.AsSpan(0, length);

    private Span<float> B(int length) => _all.AsSpan(32, length);

    private static void Refuses(string message, string name, Action run) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(name, run).Message, StringComparison.Ordinal);
}
