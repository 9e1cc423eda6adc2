using System.Runtime.InteropServices;

namespace HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;

/// <summary>A model of one node, from its name and those of its inputs and outputs; an empty name is one that is left out.</summary>
/// <remarks>Field numbers are those of onnx.proto.</remarks>
internal sealed class OnnxModel
{
    private const int IrVersion = 8;
    private const int OperatorSetVersion = 14;
    private const int FloatType = 1;
    private const int Int32Type = 6;

    private readonly ProtobufWriter _node = new();
    private readonly ProtobufWriter _graph = new();

    public OnnxModel(string operatorName, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs)
    {
        foreach (string input in inputs) _node.Text(1, input);
        foreach (string output in outputs) _node.Text(2, output);
        _node.Text(3, "layer").Text(4, operatorName);
    }

    public OnnxModel Attribute(string name, long value) => Attribute(name, type: 2, attribute => attribute.Number(3, value));

    public OnnxModel Attribute(string name, float value) => Attribute(name, type: 1, attribute => attribute.Float(2, value));

    public OnnxModel Attribute(string name, string value) => Attribute(name, type: 3, attribute => attribute.Text(4, value));

    public OnnxModel Attribute(string name, float[] values) => Attribute(name, type: 6, attribute =>
    {
        foreach (float value in values) attribute.Float(7, value);
    });

    public OnnxModel Attribute(string name, string[] values) => Attribute(name, type: 8, attribute =>
    {
        foreach (string value in values) attribute.Text(9, value);
    });

    /// <summary>A tensor that the model holds.</summary>
    public OnnxModel Constant(string name, float[] values, params ReadOnlySpan<int> shape)
    {
        var tensor = new ProtobufWriter();
        foreach (int size in shape) tensor.Number(1, size);
        _graph.Message(5, tensor.Number(2, FloatType).Text(8, name).Bytes(9, MemoryMarshal.AsBytes(values.AsSpan())));
        return this;
    }

    /// <summary>A tensor of floats that is given to each run.</summary>
    public OnnxModel Input(string name, params ReadOnlySpan<int> shape) => Value(11, name, FloatType, shape);

    /// <summary>A tensor of 32-bit whole numbers that is given to each run.</summary>
    public OnnxModel Int32Input(string name, params ReadOnlySpan<int> shape) => Value(11, name, Int32Type, shape);

    public OnnxModel Output(string name, params ReadOnlySpan<int> shape) => Value(12, name, FloatType, shape);

    /// <summary>The bytes of the model.</summary>
    public byte[] ToArray() => new ProtobufWriter()
        .Number(1, IrVersion)
        .Message(7, new ProtobufWriter().Message(1, _node).Text(2, "layer").Bytes(_graph))
        .Message(8, new ProtobufWriter().Text(1, "").Number(2, OperatorSetVersion))
        .ToArray();

    private OnnxModel Attribute(string name, int type, Action<ProtobufWriter> write)
    {
        ProtobufWriter attribute = new ProtobufWriter().Text(1, name);
        write(attribute);
        _node.Message(5, attribute.Number(20, type));
        return this;
    }

    private OnnxModel Value(int field, string name, int type, ReadOnlySpan<int> shape)
    {
        var sizes = new ProtobufWriter();
        foreach (int size in shape) sizes.Message(1, new ProtobufWriter().Number(1, size));
        ProtobufWriter tensor = new ProtobufWriter().Number(1, type).Message(2, sizes);
        _graph.Message(field, new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(1, tensor)));
        return this;
    }
}
