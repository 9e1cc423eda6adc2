using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Tasks.Classification;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>train classify --sequences: the class of a series of numbers, or numbers that it leads to.</summary>
/// <param name="context">Output.</param>
/// <param name="flags">Of the training.</param>
/// <param name="data">Where series come from.</param>
/// <param name="settings">Sizes.</param>
internal sealed class SeriesTraining(ToolContext context, TaskFlags flags, ClassificationData data, LabelSettings settings)
{
    private readonly TaskWords _words = new("Series", "loss", "series", "rows");

    /// <summary>Classes: a folder a class, a CSV file a series.</summary>
    public int RunClasses(ParseResult parsed, bool isBalanced)
    {
        using var run = new TaskRun(context, parsed, flags, data.Paths(parsed));
        IReadOnlyList<LabelledSeries>? given = data.ValidationPath(parsed) is string path ? SeriesClassifier.Read(path) : null;
        (IReadOnlyList<LabelledSeries> training, IReadOnlyList<LabelledSeries> validation) =
            run.Split(SeriesClassifier.Read(data.RequiredPath(parsed)), series => series.Name, given, "series");
        ClassificationModel model = SeriesClassifier.Create(training, settings);
        int most = parsed.GetValue(flags.MaxLength);
        NumberSequences examples = SeriesClassifier.Encode(model, training, most, run.Skips), held = SeriesClassifier.Encode(model, validation, most, run.Skips);
        Train(parsed, run, model, examples, held, isBalanced ? LabelWeights.Balanced(examples, model.Classes.Count) : []);
        if (held.Count > 0)
        {
            ClassificationMetrics metrics = TextClassifier.Measure(model, held, run.Workers);
            foreach ((string name, double value) in ClassificationReport.ByName(metrics, model.Classes)) run.Metrics[name] = value;
            HeatMapPlot.TrySave(context, ClassificationReport.PlotPath(run.ModelPath), HeatMap.Of(metrics, model.Classes));
        }

        return run.Finish(_words, _ => { }, ClassificationReport.Describe);
    }

    /// <summary>Numbers: one CSV file, whose last rows are set aside, since what comes later must not help to tell what came before.</summary>
    public int RunForecast(ParseResult parsed, ForecastRequest request)
    {
        using var run = new TaskRun(context, parsed, flags, data.Paths(parsed));
        string path = data.RequiredPath(parsed);
        var table = NumberTable.Read(path, hasLabel: false);
        NumberTable? given = data.ValidationPath(parsed) is string other ? NumberTable.Read(other, hasLabel: false) : null;
        int kept = given is null ? table.Rows - (int)(table.Rows * parsed.GetValue(flags.Training.Validation)) : table.Rows;
        var seen = new NumberTable(table.Columns, table.Values[..(kept * table.Columns.Count)], []);
        ClassificationModel model = SeriesForecaster.Create(seen, path, request, settings);
        NumberSequences examples = SeriesForecaster.Encode(model, seen, path, 0, kept);
        NumberSequences held = given is null
            ? SeriesForecaster.Encode(model, table, path, kept, table.Rows)
            : SeriesForecaster.Encode(model, given, data.ValidationPath(parsed)!, 0, given.Rows);
        if (examples.Count == 0)
        {
            throw ToolException.Usage("--window", $"{request.Window} with {kept} rows to train on", "fewer rows than there are");
        }

        Train(parsed, run, model, examples, held, []);
        if (held.Count > 0)
        {
            foreach ((string name, double value) in SeriesForecaster.Measure(model, held, run.Workers).ByName) run.Metrics[name] = value;
        }

        return run.Finish(_words, _ => { }, ClassificationReport.Describe);
    }

    private void Train(ParseResult parsed, TaskRun run, ClassificationModel model, NumberSequences examples, NumberSequences held, float[] weights)
    {
        TaskTrainingOptions options = flags.OptionsOf(parsed, examples.Count) with { Examples = $"class weights {weights.Length > 0}" };
        var task = new LabelTask(model.Network, model.Settings, model.InputSize, examples, held, options.Batch, weights, run.Workers);
        run.Train(new TaskModelParts(ClassificationModel.Kind, model.Metadata, model.SetNames), task, options);
    }
}
