using System.Globalization;
using System.Numerics;
using HighPerfRnn.Formats;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;

namespace HighPerfRnn.Training;

/// <summary>
/// A training in the file of its model: what the optimizer remembers, the carried states, the iteration, and the options and
/// text that it belongs to. Readers of models pass it over.
/// </summary>
internal static class CharacterCheckpoint
{
    private const string Prefix = "training.";
    private const string IterationKey = "hprnn.training.iteration";
    private const string StepCountKey = "hprnn.training.optimizer_steps";

    public static void Save<T>(string path, CharacterTrainer<T> trainer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var metadata = new Dictionary<string, string>(Settings(trainer))
        {
            [IterationKey] = Text(trainer.Iteration),
            [StepCountKey] = Text(trainer.Optimizer.StepCount),
        };
        var tensors = new List<SafetensorsTensor>();
        List<ParameterPlace> places = [.. CharacterModelFile.Places(trainer.Model.Options, trainer.Model.Alphabet.Count)];
        foreach ((string name, ParameterSet<T>[] sets) in StatesByName(trainer.Optimizer))
        {
            ParameterTensors.Add(tensors, $"{Prefix}{name}.", places, sets);
        }

        for (int layer = 0; layer < trainer.Model.Layers.Count; layer++)
        {
            int index = layer;
            tensors.Add(SafetensorsTensor.CreateDeferred<T>(
                StateName(layer), target => trainer.Pass.State(index).CopyTo(target), StateShape(trainer)));
            if (!HasCellStates(trainer)) continue;
            tensors.Add(SafetensorsTensor.CreateDeferred<T>(
                CellStateName(layer), target => trainer.Pass.CellState(index).CopyTo(target), CellStateShape(trainer)));
        }

        CharacterModelFile.Save(path, trainer.Model, metadata, tensors);
    }

    /// <summary>Takes over what <see cref="Save"/> wrote, once all of it has been read: a failure changes nothing.</summary>
    public static void Load<T>(string path, CharacterTrainer<T> trainer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        foreach ((string key, string value) in CharacterModelFile.Sizes(trainer.Model.Options).Concat(Settings(trainer)))
        {
            string found = CharacterModelFile.Text(path, file, key);
            if (found != value)
            {
                throw ModelFormatException.At(path, $"metadata {key}", ModelFormatException.Quote(found), $"'{value}', as asked for now");
            }
        }

        CharacterModel<T> saved = CharacterModelFile.Load<T>(path, file, isTrainable: false);
        if (saved.Alphabet.Scalars != trainer.Model.Alphabet.Scalars)
        {
            throw ModelFormatException.At(path, "metadata", "another alphabet", "that of the text");
        }

        long iteration = Count(path, file, IterationKey);
        long stepCount = Count(path, file, StepCountKey);
        List<ParameterPlace> places = [.. CharacterModelFile.Places(trainer.Model.Options, trainer.Model.Alphabet.Count)];
        List<(ParameterSet<T>[] Read, ParameterSet<T>[] Own)> moments = [];
        foreach ((string name, ParameterSet<T>[] own) in StatesByName(trainer.Optimizer))
        {
            ParameterSet<T>[] read = [.. own.Select(set => set.CreateZeros())];
            ParameterTensors.Read(file, $"{Prefix}{name}.", places, read);
            moments.Add((read, own));
        }

        T[][] states = new T[trainer.Model.Layers.Count][];
        T[][] cellStates = new T[states.Length][];
        for (int layer = 0; layer < states.Length; layer++)
        {
            states[layer] = ReadState<T>(file, StateName(layer), StateShape(trainer));
            cellStates[layer] = HasCellStates(trainer) ? ReadState<T>(file, CellStateName(layer), CellStateShape(trainer)) : [];
        }

        foreach ((ParameterSet<T>[] read, ParameterSet<T>[] own) in moments) Copy(read, own);
        Copy(saved.ParameterSets, trainer.Model.ParameterSets);
        for (int layer = 0; layer < states.Length; layer++)
        {
            states[layer].CopyTo(trainer.Pass.State(layer));
            cellStates[layer].CopyTo(trainer.Pass.CellState(layer));
        }

        trainer.Optimizer.StepCount = stepCount;
        trainer.Iteration = iteration;
    }

