using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;

/// <summary>A layer as a model: inputs X [T, B, I] and initial_h [1, B, H], outputs Y [T, 1, B, H] or, of a step, Y_h [1, B, H].</summary>
internal static class OnnxLayer
{
    /// <summary>The bytes of the model.</summary>
    public static byte[] Create(RecurrentCase work, RecurrentProblem problem)
    {
        (int batch, int steps, int input, int hidden) = (work.Batch, work.Steps, work.InputSize, work.HiddenSize);
        int gates = work.Gates;
        float[] bias = [.. problem.Bias, .. new float[gates * hidden]];
        bool isStep = work.Mode == RecurrentMode.Step;
        OnnxModel model = new OnnxModel(OperatorName(work.Cell), ["X", "W", "R", "B", "", "initial_h"], isStep ? ["", "Y_h"] : ["Y"])
            .Attribute("hidden_size", hidden)
            .Constant("W", PeerWeights.Transposed(problem.InputWeights, input), 1, gates * hidden, input)
            .Constant("R", PeerWeights.Transposed(problem.RecurrentWeights, hidden), 1, gates * hidden, hidden)
            .Constant("B", bias, 1, bias.Length)
            .Input("X", steps, batch, input)
            .Input("initial_h", 1, batch, hidden);
        return (isStep ? model.Output("Y_h", 1, batch, hidden) : model.Output("Y", steps, 1, batch, hidden)).ToArray();
    }

    private static string OperatorName(RecurrentCell cell) => cell switch
    {
        RecurrentCell.Rnn => "RNN",
        _ => throw new NotSupportedException($"{cell} has no ONNX operator here."),
    };
}
