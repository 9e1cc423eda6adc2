using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace HighPerfRnn.Formats;

/// <summary>
/// Writes the format: the header's length in 8 bytes, the header in JSON padded with spaces to a multiple of 8, the data of
/// all tensors one after the other.
/// </summary>
internal static class SafetensorsWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Write(
        Stream stream, IReadOnlyDictionary<string, string>? metadata, IReadOnlyList<SafetensorsTensor> tensors)
    {
        SafetensorsTensor[] sorted = Sort(tensors);
        ReadOnlySpan<byte> header = MakeHeader(metadata, sorted);
        Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        foreach (SafetensorsTensor tensor in sorted)
            tensor.WriteData(stream);
    }

    /// <summary>Widest dtype first, then by name: the order of the format's own writer, which keeps all data aligned.</summary>
    private static SafetensorsTensor[] Sort(IReadOnlyList<SafetensorsTensor> tensors)
    {
        SafetensorsTensor[] sorted = [.. tensors];
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (SafetensorsTensor tensor in sorted)
        {
            ArgumentNullException.ThrowIfNull(tensor, nameof(tensors));
            CheckText(tensor.Name, "tensor name", nameof(tensors));
            if (!names.Add(tensor.Name))
            {
                throw new ArgumentException(
                    $"tensors hold the name {ModelFormatException.Quote(tensor.Name)} twice, expected unique names.",
                    nameof(tensors));
            }
        }

        Array.Sort(sorted, static (left, right) => left.Dtype != right.Dtype
            ? right.Dtype.CompareTo(left.Dtype)
            : string.CompareOrdinal(left.Name, right.Name));
        return sorted;
    }

    private static ReadOnlySpan<byte> MakeHeader(IReadOnlyDictionary<string, string>? metadata, SafetensorsTensor[] tensors)
    {
        ArrayBufferWriter<byte> header = new();
        // The relaxed encoder escapes what JSON asks for; HTML is no concern here, and '+' or '<' stay readable.
        JsonWriterOptions options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (Utf8JsonWriter json = new(header, options))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
                WriteMetadata(json, metadata);
            long begin = 0;
            foreach (SafetensorsTensor tensor in tensors)
            {
                long end = checked(begin + tensor.ByteLength);
                WriteEntry(json, tensor, begin, end);
                begin = end;
            }

            json.WriteEndObject();
        }

        int padding = -header.WrittenCount & 7;
        header.GetSpan(8)[..padding].Fill((byte)' ');
        header.Advance(padding);
        if (header.WrittenCount > SafetensorsHeader.LongestBytes)
        {
            throw new ArgumentException(
                $"names and metadata make a header of {header.WrittenCount} bytes, expected at most "
                + $"{SafetensorsHeader.LongestBytes}.",
                nameof(metadata));
        }

        return header.WrittenSpan;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        string[] keys = [.. metadata.Keys];
        Array.Sort(keys, StringComparer.Ordinal);
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach (string key in keys)
        {
            string value = metadata[key];
            CheckText(key, "key", nameof(metadata));
            CheckText(value, $"value of {ModelFormatException.Quote(key)}", nameof(metadata));
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsTensor tensor, long begin, long end)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", SafetensorsDtypes.NameOf(tensor.Dtype));
        json.WriteStartArray("shape");
        foreach (long size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A lone surrogate has no UTF-8; written as a replacement character, it would come back as another text.</summary>
    private static void CheckText(string? text, string what, string parameter)
    {
        ArgumentNullException.ThrowIfNull(text, parameter);
        try
        {
            StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException error)
        {
            throw new ArgumentException(
                $"{what} holds half of a surrogate pair at {error.Index}, expected Unicode characters.", parameter, error);
        }
    }
}
