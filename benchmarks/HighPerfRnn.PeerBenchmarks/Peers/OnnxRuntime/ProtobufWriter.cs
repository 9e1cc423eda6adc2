using System.Buffers.Binary;
using System.Text;

namespace HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;

/// <summary>The wire format of Protocol Buffers, as much of it as a model of one node needs.</summary>
internal sealed class ProtobufWriter
{
    private const int VarintType = 0;
    private const int LengthDelimitedType = 2;
    private const int Fixed32Type = 5;

    private readonly List<byte> _bytes = [];

    /// <summary>What was written.</summary>
    public byte[] ToArray() => _bytes.ToArray();

    /// <summary>A whole number.</summary>
    public ProtobufWriter Number(int field, long value)
    {
        WriteVarint(((ulong)field << 3) | VarintType);
        WriteVarint((ulong)value);
        return this;
    }

    /// <summary>A float.</summary>
    public ProtobufWriter Float(int field, float value)
    {
        WriteVarint(((ulong)field << 3) | Fixed32Type);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>The fields of another writer, as if written here.</summary>
    public ProtobufWriter Bytes(ProtobufWriter fields)
    {
        _bytes.AddRange(fields._bytes);
        return this;
    }

    /// <summary>Bytes with their length before them.</summary>
    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        WriteVarint(((ulong)field << 3) | LengthDelimitedType);
        WriteVarint((ulong)value.Length);
        _bytes.AddRange(value);
        return this;
    }

    /// <summary>A string.</summary>
    public ProtobufWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A message within this one.</summary>
    public ProtobufWriter Message(int field, ProtobufWriter message) => Bytes(field, message.ToArray());

    private void WriteVarint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
    }
}
