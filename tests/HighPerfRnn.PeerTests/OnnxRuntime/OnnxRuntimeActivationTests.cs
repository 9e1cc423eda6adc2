using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.PeerTests.OnnxRuntime;

/// <summary>
/// What the bounds assume of ONNX Runtime's functions, gate by gate: each has its own code for them. The other gates are 0 or 1,
/// so that an operator's output is the function of its input and nothing else rounds.
/// </summary>
public sealed class OnnxRuntimeActivationTests(ITestOutputHelper log)
{
    private const int Points = 20_000;

    /// <summary>Where a function stands in an operator: its activations, the gate that is looked at, the output that shows it.</summary>
    private sealed record Place(string Operator, string[] Activations, double[] Alphas, double[] Betas, string Output);

    [OnnxRuntimeTheory]
    [InlineData("Tanh")]
    [InlineData("Sigmoid")]
    [InlineData("Elu")]
    [InlineData("Softsign")]
    [InlineData("Softplus")]
    [InlineData("Relu")]
    public void FunctionsAreAsAccurateAsAssumed(string function)
    {
        ReferenceActivation activation = OnnxActivations.Read(
            new OperatorCase
            {
                Name = function,
                Operator = "RNN",
                Attributes = new Dictionary<string, Array> { ["activations"] = new[] { function } },
                Inputs = new Dictionary<string, OperatorTensor>(),
                Outputs = new Dictionary<string, OperatorTensor>(),
            },
            directions: 1)[0];
        double[] alphas = function == "Elu" ? [1] : [];
        Place[] places =
        [
            new("RNN", [function], alphas, [], "Y"),
            new("LSTM", [function, "Affine", "Affine"], [.. alphas, 0, 0], [1, 1], "Y"), // h = o·1
            new("LSTM", [function, "Affine", "Affine"], [.. alphas, 0, 0], [1, 1], "Y_c"), // c = i·1 + f·0
            new("LSTM", ["Affine", function, "Affine"], [0, .. alphas, 0], [1, 1], "Y_c"), // c = 1·g
            new("LSTM", ["Affine", "Affine", function], [0, 1, .. alphas], [1, 0], "Y"), // h = 1·φ(x)
            new("GRU", [function, "Affine"], [.. alphas, 0], [0], "Y"), // h = (1 - z)·0 + z·1
            new("GRU", ["Affine", function], [0, .. alphas], [0], "Y"), // h = (1 - 0)·n
        ];
        foreach (Place place in places)
        {
            float[] x = Arguments(function);
            double[] y = Run(place, x, initialState: place.Operator == "GRU" ? 1 : 0);
            AssertAccurate($"{place.Operator}, {function} as {Array.IndexOf(place.Activations, function)} in {place.Output}", activation, x, y, 0);
        }
    }

    /// <summary>The GRU's reset gate, seen through n = r·1 where z is as good as 0: σ(-100), at most what is assumed beside 0.</summary>
    [OnnxRuntimeFact]
    public void TheResetGateIsAsAccurateAsAssumed()
    {
        float[] x = Arguments("Sigmoid");
        var place = new Place("GRU", ["Sigmoid", "Affine"], [1], [0], "Y");
        double[] bias = [-100, 0, 0, 0, 0, 1]; // z, r, n of the input, then of the recurrence: n's is what r scales
        double[] y = Run(place, x, initialState: 0, weights: [0, 1, 0], bias);
        AssertAccurate("GRU, Sigmoid of r", ReferenceActivation.Sigmoid, x, y, OnnxRuntimeFloat.Arithmetic.ActivationError);
    }

    /// <summary>
    /// log(1 + eˣ) is infinite where eˣ is: the cases of the other tests stay below. Ours is x there. Should this fail, ONNX
    /// Runtime has changed, and they need not.
    /// </summary>
    [OnnxRuntimeFact]
    public void SoftplusOverflows()
    {
        double[] y = Run(new Place("RNN", ["Softplus"], [], [], "Y"), [OnnxRuntimePeer.LargestSoftplusArgument, 89], 0);
        Assert.Equal(OnnxRuntimePeer.LargestSoftplusArgument, y[0], tolerance: 1e-4);
        Assert.Equal(double.PositiveInfinity, y[1]);
    }

    private void AssertAccurate(string what, ReferenceActivation activation, float[] x, double[] y, double beside)
    {
        ReferenceArithmetic arithmetic = OnnxRuntimeFloat.Arithmetic;
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double expected = ReferenceActivationFunction.Apply<double>(activation, x[i]);
            double allowed = (arithmetic.ActivationUlps * ((2 * arithmetic.UnitRoundoff * Math.Abs(expected)) + arithmetic.SmallestSubnormal))
                + arithmetic.ActivationError + beside;
            double share = Math.Abs(y[i] - expected) / allowed;
            Assert.True(share <= 1, $"{what}: {y[i]:R} at {x[i]:R}, expected {expected:R} within {allowed:E2}.");
            worst = Math.Max(worst, share);
        }

        log.WriteLine($"{what}: at worst {worst:P0} of what is assumed.");
    }

    /// <summary>Over 2⁻²⁰ to 2⁵ in magnitude; where e to their power would be infinite, ONNX Runtime's Softplus is.</summary>
    private static float[] Arguments(string function)
    {
        var random = new CaseRandom(function.Length);
        float[] x = new float[Points];
        for (int i = 0; i < x.Length; i++) x[i] = (float)Math.ScaleB(random.Signed() * 32, i % 2 == 0 ? 0 : -random.Below(25));
        return x;
    }

    /// <summary>One step of one unit for a batch of inputs.</summary>
    private static double[] Run(Place place, float[] x, float initialState, double[]? weights = null, double[]? bias = null)
    {
        int gates = place.Operator switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
        double[] input = Array.ConvertAll(x, number => (double)number);
        double[] state = new double[x.Length];
        Array.Fill(state, initialState);
        weights ??= [.. Enumerable.Repeat(1.0, gates)];
        var inputs = new Dictionary<string, OperatorTensor>
        {
            ["X"] = new([1, x.Length, 1], input),
            ["W"] = new([1, gates, 1], weights),
            ["R"] = new([1, gates, 1], new double[gates]),
            ["B"] = new([1, 2 * gates], bias ?? new double[2 * gates]),
            ["initial_h"] = new([1, x.Length, 1], state),
        };
        if (place.Operator == "LSTM") inputs["initial_c"] = inputs["initial_h"];
        var attributes = new Dictionary<string, Array>
        {
            ["hidden_size"] = new double[] { 1 },
            ["direction"] = new[] { "forward" },
            ["activations"] = place.Activations,
        };
        if (place.Operator == "GRU") attributes["linear_before_reset"] = new double[] { 1 };
        if (place.Alphas.Length > 0) attributes["activation_alpha"] = place.Alphas;
        if (place.Betas.Length > 0) attributes["activation_beta"] = place.Betas;
        return OnnxRuntimePeer.Run(new OperatorCase
        {
            Name = place.Operator,
            Operator = place.Operator,
            Attributes = attributes,
            Inputs = inputs,
            Outputs = new Dictionary<string, OperatorTensor>(),
        })[place.Output].Data;
    }
}
