using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using HighPerfRnn.Tests.Generation;
using TorchSharp;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>
/// What the bounds assume of libtorch's tanh and sigmoid, gate by gate: the other gates are 0 or 1, by weights of 0 and biases of
/// ±1000, so that a layer's output is the function of its input and nothing else rounds.
/// </summary>
public sealed class TorchActivationTests(ITestOutputHelper log)
{
    private const int Points = 20_000;

    /// <summary>The weight of each gate for the input, its bias, whether states start at 1, at 1000 or at the input, what shows it.</summary>
    private sealed record Place(
        string What, ReferenceCellOptions Cell, bool IsSigmoid, float[] Weights, float[] Bias, float InitialState = 0, float InitialCellState = 0,
        string Result = StackNames.FinalState);

    private static readonly Place[] Places =
    [
        new("RNN", new ReferenceVanillaRnnOptions(), false, [1], [0]),
        new("GRU, z", new ReferenceGruOptions(), true, [0, 1, 0], [0, 0, 0], InitialState: 1), // h = (1 - z)·0 + z·1
        new("GRU, n", new ReferenceGruOptions(), false, [0, 0, 1], [0, -1000, 0]), // h = (1 - 0)·n + 0·0
        new("LSTM, i", new ReferenceLstmOptions(), true, [1, 0, 0, 0], [0, 0, 1000, 0], Result: StackNames.FinalCellState), // c = f·0 + i·1
        new("LSTM, f", new ReferenceLstmOptions(), true, [0, 1, 0, 0], [0, 0, 0, 0], InitialCellState: 1, Result: StackNames.FinalCellState),
        new("LSTM, g", new ReferenceLstmOptions(), false, [0, 0, 1, 0], [1000, 0, 0, 0], Result: StackNames.FinalCellState), // c = f·0 + 1·g
        new("LSTM, o", new ReferenceLstmOptions(), true, [0, 0, 0, 1], [0, 1000, 0, 0], InitialCellState: 1000), // h = o·tanh(1000)
        new("LSTM, c", new ReferenceLstmOptions(), false, [0, 0, 0, 0], [0, 1000, 0, 1000], InitialCellState: float.NaN), // h = 1·tanh(x)
    ];

    [TorchFact]
    public void FunctionsInDoubleAreAsAccurateAsAssumed() => AssertAccurate(torch.ScalarType.Float64, TorchDouble.Arithmetic);

    [TorchFact]
    public void FunctionsInFloatAreAsAccurateAsAssumed() => AssertAccurate(torch.ScalarType.Float32, TorchFloat.Arithmetic);

    private void AssertAccurate(torch.ScalarType type, ReferenceArithmetic arithmetic)
    {
        var random = new CaseRandom(5);
        float[] x = new float[Points];
        for (int i = 0; i < x.Length; i++) x[i] = (float)Math.ScaleB(random.Signed() * 32, i % 2 == 0 ? 0 : -random.Below(25));
        foreach (Place place in Places)
        {
            double[] y = Run(place, x, type);
            ReferenceActivation activation = place.IsSigmoid ? ReferenceActivation.Sigmoid : ReferenceActivation.Tanh;
            double worst = 0;
            for (int i = 0; i < x.Length; i++)
            {
                // The reference's own error in double counts where the peer computes in double.
                double expected = ReferenceActivationFunction.Apply<double>(activation, x[i]);
                double allowed = (arithmetic.ActivationUlps * ((2 * arithmetic.UnitRoundoff * Math.Abs(expected)) + arithmetic.SmallestSubnormal))
                    + arithmetic.ActivationError + (8 * Math.ScaleB(Math.Abs(expected), -52));
                double share = Math.Abs(y[i] - expected) / allowed;
                Assert.True(share <= 1, $"{place.What}: {y[i]:R} at {x[i]:R}, expected {expected:R} within {allowed:E2}.");
                worst = Math.Max(worst, share);
            }

            log.WriteLine($"{place.What} in {type}: at worst {worst:P0} of what is assumed.");
        }
    }

    /// <summary>One step of one unit for a batch of inputs; a cell state of NaN stands for the input.</summary>
    private static double[] Run(Place place, float[] x, torch.ScalarType type)
    {
        var parameters = new Dictionary<string, float[]>
        {
            ["weight_ih"] = place.Weights,
            ["weight_hh"] = new float[place.Weights.Length],
            ["bias"] = place.Bias,
        };
        if (place.Cell is ReferenceGruOptions) parameters["bias_hn"] = [0];
        float[] cellState = !float.IsNaN(place.InitialCellState) ? Filled(place.InitialCellState) : x;
        var direction = new RecurrentDirection(
            place.Cell, parameters, Filled(place.InitialState), place.Cell is ReferenceLstmOptions ? cellState : [], IsReverse: false);
        var layer = new RecurrentLayer(x.Length, 1, 1, 1, x, null, [direction]);
        var none = new RecurrentOutputGradients([], Filled(0), direction.InitialCellState.Length == 0 ? [] : Filled(0));
        var stack = new LayerStack([layer], Filled(0), [[none]], HasBias: true);
        return new TorchStack(stack, type, batchFirst: false).Run()[place.Result + StackNames.Suffix(0, 0)];

        float[] Filled(float value)
        {
            float[] numbers = new float[x.Length];
            Array.Fill(numbers, value);
            return numbers;
        }
    }
}
