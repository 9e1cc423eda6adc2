using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HighPerfRnn.Formats;

/// <summary>
/// Named tensors in a file of the safetensors format: the header's length, a JSON header, little-endian row-major data
/// (https://github.com/huggingface/safetensors). Opening checks the whole header against the file's length and keeps the
/// file open; data is read when it is asked for, straight into the caller's memory.
/// </summary>
/// <remarks>
/// A file may come from anybody: every size is checked before it is used, and nothing is allocated that the file does not
/// hold. Any sequence of bytes gives either tensors or a <see cref="ModelFormatException"/>. Not safe for use by several
/// threads at once. On Windows, dispose before the same file is written again.
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly Stream _stream;
    private readonly string _file;
    private readonly long _dataBegin;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly SafetensorsEntry[] _ordered;

    private SafetensorsFile(
        Stream stream, string file, long dataBegin, SafetensorsHeader header, SafetensorsEntry[] ordered)
    {
        _stream = stream;
        _file = file;
        _dataBegin = dataBegin;
        _entries = header.Entries;
        _ordered = ordered;
        Metadata = header.Metadata;
    }

    /// <summary>The free texts of the file's <c>__metadata__</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>All tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Tensors => _ordered;

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">The file; what it names in messages too.</param>
    /// <exception cref="ModelFormatException">The file does not hold the format.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    public static SafetensorsFile Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream stream;
        try
        {
            // Large reads go past a buffer, and deleting or replacing the file must stay possible.
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"Cannot read '{path}': {error.Message}", error);
        }

        try
        {
            return Read(stream, path);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads the format from a stream, from its first byte to its last.</summary>
    /// <param name="stream">
    /// A stream that can read and seek. The file takes it over and disposes it, unless this method throws.
    /// </param>
    /// <param name="name">The name of the stream in messages.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ModelFormatException">The stream does not hold the format, or cannot seek.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static SafetensorsFile Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        if (!stream.CanSeek)
            throw ModelFormatException.At(name, "file", "a stream without positions, such as a pipe", "a regular file");
        long length = stream.Length;
        if (length < SafetensorsHeader.PrefixBytes)
            throw ModelFormatException.At(name, "file", $"{length} bytes", $"at least {SafetensorsHeader.PrefixBytes}");

        Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixBytes];
        ReadExactly(stream, name, 0, prefix);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        ulong longest = (ulong)Math.Min(length - SafetensorsHeader.PrefixBytes, SafetensorsHeader.LongestBytes);
        if (headerLength > longest)
        {
            string limit = longest < SafetensorsHeader.LongestBytes ? $" in a file of {length} bytes" : string.Empty;
            throw ModelFormatException.At(name, "header length", $"{headerLength}", $"at most {longest}{limit}");
        }

        byte[] json = new byte[(int)headerLength];
        ReadExactly(stream, name, SafetensorsHeader.PrefixBytes, json);
        SafetensorsHeader header = SafetensorsHeader.Parse(name, json);
        long dataBegin = SafetensorsHeader.PrefixBytes + json.Length;
        SafetensorsEntry[] ordered = header.OrderEntries(length - dataBegin);
        return new SafetensorsFile(stream, name, dataBegin, header, ordered);
    }

    /// <summary>
    /// Writes a file through <see cref="AtomicFile"/>: a crash leaves the old or the new one, whole. The same tensors and
    /// metadata give the same bytes: keys are in ordinal order, tensors from the widest dtype to the narrowest and within
    /// it by ordinal name, as the format's own writer puts them, whatever their order in the list.
    /// </summary>
    /// <param name="path">The file to create or to replace.</param>
    /// <param name="metadata">Free texts; null or empty for none.</param>
    /// <param name="tensors">The tensors, with unique names.</param>
    /// <exception cref="ArgumentException">
    /// A name occurs twice, a text is null or not Unicode, or names and metadata pass 100 MB. The old file stays.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written: the path and the reason. The old file stays.</exception>
    public static void Write(
        string path, IReadOnlyDictionary<string, string>? metadata, IReadOnlyList<SafetensorsTensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        AtomicFile.Write(path, stream => SafetensorsWriter.Write(stream, metadata, tensors));
    }

    /// <summary>Writes the format to a stream, the same bytes as to a file, and leaves the stream open.</summary>
    /// <param name="stream">Takes the bytes; nothing promises wholeness when it throws.</param>
    /// <param name="metadata">Free texts; null or empty for none.</param>
    /// <param name="tensors">The tensors, with unique names.</param>
    /// <exception cref="ArgumentException">
    /// A name occurs twice, a text is null or not Unicode, or names and metadata pass 100 MB. Nothing is written.
    /// </exception>
    /// <exception cref="IOException">The stream cannot be written.</exception>
    public static void Write(
        Stream stream, IReadOnlyDictionary<string, string>? metadata, IReadOnlyList<SafetensorsTensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        SafetensorsWriter.Write(stream, metadata, tensors);
    }

    /// <summary>Looks a tensor up by name.</summary>
    /// <param name="name">The name, exactly.</param>
    /// <param name="entry">The tensor's description, when found.</param>
    /// <returns>True when the file has the tensor.</returns>
    public bool TryFind(string name, [NotNullWhen(true)] out SafetensorsEntry? entry) => _entries.TryGetValue(name, out entry);

    /// <summary>Finds a tensor that the file must have.</summary>
    /// <param name="name">The name, exactly.</param>
    /// <exception cref="ModelFormatException">The file has no such tensor.</exception>
    public SafetensorsEntry Find(string name) => TryFind(name, out SafetensorsEntry? entry)
        ? entry
        : throw ModelFormatException.At(
            _file, "header", $"{_ordered.Length} tensors without {ModelFormatException.Quote(name)}", "a tensor of that name");

    /// <summary>Finds a tensor that the file must have, in a shape that it must have.</summary>
    /// <param name="name">The name, exactly.</param>
    /// <param name="shape">The sizes, slowest first; none for a scalar.</param>
    /// <exception cref="ModelFormatException">The file has no such tensor, or of another shape.</exception>
    public SafetensorsEntry Find(string name, params ReadOnlySpan<long> shape)
    {
        SafetensorsEntry entry = Find(name);
        return entry.Shape.SequenceEqual(shape) ? entry : throw Refuse(
            entry, $"shape {SafetensorsShape.Describe(entry.Shape)}", SafetensorsShape.Describe(shape));
    }

    /// <summary>
    /// Reads a tensor's elements, row-major. Overwrites <paramref name="destination"/>, whose content is undefined when
    /// this throws. To float and double, every floating-point dtype of 16 bits or more converts: exactly, but for F64 to
    /// float, which rounds to nearest, ties to even. All other types must be the dtype's own.
    /// </summary>
    /// <typeparam name="T">bool, Half, float, double, or an integer of 8 to 64 bits.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Takes the elements; as long as the tensor has elements.</param>
    /// <exception cref="ModelFormatException">
    /// The file has no such tensor, of another dtype or number of elements, became shorter since it was opened, or holds a
    /// BOOL other than 0 and 1.
    /// </exception>
    /// <exception cref="NotSupportedException">The format has no such element type.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void CopyTo<T>(string name, Span<T> destination)
        where T : unmanaged
    {
        SafetensorsEntry entry = Find(name);
        SafetensorsDtype dtype = SafetensorsDtypes.Of<T>();
        bool converts = TensorBytes.IsFloatingPoint(entry.Dtype) && (typeof(T) == typeof(float) || typeof(T) == typeof(double));
        if (entry.Dtype != dtype && !converts)
            throw Refuse(entry, $"dtype {SafetensorsDtypes.NameOf(entry.Dtype)}", SafetensorsDtypes.NameOf(dtype));
        if (entry.ElementCount != destination.Length)
        {
            throw Refuse(
                entry, $"{entry.ElementCount} elements, {SafetensorsShape.Describe(entry.Shape)}", $"{destination.Length}");
        }

        if (entry.Dtype == dtype)
            ReadSame(entry, destination);
        else
            ReadConverted(entry, destination);
    }

    /// <summary>Reads a tensor's elements into a new array; see <see cref="CopyTo"/>.</summary>
    /// <typeparam name="T">As in <see cref="CopyTo"/>.</typeparam>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="ModelFormatException">As in <see cref="CopyTo"/>, or no array is as long as the tensor.</exception>
    /// <exception cref="NotSupportedException">The format has no such element type.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public T[] ToArray<T>(string name)
        where T : unmanaged
    {
        SafetensorsEntry entry = Find(name);
        if (entry.ElementCount > Array.MaxLength)
            throw Refuse(entry, $"{entry.ElementCount} elements", $"at most {Array.MaxLength}");
        T[] elements = new T[entry.ElementCount];
        CopyTo<T>(name, elements);
        return elements;
    }

    /// <summary>Reads a tensor's bytes as they stand in the file, whatever its dtype: row-major, lowest byte first.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Takes the bytes; as long as the tensor has bytes. Overwritten.</param>
    /// <exception cref="ModelFormatException">
    /// The file has no such tensor, of another length, or became shorter since it was opened.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void CopyBytesTo(string name, Span<byte> destination)
    {
        SafetensorsEntry entry = Find(name);
        if (entry.ByteLength != destination.Length)
            throw Refuse(entry, $"{entry.ByteLength} bytes", $"{destination.Length}");
        ReadExactly(_stream, _file, _dataBegin + entry.Begin, destination);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private static void ReadExactly(Stream stream, string file, long position, Span<byte> destination)
    {
        try
        {
            stream.Position = position;
            stream.ReadExactly(destination);
        }
        catch (EndOfStreamException error)
        {
            throw ModelFormatException.At(
                file, $"byte {position}", "the end of the file", $"{destination.Length} more bytes", error);
        }
    }

    private void ReadSame<T>(SafetensorsEntry entry, Span<T> destination)
        where T : unmanaged
    {
        long position = _dataBegin + entry.Begin;
        int chunk = TensorBytes.LargestSpanBytes / Unsafe.SizeOf<T>();
        while (!destination.IsEmpty)
        {
            Span<byte> bytes = MemoryMarshal.AsBytes(destination[..Math.Min(destination.Length, chunk)]);
            ReadExactly(_stream, _file, position, bytes);
            TensorBytes.SwapOnBigEndian(bytes, Unsafe.SizeOf<T>());
            if (typeof(T) == typeof(bool))
                CheckBools(entry, bytes);
            position += bytes.Length;
            destination = destination[(bytes.Length / Unsafe.SizeOf<T>())..];
        }
    }

    private void CheckBools(SafetensorsEntry entry, Span<byte> bytes)
    {
        int index = bytes.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (index < 0)
            return;
        // A bool that is neither true nor false breaks code that was compiled on its word.
        byte found = bytes[index];
        bytes.Clear();
        throw Refuse(entry, $"a BOOL of {found}", "0 or 1");
    }

    private void ReadConverted<T>(SafetensorsEntry entry, Span<T> destination)
        where T : unmanaged
    {
        long position = _dataBegin + entry.Begin;
        int elementBytes = SafetensorsDtypes.SizeOf(entry.Dtype);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(TensorBytes.ChunkBytes);
        try
        {
            while (!destination.IsEmpty)
            {
                Span<T> part = destination[..Math.Min(destination.Length, TensorBytes.ChunkBytes / elementBytes)];
                Span<byte> bytes = buffer.AsSpan(0, part.Length * elementBytes);
                ReadExactly(_stream, _file, position, bytes);
                if (typeof(T) == typeof(float))
                    TensorBytes.Widen(entry.Dtype, bytes, MemoryMarshal.Cast<T, float>(part));
                else
                    TensorBytes.Widen(entry.Dtype, bytes, MemoryMarshal.Cast<T, double>(part));
                position += bytes.Length;
                destination = destination[part.Length..];
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ModelFormatException Refuse(SafetensorsEntry entry, string found, string expected) =>
        ModelFormatException.At(_file, $"tensor {ModelFormatException.Quote(entry.Name)}", found, expected);
}
