using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using HighPerfRnn.Benchmarks.Machine;
using Perfolizer.Horology;

namespace HighPerfRnn.Benchmarks.Setup;

/// <summary>What every run of benchmarks has in common.</summary>
public static class BenchmarkSettings
{
    private const int LongestCase = 100;
    private const int QuickIterationMilliseconds = 15;
    private const int QuickIterations = 15;
    private const int IterationMilliseconds = 25;
    private const int LongestWarmUp = 8;
    private const int LeastIterations = 30;
    private const int MostIterations = 60;
    private const int CallsToTheInnerLoop = 12;

    /// <summary>Columns, diagnosers and exporters; jobs come from the command line or from whoever calls.</summary>
    public static ManualConfig Create() => ManualConfig.CreateEmpty()
        .AddLogger(ConsoleLogger.Default)
        .AddColumnProvider(
            DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params, DefaultColumnProviders.Metrics)
        .AddColumn(StatisticColumn.Min, StatisticColumn.Median, StatisticColumn.StdErr)
        .AddColumn(LimitColumn.All)
        .HideColumns("Method")
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddExporter(MarkdownExporter.GitHub, JsonExporter.Full)
        .WithOrderer(new ListedOrder())
        .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(LongestCase));

    /// <summary>How a row is measured: with --quick for some tenths of a second, else for a second or two.</summary>
    /// <remarks>
    /// Many short iterations: the fastest one is the figure, since a neighbour on a shared core only ever adds time, for
    /// milliseconds or for seconds, and limits are the best of short bursts too.
    /// </remarks>
    public static Job Job => RunScope.IsQuick
        ? BenchmarkDotNet.Jobs.Job.Default.WithId("quick").WithWarmupCount(2).WithIterationCount(QuickIterations)
            .WithIterationTime(TimeInterval.FromMilliseconds(QuickIterationMilliseconds))
        : BenchmarkDotNet.Jobs.Job.Default.WithId("full").WithMaxWarmupCount(LongestWarmUp)
            .WithMinIterationCount(LeastIterations).WithMaxIterationCount(MostIterations)
            .WithIterationTime(TimeInterval.FromMilliseconds(IterationMilliseconds));

    /// <summary>The inner loops: what the multiply-adds are made of.</summary>
    public static DisassemblyDiagnoser Disassembly => new(new DisassemblyDiagnoserConfig(
        maxDepth: CallsToTheInnerLoop,
        printSource: false,
        exportGithubMarkdown: true,
        exportCombinedDisassemblyReport: false));
}
