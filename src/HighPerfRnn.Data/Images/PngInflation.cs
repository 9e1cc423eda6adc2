using System.Buffers.Binary;
using System.IO.Compression;

namespace HighPerfRnn.Data.Images;

/// <summary>Whether the pixels of a PNG are as many as its header says: a small file may hold gigabytes of zeros.</summary>
internal static class PngInflation
{
    // Deflate makes at most 1032 bytes of one: what is shorter than this needs no second look.
    private const int MostGrowth = 1032;
    private const long Harmless = 1L << 26;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Refuses data that inflates to more than the image has.</summary>
    /// <param name="bytes">A file of any kind; what is no PNG is left alone.</param>
    /// <param name="width">Pixels a row, as the header says.</param>
    /// <param name="height">Rows.</param>
    /// <param name="name">What the error calls it.</param>
    /// <exception cref="DataException">There is more than four channels of 16 bits take.</exception>
    internal static void Check(byte[] bytes, int width, int height, string name)
    {
        if (bytes.Length * (long)MostGrowth <= Harmless || !bytes.AsSpan().StartsWith(Signature)) return;
        // A byte a row for its filter; interlaced, an image has fewer than two rows for each of its own and seven.
        long most = Math.Max(Harmless, (8L * width * height) + (2L * height) + 64);
        using MemoryStream data = Data(bytes);
        using var inflated = new ZLibStream(data, CompressionMode.Decompress);
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        try
        {
            for (int count = inflated.Read(buffer); count > 0; count = inflated.Read(buffer))
            {
                total += count;
                if (total > most) throw DataException.At(name, $"more data than {width} × {height} pixels have", "PNG or JPEG");
            }
        }
        catch (InvalidDataException)
        {
            // The decoder says what is wrong with it; up to there it was not too much.
        }
    }

    /// <summary>What the image's IDAT chunks hold, one after the other.</summary>
    private static MemoryStream Data(ReadOnlySpan<byte> png)
    {
        var data = new MemoryStream();
        for (int at = Signature.Length; at + 8 <= png.Length;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            ReadOnlySpan<byte> type = png.Slice(at + 4, 4), rest = png[(at + 8)..];
            if (type.SequenceEqual("IDAT"u8)) data.Write(rest[..(int)Math.Min(length, (uint)rest.Length)]);
            if (length + 4L > rest.Length) break;
            at += 8 + (int)length + 4;
        }

        data.Position = 0;
        return data;
    }
}
