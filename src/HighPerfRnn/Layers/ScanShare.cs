using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// One worker's share of a window's blocks, rows and groups of units: each is work for itself, so that shares are equal however few there
/// are of any of them.
/// </summary>
internal ref struct ScanShare
{
    private readonly int _batch;
    private readonly int _groups;
    private readonly int _end;
    private int _next;

    public ScanShare(WorkerTeam team, int blocks, int batch, int groups)
    {
        (_batch, _groups) = (batch, groups);
        (_next, _end) = team.Share(checked(blocks * batch * groups));
    }

    public int Block { get; private set; }

    public int Row { get; private set; }

    public int FirstGroup { get; private set; }

    public int EndGroup { get; private set; }

    /// <summary>Goes on to groups of units of one row in one block.</summary>
    public bool Next()
    {
        if (_next >= _end) return false;
        (int pair, FirstGroup) = Math.DivRem(_next, _groups);
        (Block, Row) = Math.DivRem(pair, _batch);
        EndGroup = Math.Min(_groups, FirstGroup + _end - _next);
        _next += EndGroup - FirstGroup;
        return true;
    }
}
