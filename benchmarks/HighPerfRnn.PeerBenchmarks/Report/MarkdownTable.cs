using System.Text;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>A table whose first column is text; the others are numbers unless it is said otherwise.</summary>
internal sealed class MarkdownTable(params IReadOnlyList<string> header)
{
    private readonly List<IReadOnlyList<string>> _rows = [];

    /// <summary>Whether all columns are text.</summary>
    public bool IsText { get; init; }

    /// <summary>Whether it has no rows.</summary>
    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Adds a row.</summary>
    public void Add(params IReadOnlyList<string> cells) => _rows.Add(cells);

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append("| ").AppendJoin(" | ", header).Append(" |\n");
        text.Append("| --- |").Insert(text.Length, IsText ? " --- |" : " ---: |", header.Count - 1).Append('\n');
        foreach (IReadOnlyList<string> row in _rows) text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        return text.ToString();
    }
}
