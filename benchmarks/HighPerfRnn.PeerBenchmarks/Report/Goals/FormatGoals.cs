using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What is asked of weights in fewer bits.</summary>
internal static class FormatGoals
{
    /// <summary>The class that measures them.</summary>
    public const string Benchmark = "PeerStepFormats";

    /// <summary>Them all.</summary>
    public static IEnumerable<Goal> Of(GoalContext run)
    {
        foreach (RecurrentCase work in RecurrentSizes.StepFormats(OwnLibrary.LibraryName, RecurrentCell.Rnn))
        {
            if (MostOfFloat(work.Weights) is not { } most) continue;
            double? time = run.Rows.Layer(Benchmark, work)?.Microseconds;
            yield return Goal.AtMost(
                $"{LayerTables.NameOf(work)} {work.Weights}",
                most,
                "of the time over weights in float",
                time / run.Rows.Layer(Benchmark, FloatOf(work))?.Microseconds,
                Numbers.ExactShare);
        }
    }

    /// <summary>How much of float's time a step may take; null for float.</summary>
    public static double? MostOfFloat(WeightFormat weights) => weights switch
    {
        WeightFormat.BFloat16 => 0.6,
        WeightFormat.Int8 => 0.45,
        _ => null,
    };

    /// <summary>The same over weights in float.</summary>
    public static RecurrentCase FloatOf(RecurrentCase work) => work with { Weights = WeightFormat.Full };
}