    private static void Copy<T>(IReadOnlyList<ParameterSet<T>> source, IReadOnlyList<ParameterSet<T>> target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int set = 0; set < source.Count; set++) source[set].Values.CopyTo(target[set].Values);
    }

    /// <summary>All that decides what the next iteration does, but for how many there will be when the schedule is constant.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Settings<T>(CharacterTrainer<T> trainer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterTrainingOptions options = trainer.Options;
        yield return new("hprnn.training.precision", typeof(T) == typeof(float) ? "float" : "double");
        yield return new("hprnn.training.text", $"{trainer.TrainingTokens.Length} characters, {Fingerprint(trainer.TrainingTokens.Span):x16}");
        yield return new("hprnn.training.batch", Text(options.Batch));
        yield return new("hprnn.training.window", Text(options.Window));
        yield return new("hprnn.training.optimizer", trainer.Optimizer.Name);
        yield return new("hprnn.training.learning_rate", options.LearningRate.ToString("R", CultureInfo.InvariantCulture));
        yield return new("hprnn.training.momentum", options.Momentum.ToString("R", CultureInfo.InvariantCulture));
        yield return new("hprnn.training.clip", options.Clip.ToString("R", CultureInfo.InvariantCulture));
        yield return new("hprnn.training.schedule", options.Schedule == ScheduleKind.Cosine ? $"cosine over {options.Iterations}" : "constant");
        yield return new("hprnn.training.warmup", Text(options.WarmupIterations));
        yield return new("hprnn.training.seed", options.Seed.ToString(CultureInfo.InvariantCulture));
        if (trainer.Model.Options.Cell != RecurrentCellKind.Lstm) yield break;
        yield return new("hprnn.training.forget_bias", options.ForgetBias.ToString("R", CultureInfo.InvariantCulture));
    }

    private static IEnumerable<(string Name, ParameterSet<T>[] Sets)> StatesByName<T>(Optimizer<T> optimizer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        optimizer.States
            .GroupBy(state => state.Name)
            .Select(group => (group.Key, group.OrderBy(state => state.SetIndex).Select(state => state.Values).ToArray()));

    private static T[] ReadState<T>(SafetensorsFile file, string name, long[] shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        file.Find(name, shape);
        return file.ToArray<T>(name);
    }

    private static string StateName(int layer) => $"{Prefix}state_l{layer}";

    private static string CellStateName(int layer) => $"{Prefix}cell_state_l{layer}";

    private static bool HasCellStates<T>(CharacterTrainer<T> trainer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => trainer.Model.Layers[0].Cell.CellStates > 0;

    private static long[] CellStateShape<T>(CharacterTrainer<T> trainer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => [trainer.Model.Layers[0].Cell.CellStates, .. StateShape(trainer)];

    private static long[] StateShape<T>(CharacterTrainer<T> trainer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => [trainer.Options.Batch, trainer.Model.Options.HiddenSize];

    /// <summary>FNV-1a over the tokens (Fowler, Noll, Vo): tells one text from another, no more.</summary>
    private static ulong Fingerprint(ReadOnlySpan<int> tokens)
    {
        ulong hash = 14695981039346656037;
        foreach (int token in tokens) hash = unchecked((hash ^ (uint)token) * 1099511628211);
        return hash;
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static long Count(string path, SafetensorsFile file, string key)
    {
        string text = CharacterModelFile.Text(path, file, key);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw ModelFormatException.At(path, $"metadata {key}", ModelFormatException.Quote(text), "a whole number");
    }
}
