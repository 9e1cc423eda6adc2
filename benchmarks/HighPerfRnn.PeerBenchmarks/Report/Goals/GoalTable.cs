using HighPerfRnn.Benchmarks.Pointwise;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Peers.Tensors;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;
using HighPerfRnn.PeerBenchmarks.Training;

namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>Every goal beside what the run says of it.</summary>
internal sealed class GoalTable
{
    private readonly Goal[] _goals;
    private readonly bool _hasWideVectors;

    /// <summary>Reads the goals off a run.</summary>
    public GoalTable(ReportData data, RowLookup rows)
    {
        var run = new GoalContext(data, rows);
        _hasWideVectors = run.HasWideVectors;
        _goals =
        [
            .. SequenceGoals.Of(run), .. GatedGoals.Of(run), .. NeighbourGoals.Of(run), .. StepGoals.Of(run), .. FormatGoals.Of(run), .. ThreadGoals.Of(run),
            .. CharacterTrainingCase.Cells.SelectMany(cell => Model(run, cell)),
            .. Enum.GetValues<TrainedTask>().Select(task => Task(run, task)), .. Pointwise(run), Allocations(data),
        ];
    }

    /// <summary>How many are reached.</summary>
    public string Summary =>
        $"{Count(true)} of {_goals.Length} goals are reached, {Count(false)} missed, {Count(null)} not measured. They are those of a " +
        $"machine with {(_hasWideVectors ? "AVX-512" : "AVX2 and no AVX-512")}, read off the rows below. Where the same run measured " +
        "something that bounds what can be reached, the last column says what and how much.";

    /// <summary>Them all.</summary>
    public MarkdownTable Table()
    {
        var table = new MarkdownTable("work (B, T, I, H)", "goal", "reached", "met", "limit") { IsText = true };
        foreach (Goal goal in _goals)
        {
            table.Add(
                goal.Work,
                $"{(goal.IsAtMost ? "at most" : "at least")} {goal.Format(goal.Bound)} {goal.Figure}",
                goal.Format(goal.Reached),
                goal.IsMet switch { true => "yes", false => "**no**", null => "not measured" },
                goal.Limit);
        }

        return table;
    }

    private int Count(bool? isMet) => _goals.Count(goal => goal.IsMet == isMet);

    private static IEnumerable<Goal> Model(GoalContext run, RecurrentCell cell)
    {
        ReportRow? own = Find(OwnLibrary.LibraryName), peer = Find(TorchLibrary.LibraryName);
        string name = $"Training of the character model, {cell}";
        double overTorch = cell switch
        {
            RecurrentCell.Lstm => run.Of(1.5, 5),
            RecurrentCell.Gru => run.Of(1.6, 3.2),
            _ => run.Of(1.6, 4),
        };
        yield return Goal.AtLeast(
            name,
            cell == RecurrentCell.Rnn ? run.Of(0.75, 0.65) : run.Of(0.78, 0.68),
            "of the multiply-add peak",
            own?.Figures().Gflops / own?.Limits.PeakGflops,
            Numbers.ExactShare);
        yield return Goal.AtLeast(name, overTorch, "as fast as TorchSharp", peer?.Microseconds / own?.Microseconds, Numbers.Times);

        ReportRow? Find(string library) => run.Data.Rows.FirstOrDefault(row => row.Training?.Library == library && row.Training.Cell == cell);
    }

    private static Goal Task(GoalContext run, TrainedTask task)
    {
        return Goal.AtLeast(
            $"Training of a model, {task}",
            run.Of(1.4, 3),
            "as fast as TorchSharp",
            Find(TorchLibrary.LibraryName)?.Microseconds / Find(OwnLibrary.LibraryName)?.Microseconds,
            Numbers.Times);

        ReportRow? Find(string library) => run.Data.Rows.FirstOrDefault(row => row.Task == new TaskTrainingCase(library, task));
    }

    private static IEnumerable<Goal> Pointwise(GoalContext run)
    {
        foreach ((PointwiseFunction function, double least) in ((PointwiseFunction, double)[])
            [(PointwiseFunction.Tanh, 20), (PointwiseFunction.Sigmoid, 3)])
        {
            const int length = 256;
            ReportRow? own = run.Rows.Pointwise(new PointwiseCase(OwnLibrary.LibraryName, function, length));
            ReportRow? peer = run.Rows.Pointwise(new PointwiseCase(TensorPrimitivesWork.LibraryName, function, length));
            yield return Goal.AtLeast(
                $"{function} of {length} numbers",
                least,
                "as fast as TensorPrimitives",
                peer?.Microseconds / own?.Microseconds,
                Numbers.Times);
        }
    }

    private static Goal Allocations(ReportData data)
    {
        IEnumerable<ReportRow> own = data.Rows.Where(row => row.Figures().Work.Library == OwnLibrary.LibraryName);
        long[] bytes = [.. own.Select(row => row.AllocatedBytes)];
        return Goal.AtMost("Every row", 0, "bytes allocated a call", bytes.Length == 0 ? null : bytes.Max(), Numbers.Whole);
    }
}
