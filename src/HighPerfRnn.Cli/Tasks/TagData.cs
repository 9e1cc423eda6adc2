using System.CommandLine;
using System.IO.Compression;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Tasks.Tagging;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Where sequences of labelled frames come from.</summary>
internal sealed class TagData
{
    private const string Formats =
        "CSV files (a row a frame, the label last), WAV files with label tracks NAME.txt, or clips (folders of numbered images with labels.csv)";

    // Of one kind each, and of different colours and shapes: what is to be told is more than which colour.
    private static readonly string[] Moved = ["green apple", "tropical fish", "bird", "steam locomotive", "tiger face", "basketball and hoop"];

    public Option<string?> Data { get; } = CommandOptions.Text(
        "--data", "PATH", CommandOptions.WithDefault($"{Formats}; a file or a folder.", Description));

    public Option<string?> ValidationData { get; } = TaskFlags.ValidationData("PATH", Formats);

    public Option<int> Clips { get; } = CommandOptions.Whole("--clips", 1000, 1, 1_000_000, "How many clips are made, without --data.");

    /// <summary>What the default data is, in words.</summary>
    private static string Description => "clips of embedded emoji that move under noise (Apache-2.0)";

    /// <summary>Adds what reading takes.</summary>
    public void AddTo(Command command)
    {
        command.Add(Data);
        command.Add(Clips);
    }

    /// <summary>The files that are read.</summary>
    public IEnumerable<string> Paths(ParseResult parsed) =>
        ((string?[])[parsed.GetValue(Data), parsed.GetValue(ValidationData)]).OfType<string>();

    /// <summary>Reads all sequences.</summary>
    /// <param name="parsed">Which.</param>
    /// <param name="features">Those of a model; null to find them out.</param>
    /// <param name="seed">Of clips that are made.</param>
    /// <param name="size">Pixels a side of images, where features are null.</param>
    public (TagFeatures Features, IReadOnlyList<TagSequence> Sequences) Read(ParseResult parsed, TagFeatures? features, ulong seed, int size = 16)
    {
        if (parsed.GetValue(Data) is string path) return TagReader.Read(path, features, hasLabels: true, size);
        if (features is not null && features.Source != TagSource.Images)
        {
            throw ToolException.Usage("--data", "nothing", "data of the kind that the model was trained on");
        }

        features ??= new TagFeatures { Source = TagSource.Images, ImageSize = size };
        return (features, Make(features.ImageSize, parsed.GetValue(Clips), seed));
    }

    /// <summary>The sequences of --validation-data; null without it.</summary>
    public IReadOnlyList<TagSequence>? ReadValidation(ParseResult parsed, TagFeatures features) =>
        parsed.GetValue(ValidationData) is string path ? TagReader.Read(path, features, hasLabels: true).Sequences : null;

    private static List<TagSequence> Make(int size, int count, ulong seed)
    {
        using Stream stream = EmbeddedData.Open(EmbeddedData.Images);
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
        using var table = new StreamReader(archive.GetEntry("captions.tsv")!.Open());
        Dictionary<string, string> paths = table.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t'))
            .ToDictionary(cells => cells[1], cells => cells[0], StringComparer.Ordinal);
        ClipObject[] objects = [.. Moved.Select(name =>
        {
            using Stream image = archive.GetEntry(paths[name])!.Open();
            return new ClipObject(name, Thumbnail.Of(ImageFile.Read(image, name), 32));
        })];
        var generator = new ClipGenerator(objects, new ClipSettings { Size = size, ObjectSize = size / 2.0, BarWidth = size * 9 / 16.0 }, seed);
        string[] columns = TagReader.PixelColumns(size);
        return [.. Enumerable.Range(0, count).Select(index =>
        {
            Clip clip = generator.Create(index);
            return new TagSequence($"clip {index}", clip.Pixels, columns, clip.Labels, HasTimes: true);
        })];
    }
}
