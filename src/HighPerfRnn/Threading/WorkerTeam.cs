namespace HighPerfRnn.Threading;

/// <summary>Work that every worker of a team runs, each on its own part of the outputs.</summary>
internal interface ITeamJob
{
    void Execute(WorkerTeam team);
}

/// <summary>One worker's view of the team that runs a job.</summary>
internal readonly struct WorkerTeam(WorkerGroup? group, int index, int count)
{
    /// <summary>The team of those who work alone.</summary>
    public static WorkerTeam Alone => new(null, 0, 1);

    public int Index { get; } = index;

    public int Count { get; } = count;

    /// <summary>This worker's share of <paramref name="total"/> items: shares differ by one at most and may be empty.</summary>
    public (int Start, int End) Share(int total) =>
        ((int)((long)total * Index / Count), (int)((long)total * (Index + 1) / Count));

    /// <summary>Returns when every worker of the team has come here; what they wrote before is seen after.</summary>
    public void Synchronize() => group?.Synchronize();
}
