using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>
/// Between ONNX's recurrent operators and the library's layers: order of gates, biases, layout, and what a row without steps ends
/// with. Whatever stands behind <see cref="IRecurrentSystem"/> meets all of it here, once.
/// </summary>
internal static class OnnxBorder
{
    // Where each of our gates stands in ONNX: i, f, g, o in i, o, f, c; r, z, n in z, r, h; of the peepholes i, f, o in i, o, f.
    private static readonly int[] LstmGates = [0, 2, 3, 1];
    private static readonly int[] GruGates = [1, 0, 2];
    private static readonly int[] PeepholeGates = [0, 2, 1];

    /// <summary>Runs a call on a system.</summary>
    /// <returns>Y, Y_h and, for LSTM, Y_c, in ONNX's shapes.</returns>
    /// <exception cref="ArgumentException">The call is not allowed.</exception>
    public static Dictionary<string, OperatorTensor> Run(OperatorCase call, IRecurrentSystem system)
    {
        RecurrentLayer layer = Read(call);
        return Write(call, layer, system.Run(layer));
    }

    /// <summary>The call as a layer of ours.</summary>
    /// <exception cref="ArgumentException">An activation or a direction is none.</exception>
    public static RecurrentLayer Read(OperatorCase call)
    {
        (bool[] reverse, bool batchFirst) = (Directions(call), call.Number("layout", 0) == 1);
        OperatorTensor x = call.Inputs["X"];
        (int steps, int batch) = batchFirst ? (x.Shape[1], x.Shape[0]) : (x.Shape[0], x.Shape[1]);
        int inputSize = x.Shape[2];
        int hiddenSize = (int)call.Number("hidden_size", call.Inputs["R"].Shape[2]);
        float[] input = batchFirst ? SwapFirstTwo(x.Floats, batch, steps) : x.Floats;
        int[]? lengths = call.Inputs.TryGetValue("sequence_lens", out OperatorTensor? given)
            ? Array.ConvertAll(given.Data, length => (int)length)
            : null;
        ReferenceActivation[] activations = OnnxActivations.Read(call, reverse.Length);
        int functions = activations.Length / reverse.Length;
        RecurrentDirection[] directions = new RecurrentDirection[reverse.Length];
        for (int d = 0; d < directions.Length; d++)
        {
            directions[d] = new RecurrentDirection(
                Cell(call, activations.AsSpan(d * functions, functions)),
                Parameters(call, d, directions.Length, inputSize, hiddenSize),
                State(call, "initial_h", d, directions.Length, batch, hiddenSize, batchFirst),
                State(call, "initial_c", d, directions.Length, batch, hiddenSize, batchFirst),
                reverse[d]);
        }

        return new RecurrentLayer(batch, steps, inputSize, hiddenSize, input, lengths, directions);
    }

    /// <summary>What a layer gave as Y, Y_h and, for LSTM, Y_c, in ONNX's shapes.</summary>
    public static Dictionary<string, OperatorTensor> Write(
        OperatorCase call, RecurrentLayer layer, IReadOnlyList<RecurrentResult> results)
    {
        (int count, int steps, int batch, int hiddenSize) = (results.Count, layer.Steps, layer.Batch, layer.HiddenSize);
        bool batchFirst = call.Number("layout", 0) == 1;
        double[] y = new double[steps * count * batch * hiddenSize];
        double[][] finals = [new double[count * batch * hiddenSize], new double[count * batch * hiddenSize]];
        for (int d = 0; d < count; d++)
        {
            for (int b = 0; b < batch; b++)
            {
                for (int t = 0; t < steps; t++)
                {
                    int place = batchFirst ? (((b * steps) + t) * count) + d : (((t * count) + d) * batch) + b;
                    Array.Copy(results[d].Output, ((t * batch) + b) * hiddenSize, y, place * hiddenSize, hiddenSize);
                }

                // A row without steps keeps its state in our layers; ONNX Runtime gives zeros.
                if (layer.Lengths is not null && layer.Lengths[b] == 0) continue;
                int row = batchFirst ? (b * count) + d : (d * batch) + b;
                Array.Copy(results[d].FinalState, b * hiddenSize, finals[0], row * hiddenSize, hiddenSize);
                if (results[d].FinalCellState.Length == 0) continue;
                Array.Copy(results[d].FinalCellState, b * hiddenSize, finals[1], row * hiddenSize, hiddenSize);
            }
        }

        int[] shape = batchFirst ? [batch, count, hiddenSize] : [count, batch, hiddenSize];
        return new Dictionary<string, OperatorTensor>
        {
            ["Y"] = new(batchFirst ? [batch, steps, count, hiddenSize] : [steps, count, batch, hiddenSize], y),
            ["Y_h"] = new(shape, finals[0]),
            ["Y_c"] = new(shape, finals[1]),
        };
    }

