namespace HighPerfRnn.Tests.Guards;

/// <summary>A C# block of a Markdown file.</summary>
/// <param name="File">The file's path from the repository's root.</param>
/// <param name="Line">The line of its first line of code, from 1.</param>
/// <param name="Code">The code.</param>
/// <param name="ExpectedOutput">What a `text` block says that follows after nothing but blank lines; null without one.</param>
internal sealed record MarkdownExample(string File, int Line, string Code, string? ExpectedOutput);

/// <summary>Finds the C# blocks of Markdown: fenced by three or more backticks at the start of a line, with `csharp` behind.</summary>
internal static class MarkdownExamples
{
    private sealed record Fence(string Language, int FirstLine, int EndLine, string Text);

    /// <summary>The examples of README.md and of docs/*.md; a file that is not there has none.</summary>
    public static IReadOnlyList<MarkdownExample> FromRepository()
    {
        string docs = Path.Combine(Repository.Root, "docs");
        string[] files =
        [
            Path.Combine(Repository.Root, "README.md"),
            .. Directory.Exists(docs) ? Directory.GetFiles(docs, "*.md").Order(StringComparer.Ordinal).ToArray() : [],
        ];
        return [.. files.Where(File.Exists).SelectMany(file => Find(Repository.Relative(file), File.ReadAllText(file)))];
    }

    public static IEnumerable<MarkdownExample> Find(string file, string markdown)
    {
        string[] lines = markdown.ReplaceLineEndings("\n").Split('\n');
        List<Fence> fences = FindFences(file, lines);
        for (int i = 0; i < fences.Count; i++)
        {
            if (fences[i].Language != "csharp") continue;
            bool isFollowed = i + 1 < fences.Count
                && fences[i + 1].Language == "text"
                && lines[(fences[i].EndLine + 1)..(fences[i + 1].FirstLine - 1)].All(string.IsNullOrWhiteSpace);
            yield return new MarkdownExample(file, fences[i].FirstLine + 1, fences[i].Text, isFollowed ? fences[i + 1].Text : null);
        }
    }

    private static List<Fence> FindFences(string file, string[] lines)
    {
        var fences = new List<Fence>();
        for (int i = 0; i < lines.Length; i++)
        {
            int ticks = lines[i].TakeWhile(character => character == '`').Count();
            if (ticks < 3) continue;
            int end = Array.FindIndex(lines, i + 1, line => line.TrimEnd() == new string('`', ticks));
            if (end < 0) throw new FormatException($"{file}:{i + 1}: the block has no end.");
            fences.Add(new Fence(lines[i][ticks..].Trim(), i + 1, end, string.Join('\n', lines[(i + 1)..end])));
            i = end;
        }

        return fences;
    }
}
