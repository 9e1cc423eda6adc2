using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tasks.Classification;

/// <summary>What a forecast is asked for.</summary>
/// <param name="Targets">Names of the columns that are told.</param>
/// <param name="Window">How many rows it reads.</param>
/// <param name="Horizon">How many rows after the last of them; 0 for the last row's own, which then are no input.</param>
public sealed record ForecastRequest(IReadOnlyList<string> Targets, int Window, int Horizon);

/// <summary>How far forecasts are off, in the units of the table.</summary>
/// <param name="Windows">How many were made.</param>
/// <param name="Errors">Of the model.</param>
/// <param name="RepeatErrors">Of saying the last value again; null where the target is of the last row itself.</param>
public sealed record ForecastScores(int Windows, RegressionErrors Errors, RegressionErrors? RepeatErrors)
{
    /// <summary>The numbers by the names that reports use.</summary>
    public IReadOnlyDictionary<string, double> ByName
    {
        get
        {
            var named = new SortedDictionary<string, double>(StringComparer.Ordinal) { ["mae"] = Errors.MeanAbsolute, ["rmse"] = Errors.RootMeanSquare };
            if (RepeatErrors is not RegressionErrors repeat) return named;
            named["repeatMae"] = repeat.MeanAbsolute;
            named["repeatRmse"] = repeat.RootMeanSquare;
            return named;
        }
    }
}

/// <summary>Numbers that a series leads to: windows of its rows tell what some columns are some rows later.</summary>
public static class SeriesForecaster
{
    /// <summary>A new model for a request, with first parameters that the settings' seed decides.</summary>
    /// <param name="table">What it will be trained on.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="settings">Sizes.</param>
    /// <exception cref="DataException">A target is no column, or nothing is left to read.</exception>
    public static ClassificationModel Create(NumberTable table, string name, ForecastRequest request, LabelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(settings);
        foreach (string target in request.Targets)
        {
            if (!table.Columns.Contains(target)) throw DataException.At(name, $"no column '{target}'", $"one of {string.Join(", ", table.Columns)}");
        }

        string[] inputs = request.Horizon > 0 ? [.. table.Columns] : [.. table.Columns.Where(column => !request.Targets.Contains(column))];
        if (inputs.Length == 0) throw DataException.At(name, "no column but targets", "one to tell them from, or --horizon 1 or more");
        var scaling = NumberScaling.Of(inputs, [Pick(table, inputs)]);
        var targets = new ForecastTarget(NumberScaling.Of(request.Targets, [Pick(table, request.Targets)]), request.Window, request.Horizon);
        var model = new ClassificationModel(scaling, targets, settings);
        model.Initialize();
        return model;
    }

    /// <summary>Every window of some rows as an example.</summary>
    /// <param name="model">The model.</param>
    /// <param name="table">The series.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="firstTarget">The first row that may be a target.</param>
    /// <param name="endTarget">The row before which targets end.</param>
    /// <exception cref="DataException">A column of the model is not there.</exception>
    public static NumberSequences Encode(ClassificationModel model, NumberTable table, string name, int firstTarget, int endTarget)
    {
        ArgumentNullException.ThrowIfNull(table);
        (NumberScaling scaling, ForecastTarget forecast) = PartsOf(model);
        foreach (string column in (string[])[.. scaling.Columns, .. forecast.Targets.Columns])
        {
            if (!table.Columns.Contains(column)) throw DataException.At(name, $"no column '{column}'", "those of the training");
        }

        float[] inputs = Pick(table, scaling.Columns), targets = Pick(table, forecast.Targets.Columns);
        scaling.Scale(inputs);
        forecast.Targets.Scale(targets);
        int width = scaling.Columns.Count, wanted = forecast.Targets.Columns.Count;
        var windows = new List<ReadOnlyMemory<float>>();
        var values = new List<float[]>();
        for (int target = Math.Max(firstTarget, forecast.Window - 1 + forecast.Horizon); target < Math.Min(endTarget, table.Rows); target++)
        {
            int first = target - forecast.Horizon - forecast.Window + 1;
            windows.Add(inputs.AsMemory(first * width, forecast.Window * width));
            values.Add(targets[(target * wanted)..((target + 1) * wanted)]);
        }

        return new NumberSequences(windows, width, [], values);
    }

