using System.Buffers.Binary;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>A field of a protobuf message: a number in 64 bits, or bytes.</summary>
internal readonly record struct ProtobufField(int Number, ulong Value, ReadOnlyMemory<byte> Bytes);

/// <summary>The wire format of protocol buffers, as much of it as ONNX files use.</summary>
internal static class Protobuf
{
    public static IEnumerable<ProtobufField> Fields(ReadOnlyMemory<byte> message)
    {
        int position = 0;
        while (position < message.Length)
        {
            ulong tag = Varint(message, ref position);
            int number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    yield return new ProtobufField(number, Varint(message, ref position), default);
                    break;
                case 1:
                    yield return new ProtobufField(number, BinaryPrimitives.ReadUInt64LittleEndian(Take(message, 8, ref position).Span), default);
                    break;
                case 2:
                    int length = checked((int)Varint(message, ref position));
                    yield return new ProtobufField(number, 0, Take(message, length, ref position));
                    break;
                case 5:
                    yield return new ProtobufField(number, BinaryPrimitives.ReadUInt32LittleEndian(Take(message, 4, ref position).Span), default);
                    break;
                default:
                    throw new InvalidDataException($"Wire type {tag & 7} of field {number} is unknown.");
            }
        }
    }

    /// <summary>All whole numbers of a repeated field, packed or one by one.</summary>
    public static IEnumerable<long> Integers(IEnumerable<ProtobufField> fields, int number)
    {
        foreach (ProtobufField field in fields.Where(field => field.Number == number))
        {
            if (field.Bytes.IsEmpty) yield return (long)field.Value;
            for (int position = 0; position < field.Bytes.Length;) yield return (long)Varint(field.Bytes, ref position);
        }
    }

    /// <summary>All floats of a repeated field, packed or one by one.</summary>
    public static IEnumerable<float> Floats(IEnumerable<ProtobufField> fields, int number)
    {
        foreach (ProtobufField field in fields.Where(field => field.Number == number))
        {
            if (field.Bytes.IsEmpty) yield return BitConverter.UInt32BitsToSingle((uint)field.Value);
            for (int i = 0; i < field.Bytes.Length; i += 4) yield return BinaryPrimitives.ReadSingleLittleEndian(field.Bytes.Span[i..]);
        }
    }

    private static ReadOnlyMemory<byte> Take(ReadOnlyMemory<byte> message, int length, ref int position)
    {
        ReadOnlyMemory<byte> taken = message.Slice(position, length);
        position += length;
        return taken;
    }

    private static ulong Varint(ReadOnlyMemory<byte> message, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = message.Span[position++];
            value |= (ulong)(next & 127) << shift;
            if (next < 128) return value;
        }
    }
}
