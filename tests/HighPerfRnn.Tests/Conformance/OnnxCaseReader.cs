using System.Buffers.Binary;
using System.Text;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>Reads one of ONNX's backend node tests: model.onnx with one node, input_N.pb and output_N.pb in the graph's order.</summary>
/// <remarks>Field numbers are those of onnx.proto.</remarks>
internal static class OnnxCaseReader
{
    private const int FloatType = 1;
    private const int Int32Type = 6;

    private static readonly string[] InputNames = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"];
    private static readonly string[] OutputNames = ["Y", "Y_h", "Y_c"];

    public static OperatorCase Read(string folder)
    {
        ProtobufField[] model = [.. Protobuf.Fields(File.ReadAllBytes(Path.Combine(folder, "model.onnx")))];
        ProtobufField[] graph = [.. Protobuf.Fields(model.Single(field => field.Number == 7).Bytes)];
        ProtobufField[] node = [.. Protobuf.Fields(graph.Single(field => field.Number == 1).Bytes)];
        return new OperatorCase
        {
            Name = Path.GetFileName(folder),
            Operator = Text(node, 4).Single(),
            Attributes = node.Where(field => field.Number == 5)
                .Select(field => Protobuf.Fields(field.Bytes).ToArray())
                .ToDictionary(attribute => Text(attribute, 1).Single(), Attribute),
            Inputs = Tensors(folder, "input", ValueNames(graph, 11), Text(node, 1), InputNames),
            Outputs = Tensors(folder, "output", ValueNames(graph, 12), Text(node, 2), OutputNames),
        };
    }

    /// <summary>Files by the graph's order, names by the node's; an input or output that is left out has no name there.</summary>
    private static Dictionary<string, OperatorTensor> Tensors(
        string folder, string prefix, string[] graphNames, string[] nodeNames, string[] operatorNames)
    {
        var tensors = new Dictionary<string, OperatorTensor>();
        for (int i = 0; i < graphNames.Length; i++)
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(folder, $"{prefix}_{i}.pb"));
            tensors.Add(operatorNames[Array.IndexOf(nodeNames, graphNames[i])], Tensor(bytes));
        }

        return tensors;
    }

    private static OperatorTensor Tensor(byte[] bytes)
    {
        ProtobufField[] fields = [.. Protobuf.Fields(bytes)];
        int type = (int)Protobuf.Integers(fields, 2).Single();
        if (type is not (FloatType or Int32Type)) throw new InvalidDataException($"Tensors of type {type} are not read.");
        double[] data = [.. type == FloatType
            ? Protobuf.Floats(fields, 4).Select(number => (double)number)
            : Protobuf.Integers(fields, 5).Select(number => (double)number)];
        if (data.Length == 0)
        {
            ReadOnlyMemory<byte> raw = fields.Single(field => field.Number == 9).Bytes;
            data = [.. Enumerable.Range(0, raw.Length / 4).Select(i => type == FloatType
                ? (double)BinaryPrimitives.ReadSingleLittleEndian(raw.Span[(4 * i)..])
                : BinaryPrimitives.ReadInt32LittleEndian(raw.Span[(4 * i)..]))];
        }

        int[] shape = [.. Protobuf.Integers(fields, 1).Select(length => (int)length)];
        int count = shape.Aggregate(1, (product, length) => product * length);
        return data.Length == count ? new OperatorTensor(shape, data)
            : throw new InvalidDataException($"A tensor of shape [{string.Join(", ", shape)}] holds {data.Length} numbers.");
    }

    /// <summary>f = 2, i = 3, s = 4, floats = 7, ints = 8, strings = 9: the kinds that these operators have.</summary>
    private static Array Attribute(ProtobufField[] fields)
    {
        string[] texts = [.. Text(fields, 4), .. Text(fields, 9)];
        double[] floats = [.. Protobuf.Floats(fields, 2).Concat(Protobuf.Floats(fields, 7)).Select(number => (double)number)];
        double[] integers = [.. Protobuf.Integers(fields, 3).Concat(Protobuf.Integers(fields, 8)).Select(number => (double)number)];
        return texts.Length > 0 ? texts : floats.Length > 0 ? floats : integers;
    }

    private static string[] ValueNames(ProtobufField[] graph, int number) =>
        [.. graph.Where(field => field.Number == number).Select(field => Text([.. Protobuf.Fields(field.Bytes)], 1).Single())];

    private static string[] Text(ProtobufField[] fields, int number) =>
        [.. fields.Where(field => field.Number == number).Select(field => Encoding.UTF8.GetString(field.Bytes.Span))];
}
