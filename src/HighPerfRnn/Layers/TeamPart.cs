using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>One worker's part of each step's product: some rows and all units or, where rows are few, all rows and some units.</summary>
internal readonly struct TeamPart
{
    /// <summary>Below so many rows a worker, splitting rows would have every worker read all weights for little arithmetic.</summary>
    private const int RowsWorthSplitting = 6;

    public bool SplitsUnits { get; private init; }

    public int FirstRow { get; private init; }

    public int EndRow { get; private init; }

    /// <summary>The first group of panels, a few units' gates each.</summary>
    public int FirstGroup { get; private init; }

    public int EndGroup { get; private init; }

    /// <summary>The share of one worker of a product of so many rows and groups of panels.</summary>
    public static TeamPart Of(WorkerTeam team, int rows, int groups)
    {
        bool splitsUnits = team.Count > 1 && rows < RowsWorthSplitting * team.Count && groups >= team.Count;
        (int firstRow, int endRow) = splitsUnits ? (0, rows) : team.Share(rows);
        (int firstGroup, int endGroup) = splitsUnits ? team.Share(groups) : (0, groups);
        return new TeamPart
        {
            SplitsUnits = splitsUnits,
            FirstRow = firstRow,
            EndRow = endRow,
            FirstGroup = firstGroup,
            EndGroup = endGroup,
        };
    }
}
