namespace HighPerfRnn.Cli.Check;

/// <summary>One parameter's gradient in one precision. Errors and bounds are shares of the gradient's largest entry.</summary>
/// <param name="Parameter">Whose gradient.</param>
/// <param name="Precision">float or double: what the library computed in.</param>
/// <param name="ErrorReference">The largest error against the reference formula, computed in double.</param>
/// <param name="BoundReference">What rounding alone may do to it, the largest over the entries; each entry is held to its own.</param>
/// <param name="ErrorDifferences">The largest error against central differences of the library's own forward pass in double.</param>
/// <param name="Bound">What that may be: <see cref="BoundReference"/> and what the differences themselves are off by.</param>
/// <param name="Entries">How many entries were compared with differences; the reference formula gives all of them.</param>
/// <param name="Passed">Whether every entry is within its bounds.</param>
internal sealed record CheckRow(
    string Parameter,
    string Precision,
    double ErrorReference,
    double BoundReference,
    double ErrorDifferences,
    double Bound,
    int Entries,
    bool Passed);

/// <summary>What check --json prints.</summary>
/// <param name="Passed">Whether all rows passed.</param>
/// <param name="Rows">A row a parameter and precision.</param>
internal sealed record CheckReport(bool Passed, IReadOnlyList<CheckRow> Rows);
