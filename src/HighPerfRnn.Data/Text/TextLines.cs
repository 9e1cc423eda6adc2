using System.Text;

namespace HighPerfRnn.Data.Text;

/// <summary>How texts are read.</summary>
public sealed record TextReadOptions
{
    /// <summary>What bytes mean; bytes that mean nothing are an error.</summary>
    public Encoding Encoding { get; init; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The most characters of a line that are taken; longer ones are skipped and counted.</summary>
    public int MaximumLength { get; init; } = 100_000;

    /// <summary>Whether the first line of a table names its columns; null to find out.</summary>
    public bool? HasHeader { get; init; }

    /// <summary>The encoding of a name: utf-8 or latin1.</summary>
    /// <exception cref="ArgumentException">There is no such name.</exception>
    public static Encoding EncodingOf(string name) => name switch
    {
        "utf-8" or "utf8" => new TextReadOptions().Encoding,
        "latin1" => Encoding.Latin1,
        _ => throw new ArgumentException($"Found '{name}'; expected utf-8 or latin1.", nameof(name)),
    };
}

/// <summary>A line of a file.</summary>
/// <param name="Text">Without its end.</param>
/// <param name="Number">From 1.</param>
public readonly record struct TextLine(string Text, int Number);

/// <summary>Lines of text files, one after the other: a file of any size takes the memory of a line.</summary>
public static class TextLines
{
    // A line of more characters is no text: memory stays bounded whatever the file.
    private const int MostCharacters = 1 << 24;

    /// <summary>Reads a file's lines, which \n or \r\n ends.</summary>
    /// <exception cref="DataException">The file cannot be read, or a byte means nothing in the encoding.</exception>
    public static IEnumerable<TextLine> Read(string path, TextReadOptions options)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        using FileStream stream = Open(path);
        foreach (TextLine line in Read(stream, path, options)) yield return line;
    }

    /// <summary>Reads a stream's lines.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">The encoding.</param>
    /// <exception cref="DataException">A byte means nothing in the encoding, or a line is longer than 16 million bytes.</exception>
    public static IEnumerable<TextLine> Read(Stream stream, string name, TextReadOptions options)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(options);
        byte[] buffer = new byte[1 << 16];
        var pending = new MemoryStream();
        int number = 1;
        for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            int start = 0;
            for (int end = Array.IndexOf(buffer, (byte)'\n', start, count - start); end >= 0; end = Array.IndexOf(buffer, (byte)'\n', start, count - start))
            {
                pending.Write(buffer, start, end - start);
                yield return new TextLine(Decode(pending, name, number, options.Encoding), number);
                number++;
                pending.SetLength(0);
                start = end + 1;
            }

            pending.Write(buffer, start, count - start);
            if (pending.Length > MostCharacters)
            {
                throw DataException.At($"{name}, line {number}", $"more than {MostCharacters:N0} bytes", "a line of text");
            }
        }

        if (pending.Length > 0) yield return new TextLine(Decode(pending, name, number, options.Encoding), number);
    }

    internal static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw DataException.At(path, "no such file", "a file", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw DataException.At(path, Directory.Exists(path) ? "a folder" : error.Message, "a file that can be read", error);
        }
    }

    private static string Decode(MemoryStream bytes, string name, int number, Encoding encoding)
    {
        ReadOnlySpan<byte> line = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
        if (number == 1 && line.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) line = line[3..];
        if (line.EndsWith((byte)'\r')) line = line[..^1];
        try
        {
            return encoding.GetString(line);
        }
        catch (DecoderFallbackException error)
        {
            int at = 0;
            while (Rune.DecodeFromUtf8(line[at..], out _, out int length) == System.Buffers.OperationStatus.Done) at += length;
            throw DataException.At($"{name}, line {number}, byte {at + 1}", $"0x{line[at]:X2}, which is no UTF-8 there", "UTF-8, or another encoding", error);
        }
    }
}
