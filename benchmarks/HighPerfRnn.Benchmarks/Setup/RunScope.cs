namespace HighPerfRnn.Benchmarks.Setup;

/// <summary>How much a run measures; processes that it starts inherit it.</summary>
public static class RunScope
{
    private const string QuickVariable = "HPRNN_BENCHMARK_QUICK";

    /// <summary>Fewer sizes and shorter measurements: a look, not a figure to quote.</summary>
    public static bool IsQuick => Environment.GetEnvironmentVariable(QuickVariable) == "1";

    /// <summary>Takes --quick out of the arguments and remembers it.</summary>
    /// <returns>The other arguments.</returns>
    public static string[] Take(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (args.Contains("--quick")) Environment.SetEnvironmentVariable(QuickVariable, "1");
        return [.. args.Where(argument => argument != "--quick")];
    }
}
