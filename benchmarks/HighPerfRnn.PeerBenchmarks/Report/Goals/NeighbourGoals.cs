using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What is asked of row counts and widths that are no multiple of a tile.</summary>
internal static class NeighbourGoals
{
    /// <summary>The class that measures them.</summary>
    public const string Benchmark = "PeerNeighbours";

    /// <summary>How many times what a row or a unit costs beside it where tiles are full.</summary>
    public const double MostCost = 1.15;

    private const int EvenBatch = 32;
    private const int UnevenBatch = 33;
    private const int EvenWidth = 128;
    private const int UnevenWidth = 130;

    /// <summary>Them all.</summary>
    public static IEnumerable<Goal> Of(GoalContext run)
    {
        IEnumerable<RecurrentCase> asked = RecurrentSizes.Rows(OwnLibrary.LibraryName, RecurrentCell.Rnn)
            .Concat(RecurrentSizes.Widths(OwnLibrary.LibraryName, RecurrentCell.Rnn)).Where(IsAsked);
        foreach (RecurrentCase work in asked)
        {
            RecurrentCase even = EvenOf(work);
            yield return Goal.AtMost(
                LayerTables.NameOf(work),
                MostCost,
                even.Batch != work.Batch ? $"the time a row of B = {even.Batch}" : $"the time a unit of H = {even.HiddenSize}",
                run.Rows.Layer(Benchmark, work) is { } row ? run.Rows.CostOver(row, even) : null,
                Numbers.Times);
        }
    }

    /// <summary>Whether a goal is asked of it.</summary>
    public static bool IsAsked(RecurrentCase work) => work.Batch == UnevenBatch || work.HiddenSize == UnevenWidth;

    /// <summary>The work that fills its tiles, beside this.</summary>
    public static RecurrentCase EvenOf(RecurrentCase work) =>
        Math.Abs(work.Batch - EvenBatch) <= 1 ? work with { Batch = EvenBatch } : work with { HiddenSize = EvenWidth };
}
