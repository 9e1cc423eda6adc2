using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;

/// <summary>A layer as a model: inputs X [T, B, I], initial_h [1, B, H] and, of an LSTM, initial_c; outputs Y [T, 1, B, H] or, of a step, Y_h and Y_c.</summary>
internal static class OnnxLayer
{
    /// <summary>The bytes of the model.</summary>
    public static byte[] Create(RecurrentCase work, RecurrentProblem problem)
    {
        (int batch, int steps, int input, int hidden) = (work.Batch, work.Steps, work.InputSize, work.HiddenSize);
        int gates = work.Gates;
        (string name, int[] order) = OperatorOf(work.Cell);
        float[] bias = [.. PeerWeights.Reordered(problem.Bias, hidden, order), .. new float[gates * hidden]];
        bool isStep = work.Mode == RecurrentMode.Step;
        bool hasCellState = work.Cell == RecurrentCell.Lstm;
        string[] inputs = ["X", "W", "R", "B", "", "initial_h", .. (string[])(hasCellState ? ["initial_c"] : [])];
        string[] outputs = isStep ? ["", "Y_h", .. (string[])(hasCellState ? ["Y_c"] : [])] : ["Y"];
        float[] inputWeights = PeerWeights.Reordered(problem.InputWeights, hidden, order);
        float[] recurrentWeights = PeerWeights.Reordered(problem.RecurrentWeights, hidden, order);
        OnnxModel model = new OnnxModel(name, inputs, outputs)
            .Attribute("hidden_size", hidden)
            .Constant("W", PeerWeights.Transposed(inputWeights, input), 1, gates * hidden, input)
            .Constant("R", PeerWeights.Transposed(recurrentWeights, hidden), 1, gates * hidden, hidden)
            .Constant("B", bias, 1, bias.Length)
            .Input("X", steps, batch, input)
            .Input("initial_h", 1, batch, hidden);
        if (work.Cell == RecurrentCell.Gru) model.Attribute("linear_before_reset", 1);
        if (hasCellState) model.Input("initial_c", 1, batch, hidden);
        if (isStep && hasCellState) model.Output("Y_c", 1, batch, hidden);
        return (isStep ? model.Output("Y_h", 1, batch, hidden) : model.Output("Y", steps, 1, batch, hidden)).ToArray();
    }

    /// <summary>The operator, and where its gates stand among ours: i, o, f, c among i, f, g, o; z, r, h among r, z, n.</summary>
    private static (string Name, int[] Order) OperatorOf(RecurrentCell cell) => cell switch
    {
        RecurrentCell.Rnn => ("RNN", [0]),
        RecurrentCell.Lstm => ("LSTM", [0, 3, 1, 2]),
        RecurrentCell.Gru => ("GRU", [1, 0, 2]),
        _ => throw new NotSupportedException($"{cell} has no ONNX operator here."),
    };
}
