using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using HighPerfRnn.Tests.Generation;
using Kind = HighPerfRnn.Reference.ReferenceActivationKind;

namespace HighPerfRnn.PeerTests.OnnxRuntime;

/// <summary>Calls of ONNX's operators, made from cases. A state is always given: without one, RNN leaves a product out.</summary>
internal static class OnnxCases
{
    /// <summary>A call with the batch second, as ONNX Runtime wants it.</summary>
    public static OperatorCase Create(string operatorName, PeerCase shape)
    {
        var numbers = new PeerNumbers(shape);
        int gates = operatorName switch { "LSTM" => 4, "GRU" => 3, _ => 1 };
        (int batch, int hiddenSize, int directions) = (shape.Batch, shape.HiddenSize, shape.Directions);
        int rows = directions * gates * hiddenSize;
        var inputs = new Dictionary<string, OperatorTensor>
        {
            ["X"] = Tensor(numbers.Input(shape.Steps * batch * shape.InputSize), shape.Steps, batch, shape.InputSize),
            ["W"] = Tensor(numbers.InputWeights(rows * shape.InputSize, shape.InputSize), directions, gates * hiddenSize, shape.InputSize),
            ["R"] = Tensor(numbers.RecurrentWeights(rows * hiddenSize, hiddenSize), directions, gates * hiddenSize, hiddenSize),
            ["initial_h"] = Tensor(numbers.State(directions * batch * hiddenSize), directions, batch, hiddenSize),
        };
        if (!shape.Has(PeerTraits.WithoutBias)) inputs["B"] = Tensor(numbers.Bias(2 * rows), directions, 2 * gates * hiddenSize);
        if (numbers.Lengths(shortest: 0) is { } lengths)
        {
            inputs["sequence_lens"] = Tensor(Array.ConvertAll(lengths, length => (float)length), batch);
        }

        if (operatorName == "LSTM")
        {
            inputs["initial_c"] = Tensor(numbers.State(directions * batch * hiddenSize), directions, batch, hiddenSize);
            if (shape.Has(PeerTraits.Peepholes)) inputs["P"] = Tensor(numbers.Peepholes(directions * 3 * hiddenSize), directions, 3 * hiddenSize);
        }

        return new OperatorCase
        {
            Name = operatorName,
            Operator = operatorName,
            Attributes = Attributes(operatorName, shape, numbers.Random),
            Inputs = inputs,
            Outputs = new Dictionary<string, OperatorTensor>(),
        };
    }

    /// <summary>The same call with the batch first.</summary>
    public static OperatorCase BatchFirst(OperatorCase call) => new()
    {
        Name = call.Name,
        Operator = call.Operator,
        Attributes = new Dictionary<string, Array>(call.Attributes) { ["layout"] = new double[] { 1 } },
        Inputs = call.Inputs.ToDictionary(
            input => input.Key,
            input => input.Key is "X" or "initial_h" or "initial_c" ? input.Value.WithAxisFirst(1) : input.Value),
        Outputs = call.Outputs,
    };

    private static Dictionary<string, Array> Attributes(string operatorName, PeerCase shape, CaseRandom random)
    {
        var attributes = new Dictionary<string, Array>
        {
            ["hidden_size"] = new double[] { shape.HiddenSize },
            ["direction"] = new[]
            {
                shape.Directions == 2 ? "bidirectional" : shape.Has(PeerTraits.Reverse) ? "reverse" : "forward",
            },
        };
        if (shape.Has(PeerTraits.Clip)) attributes["clip"] = new double[] { 0.75 };
        if (operatorName == "LSTM" && shape.Has(PeerTraits.CoupledForget)) attributes["input_forget"] = new double[] { 1 };
        if (operatorName == "GRU" && !shape.Has(PeerTraits.ResetBefore)) attributes["linear_before_reset"] = new double[] { 1 };
        if (!shape.Has(PeerTraits.OtherActivations)) return attributes;

        Kind[] kinds = Kinds(operatorName, shape.Directions, random);
        attributes["activations"] = Array.ConvertAll(kinds, kind => kind.ToString());
        double[] alphas = [.. kinds.Where(HasAlpha).Select(_ => (random.Below(8) - 2) / 4.0)];
        double[] betas = [.. kinds.Where(HasBeta).Select(_ => (random.Below(8) - 2) / 4.0)];
        if (alphas.Length > 0) attributes["activation_alpha"] = alphas;
        if (betas.Length > 0) attributes["activation_beta"] = betas;
        return attributes;
    }

    /// <summary>
    /// All functions, the first direction's first. RNN takes alpha and beta by direction and not in order: its two functions both
    /// have them or both have none, where the two ways are one.
    /// </summary>
    private static Kind[] Kinds(string operatorName, int directions, CaseRandom random)
    {
        int count = directions * (operatorName switch { "LSTM" => 3, "GRU" => 2, _ => 1 });
        Kind[] kinds = new Kind[count];
        for (int i = 0; i < count; i++)
        {
            do
            {
                kinds[i] = (Kind)random.Below(Enum.GetValues<Kind>().Length);
            }
            while (kinds[i] == Kind.Identity
                || (operatorName == "RNN" && (HasAlpha(kinds[i]) != HasAlpha(kinds[0]) || HasBeta(kinds[i]) != HasBeta(kinds[0]))));
        }

        return kinds;
    }

    private static bool HasAlpha(Kind kind) =>
        HasBeta(kind) || kind is Kind.LeakyRelu or Kind.ThresholdedRelu or Kind.Elu;

    private static bool HasBeta(Kind kind) => kind is Kind.Affine or Kind.ScaledTanh or Kind.HardSigmoid;

    private static OperatorTensor Tensor(float[] numbers, params int[] shape) =>
        new(shape, Array.ConvertAll(numbers, number => (double)number));
}
