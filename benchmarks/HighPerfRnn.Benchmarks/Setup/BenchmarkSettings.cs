using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using HighPerfRnn.Benchmarks.Machine;

namespace HighPerfRnn.Benchmarks.Setup;

/// <summary>What every run of benchmarks has in common.</summary>
public static class BenchmarkSettings
{
    private const int LongestCase = 100;
    private const int CallsToTheInnerLoop = 12;

    /// <summary>Columns, diagnosers and exporters; jobs come from the command line or from whoever calls.</summary>
    /// <remarks>Rows stand in the order in which they are listed, so that neighbours in a sweep run next to each other.</remarks>
    public static ManualConfig Create() => ManualConfig.CreateEmpty()
        .AddLogger(ConsoleLogger.Default)
        .AddColumnProvider(
            DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params, DefaultColumnProviders.Metrics)
        .AddColumn(StatisticColumn.Median, StatisticColumn.StdErr)
        .AddColumn(LimitColumn.All)
        .HideColumns("Method")
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddExporter(MarkdownExporter.GitHub, JsonExporter.Full)
        .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(LongestCase));

    /// <summary>The inner loops: what the multiply-adds are made of.</summary>
    public static DisassemblyDiagnoser Disassembly => new(new DisassemblyDiagnoserConfig(
        maxDepth: CallsToTheInnerLoop,
        printSource: false,
        exportGithubMarkdown: true,
        exportCombinedDisassemblyReport: false));
}
