using System.Text;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Formats;
using HighPerfRnn.Models;

namespace HighPerfRnn.Cli;

/// <summary>Files that a user names to be read; whatever is wrong with one is bad input, said in one line.</summary>
internal static class InputFile
{
    private const long MostTextBytes = 1L << 29;

    /// <summary>Reads a text: UTF-8, with or without a byte order mark, not empty.</summary>
    /// <param name="option">The option that named it.</param>
    /// <param name="path">The file.</param>
    public static string ReadText(string option, string path)
    {
        byte[] bytes = ReadBytes(option, path);
        ReadOnlySpan<byte> text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes;
        if (text.IsEmpty) throw ToolException.Usage(Place(option, path), "an empty file", "text");
        ThrowIfNotUtf8(option, path, text, bytes.Length - text.Length);
        return Encoding.UTF8.GetString(text);
    }

    /// <summary>Reads a character model.</summary>
    public static CharacterModel<float> ReadModel(string path) => ReadModel(path, file => CharacterModelFile.Load<float>(file));

    /// <summary>Reads a model of any kind.</summary>
    /// <param name="path">The file.</param>
    /// <param name="load">Reads it.</param>
    public static TModel ReadModel<TModel>(string path, Func<string, TModel> load)
    {
        if (Directory.Exists(path)) throw ToolException.Usage(TextConsole.Quote(path), "a folder", "a model file");
        try
        {
            return load(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ToolException.Usage(TextConsole.Quote(path), "no such file", "a model that hprnn saved");
        }
        catch (Exception error) when (error is (IOException or UnauthorizedAccessException) and not ModelFormatException)
        {
            throw new ToolException(ExitCode.Usage, error.Message);
        }
    }

    /// <summary>Reads models that are used as one.</summary>
    /// <param name="paths">The files, one at least.</param>
    /// <param name="load">Reads one.</param>
    /// <param name="areAlike">Whether the first and another may be joined.</param>
    public static TModel[] ReadModels<TModel>(string[] paths, Func<string, TModel> load, Func<TModel, TModel, bool> areAlike)
    {
        TModel[] models = [.. paths.Select(path => ReadModel(path, load))];
        int other = Array.FindIndex(models, model => !areAlike(models[0], model));
        return other < 0
            ? models
            : throw ToolException.Usage(TextConsole.Quote(paths[other]), "a model of other tokens", $"one of the tokens of {TextConsole.Quote(paths[0])}");
    }

    private static string Place(string option, string path) => $"{option} {TextConsole.Quote(path)}";

    private static byte[] ReadBytes(string option, string path)
    {
        string place = Place(option, path);
        if (Directory.Exists(path)) throw ToolException.Usage(place, "a folder", "a text file");
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.CanSeek && stream.Length > MostTextBytes)
            {
                throw ToolException.Usage(place, $"{stream.Length:N0} bytes", $"at most {MostTextBytes:N0}");
            }

            return ReadAll(stream, place);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ToolException.Usage(place, "no such file", "a text file");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ToolException(ExitCode.Usage, $"{place}: cannot be read: {error.Message}");
        }
    }

    /// <summary>To the end: a pipe has no length.</summary>
    private static byte[] ReadAll(FileStream stream, string place)
    {
        using var content = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int count = stream.Read(buffer); count > 0; count = stream.Read(buffer))
        {
            content.Write(buffer, 0, count);
            if (content.Length > MostTextBytes) throw ToolException.Usage(place, $"more than {MostTextBytes:N0} bytes", "no more");
        }

        return content.ToArray();
    }

    private static void ThrowIfNotUtf8(string option, string path, ReadOnlySpan<byte> text, int offset)
    {
        if (System.Text.Unicode.Utf8.IsValid(text)) return;
        int position = 0;
        while (Rune.DecodeFromUtf8(text[position..], out _, out int length) == System.Buffers.OperationStatus.Done) position += length;
        int line = text[..position].Count((byte)'\n') + 1;
        throw ToolException.Usage(
            $"{Place(option, path)}, line {line}, byte {offset + position}", $"0x{text[position]:X2}, which is no UTF-8 there", "UTF-8");
    }
}
