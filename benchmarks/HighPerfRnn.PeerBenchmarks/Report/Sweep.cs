using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>This library's rows of a sweep over hidden sizes, in order, and how smoothly one size follows the other.</summary>
internal sealed class Sweep
{
    private const double StandsOut = 1.15;

    private readonly ReportRow[] _rows;

    /// <summary>The rows of a benchmark.</summary>
    public Sweep(ReportData data, string benchmark)
    {
        Benchmark = benchmark;
        _rows =
        [
            .. data.Layers.Where(row => row.Benchmark == benchmark && row.Layer!.Library == OwnLibrary.LibraryName)
                .OrderBy(row => row.Layer!.HiddenSize),
        ];
    }

    /// <summary>The class that measured it.</summary>
    public string Benchmark { get; }

    /// <summary>Smallest size first.</summary>
    public IReadOnlyList<ReportRow> Rows => _rows;

    /// <summary>Nanoseconds of a row's unit at a step.</summary>
    public static double UnitNanoseconds(ReportRow row)
    {
        RecurrentCase work = row.Layer!;
        return row.Microseconds * 1e3 / ((double)work.Batch * work.Steps * work.HiddenSize);
    }

    /// <summary>The same at the row's roofline.</summary>
    public static double LimitUnitNanoseconds(ReportRow row) => UnitNanoseconds(row) * row.Figures().ShareOfLimit;

    /// <summary>
    /// A size's time a unit over what lies at it on the line between its neighbours, both axes logarithmic: 1 where a size costs what
    /// the sizes beside it make one expect. NaN at both ends.
    /// </summary>
    public double OverNeighbours(ReportRow row)
    {
        int i = Array.IndexOf(_rows, row);
        if (i <= 0 || i == _rows.Length - 1) return double.NaN;
        (ReportRow before, ReportRow after) = (_rows[i - 1], _rows[i + 1]);
        double span = Math.Log((double)after.Layer!.HiddenSize / before.Layer!.HiddenSize);
        double part = Math.Log((double)row.Layer!.HiddenSize / before.Layer.HiddenSize) / span;
        double line = ((1 - part) * Math.Log(UnitNanoseconds(before))) + (part * Math.Log(UnitNanoseconds(after)));
        return UnitNanoseconds(row) / Math.Exp(line);
    }

    /// <summary>Which sizes stand out from their neighbours.</summary>
    public string Outliers()
    {
        ReportRow[] outliers = [.. _rows.Where(row => OverNeighbours(row) > StandsOut).OrderByDescending(OverNeighbours)];
        string start =
            "*Over its neighbours* is a size's time a unit over the line between the sizes beside it, both axes logarithmic. " +
            $"More than {Numbers.Short(StandsOut)} times that line: ";
        string[] sizes = Array.ConvertAll(outliers, row => $"H = {row.Layer!.HiddenSize} ({Numbers.Times(OverNeighbours(row))})");
        return start + (sizes.Length == 0 ? "none." : string.Join(", ", sizes) + ".");
    }
}
