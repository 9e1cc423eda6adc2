using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What is asked of two threads.</summary>
internal static class ThreadGoals
{
    /// <summary>The class that measures them.</summary>
    public const string Benchmark = "PeerThreads";

    /// <summary>Them all.</summary>
    public static IEnumerable<Goal> Of(GoalContext run)
    {
        foreach (RecurrentCase work in RecurrentSizes.Threads(OwnLibrary.LibraryName, RecurrentCell.Rnn))
        {
            if (LeastShareOfGain(work) is not { } least || work.Threads == 1) continue;
            ReportRow? two = run.Rows.Layer(Benchmark, work);
            (double Microseconds, double Gain, double BareGain)? gain = two is null ? null : run.Rows.Gain(two);
            yield return Goal.AtLeast(
                $"{LayerTables.NameOf(work)} on 2 threads",
                least,
                "of what two threads gain on bare multiply-adds",
                gain?.Gain / gain?.BareGain,
                Numbers.ExactShare);
        }
    }

    /// <summary>What is asked of the work's gain as a share of the gain of bare multiply-adds; null where nothing is.</summary>
    public static double? LeastShareOfGain(RecurrentCase work) => work switch
    {
        { Mode: RecurrentMode.Step, HiddenSize: 512 } => 0.75,
        { Mode: RecurrentMode.Forward or RecurrentMode.Training, Batch: 32, Steps: 128, InputSize: 256, HiddenSize: 256 } => 0.93,
        _ => null,
    };
}
