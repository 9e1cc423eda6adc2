using System.CommandLine;
using System.IO.Compression;
using HighPerfRnn.Cli.Commands;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Text;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>An image as a thumbnail, and its caption.</summary>
/// <param name="Path">Where it came from.</param>
/// <param name="Image">The thumbnail.</param>
/// <param name="Caption">In words.</param>
internal sealed record CaptionItem(string Path, Thumbnail Image, string Caption);

/// <summary>Where images with captions come from.</summary>
internal sealed class CaptionData
{
    private const string Format = "Lines PATH TAB CAPTION, paths of PNG and JPEG files relative to the file";

    public Option<string?> Data { get; } = CommandOptions.Text(
        "--data", "FILE", CommandOptions.WithDefault($"{Format}.", EmbeddedData.ImagesDescription));

    public Option<string?> ValidationData { get; } = TaskFlags.ValidationData("FILE", Format);

    public Option<string?> Encoding { get; } = TaskFlags.Encoding();

    /// <summary>Adds what reading takes.</summary>
    public void AddTo(Command command)
    {
        command.Add(Data);
        command.Add(Encoding);
    }

    /// <summary>The files that are read.</summary>
    public IEnumerable<string> Paths(ParseResult parsed) =>
        ((string?[])[parsed.GetValue(Data), parsed.GetValue(ValidationData)]).OfType<string>();

    /// <summary>Reads all images; what cannot be read as one is skipped and counted.</summary>
    /// <param name="parsed">Which.</param>
    /// <param name="size">Pixels a side of a thumbnail.</param>
    /// <param name="skips">Takes what is passed over.</param>
    public IReadOnlyList<CaptionItem> Read(ParseResult parsed, int size, DataSkips skips) =>
        parsed.GetValue(Data) is string path ? ReadTable(parsed, path, size, skips) : ReadEmbedded(size, skips);

    /// <summary>The images of --validation-data; null without it.</summary>
    public IReadOnlyList<CaptionItem>? ReadValidation(ParseResult parsed, int size, DataSkips skips) =>
        parsed.GetValue(ValidationData) is string path ? ReadTable(parsed, path, size, skips) : null;

    private List<CaptionItem> ReadTable(ParseResult parsed, string path, int size, DataSkips skips)
    {
        var items = new List<CaptionItem>();
        DataException? first = null;
        foreach (CaptionedImage image in CaptionTable.Read(path, TaskFlags.ReadOptions(parsed.GetValue(Encoding)), skips))
        {
            try
            {
                items.Add(new CaptionItem(image.Path, Thumbnail.Of(ImageFile.Read(image.Path), size), image.Caption));
            }
            catch (DataException error)
            {
                first ??= error;
                skips.Add("unreadable image", image.Path);
            }
        }

        return items.Count > 0 ? items : throw first!;
    }

    private static List<CaptionItem> ReadEmbedded(int size, DataSkips skips)
    {
        using Stream stream = EmbeddedData.Open(EmbeddedData.Images);
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
        using Stream table = archive.GetEntry("captions.tsv")!.Open();
        var items = new List<CaptionItem>();
        foreach (CaptionedImage image in CaptionTable.Read(table, EmbeddedData.Images, new TextReadOptions(), skips))
        {
            using Stream pixels = archive.GetEntry(image.Path)!.Open();
            items.Add(new CaptionItem(image.Path, Thumbnail.Of(ImageFile.Read(pixels, image.Path), size), image.Caption));
        }

        return items;
    }
}