    /// <summary>The numbers that the end of a series leads to, by the names of their columns.</summary>
    /// <param name="model">The model.</param>
    /// <param name="table">A series of the window's rows at least.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="DataException">A column is not there, or there are too few rows.</exception>
    public static IReadOnlyDictionary<string, double> Forecast(ClassificationModel model, NumberTable table, string name)
    {
        ArgumentNullException.ThrowIfNull(table);
        (NumberScaling scaling, ForecastTarget forecast) = PartsOf(model);
        if (scaling.Columns.FirstOrDefault(column => !table.Columns.Contains(column)) is string missing) throw DataException.At(name, $"no column '{missing}'", "those of the training");
        if (table.Rows < forecast.Window) throw DataException.At(name, $"{table.Rows} rows", $"{forecast.Window} at least");
        float[] inputs = Pick(table, scaling.Columns);
        scaling.Scale(inputs);
        int length = forecast.Window * scaling.Columns.Count;
        var examples = new NumberSequences([inputs.AsMemory(inputs.Length - length)], scaling.Columns.Count, [], []);
        float[] found = new float[forecast.Targets.Columns.Count];
        LabelPredictor.Run(model.Network, examples, scaling.Columns.Count, (_, logits) => logits.CopyTo(found));
        forecast.Targets.Restore(found);
        return forecast.Targets.Columns.Select((column, at) => (column, at)).ToDictionary(pair => pair.column, pair => (double)found[pair.at], StringComparer.Ordinal);
    }

    /// <summary>Measures forecasts in the units of the table, over all targets alike.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">What <see cref="Encode"/> gave.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    public static ForecastScores Measure(ClassificationModel model, NumberSequences examples, WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(examples);
        (NumberScaling scaling, ForecastTarget forecast) = PartsOf(model);
        int wanted = forecast.Targets.Columns.Count;
        float[] found = new float[examples.Count * wanted], right = new float[found.Length], repeated = new float[found.Length];
        int[] places = [.. forecast.Targets.Columns.Select(column => scaling.Columns.ToList().IndexOf(column))];
        LabelPredictor.Run(
            model.Network, examples, scaling.Columns.Count, (example, logits) => logits.CopyTo(found.AsSpan(example * wanted)), workers: workers);
        float[] last = new float[forecast.Window * scaling.Columns.Count];
        for (int example = 0; example < examples.Count; example++)
        {
            examples.Values(example).CopyTo(right.AsSpan(example * wanted));
            examples.CopySource(example, null, 0, 1, [], last);
            scaling.Restore(last);
            for (int target = 0; forecast.Horizon > 0 && target < wanted; target++)
            {
                repeated[(example * wanted) + target] = last[last.Length - scaling.Columns.Count + places[target]];
            }
        }

        forecast.Targets.Restore(found);
        forecast.Targets.Restore(right);
        return new ForecastScores(
            examples.Count, RegressionErrors.Of(found, right), forecast.Horizon > 0 ? RegressionErrors.Of(repeated, right) : null);
    }

    private static (NumberScaling Scaling, ForecastTarget Forecast) PartsOf(ClassificationModel model)
    {
        NumberScaling scaling = SeriesClassifier.ScalingOf(model);
        return (scaling, model.Forecast ?? throw new ArgumentException("The model gives classes; expected one that gives numbers.", nameof(model)));
    }

    /// <summary>Some columns of a table [rows, columns].</summary>
    private static float[] Pick(NumberTable table, IReadOnlyList<string> columns)
    {
        int[] places = [.. columns.Select(column => table.Columns.ToList().IndexOf(column))];
        float[] picked = new float[table.Rows * places.Length];
        for (int i = 0; i < picked.Length; i++) picked[i] = table.Values[(i / places.Length * table.Columns.Count) + places[i % places.Length]];
        return picked;
    }
}
