using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Formats;

/// <summary>Elements to and from the little-endian bytes of a file, on machines of either byte order.</summary>
internal static class TensorBytes
{
    /// <summary>The bytes of a chunk that passes through a buffer: small beside L2, large beside the cost of a call.</summary>
    public const int ChunkBytes = 1 << 16;

    /// <summary>
    /// The bytes of one read or write that needs no buffer: a span of 2^31 elements has more bytes than a span of bytes can.
    /// </summary>
    public const int LargestSpanBytes = 1 << 30;

    /// <summary>Turns elements from the file's byte order to the machine's, or back, in place.</summary>
    public static void SwapOnBigEndian(Span<byte> bytes, int elementBytes)
    {
        if (!BitConverter.IsLittleEndian)
            Swap(bytes, elementBytes);
    }

    /// <summary>Reverses the bytes of each element of 1, 2, 4 or 8 bytes in place.</summary>
    public static void Swap(Span<byte> bytes, int elementBytes)
    {
        Debug.Assert(elementBytes is 1 or 2 or 4 or 8 && bytes.Length % elementBytes == 0);
        if (elementBytes == 2)
        {
            Span<ushort> elements = MemoryMarshal.Cast<byte, ushort>(bytes);
            BinaryPrimitives.ReverseEndianness(elements, elements);
        }
        else if (elementBytes == 4)
        {
            Span<uint> elements = MemoryMarshal.Cast<byte, uint>(bytes);
            BinaryPrimitives.ReverseEndianness(elements, elements);
        }
        else if (elementBytes == 8)
        {
            Span<ulong> elements = MemoryMarshal.Cast<byte, ulong>(bytes);
            BinaryPrimitives.ReverseEndianness(elements, elements);
        }
    }

    /// <summary>True for what <see cref="Widen(SafetensorsDtype, ReadOnlySpan{byte}, Span{float})"/> takes.</summary>
    public static bool IsFloatingPoint(SafetensorsDtype dtype) =>
        dtype is SafetensorsDtype.F16 or SafetensorsDtype.BF16 or SafetensorsDtype.F32 or SafetensorsDtype.F64;

    /// <summary>
    /// Floating-point elements of a file as float: exact from F16, BF16 and F32, rounded to nearest, ties to even, from F64
    /// (beyond the range of float: infinity).
    /// </summary>
    public static void Widen(SafetensorsDtype dtype, ReadOnlySpan<byte> source, Span<float> destination)
    {
        Debug.Assert(source.Length == (long)destination.Length * SafetensorsDtypes.SizeOf(dtype));
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = dtype switch
            {
                SafetensorsDtype.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(source[(2 * i)..]),
                SafetensorsDtype.BF16 => WidenBF16(source[(2 * i)..]),
                SafetensorsDtype.F32 => BinaryPrimitives.ReadSingleLittleEndian(source[(4 * i)..]),
                _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(source[(8 * i)..]),
            };
        }
    }

    /// <summary>Floating-point elements of a file as double: exact from every type.</summary>
    public static void Widen(SafetensorsDtype dtype, ReadOnlySpan<byte> source, Span<double> destination)
    {
        Debug.Assert(source.Length == (long)destination.Length * SafetensorsDtypes.SizeOf(dtype));
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = dtype switch
            {
                SafetensorsDtype.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(source[(2 * i)..]),
                SafetensorsDtype.BF16 => WidenBF16(source[(2 * i)..]),
                SafetensorsDtype.F32 => BinaryPrimitives.ReadSingleLittleEndian(source[(4 * i)..]),
                _ => BinaryPrimitives.ReadDoubleLittleEndian(source[(8 * i)..]),
            };
        }
    }

    private static float WidenBF16(ReadOnlySpan<byte> source) =>
        BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(source) << 16);
}
