using System.Runtime.InteropServices;
using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;

/// <summary>A model of one recurrent node: inputs X [T, B, I] and initial_h [1, B, H], outputs Y [T, 1, B, H] and Y_h [1, B, H].</summary>
internal static class OnnxModel
{
    private const int IrVersion = 8;
    private const int OperatorSetVersion = 14;
    private const int Float = 1;
    private const int IntAttribute = 2;

    /// <summary>The bytes of the model.</summary>
    public static byte[] Create(RecurrentCase work, RecurrentProblem problem)
    {
        (int batch, int steps, int input, int hidden) = (work.Batch, work.Steps, work.InputSize, work.HiddenSize);
        int gates = work.Gates;
        float[] bias = [.. problem.Bias, .. new float[gates * hidden]];
        bool isStep = work.Mode == RecurrentMode.Step;
        ProtobufWriter graph = new ProtobufWriter()
            .Message(1, Node(work, isStep ? ["", "Y_h"] : ["Y"]))
            .Text(2, "layer")
            .Message(5, Tensor("W", PeerWeights.Transposed(problem.InputWeights, input), 1, gates * hidden, input))
            .Message(5, Tensor("R", PeerWeights.Transposed(problem.RecurrentWeights, hidden), 1, gates * hidden, hidden))
            .Message(5, Tensor("B", bias, 1, bias.Length))
            .Message(11, Value("X", steps, batch, input))
            .Message(11, Value("initial_h", 1, batch, hidden))
            .Message(12, isStep ? Value("Y_h", 1, batch, hidden) : Value("Y", steps, 1, batch, hidden));
        return new ProtobufWriter()
            .Number(1, IrVersion)
            .Message(7, graph)
            .Message(8, new ProtobufWriter().Text(1, "").Number(2, OperatorSetVersion))
            .ToArray();
    }

    private static ProtobufWriter Node(RecurrentCase work, string[] outputs)
    {
        var node = new ProtobufWriter();
        foreach (string input in (string[])["X", "W", "R", "B", "", "initial_h"]) node.Text(1, input);
        foreach (string output in outputs) node.Text(2, output);
        return node
            .Text(3, "layer")
            .Text(4, OperatorName(work.Cell))
            .Message(5, new ProtobufWriter().Text(1, "hidden_size").Number(3, work.HiddenSize).Number(20, IntAttribute));
    }

    private static string OperatorName(RecurrentCell cell) => cell switch
    {
        RecurrentCell.Rnn => "RNN",
        _ => throw new NotSupportedException($"{cell} has no ONNX operator here."),
    };

    private static ProtobufWriter Tensor(string name, float[] values, params ReadOnlySpan<int> shape)
    {
        var tensor = new ProtobufWriter();
        foreach (int size in shape) tensor.Number(1, size);
        return tensor.Number(2, Float).Text(8, name).Bytes(9, MemoryMarshal.AsBytes(values.AsSpan()));
    }

    private static ProtobufWriter Value(string name, params ReadOnlySpan<int> shape)
    {
        var sizes = new ProtobufWriter();
        foreach (int size in shape) sizes.Message(1, new ProtobufWriter().Number(1, size));
        ProtobufWriter tensor = new ProtobufWriter().Number(1, Float).Message(2, sizes);
        return new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(1, tensor));
    }
}
