using System.Text;

namespace HighPerfRnn.Cli;

/// <summary>What the tool carries inside; Data/README.md says where it comes from and under which licence.</summary>
internal static class EmbeddedData
{
    /// <summary>What the default text is, in words.</summary>
    public const string TextDescription = "400 KB of Shakespeare's plays (public domain)";

    /// <summary>What the default pairs of a translation are, in words.</summary>
    public const string PronunciationsDescription = "spellings and sounds of 16,000 words of CMUdict (BSD)";

    /// <summary>The resource of texts by language.</summary>
    public const string Languages = "udhr.tsv";

    /// <summary>What the default texts with classes are, in words.</summary>
    public const string LanguagesDescription = "sentences of the Universal Declaration of Human Rights in 40 languages (free)";

    /// <summary>The resource of images with captions: a zip archive with captions.tsv in it.</summary>
    public const string Images = "emoji.zip";

    /// <summary>What the default images are, in words.</summary>
    public const string ImagesDescription = "420 Noto emoji and their names (Apache-2.0, MIT)";

    /// <summary>Opens a resource by its file name.</summary>
    public static Stream Open(string name) =>
        typeof(EmbeddedData).Assembly.GetManifestResourceStream(name)
        ?? throw new InvalidOperationException($"The tool lacks its resource {name}.");

    /// <summary>The default text.</summary>
    public static string ReadText()
    {
        using var reader = new StreamReader(Open("shakespeare.txt"), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
