using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Tasks.Classification;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>How classes and their metrics are shown.</summary>
internal static class ClassificationReport
{
    private const int ShownCharacters = 60;
    private const int MostTableClasses = 12;

    /// <summary>Accuracy, F1 of each class as f1.CLASS, and their mean.</summary>
    public static IReadOnlyDictionary<string, double> ByName(ClassificationMetrics metrics, IReadOnlyList<string> classes)
    {
        var named = new SortedDictionary<string, double>(StringComparer.Ordinal) { ["accuracy"] = metrics.Accuracy, ["f1"] = metrics.MacroF1 };
        for (int label = 0; label < classes.Count; label++) named[$"f1.{classes[label]}"] = metrics.F1(label);
        return named;
    }

    /// <summary>Metrics in a line.</summary>
    public static string Describe(IReadOnlyDictionary<string, double> metrics)
    {
        if (metrics.TryGetValue("accuracy", out double accuracy)) return Invariant($"accuracy {accuracy:P2}, F1 {metrics["f1"]:P2} (mean over classes)");
        string repeat = metrics.TryGetValue("repeatRmse", out double rmse)
            ? Invariant($"; saying the last value again: RMSE {rmse:G5}, MAE {metrics["repeatMae"]:G5}")
            : string.Empty;
        return Invariant($"RMSE {metrics["rmse"]:G5}, MAE {metrics["mae"]:G5}{repeat}");
    }

    /// <summary>A class with its probability.</summary>
    public static string Describe(ClassProbability found) => Invariant($"{found.Label} {found.Probability:P1}");

    /// <summary>The beginning of a long text.</summary>
    public static string Shorten(string text) => text.Length <= ShownCharacters ? text : $"{text[..ShownCharacters]}…";

    /// <summary>Where the picture of a model's confusion matrix stands.</summary>
    public static string PlotPath(string modelPath) => Path.ChangeExtension(modelPath, ".confusion.png");

    /// <summary>Prints the confusion matrix, of many classes what is most often confused.</summary>
    public static void Print(TextWriter output, ClassificationMetrics metrics, IReadOnlyList<string> classes)
    {
        if (classes.Count <= MostTableClasses)
        {
            int width = Math.Max(7, classes.Max(name => name.Length)) + 1;
            output.WriteLine($"{"right".PadRight(width)}{string.Concat(classes.Select(name => name.PadLeft(width)))}{"F1".PadLeft(8)}");
            for (int right = 0; right < classes.Count; right++)
            {
                IEnumerable<string> counts = Enumerable.Range(0, classes.Count).Select(found => Invariant($"{metrics.Confusion(right, found)}").PadLeft(width));
                output.WriteLine($"{classes[right].PadRight(width)}{string.Concat(counts)}{Invariant($"{metrics.F1(right):P1}"),8}");
            }

            return;
        }

        var confused =
            from right in Enumerable.Range(0, classes.Count)
            from found in Enumerable.Range(0, classes.Count)
            where right != found && metrics.Confusion(right, found) > 0
            orderby metrics.Confusion(right, found) descending
            select Invariant($"  {metrics.Confusion(right, found),5} {classes[right]} taken for {classes[found]}");
        output.WriteLine("Most often confused:");
        foreach (string line in confused.Take(MostTableClasses)) output.WriteLine(line);
    }
}
