namespace HighPerfRnn.Cli;

/// <summary>What the tool's exit code says.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>What was asked does not hold or could not be done: a gradient out of bounds, a loss that diverged, a full disk.</summary>
    public const int Unmet = 1;

    /// <summary>Bad usage or bad input.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by Ctrl-C or a request to terminate, after saving: 128 + SIGINT, as shells have it.</summary>
    public const int Stopped = 130;
}