    private static bool[] Directions(OperatorCase call) => call.Texts("direction") switch
    {
        [] or ["forward"] => [false],
        ["reverse"] => [true],
        ["bidirectional"] => [false, true],
        [var other, ..] => throw new ArgumentException($"'{other}' is no direction."),
    };

    private static ReferenceCellOptions Cell(OperatorCase call, ReadOnlySpan<ReferenceActivation> functions)
    {
        double clip = call.Number("clip", double.PositiveInfinity);
        return call.Operator switch
        {
            "RNN" => new ReferenceVanillaRnnOptions { Activation = functions[0], Clip = clip },
            "GRU" => new ReferenceGruOptions
            {
                ResetBefore = call.Number("linear_before_reset", 0) == 0,
                Clip = clip,
                ResetActivation = functions[0],
                UpdateActivation = functions[0],
                CandidateActivation = functions[1],
            },
            "LSTM" => new ReferenceLstmOptions
            {
                Peepholes = call.Inputs.ContainsKey("P"),
                CoupledForget = call.Number("input_forget", 0) != 0,
                Clip = clip,
                InputActivation = functions[0],
                ForgetActivation = functions[0],
                CandidateActivation = functions[1],
                OutputActivation = functions[0],
                StateActivation = functions[2],
            },
            _ => throw new ArgumentException($"'{call.Operator}' is no recurrent operator."),
        };
    }

    private static Dictionary<string, float[]> Parameters(
        OperatorCase call, int direction, int directions, int inputSize, int hiddenSize)
    {
        int[] gates = call.Operator switch { "LSTM" => LstmGates, "GRU" => GruGates, _ => [0] };
        float[] biases = call.Inputs.TryGetValue("B", out OperatorTensor? b)
            ? Part(b, direction, directions)
            : new float[2 * gates.Length * hiddenSize];
        float[] inputBias = biases[..(biases.Length / 2)];
        float[] recurrentBias = biases[(biases.Length / 2)..];
        var parameters = new Dictionary<string, float[]>
        {
            ["weight_ih"] = Transposed(Part(call.Inputs["W"], direction, directions), gates, inputSize, hiddenSize),
            ["weight_hh"] = Transposed(Part(call.Inputs["R"], direction, directions), gates, hiddenSize, hiddenSize),
        };
        if (call.Operator == "GRU" && call.Number("linear_before_reset", 0) != 0)
        {
            // The candidate's two biases stay apart: r scales the recurrent one.
            parameters["bias_hn"] = recurrentBias[(2 * hiddenSize)..];
            recurrentBias.AsSpan(2 * hiddenSize).Clear();
        }

        float[] sum = [.. inputBias.Zip(recurrentBias, (input, recurrent) => input + recurrent)];
        parameters["bias"] = Transposed(sum, gates, 1, hiddenSize);
        if (call.Inputs.TryGetValue("P", out OperatorTensor? peepholes))
        {
            parameters["peepholes"] = Transposed(Part(peepholes, direction, directions), PeepholeGates, 1, hiddenSize);
        }

        return parameters;
    }

    /// <summary>[gates·H, columns] in ONNX's order to [columns, gates·H] in ours.</summary>
    private static float[] Transposed(float[] source, int[] gates, int columns, int hiddenSize)
    {
        float[] result = new float[source.Length];
        for (int gate = 0; gate < gates.Length; gate++)
        {
            for (int unit = 0; unit < hiddenSize; unit++)
            {
                for (int column = 0; column < columns; column++)
                {
                    result[(((column * gates.Length) + gate) * hiddenSize) + unit] =
                        source[(((gates[gate] * hiddenSize) + unit) * columns) + column];
                }
            }
        }

        return result;
    }

    /// <summary>One direction of [directions, ..].</summary>
    private static float[] Part(OperatorTensor tensor, int direction, int directions)
    {
        int length = tensor.Data.Length / directions;
        return tensor.Floats[(direction * length)..((direction + 1) * length)];
    }

    /// <summary>One direction's [B, H] of an initial state, empty where none is given.</summary>
    private static float[] State(
        OperatorCase call, string name, int direction, int directions, int batch, int hiddenSize, bool batchFirst)
    {
        if (!call.Inputs.TryGetValue(name, out OperatorTensor? state)) return [];
        float[] all = batchFirst ? SwapFirstTwo(state.Floats, batch, directions) : state.Floats;
        return all[(direction * batch * hiddenSize)..((direction + 1) * batch * hiddenSize)];
    }

    /// <summary>[first, second, ..] to [second, first, ..].</summary>
    private static float[] SwapFirstTwo(float[] source, int first, int second)
    {
        int width = source.Length / (first * second);
        float[] result = new float[source.Length];
        for (int i = 0; i < first * second; i++)
        {
            Array.Copy(source, i * width, result, ((i % second * first) + (i / second)) * width, width);
        }

        return result;
    }
}
