using System.Globalization;
using HighPerfRnn.Formats;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Tasks.Training;

/// <summary>
/// A task's model as a safetensors file: parameters as they lie in memory, named by their set, and everything else that predicting needs
/// (vocabularies, features, sizes) as texts in the metadata.
/// </summary>
public sealed class TaskModelFile : IDisposable
{
    internal const int MostUnits = 1 << 16;
    internal const int MostLayers = 64;

    private const string KindKey = "hprnn.model";
    private const string Prefix = "hprnn.";

    private readonly SafetensorsFile _file;
    private readonly string _path;

    private TaskModelFile(string path, SafetensorsFile file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>Opens a model of a kind.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it must be.</param>
    /// <exception cref="ModelFormatException">The file is no model, or one of another kind.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TaskModelFile Open(string path, string kind)
    {
        SafetensorsFile file = SafetensorsFile.Read(path);
        try
        {
            string found = file.Metadata.TryGetValue(KindKey, out string? text) ? $"'{text}'" : $"no {KindKey}";
            if (text != kind) throw Malformed(path, $"metadata {KindKey}", found, $"'{kind}'");
            return new TaskModelFile(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes a model; a crash leaves the old file or the new.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="metadata">What else predicting needs, by keys without the prefix "hprnn.".</param>
    /// <param name="sets">Parameters, by a name for each set.</param>
    /// <exception cref="IOException">The file cannot be written; what stood there before still does.</exception>
    public static void Save(
        string path, string kind, IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<NamedParameters> sets) =>
        Save(path, kind, metadata, sets, []);

    /// <summary>What the metadata says.</summary>
    /// <param name="key">Without the prefix.</param>
    /// <exception cref="ModelFormatException">It says nothing.</exception>
    public string Text(string key) =>
        _file.Metadata.TryGetValue(Prefix + key, out string? text) ? text : throw Malformed($"no {Prefix}{key}", "a model that hprnn saved");

    /// <summary>A whole number of the metadata.</summary>
    /// <param name="key">Without the prefix.</param>
    /// <param name="least">The smallest that is allowed.</param>
    /// <param name="most">The largest.</param>
    /// <exception cref="ModelFormatException">It is missing or out of range.</exception>
    public int Whole(string key, int least, int most)
    {
        string text = Text(key);
        bool isWhole = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value);
        return isWhole && value >= least && value <= most
            ? value
            : throw MalformedValue(key, text, $"a whole number from {least} to {most}");
    }

    /// <summary>A number of the metadata.</summary>
    /// <param name="key">Without the prefix.</param>
    /// <exception cref="ModelFormatException">It is missing or not finite.</exception>
    public double Number(string key)
    {
        string text = Text(key);
        bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
        return isNumber && double.IsFinite(value) ? value : throw MalformedValue(key, text, "a finite number");
    }

    /// <summary>A probability of the metadata: from 0 to below 1.</summary>
    /// <param name="key">Without the prefix.</param>
    /// <exception cref="ModelFormatException">It is missing or out of range.</exception>
    public double Probability(string key)
    {
        double value = Number(key);
        return value is >= 0 and < 1 ? value : throw MalformedValue(key, Text(key), "a number from 0 to below 1");
    }

    /// <summary>A seed of the metadata.</summary>
    /// <param name="key">Without the prefix.</param>
    /// <exception cref="ModelFormatException">It is missing or no whole number of 64 bits.</exception>
    public ulong Seed(string key) => Parse(key, text => ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture));

    /// <summary>One of the names of an enumeration.</summary>
    /// <param name="key">Without the prefix.</param>
    /// <exception cref="ModelFormatException">The text is missing or none of them.</exception>
    public T Choice<T>(string key)
        where T : struct, Enum
    {
        string text = Text(key);
        foreach (T value in Enum.GetValues<T>())
        {
            if (value.ToString() == text) return value;
        }

        throw MalformedValue(key, text, $"one of {string.Join(", ", Enum.GetNames<T>())}");
    }

    /// <summary>What a function makes of a text of the metadata.</summary>
    /// <param name="key">Without the prefix.</param>
    /// <param name="parse">Throws a FormatException or ArgumentException for what it cannot read.</param>
    /// <exception cref="ModelFormatException">The text is missing or cannot be read.</exception>
    public T Parse<T>(string key, Func<string, T> parse)
    {
        ArgumentNullException.ThrowIfNull(parse);
        string text = Text(key);
        try
        {
            return parse(text);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new ModelFormatException($"'{_path}', metadata {Prefix}{key}: {error.Message}", error);
        }
    }

    /// <summary>Checks that all parameters are here in their shapes, before room for a network of such sizes is made.</summary>
    /// <param name="shapes">Name, rows (0 for a vector) and columns.</param>
    /// <exception cref="ModelFormatException">One is missing or has another shape.</exception>
    public void Require(IEnumerable<(string Name, int Rows, int Columns)> shapes)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        foreach ((string name, int rows, int columns) in shapes)
        {
            if (rows == 0) _file.Find(name, columns);
            else _file.Find(name, rows, columns);
        }
    }

    /// <summary>Reads parameters.</summary>
    /// <param name="sets">What is overwritten, by the names under which it was saved.</param>
    /// <exception cref="ModelFormatException">One is missing or has another shape.</exception>
    public void Read(IReadOnlyList<NamedParameters> sets) => Read(string.Empty, sets);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal static void Save(
        string path,
        string kind,
        IEnumerable<KeyValuePair<string, string>> metadata,
        IReadOnlyList<NamedParameters> sets,
        IEnumerable<SafetensorsTensor> more)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(sets);
        var texts = new Dictionary<string, string> { [KindKey] = kind };
        foreach ((string key, string text) in metadata) texts.Add(Prefix + key, text);
        SafetensorsFile.Write(path, texts, [.. Tensors(string.Empty, sets), .. more]);
    }

    internal static IEnumerable<SafetensorsTensor> Tensors(string prefix, IReadOnlyList<NamedParameters> sets)
    {
        foreach (NamedParameters named in sets)
        {
            foreach (Parameter parameter in named.Parameters.Parameters)
            {
                Parameter at = parameter;
                yield return SafetensorsTensor.CreateDeferred<float>(
                    $"{prefix}{named.Name}.{at.Name}", target => named.Parameters.Span(at).CopyTo(target), Shape(at));
            }
        }
    }

    internal void Read(string prefix, IReadOnlyList<NamedParameters> sets)
    {
        ArgumentNullException.ThrowIfNull(sets);
        foreach (NamedParameters named in sets)
        {
            foreach (Parameter parameter in named.Parameters.Parameters)
            {
                string name = $"{prefix}{named.Name}.{parameter.Name}";
                _file.Find(name, Shape(parameter));
                _file.CopyTo(name, named.Parameters.Span(parameter));
            }
        }
    }

    internal ModelFormatException MalformedValue(string key, string found, string expected) =>
        Malformed(_path, $"metadata {Prefix}{key}", $"'{found}'", expected);

    private static long[] Shape(in Parameter parameter) => parameter.IsVector ? [parameter.Columns] : [parameter.Rows, parameter.Columns];

    private ModelFormatException Malformed(string found, string expected) => Malformed(_path, "metadata", found, expected);

    private static ModelFormatException Malformed(string path, string place, string found, string expected) =>
        new($"'{path}', {place}: found {found}, expected {expected}.");
}

/// <summary>A set of parameters and what a file calls it.</summary>
/// <param name="Name">Unique in a file.</param>
/// <param name="Parameters">The set.</param>
public sealed record NamedParameters(string Name, ParameterSet<float> Parameters);
