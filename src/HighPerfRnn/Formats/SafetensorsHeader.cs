using System.Text.Json;
using System.Text.Unicode;

namespace HighPerfRnn.Formats;

/// <summary>
/// The JSON header of a safetensors file, read as if it came from an enemy:
/// <c>{"__metadata__":{"key":"value"},"name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}</c>.
/// Stricter than the format's own reader in one thing: unknown and duplicate fields are refused.
/// </summary>
internal ref struct SafetensorsHeader
{
    /// <summary>The format's own limit, so that nobody is made to parse an endless header.</summary>
    public const int LongestBytes = 100_000_000;

    /// <summary>The bytes before the header: its length.</summary>
    public const int PrefixBytes = 8;

    public const string MetadataKey = "__metadata__";

    private readonly string _file;
    private Utf8JsonReader _reader;

    private SafetensorsHeader(string file, ReadOnlySpan<byte> json)
    {
        _file = file;
        _reader = new Utf8JsonReader(json);
        Metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        Entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
    }

    public Dictionary<string, string> Metadata { get; }

    public Dictionary<string, SafetensorsEntry> Entries { get; }

    /// <summary>Parses and checks a header.</summary>
    /// <param name="file">The file's name for messages.</param>
    /// <param name="json">The header without its length, with its padding.</param>
    /// <exception cref="ModelFormatException">Whatever else the bytes are.</exception>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != '{')
        {
            string found = json.IsEmpty ? "an empty header" : $"byte 0x{json[0]:x2}";
            throw ModelFormatException.At(file, "first byte of the header", found, "'{'");
        }

        // Utf8JsonReader lets wrong UTF-8 inside strings pass, to fail when they are fetched.
        if (!Utf8.IsValid(json))
            throw ModelFormatException.At(file, "header", "bytes that are not UTF-8", "JSON in UTF-8");

        SafetensorsHeader header = new(file, json);
        try
        {
            header.ReadTop();
        }
        catch (JsonException error)
        {
            long position = PrefixBytes + header._reader.BytesConsumed;
            throw ModelFormatException.At(file, $"byte {position}", "a header that is not JSON", "JSON", error);
        }

        return header;
    }

    /// <summary>Sorts tensors by their place and checks that they fill the data without overlap, hole or rest.</summary>
    public readonly SafetensorsEntry[] OrderEntries(long dataLength)
    {
        SafetensorsEntry[] ordered = [.. Entries.Values];
        Array.Sort(ordered, static (left, right) => (left.Begin, left.End).CompareTo((right.Begin, right.End)));
        long end = 0;
        foreach (SafetensorsEntry entry in ordered)
        {
            string? expected = entry.End > dataLength ? $"an end within the {dataLength} bytes of data"
                : entry.Begin != end ? $"a begin of {end}, without overlap or hole"
                : null;
            if (expected is not null)
                throw Refuse($"{Place(entry.Name)}, data_offsets", $"[{entry.Begin}, {entry.End}]", expected);
            end = entry.End;
        }

        return end == dataLength
            ? ordered
            : throw Refuse("end of the last tensor", $"{dataLength - end} more bytes", "the end of the file");
    }

    private void ReadTop()
    {
        Expect(JsonTokenType.StartObject, "header");
        bool metadataSeen = false;
        while (TryReadName(out string name))
        {
            if (name == MetadataKey)
            {
                if (metadataSeen)
                    throw Refuse(MetadataKey, "it twice", "it once");
                metadataSeen = true;
                ReadMetadata();
            }
            else
            {
                SafetensorsEntry entry = ReadEntry(name);
                if (!Entries.TryAdd(name, entry))
                    throw Refuse(Place(name), "the name twice", "unique names");
            }
        }

        // Only padding may follow; the reader throws for all else.
        _reader.Read();
    }

    private void ReadMetadata()
    {
        Expect(JsonTokenType.StartObject, MetadataKey);
        while (TryReadName(out string key))
        {
            Expect(JsonTokenType.String, $"{MetadataKey} {ModelFormatException.Quote(key)}");
            if (!Metadata.TryAdd(key, Text()))
                throw Refuse($"{MetadataKey} {ModelFormatException.Quote(key)}", "the key twice", "unique keys");
        }
    }

    private SafetensorsEntry ReadEntry(string name)
    {
        string place = Place(name);
        SafetensorsDtype? dtype = null;
        long[]? shape = null;
        long[]? offsets = null;
        Expect(JsonTokenType.StartObject, place);
        while (TryReadName(out string field))
        {
            bool duplicate = field switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => throw Refuse(
                    place, $"field {ModelFormatException.Quote(field)}", "the fields dtype, shape and data_offsets"),
            };
            if (duplicate)
                throw Refuse($"{place}, {field}", "it twice", "it once");
            if (field == "dtype")
                dtype = ReadDtype(place);
            else if (field == "shape")
                shape = ReadNumbers($"{place}, shape", SafetensorsShape.LargestRank);
            else
                offsets = ReadNumbers($"{place}, data_offsets", 2);
        }

        if (dtype is not { } type || shape is null || offsets is null)
        {
            string missing = dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets";
            throw Refuse(place, $"no {missing}", "the fields dtype, shape and data_offsets");
        }

        CheckSize(place, type, shape, offsets);
        return new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    private readonly void CheckSize(string place, SafetensorsDtype dtype, long[] shape, long[] offsets)
    {
        if (offsets.Length != 2 || offsets[0] > offsets[1])
        {
            throw Refuse(
                $"{place}, data_offsets", SafetensorsShape.Describe(offsets), "[begin, end] with begin not after end");
        }

        string described = $"{SafetensorsDtypes.NameOf(dtype)} {SafetensorsShape.Describe(shape)}";
        if (!SafetensorsShape.TryGetByteLength(shape, dtype, out long byteLength))
            throw Refuse($"{place}, shape", described, "a size in bytes below 2^63");
        if (byteLength != offsets[1] - offsets[0])
        {
            throw Refuse(
                $"{place}, data_offsets",
                $"{SafetensorsShape.Describe(offsets)}, {offsets[1] - offsets[0]} bytes",
                $"{byteLength} bytes for {described}");
        }
    }

    private SafetensorsDtype ReadDtype(string place)
    {
        Expect(JsonTokenType.String, $"{place}, dtype");
        string text = Text();
        return SafetensorsDtypes.TryParse(text, out SafetensorsDtype dtype)
            ? dtype
            : throw Refuse($"{place}, dtype", ModelFormatException.Quote(text), $"one of {SafetensorsDtypes.AllNames}");
    }

    private long[] ReadNumbers(string place, int mostNumbers)
    {
        List<long> numbers = [];
        Expect(JsonTokenType.StartArray, place);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out long number) || number < 0)
                throw Refuse(place, Found(), "whole numbers from 0 to 2^63 - 1");
            if (numbers.Count == mostNumbers)
                throw Refuse(place, $"more than {mostNumbers} numbers", $"at most {mostNumbers}");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private bool TryReadName(out string name)
    {
        _reader.Read();
        bool isName = _reader.TokenType == JsonTokenType.PropertyName;
        name = isName ? Text() : string.Empty;
        return isName;
    }

    private void Expect(JsonTokenType type, string place)
    {
        _reader.Read();
        if (_reader.TokenType != type)
        {
            string expected = type switch
            {
                JsonTokenType.StartObject => "an object",
                JsonTokenType.StartArray => "an array",
                _ => "a string",
            };
            throw Refuse(place, Found(), expected);
        }
    }

    private readonly string Text()
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            string place = $"byte {PrefixBytes + _reader.TokenStartIndex}";
            throw ModelFormatException.At(_file, place, "half of a surrogate pair", "a string of Unicode characters", error);
        }
    }

    private readonly string Found() => _reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => System.Text.Encoding.UTF8.GetString(_reader.ValueSpan[..Math.Min(_reader.ValueSpan.Length, 40)]),
        JsonTokenType.Null => "null",
        _ => "a truth value",
    };

    private readonly ModelFormatException Refuse(string place, string found, string expected) =>
        ModelFormatException.At(_file, place, found, expected);

    private static string Place(string name) => $"tensor {ModelFormatException.Quote(name)}";
}
