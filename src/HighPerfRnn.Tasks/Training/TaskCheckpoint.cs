using System.Globalization;
using HighPerfRnn.Formats;
using HighPerfRnn.Memory;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tasks.Training;

/// <summary>
/// A training in the file of its model: the best parameters are the model's, and beside them stand the current ones, what the optimizer
/// remembers and how far it has come. Who predicts passes these over.
/// </summary>
public static class TaskCheckpoint
{
    private const string CurrentPrefix = "training.current.";

    /// <summary>Writes model and training; a crash leaves the old file or the new.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What the model is.</param>
    /// <param name="metadata">What predicting needs.</param>
    /// <param name="names">A name for each set of parameters.</param>
    /// <param name="trainer">The training.</param>
    /// <exception cref="IOException">The file cannot be written; what stood there before still does.</exception>
    public static void Save(
        string path, string kind, IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<string> names, TaskTrainer trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        var more = new List<SafetensorsTensor>();
        more.AddRange(TaskModelFile.Tensors(CurrentPrefix, Named(names, trainer.Task.ParameterSets)));
        foreach ((string name, ParameterSet<float>[] sets) in Moments(trainer)) more.AddRange(TaskModelFile.Tensors(PrefixOf(name), Named(names, sets)));
        TaskModelFile.Save(path, kind, metadata.Concat(Settings(trainer)).Concat(Progress(trainer)), Named(names, trainer.Best), more);
    }

    /// <summary>Takes over what <see cref="Save"/> wrote, once all of it has been read: a failure changes nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What the model is.</param>
    /// <param name="metadata">What the model would be saved with now: it must be the same.</param>
    /// <param name="names">A name for each set of parameters.</param>
    /// <param name="trainer">Goes on with the same bits as if never stopped.</param>
    /// <exception cref="ModelFormatException">The file holds no training of this model, data and options; the message names the difference.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Load(
        string path, string kind, IEnumerable<KeyValuePair<string, string>> metadata, IReadOnlyList<string> names, TaskTrainer trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        using TaskModelFile file = TaskModelFile.Open(path, kind);
        foreach ((string key, string text) in metadata.Concat(Settings(trainer)))
        {
            if (file.Text(key) != text) throw file.MalformedValue(key, Short(file.Text(key)), $"'{Short(text)}', as asked for now");
        }

        ParameterSet<float>[] best = Zeros(trainer.Best), current = Zeros(trainer.Best);
        file.Read(string.Empty, Named(names, best));
        file.Read(CurrentPrefix, Named(names, current));
        var moments = new List<(ParameterSet<float>[] Read, ParameterSet<float>[] Own)>();
        foreach ((string name, ParameterSet<float>[] own) in Moments(trainer))
        {
            ParameterSet<float>[] read = Zeros(own);
            file.Read(PrefixOf(name), Named(names, read));
            moments.Add((read, own));
        }

        long iteration = Count(file, "training.iteration"), steps = Count(file, "training.optimizer_steps");
        long bestIteration = Count(file, "training.best_iteration"), since = Count(file, "training.validations_since_best");
        string bestText = file.Text("training.best");
        double decisive = bestText == "none" ? double.NaN : file.Number("training.best");
        foreach ((ParameterSet<float>[] read, ParameterSet<float>[] own) in moments) Copy(read, own);
        Copy(best, trainer.Best);
        Copy(current, trainer.Task.ParameterSets);
        trainer.Task.Repack();
        trainer.Optimizer.StepCount = steps;
        trainer.Iteration = iteration;
        trainer.BestIteration = bestIteration;
        trainer.BestDecisive = decisive;
        trainer.BestScore = null;
        trainer.ValidationsSinceBest = (int)Math.Min(since, int.MaxValue);
    }

    private static string PrefixOf(string moment) => $"training.{moment}.";

    private static string Short(string text) => text.Length <= 60 ? text : $"{text[..60]}…";

    /// <summary>All that decides what the next iteration does, but for how many there will be when the rate is constant.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Settings(TaskTrainer trainer)
    {
        TaskTrainingOptions options = trainer.Options;
        yield return new("training.data", $"{trainer.Task.TrainingLengths.Length} examples, {Fingerprint(trainer.Task.TrainingLengths):x16}");
        yield return new("training.examples", options.Examples);
        yield return new("training.batch", Invariant(options.Batch));
        yield return new("training.optimizer", trainer.Optimizer.Name);
        yield return new("training.learning_rate", Invariant(options.LearningRate));
        yield return new("training.momentum", Invariant(options.Momentum));
        yield return new("training.clip", Invariant(options.Clip));
        yield return new("training.schedule", options.Schedule == ScheduleKind.Cosine ? $"cosine over {options.Iterations}" : "constant");
        yield return new("training.warmup", Invariant(options.WarmupIterations));
        yield return new("training.validate_every", Invariant(trainer.ValidateEvery));
        yield return new("training.seed", options.Seed.ToString(CultureInfo.InvariantCulture));
    }

    private static IEnumerable<KeyValuePair<string, string>> Progress(TaskTrainer trainer)
    {
        yield return new("training.iteration", Invariant(trainer.Iteration));
        yield return new("training.optimizer_steps", Invariant(trainer.Optimizer.StepCount));
        yield return new("training.best_iteration", Invariant(trainer.BestIteration));
        yield return new("training.validations_since_best", Invariant(trainer.ValidationsSinceBest));
        yield return new("training.best", double.IsFinite(trainer.BestDecisive) ? Invariant(trainer.BestDecisive) : "none");
    }

    private static IEnumerable<(string Name, ParameterSet<float>[] Sets)> Moments(TaskTrainer trainer) =>
        trainer.Optimizer.States
            .GroupBy(state => state.Name)
            .Select(group => (group.Key, group.OrderBy(state => state.SetIndex).Select(state => state.Values).ToArray()));

    private static NamedParameters[] Named(IReadOnlyList<string> names, IReadOnlyList<ParameterSet<float>> sets) =>
        [.. names.Zip(sets, (name, set) => new NamedParameters(name, set))];

    private static ParameterSet<float>[] Zeros(IReadOnlyList<ParameterSet<float>> sets) => [.. sets.Select(set => set.CreateZeros())];

    private static void Copy(ParameterSet<float>[] source, IReadOnlyList<ParameterSet<float>> target)
    {
        for (int set = 0; set < source.Length; set++) source[set].Values.CopyTo(target[set].Values);
    }

    private static long Count(TaskModelFile file, string key)
    {
        string text = file.Text(key);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw file.MalformedValue(key, text, "a whole number");
    }

    /// <summary>FNV-1a (Fowler, Noll, Vo): tells one set of examples from another, no more.</summary>
    private static ulong Fingerprint(ReadOnlySpan<int> lengths)
    {
        ulong hash = 14695981039346656037;
        foreach (int length in lengths) hash = unchecked((hash ^ (uint)length) * 1099511628211);
        return hash;
    }

    private static string Invariant(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Invariant(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
