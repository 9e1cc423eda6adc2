using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Formats;

/// <summary>
/// A named tensor to be written by <see cref="SafetensorsFile.Write(string, IReadOnlyDictionary{string, string}?,
/// IReadOnlyList{SafetensorsTensor})"/>. It refers to its data, which is read when the file is written.
/// </summary>
public abstract class SafetensorsTensor
{
    private readonly long[] _shape;

    private SafetensorsTensor(string name, SafetensorsDtype dtype, ReadOnlySpan<long> shape)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name == SafetensorsHeader.MetadataKey)
            throw new ArgumentException($"name is {name}, which the format keeps for metadata; expected another.", nameof(name));
        if (dtype is < SafetensorsDtype.Bool or > SafetensorsDtype.U64)
            throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "Expected a dtype of the format.");
        if (shape.Length > SafetensorsShape.LargestRank)
        {
            throw new ArgumentException(
                $"shape has {shape.Length} sizes, expected at most {SafetensorsShape.LargestRank}.", nameof(shape));
        }

        if (!SafetensorsShape.TryGetByteLength(shape, dtype, out long byteLength))
        {
            throw new ArgumentException(
                $"shape is {SafetensorsShape.Describe(shape)}, expected sizes from 0 and less than 2^63 bytes.", nameof(shape));
        }

        Name = name;
        Dtype = dtype;
        ByteLength = byteLength;
        _shape = shape.ToArray();
    }

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>The type of its elements in the file.</summary>
    public SafetensorsDtype Dtype { get; }

    /// <summary>Its sizes, slowest first (row-major); empty for a scalar.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>The bytes that its data takes in the file.</summary>
    public long ByteLength { get; }

    /// <summary>A tensor over the caller's elements, which are not copied.</summary>
    /// <typeparam name="T">
    /// bool, Half, float, double, or an integer of 8 to 64 bits; the dtype in the file follows from it.
    /// </typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <param name="data">The elements, row-major; as many as the product of <paramref name="shape"/>.</param>
    /// <param name="shape">The sizes, slowest first; none for a scalar.</param>
    /// <exception cref="ArgumentException">
    /// The name is <c>__metadata__</c>, the shape is not possible, or does not fit the data's length.
    /// </exception>
    /// <exception cref="NotSupportedException">The format has no such element type.</exception>
    public static SafetensorsTensor Create<T>(string name, ReadOnlyMemory<T> data, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        SafetensorsTensor tensor = new Referring<T>(name, SafetensorsDtypes.Of<T>(), shape, data);
        return CheckLength(tensor, data.Length, SafetensorsDtypes.SizeOf(tensor.Dtype), nameof(data));
    }

    /// <inheritdoc cref="Create{T}(string, ReadOnlyMemory{T}, ReadOnlySpan{long})"/>
    public static SafetensorsTensor Create<T>(string name, T[] data, params ReadOnlySpan<long> shape)
        where T : unmanaged => Create(name, new ReadOnlyMemory<T>(data), shape);

    /// <summary>
    /// A tensor whose elements are made when the file is written, for parameters that lie elsewhere in another order:
    /// one tensor at a time stands in memory, never a second model.
    /// </summary>
    /// <typeparam name="T">As in <see cref="Create{T}(string, ReadOnlyMemory{T}, ReadOnlySpan{long})"/>.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <param name="fill">
    /// Overwrites a span of as many elements as the product of <paramref name="shape"/>, row-major; the span holds zeros.
    /// </param>
    /// <param name="shape">The sizes, slowest first; none for a scalar.</param>
    /// <exception cref="ArgumentException">
    /// The name is <c>__metadata__</c>, or the shape is not possible or of more than <see cref="Array.MaxLength"/> elements.
    /// </exception>
    /// <exception cref="NotSupportedException">The format has no such element type.</exception>
    public static SafetensorsTensor CreateDeferred<T>(string name, Action<Span<T>> fill, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(fill);
        SafetensorsTensor tensor = new Deferred<T>(name, SafetensorsDtypes.Of<T>(), shape, fill);
        long count = tensor.ByteLength / SafetensorsDtypes.SizeOf(tensor.Dtype);
        return count <= Array.MaxLength
            ? tensor
            : throw new ArgumentException($"shape holds {count} elements, expected at most {Array.MaxLength}.", nameof(shape));
    }

    /// <summary>A tensor of any dtype over bytes as they shall stand in the file, which are not copied.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="dtype">The type of the elements.</param>
    /// <param name="littleEndianData">The elements, row-major, each with its lowest byte first.</param>
    /// <param name="shape">The sizes, slowest first; none for a scalar.</param>
    /// <exception cref="ArgumentException">
    /// The name is <c>__metadata__</c>, the dtype is none, the shape is not possible, or does not fit the data's length.
    /// </exception>
    public static SafetensorsTensor FromBytes(
        string name, SafetensorsDtype dtype, ReadOnlyMemory<byte> littleEndianData, params ReadOnlySpan<long> shape)
    {
        SafetensorsTensor tensor = new Referring<byte>(name, dtype, shape, littleEndianData);
        return CheckLength(tensor, littleEndianData.Length, 1, nameof(littleEndianData));
    }

    internal abstract void WriteData(Stream stream);

    private static SafetensorsTensor CheckLength(SafetensorsTensor tensor, long length, int elementBytes, string parameter)
    {
        long expected = tensor.ByteLength / elementBytes;
        return length == expected ? tensor : throw new ArgumentException(
            $"{parameter} holds {length} elements, expected {expected} for shape {SafetensorsShape.Describe(tensor._shape)}.",
            parameter);
    }

    private static void WriteElements<T>(Stream stream, ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        // Spans of bytes end at 2^31, spans of elements may be larger; and a swap needs memory of its own.
        int chunk = BitConverter.IsLittleEndian ? TensorBytes.LargestSpanBytes / Unsafe.SizeOf<T>() : TensorBytes.ChunkBytes / Unsafe.SizeOf<T>();
        byte[]? swapped = BitConverter.IsLittleEndian ? null : ArrayPool<byte>.Shared.Rent(TensorBytes.ChunkBytes);
        while (!elements.IsEmpty)
        {
            ReadOnlySpan<T> part = elements[..Math.Min(elements.Length, chunk)];
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(part);
            if (swapped is not null)
            {
                bytes.CopyTo(swapped);
                TensorBytes.Swap(swapped.AsSpan(0, bytes.Length), Unsafe.SizeOf<T>());
                bytes = swapped.AsSpan(0, bytes.Length);
            }

            stream.Write(bytes);
            elements = elements[part.Length..];
        }

        if (swapped is not null)
            ArrayPool<byte>.Shared.Return(swapped);
    }

    private sealed class Referring<T>(string name, SafetensorsDtype dtype, ReadOnlySpan<long> shape, ReadOnlyMemory<T> data)
        : SafetensorsTensor(name, dtype, shape)
        where T : unmanaged
    {
        internal override void WriteData(Stream stream) => WriteElements(stream, data.Span);
    }

    private sealed class Deferred<T>(string name, SafetensorsDtype dtype, ReadOnlySpan<long> shape, Action<Span<T>> fill)
        : SafetensorsTensor(name, dtype, shape)
        where T : unmanaged
    {
        internal override void WriteData(Stream stream)
        {
            // Zeroed, not from a pool: what fill leaves out must be the same in every run.
            T[] elements = new T[ByteLength / SafetensorsDtypes.SizeOf(Dtype)];
            fill(elements);
            WriteElements<T>(stream, elements);
        }
    }
}
