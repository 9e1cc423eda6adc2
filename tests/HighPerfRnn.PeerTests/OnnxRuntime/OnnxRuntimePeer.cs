using HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HighPerfRnn.PeerTests.OnnxRuntime;

/// <summary>What is assumed of ONNX Runtime's arithmetic.</summary>
/// <remarks>
/// Float with round to nearest, sums in any order. Its tanh, sigmoid and what it makes of exp, with 1 added or subtracted, are
/// accurate in absolute terms only: the GRU's candidate as sigmoid is -2⁻²² where it should be 1e-11.
/// <see cref="OnnxRuntimeActivationTests"/> holds them to exactly what is said here. (1 - z)·n + z·h as a sum or a difference.
/// </remarks>
internal readonly struct OnnxRuntimeFloat : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } =
        ReferenceArithmetic.SinglePrecision(4) with { ActivationError = Math.ScaleB(1, -21) };
}

/// <summary>One run of an operator in ONNX Runtime.</summary>
internal static class OnnxRuntimePeer
{
    public const string Name = "ONNX Runtime";

    /// <summary>Its Softplus is infinite a little above.</summary>
    public const float LargestSoftplusArgument = 88;

    private static readonly string[] InputNames = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"];

    /// <summary>Y, Y_h and, for LSTM, Y_c.</summary>
    /// <param name="call">The operator with its inputs; what it expects as outputs is not looked at.</param>
    /// <param name="weightsAsInputs">Whether W, R, B and P are given to the run and no constants.</param>
    /// <exception cref="OnnxRuntimeException">It refuses the call.</exception>
    public static Dictionary<string, OperatorTensor> Run(OperatorCase call, bool weightsAsInputs = false)
    {
        string[] outputs = call.Operator == "LSTM" ? ["Y", "Y_h", "Y_c"] : ["Y", "Y_h"];
        string[] inputs = [.. InputNames[..(call.Operator == "LSTM" ? 8 : 6)].Select(name => call.Inputs.ContainsKey(name) ? name : "")];
        var model = new OnnxModel(call.Operator, inputs, outputs);
        foreach ((string name, Array values) in call.Attributes) Attribute(model, name, values);
        var given = new Dictionary<string, OrtValue>();
        try
        {
            foreach ((string name, OperatorTensor tensor) in call.Inputs)
            {
                long[] shape = Array.ConvertAll(tensor.Shape, size => (long)size);
                if (name == "sequence_lens")
                {
                    model.Int32Input(name, tensor.Shape);
                    given[name] = OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(tensor.Data, length => (int)length), shape);
                }
                else if (name is "W" or "R" or "B" or "P" && !weightsAsInputs)
                {
                    model.Constant(name, tensor.Floats, tensor.Shape);
                }
                else
                {
                    model.Input(name, tensor.Shape);
                    given[name] = OrtValue.CreateTensorValueFromMemory(tensor.Floats, shape);
                }
            }

            (int[] x, int[] r) = (call.Inputs["X"].Shape, call.Inputs["R"].Shape);
            foreach (string output in outputs) model.Output(output, output == "Y" ? [x[0], r[0], x[1], r[2]] : [r[0], x[1], r[2]]);
            return Run(model, given, outputs);
        }
        finally
        {
            foreach (OrtValue value in given.Values) value.Dispose();
        }
    }

    private static Dictionary<string, OperatorTensor> Run(OnnxModel model, Dictionary<string, OrtValue> given, string[] outputs)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        using var session = new InferenceSession(model.ToArray(), options);
        using var runOptions = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(runOptions, given, outputs);
        return outputs.Zip(results).ToDictionary(pair => pair.First, pair => new OperatorTensor(
            Array.ConvertAll(pair.Second.GetTensorTypeAndShape().Shape, size => (int)size),
            Array.ConvertAll(pair.Second.GetTensorDataAsSpan<float>().ToArray(), number => (double)number)));
    }

    /// <summary>Integers where the operator's definition has them, else floats, one or a list of them.</summary>
    private static void Attribute(OnnxModel model, string name, Array values)
    {
        switch (name)
        {
            case "direction":
                model.Attribute(name, ((string[])values)[0]);
                break;
            case "activations":
                model.Attribute(name, (string[])values);
                break;
            case "hidden_size" or "input_forget" or "linear_before_reset" or "layout":
                model.Attribute(name, (long)((double[])values)[0]);
                break;
            case "clip":
                model.Attribute(name, (float)((double[])values)[0]);
                break;
            default:
                model.Attribute(name, Array.ConvertAll((double[])values, number => (float)number));
                break;
        }
    }
}
