using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What is asked of gated cells, of rows of all lengths, and of cells whose gates do not look at h.</summary>
internal static class GatedGoals
{
    /// <summary>The classes that measure them.</summary>
    public const string Forward = "PeerGatedForward", Training = "PeerGatedTraining", Step = "PeerGatedStep", Ragged = "PeerRagged", Minimal = "PeerMinimal";

    /// <summary>How many times what its valid steps alone cost a ragged batch may cost.</summary>
    public const double MostRagged = 1.15;

    private const double LeastTrainingShare = 0.85;
    private const double LeastShareOfLoads = 0.9;
    private const int SmallWidth = 128;

    /// <summary>Them all.</summary>
    public static IEnumerable<Goal> Of(GoalContext run) =>
        [.. Sequences(run), .. Trainings(run), .. Steps(run), .. RaggedRows(run), MinimalSequence(run)];

    /// <summary>How many times what the valid steps of a ragged batch alone would cost, at the price of full rows, it cost.</summary>
    public static double? RaggedCost(RowLookup rows, RecurrentCase ragged)
    {
        double? full = rows.Layer(Ragged, ragged with { IsRagged = false })?.Microseconds;
        return rows.Layer(Ragged, ragged)?.Microseconds / (full * ragged.ValidRows / ((double)ragged.Batch * ragged.Steps));
    }

    private static IEnumerable<Goal> Sequences(GoalContext run)
    {
        foreach (RecurrentCase work in RecurrentSizes.Gated(OwnLibrary.LibraryName, RecurrentMode.Forward))
        {
            string name = LayerTables.NameOf(work);
            ReportRow? row = run.Rows.Layer(Forward, work);
            double least = work.HiddenSize > SmallWidth ? run.Of(0.92, 0.88) : run.Of(0.88, 0.83);
            yield return Goal.AtLeast(name, least, "of the multiply-add peak", ShareOfPeak(row), Numbers.ExactShare);
            yield return Goal.AtLeast(name, 1, "as fast as the fastest peer", FastestPeer(run, row), Numbers.Times);
        }
    }

    private static IEnumerable<Goal> Trainings(GoalContext run)
    {
        foreach (RecurrentCase work in RecurrentSizes.Gated(OwnLibrary.LibraryName, RecurrentMode.Training))
        {
            string name = LayerTables.NameOf(work);
            ReportRow? row = run.Rows.Layer(Training, work);
            double overTorch = work.Cell == RecurrentCell.Lstm ? run.Of(1.3, 3.5) : run.Of(1.4, 2.2);
            yield return Goal.AtLeast(name, LeastTrainingShare, "of the multiply-add peak", ShareOfPeak(row), Numbers.ExactShare);
            yield return Goal.AtLeast(
                name,
                overTorch,
                "as fast as TorchSharp",
                row is null ? null : run.Rows.TimeOf(row, TorchLibrary.LibraryName) / row.Microseconds,
                Numbers.Times);
        }
    }

    private static IEnumerable<Goal> Steps(GoalContext run)
    {
        foreach (RecurrentCase work in RecurrentSizes.GatedSteps(OwnLibrary.LibraryName))
        {
            string name = LayerTables.NameOf(work);
            ReportRow? row = run.Rows.Layer(Step, work);
            if (work.InputSize == 1)
            {
                // The times are those of a core with AVX-512; with AVX2 what is asked is a floor that is derived of no gated cell.
                if (run.HasWideVectors) yield return Goal.AtMost(name, MostNanoseconds(work), "ns", row?.Microseconds * 1e3, Numbers.Whole);
                continue;
            }

            yield return Goal.AtLeast(
                name, LeastShareOfLoads, "of the load bandwidth of its weights", row?.Figures().ShareOfLimit, Numbers.ExactShare);
            yield return Goal.AtLeast(name, LeastOverPeers(work), "as fast as the fastest peer", FastestPeer(run, row), Numbers.Times);
        }
    }

    private static IEnumerable<Goal> RaggedRows(GoalContext run) =>
        from work in RecurrentSizes.Ragged(OwnLibrary.LibraryName)
        where work.IsRagged
        select Goal.AtMost(LayerTables.NameOf(work), MostRagged, "the cost of the valid steps alone", RaggedCost(run.Rows, work), Numbers.Times);

    private static Goal MinimalSequence(GoalContext run)
    {
        RecurrentCase[] work = [.. RecurrentSizes.Minimal(OwnLibrary.LibraryName)];
        double? sequence = run.Rows.Layer(Minimal, work[0])?.Microseconds;
        return Goal.AtLeast(
            LayerTables.NameOf(work[0]),
            run.Of(1.7, 1.9),
            "as fast as its steps one by one",
            work[0].Steps * run.Rows.Layer(Minimal, work[1])?.Microseconds / sequence,
            Numbers.Times);
    }

    private static double MostNanoseconds(RecurrentCase work) => (work.Cell, work.HiddenSize) switch
    {
        (RecurrentCell.Lstm, 8) => 38,
        (RecurrentCell.Lstm, 16) => 60,
        (RecurrentCell.Lstm, 32) => 90,
        (RecurrentCell.Lstm, 40) => 105,
        (RecurrentCell.Lstm, _) => 330,
        (_, 8) => 35,
        (_, 16) => 55,
        (_, 32) => 85,
        (_, 40) => 95,
        _ => 230,
    };

    private static double LeastOverPeers(RecurrentCase work) => (work.Cell, work.HiddenSize) switch
    {
        (RecurrentCell.Lstm, 64) => 2.1,
        (RecurrentCell.Lstm, 128) => 1.6,
        (RecurrentCell.Lstm, _) => 1.3,
        (_, 64) => 2.3,
        (_, 128) => 1.3,
        _ => 1.1,
    };

    private static double? ShareOfPeak(ReportRow? row) => row?.Figures().Gflops / row?.Limits.PeakGflops;

    private static double? FastestPeer(GoalContext run, ReportRow? row) => row is null ? null : run.Rows.FastestPeer(row);
}
