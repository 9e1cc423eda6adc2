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
    private const int QuickIterationMilliseconds = 30;
    private const int IterationMilliseconds = 250;
    private const int CallsToTheInnerLoop = 12;

    /// <summary>Columns, diagnosers and exporters; jobs come from the command line or from whoever calls.</summary>
    public static ManualConfig Create() => ManualConfig.CreateEmpty()
        .AddLogger(ConsoleLogger.Default)
        .AddColumnProvider(
            DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params, DefaultColumnProviders.Metrics)
        .AddColumn(StatisticColumn.Median, StatisticColumn.StdErr)
        .AddColumn(LimitColumn.All)
        .HideColumns("Method")
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddExporter(MarkdownExporter.GitHub, JsonExporter.Full)
        .WithOrderer(new ListedOrder())
        .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(LongestCase));

    /// <summary>How a row is measured: with --quick for a tenth of a second, else until the engine is content.</summary>
    public static Job Job => RunScope.IsQuick
        ? BenchmarkDotNet.Jobs.Job.Default.WithId("quick").WithWarmupCount(2).WithIterationCount(7)
            .WithIterationTime(TimeInterval.FromMilliseconds(QuickIterationMilliseconds))
        : BenchmarkDotNet.Jobs.Job.Default.WithId("full").WithIterationTime(TimeInterval.FromMilliseconds(IterationMilliseconds));

    /// <summary>The inner loops: what the multiply-adds are made of.</summary>
    public static DisassemblyDiagnoser Disassembly => new(new DisassemblyDiagnoserConfig(
        maxDepth: CallsToTheInnerLoop,
        printSource: false,
        exportGithubMarkdown: true,
        exportCombinedDisassemblyReport: false));
}
