using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>What ONNX and ONNX Runtime are known to do, and no published case asserts.</summary>
public sealed class OnnxBorderTests
{
    private const int Batch = 3;
    private const int Steps = 4;
    private const int InputSize = 2;
    private const int HiddenSize = 3;

    private static readonly ReferenceSystem<double> System = new(ReferenceRnn.FlushBelowDouble);

    /// <summary>Zeros in Y, Y_h and Y_c, though an initial state is given.</summary>
    [Theory]
    [InlineData("RNN")]
    [InlineData("GRU")]
    [InlineData("LSTM")]
    public void ARowWithoutStepsEndsInZeros(string name)
    {
        Dictionary<string, OperatorTensor> outputs = OnnxBorder.Run(Call(name, lengths: [2, 0, 4]), System);
        foreach (string output in (string[])["Y_h", "Y_c"])
        {
            double[] states = outputs[output].Data;
            for (int d = 0; d < 2; d++)
            {
                int row = (d * Batch) + 1;
                Assert.All(states[(row * HiddenSize)..((row + 1) * HiddenSize)], state => Assert.Equal(0, state));
                if (output == "Y_h") Assert.All(states[(d * Batch * HiddenSize)..(row * HiddenSize)], state => Assert.NotEqual(0, state));
            }
        }
    }

    /// <summary>layout = 1 is the same call with batch and time turned around, which ONNX Runtime does not load.</summary>
    [Theory]
    [InlineData("RNN")]
    [InlineData("GRU")]
    [InlineData("LSTM")]
    public void BatchFirstIsTheSameCallTurned(string name)
    {
        OperatorCase call = Call(name, lengths: [3, 4, 1]);
        var turned = new Dictionary<string, OperatorTensor>(call.Inputs);
        foreach (string input in (string[])["X", "initial_h", "initial_c"])
        {
            if (call.Inputs.TryGetValue(input, out OperatorTensor? tensor)) turned[input] = tensor.WithAxisFirst(1);
        }

        Dictionary<string, OperatorTensor> expected = OnnxBorder.Run(call, System);
        Dictionary<string, OperatorTensor> actual = OnnxBorder.Run(
            Call(name, [3, 4, 1], turned, new Dictionary<string, Array> { ["layout"] = new double[] { 1 } }), System);
        foreach (string output in (string[])["Y", "Y_h", "Y_c"])
        {
            OperatorTensor batchFirst = expected[output].WithAxisFirst(output == "Y" ? 2 : 1);
            Assert.Equal(batchFirst.Shape, actual[output].Shape);
            Compare.Bits(batchFirst.Data, actual[output].Data, output);
        }
    }

    /// <summary>NaN behind a row's end reaches nothing.</summary>
    [Theory]
    [InlineData("RNN")]
    [InlineData("GRU")]
    [InlineData("LSTM")]
    public void PaddingIsNotRead(string name)
    {
        OperatorCase call = Call(name, lengths: [2, 0, 4]);
        Dictionary<string, OperatorTensor> expected = OnnxBorder.Run(call, System);
        double[] x = call.Inputs["X"].Data;
        for (int i = 0; i < x.Length; i++)
        {
            (int t, int b) = (i / InputSize / Batch, i / InputSize % Batch);
            if (t >= call.Inputs["sequence_lens"].Data[b]) x[i] = double.NaN;
        }

        Dictionary<string, OperatorTensor> actual = OnnxBorder.Run(call, System);
        foreach ((string output, OperatorTensor tensor) in expected) Compare.Bits(tensor.Data, actual[output].Data, output);
    }

    /// <summary>Alpha and beta go in order to the functions that use them, across directions; defaults serve where they end.</summary>
    [Fact]
    public void AlphaAndBetaAreTakenInOrder()
    {
        string[] names = ["hardsigmoid", "TANH", "LeakyRelu", "HardSigmoid"];
        double[] alphas = [0.5, 0.25];
        double[] betas = [0.125, 0.75];
        OperatorCase call = Call("GRU", null, attributes: new Dictionary<string, Array>
        {
            ["activations"] = names,
            ["activation_alpha"] = alphas,
            ["activation_beta"] = betas,
        });
        Assert.Equal(
            [
                ReferenceActivation.HardSigmoid(0.5, 0.125), ReferenceActivation.Tanh, ReferenceActivation.LeakyRelu(0.25),
                ReferenceActivation.HardSigmoid((float)0.2, 0.75),
            ],
            OnnxActivations.Read(call, 2));
    }

    [Theory]
    [InlineData("RNN", "tanh")] // RNN takes the exact names only
    [InlineData("GRU", "Identity")] // ours, not ONNX's
    [InlineData("LSTM", "1")]
    [InlineData("GRU", "Affine")] // without alpha and beta
    public void OtherActivationsAreRefused(string name, string activation)
    {
        int count = name == "RNN" ? 2 : name == "GRU" ? 4 : 6;
        string[] names = [.. Enumerable.Repeat(name == "RNN" ? "Tanh" : "tanh", count)];
        OperatorCase Named() => Call(name, null, attributes: new Dictionary<string, Array> { ["activations"] = names });
        Assert.Equal(count, OnnxActivations.Read(Named(), 2).Length);
        names[^1] = activation;
        Assert.Throws<ArgumentException>(() => OnnxActivations.Read(Named(), 2));
    }

    /// <summary>A call in both directions with every input that the operator has.</summary>
    private static OperatorCase Call(
        string name,
        double[]? lengths,
        Dictionary<string, OperatorTensor>? inputs = null,
        Dictionary<string, Array>? attributes = null)
    {
        int gates = name switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
        var random = new CaseRandom(gates);
        inputs ??= new Dictionary<string, OperatorTensor>
        {
            ["X"] = Tensor(Steps, Batch, InputSize),
            ["W"] = Tensor(2, gates * HiddenSize, InputSize),
            ["R"] = Tensor(2, gates * HiddenSize, HiddenSize),
            ["B"] = Tensor(2, 2 * gates * HiddenSize),
            ["initial_h"] = Tensor(2, Batch, HiddenSize),
        };
        if (name == "LSTM" && !inputs.ContainsKey("P"))
        {
            inputs["initial_c"] = Tensor(2, Batch, HiddenSize);
            inputs["P"] = Tensor(2, 3 * HiddenSize);
        }

        if (lengths is not null) inputs["sequence_lens"] = new OperatorTensor([Batch], lengths);
        return new OperatorCase
        {
            Name = name,
            Operator = name,
            Attributes = new Dictionary<string, Array>(attributes ?? []) { ["direction"] = new[] { "bidirectional" } },
            Inputs = inputs,
            Outputs = new Dictionary<string, OperatorTensor>(),
        };

        OperatorTensor Tensor(params int[] shape) =>
            new(shape, Array.ConvertAll(random.Numbers<float>(shape.Aggregate((product, length) => product * length)), number => (double)number));
    }
}
