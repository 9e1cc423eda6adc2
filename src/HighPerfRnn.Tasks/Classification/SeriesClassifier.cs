using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Tables;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Classification;

/// <summary>A series of numbers, a row a step, and its class.</summary>
/// <param name="Name">Where it comes from.</param>
/// <param name="Label">Its class; empty where it has none.</param>
/// <param name="Table">The numbers.</param>
public sealed record LabelledSeries(string Name, string Label, NumberTable Table);

/// <summary>Reads series of numbers, and gives them classes.</summary>
public static class SeriesClassifier
{
    /// <summary>Reads a folder with a folder a class, a CSV file a series.</summary>
    /// <exception cref="DataException">Something cannot be read, a class has no series, columns differ, or there are not two classes.</exception>
    public static IReadOnlyList<LabelledSeries> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Directory.Exists(path)) throw DataException.At(path, File.Exists(path) ? "a file" : "no such folder", "a folder with a folder a class, a CSV file a series");
        var series = new List<LabelledSeries>();
        string[] classes = [.. Directory.GetDirectories(path).Order(StringComparer.Ordinal)];
        if (classes.Length < 2) throw DataException.At(path, $"{classes.Length} folders", "a folder a class, two classes at least");
        foreach (string folder in classes)
        {
            string[] files = [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
            if (files.Length == 0) throw DataException.At(folder, "no series", "one at least of the class");
            foreach (string file in files)
            {
                var table = NumberTable.Read(file, hasLabel: false);
                ThrowIfOther(file, table, series.Count > 0 ? series[0].Table : table);
                series.Add(new LabelledSeries(file, Path.GetFileName(folder), table));
            }
        }

        return series;
    }

    /// <summary>A new model of the classes of these series, with first parameters that the settings' seed decides.</summary>
    /// <param name="series">What it will be trained on.</param>
    /// <param name="settings">Sizes.</param>
    public static ClassificationModel Create(IReadOnlyList<LabelledSeries> series, LabelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(series);
        var scaling = NumberScaling.Of(series[0].Table.Columns, series.Select(one => (ReadOnlyMemory<float>)one.Table.Values));
        string[] classes = [.. series.Select(one => one.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var model = new ClassificationModel(scaling, classes, settings);
        model.Initialize();
        return model;
    }

    /// <summary>Series as examples; those of classes unseen in training and those longer than the most are skipped and counted.</summary>
    /// <param name="model">A model that reads series.</param>
    /// <param name="series">Series and their classes.</param>
    /// <param name="mostSteps">Of a series.</param>
    /// <param name="skips">Takes what is passed over.</param>
    /// <exception cref="DataException">A series has other columns than the model.</exception>
    public static NumberSequences Encode(ClassificationModel model, IReadOnlyList<LabelledSeries> series, int mostSteps, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(skips);
        NumberScaling scaling = ScalingOf(model);
        var numbers = new List<ReadOnlyMemory<float>>();
        var labels = new List<int[]>();
        foreach (LabelledSeries one in series)
        {
            ThrowIfOther(one.Name, one.Table, scaling);
            int label = model.Classes.ToList().IndexOf(one.Label);
            if (label < 0) skips.Add($"label unseen in training, '{one.Label}'", one.Name);
            else if (one.Table.Rows > mostSteps) skips.Add($"series of more than {mostSteps} rows", one.Name);
            else
            {
                numbers.Add(Scaled(scaling, one.Table));
                labels.Add([label]);
            }
        }

        return new NumberSequences(numbers, scaling.Columns.Count, labels, []);
    }

    /// <summary>All classes of a series, the likeliest first.</summary>
    /// <param name="model">A model that reads series and gives classes.</param>
    /// <param name="name">What errors call the series.</param>
    /// <param name="table">The series.</param>
    /// <exception cref="DataException">The series has other columns than the model.</exception>
    public static IReadOnlyList<ClassProbability> Classify(ClassificationModel model, string name, NumberTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        NumberScaling scaling = ScalingOf(model);
        ThrowIfOther(name, table, scaling);
        ClassProbability[] found = [];
        var examples = new NumberSequences([Scaled(scaling, table)], scaling.Columns.Count, [], []);
        LabelPredictor.Run(model.Network, examples, model.InputSize, (_, logits) => found = TextClassifier.Probabilities(model.Classes, logits));
        return found;
    }

    internal static NumberScaling ScalingOf(ClassificationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Series ?? throw new ArgumentException("The model reads texts; expected one that reads series.", nameof(model));
    }

    internal static float[] Scaled(NumberScaling scaling, NumberTable table)
    {
        float[] values = [.. table.Values];
        scaling.Scale(values);
        return values;
    }

    private static void ThrowIfOther(string name, NumberTable table, NumberTable first)
    {
        if (table.Columns.Count != first.Columns.Count) throw DataException.At(name, $"{table.Columns.Count} columns", $"{first.Columns.Count}, as in the others");
    }

    private static void ThrowIfOther(string name, NumberTable table, NumberScaling scaling)
    {
        if (table.Columns.Count != scaling.Columns.Count) throw DataException.At(name, $"{table.Columns.Count} columns", $"{scaling.Columns.Count}, as in training");
    }
}
