namespace HighPerfRnn.Formats;

/// <summary>One tensor of a safetensors file as its header describes it, checked against the file's length.</summary>
public sealed class SafetensorsEntry
{
    private readonly long[] _shape;

    internal SafetensorsEntry(string name, SafetensorsDtype dtype, long[] shape, long begin, long end)
    {
        Name = name;
        Dtype = dtype;
        _shape = shape;
        Begin = begin;
        ByteLength = end - begin;
    }

    /// <summary>The tensor's name, unique in its file.</summary>
    public string Name { get; }

    /// <summary>The type of its elements in the file.</summary>
    public SafetensorsDtype Dtype { get; }

    /// <summary>Its sizes, slowest first (row-major); empty for a scalar.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>The number of its elements: the product of <see cref="Shape"/>, 1 for a scalar.</summary>
    public long ElementCount => ByteLength / SafetensorsDtypes.SizeOf(Dtype);

    /// <summary>The bytes that its data takes in the file.</summary>
    public long ByteLength { get; }

    /// <summary>Where its data begins, in bytes after the header.</summary>
    internal long Begin { get; }

    internal long End => Begin + ByteLength;

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {SafetensorsDtypes.NameOf(Dtype)} {SafetensorsShape.Describe(_shape)}";
}

/// <summary>Arithmetic on shapes that may come from a hostile file.</summary>
internal static class SafetensorsShape
{
    /// <summary>No library makes tensors of more dimensions; the limit keeps a hostile header from growing long lists.</summary>
    public const int LargestRank = 64;

    /// <summary>The bytes of a tensor; false when a size is negative or the product passes 2^63 - 1.</summary>
    public static bool TryGetByteLength(ReadOnlySpan<long> shape, SafetensorsDtype dtype, out long byteLength)
    {
        UInt128 product = 1;
        byteLength = 0;
        foreach (long size in shape)
        {
            // Neither factor passes 2^63, so the product fits.
            product = size < 0 ? UInt128.MaxValue : product * (ulong)size;
            if (product > long.MaxValue)
                return false;
        }

        product *= (ulong)SafetensorsDtypes.SizeOf(dtype);
        byteLength = product > long.MaxValue ? 0 : (long)product;
        return product <= long.MaxValue;
    }

    public static string Describe(ReadOnlySpan<long> shape)
    {
        const int Shown = 8;
        string sizes = string.Join(", ", shape[..Math.Min(shape.Length, Shown)].ToArray());
        return shape.Length > Shown ? $"[{sizes}, …]" : $"[{sizes}]";
    }
}
