using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What is asked of sequences on one thread.</summary>
internal static class SequenceGoals
{
    private const double LeastForwardShare = 0.9;
    private const double LeastTrainingShare = 0.85;
    private const double MostBackward = 2.2;
    private const double LeastBatchShareOfPeak = 0.8;
    private const double LeastBatchShareOfLimit = 0.85;

    /// <summary>Them all.</summary>
    public static IEnumerable<Goal> Of(GoalContext run)
    {
        foreach (RecurrentCase work in RecurrentSizes.Everyday(OwnLibrary.LibraryName, RecurrentCell.Rnn, RecurrentMode.Forward))
        {
            string name = LayerTables.NameOf(work);
            ReportRow? row = run.Rows.Layer("PeerForward", work);
            yield return Goal.AtLeast(
                name, LeastForwardShare, "of the multiply-add peak", ShareOfPeak(row), Numbers.ExactShare, run.TanhLimit(row));
            yield return Goal.AtLeast(
                name, 1, "as fast as the fastest peer", row is null ? null : run.Rows.FastestPeer(row), Numbers.Times);
        }

        foreach (RecurrentCase work in RecurrentSizes.Everyday(OwnLibrary.LibraryName, RecurrentCell.Rnn, RecurrentMode.Forward))
        {
            RecurrentCase training = work with { Mode = RecurrentMode.Training };
            string name = LayerTables.NameOf(training);
            ReportRow? row = run.Rows.Layer("PeerTraining", training);
            yield return Goal.AtLeast(
                name, LeastTrainingShare, "of the multiply-add peak", ShareOfPeak(row), Numbers.ExactShare, run.TanhLimit(row));
            yield return Goal.AtLeast(
                name,
                run.Of(1.4, 2.5),
                "as fast as TorchSharp",
                row is null ? null : run.Rows.TimeOf(row, TorchLibrary.LibraryName) / row.Microseconds,
                Numbers.Times);
        }

        foreach (RecurrentCase training in RecurrentSizes.Everyday(OwnLibrary.LibraryName, RecurrentCell.Rnn, RecurrentMode.Training))
        {
            ReportRow? row = run.Rows.Layer("PeerTraining", training);
            yield return Goal.AtMost(
                LayerTables.NameOf(training),
                MostBackward,
                "forward's time for backward and packing",
                row is null ? null : run.Rows.BackwardOverForward(row),
                Numbers.Times);
        }

        foreach (RecurrentCase work in RecurrentSizes.Batches(OwnLibrary.LibraryName, RecurrentCell.Rnn).Where(IsAsked))
        {
            ReportRow? row = run.Rows.Layer("PeerBatches", work);
            yield return Goal.AtLeast(
                LayerTables.NameOf(work),
                row is null ? double.NaN : LeastGflops(row),
                "GFLOP/s: the smaller of 80 % of peak and 85 % of the roofline",
                row?.Figures().Gflops,
                Numbers.Short);
        }
    }

    /// <summary>Whether a goal is asked of a batch: of few rows, but not of one.</summary>
    public static bool IsAsked(RecurrentCase batch) => batch.Batch is > 1 and <= 16;

    /// <summary>What is asked of few rows, in GFLOP/s.</summary>
    public static double LeastGflops(ReportRow row)
    {
        RowFigures figures = row.Figures();
        return Math.Min(LeastBatchShareOfPeak * row.Limits.PeakGflops, LeastBatchShareOfLimit * figures.LimitGflops);
    }

    private static double? ShareOfPeak(ReportRow? row) => row?.Figures().Gflops / row?.Limits.PeakGflops;
}
