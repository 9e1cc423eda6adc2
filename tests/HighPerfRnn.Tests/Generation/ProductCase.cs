namespace HighPerfRnn.Tests.Generation;

/// <summary>The sizes of a matrix product and a seed for its numbers.</summary>
/// <param name="Rows">Rows of the left factor.</param>
/// <param name="Depth">The length of each sum.</param>
/// <param name="Columns">Columns of the right factor.</param>
/// <param name="Seed">Decides every number.</param>
public sealed record ProductCase(int Rows, int Depth, int Columns, int Seed)
{
    internal static ProductCase Parse(string text) => new(
        CaseText.Number(text, "rows"),
        CaseText.Number(text, "depth"),
        CaseText.Number(text, "columns"),
        CaseText.Number(text, "seed"));

    public override string ToString() => $"rows={Rows},depth={Depth},columns={Columns},seed={Seed}";
}
