using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Pointwise;
using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What goals are read from: the run, and what follows from it for several of them.</summary>
/// <param name="Data">The run.</param>
/// <param name="Rows">Its rows.</param>
internal sealed record GoalContext(ReportData Data, RowLookup Rows)
{
    private const int WideVectorBits = 512;
    private const int TanhLength = 256;

    /// <summary>Whether the machine is held to the goals of AVX-512 rather than to those of AVX2.</summary>
    public bool HasWideVectors => Data.Machine.VectorBits >= WideVectorBits;

    /// <summary>The goal of this machine.</summary>
    /// <param name="narrow">That of AVX2.</param>
    /// <param name="wide">That of AVX-512.</param>
    public double Of(double narrow, double wide) => HasWideVectors ? wide : narrow;

    /// <summary>
    /// The share of the multiply-add peak that is left when tanh of a sequence's outputs takes as long as it takes alone: multiply-adds
    /// over multiply-adds and tanh.
    /// </summary>
    public string TanhLimit(ReportRow? row)
    {
        ReportRow? tanh = Rows.Pointwise(new PointwiseCase(OwnLibrary.LibraryName, PointwiseFunction.Tanh, TanhLength));
        if (row?.Layer is not { } work || tanh is null) return "";
        double multiplyAdds = work.Operations / row.Limits.PeakGflops;
        double outputs = (double)work.Steps * work.Batch * work.HiddenSize;
        double all = multiplyAdds + (outputs * tanh.Microseconds * 1e3 / TanhLength);
        return $"tanh at its own rate, one thing after the other: {Numbers.ExactShare(multiplyAdds / all)}";
    }

    /// <summary>How many times as fast as the fastest peer a step would be at its floor, or where none is derived at its roofline.</summary>
    public string PeerLimit(ReportRow? step, StepFloor? floor)
    {
        if (step is null) return "";
        double share = floor is null ? step.Figures().ShareOfLimit : floor.Cycles / step.Figures().Cycles;
        return $"at the {(floor is null ? "roofline" : "floor")} of the row: {Numbers.Times(Rows.FastestPeer(step) / share)}";
    }
}
