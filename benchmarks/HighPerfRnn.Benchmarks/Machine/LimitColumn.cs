using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>A column that follows from a row's time, its sizes and the machine's limits measured beside it.</summary>
internal sealed class LimitColumn(string name, string legend, Func<RowFigures, double> value, string format) : IColumn
{
    /// <summary>The columns of every table.</summary>
    public static IColumn[] All { get; } =
    [
        new LimitColumn(
            "GFLOP/s", "Multiply-adds of the products, each as two operations, over the fastest iteration", row => row.Gflops, "F1"),
        new LimitColumn(
            "Limit GFLOP/s",
            "min(multiply-add peak, load bandwidth at the size of the weights × arithmetic intensity), measured in the same process",
            row => row.LimitGflops,
            "F1"),
        new LimitColumn("Share of limit", "GFLOP/s over that limit", row => row.ShareOfLimit, "P0"),
        new LimitColumn("Cycles", "The fastest iteration in cycles of the core", row => row.Cycles, "F0"),
    ];

    /// <inheritdoc/>
    public string Id => $"{nameof(LimitColumn)}.{name}";

    /// <inheritdoc/>
    public string ColumnName => name;

    /// <inheritdoc/>
    public bool AlwaysShow => true;

    /// <inheritdoc/>
    public ColumnCategory Category => ColumnCategory.Custom;

    /// <inheritdoc/>
    public int PriorityInCategory => 0;

    /// <inheritdoc/>
    public bool IsNumeric => true;

    /// <inheritdoc/>
    public UnitType UnitType => UnitType.Dimensionless;

    /// <inheritdoc/>
    public string Legend => legend;

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        if (RowFigures.Of(summary, benchmarkCase) is not { } row) return "NA";
        double number = value(row);
        return double.IsFinite(number) && number > 0 ? number.ToString(format, CultureInfo.InvariantCulture) : "-";
    }

    /// <inheritdoc/>
    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    /// <inheritdoc/>
    public bool IsAvailable(Summary summary) => true;

    /// <inheritdoc/>
    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;
}
