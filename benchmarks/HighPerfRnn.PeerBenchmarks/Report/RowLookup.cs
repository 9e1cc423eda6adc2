using HighPerfRnn.Benchmarks.Pointwise;
using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>Finds the rows of a run, and sets one beside another. What was not measured is null, or NaN as a number.</summary>
internal sealed class RowLookup(ReportData data)
{
    /// <summary>The row of a layer.</summary>
    /// <param name="benchmark">The class that measured it.</param>
    /// <param name="work">Who, and at which size.</param>
    public ReportRow? Layer(string benchmark, RecurrentCase work) =>
        data.Layers.FirstOrDefault(row => row.Benchmark == benchmark && row.Layer == work);

    /// <summary>The row of a function over numbers.</summary>
    public ReportRow? Pointwise(PointwiseCase work) => data.Rows.FirstOrDefault(row => row.Pointwise == work);

    /// <summary>Another library's microseconds in the same benchmark; the naive loop's are those of its few steps, scaled.</summary>
    public double TimeOf(ReportRow own, string library)
    {
        RecurrentCase work = own.Layer!;
        ReportRow? row = data.Layers.FirstOrDefault(row =>
            row.Benchmark == own.Benchmark && row.Layer!.Library == library
            && row.Layer with { Library = work.Library, Steps = work.Steps } == work);
        return row is null ? double.NaN : row.Microseconds * work.Steps / row.Layer!.Steps;
    }

    /// <summary>How many times this library's time the fastest other one takes, the naive loop left aside.</summary>
    public double FastestPeer(ReportRow own)
    {
        double[] times =
        [
            .. data.Libraries.Select(library => library.Name)
                .Where(name => name != OwnLibrary.LibraryName && name != NaiveLibrary.LibraryName)
                .Select(name => TimeOf(own, name)).Where(double.IsFinite),
        ];
        return times.Length == 0 ? double.NaN : times.Min() / own.Microseconds;
    }

    /// <summary>Backward's time over forward's, at the same size and right after each other; packing counts as backward.</summary>
    public double BackwardOverForward(ReportRow training)
    {
        ReportRow? forward = Layer(training.Benchmark, training.Layer! with { Mode = RecurrentMode.Forward });
        return forward is null ? double.NaN : (training.Microseconds - forward.Microseconds) / forward.Microseconds;
    }

    /// <summary>The time a number, of rows, units or both, over that of the same work with another number of them.</summary>
    /// <param name="row">The row.</param>
    /// <param name="even">Its work with a number that fills tiles.</param>
    public double CostOver(ReportRow row, RecurrentCase even)
    {
        ReportRow? other = Layer(row.Benchmark, even);
        if (other is null) return double.NaN;
        RecurrentCase work = row.Layer!;
        return row.Microseconds / other.Microseconds * even.Batch * even.HiddenSize / ((double)work.Batch * work.HiddenSize);
    }

    /// <summary>One thread's time, and what two gain on this work and on bare multiply-adds; null unless both were measured.</summary>
    public (double Microseconds, double Gain, double BareGain)? Gain(ReportRow two)
    {
        ReportRow? one = Layer(two.Benchmark, two.Layer! with { Threads = 1 });
        if (one is null) return null;
        return (one.Microseconds, one.Microseconds / two.Microseconds, two.Limits.PeakGflops / one.Limits.PeakGflops);
    }
}
