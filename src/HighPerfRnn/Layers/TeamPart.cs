using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>One worker's part of each step's product: some rows and all units or, where rows are few, all rows and some units.</summary>
internal readonly struct TeamPart
{
    /// <summary>Below so many rows a worker, splitting rows would have every worker read all weights for little arithmetic.</summary>
    private const int RowsWorthSplitting = 6;

    public bool SplitsUnits { get; private init; }

    /// <summary>Whether workers share the products that need no step before them by the rows of many steps, and so meet after these.</summary>
    public bool SharesInputs { get; private init; }

    public int FirstRow { get; private init; }

    public int EndRow { get; private init; }

    /// <summary>The first group of panels, a few units' gates each.</summary>
    public int FirstGroup { get; private init; }

    public int EndGroup { get; private init; }

    /// <summary>The share of one worker of a product of so many rows and groups of panels.</summary>
    public static TeamPart Of(WorkerTeam team, int rows, int groups)
    {
        bool hasFewRows = team.Count > 1 && rows < RowsWorthSplitting * team.Count;
        bool splitsUnits = hasFewRows && groups >= team.Count;
        (int firstRow, int endRow) = splitsUnits ? (0, rows) : team.Share(rows);
        (int firstGroup, int endGroup) = splitsUnits ? team.Share(groups) : (0, groups);
        return new TeamPart
        {
            SplitsUnits = splitsUnits,
            SharesInputs = hasFewRows,
            FirstRow = firstRow,
            EndRow = endRow,
            FirstGroup = firstGroup,
            EndGroup = endGroup,
        };
    }
}
