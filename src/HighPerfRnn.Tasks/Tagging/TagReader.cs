using HighPerfRnn.Data;
using HighPerfRnn.Data.Audio;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Labels;
using HighPerfRnn.Data.Tables;

namespace HighPerfRnn.Tasks.Tagging;

/// <summary>Reads sequences of labelled frames from a user's files.</summary>
public static class TagReader
{
    private const string Expected = "CSV files, WAV files with label tracks, or folders of numbered images";

    /// <summary>
    /// Reads a CSV file (a row a frame, the label last), a WAV file with its track NAME.txt beside it, a clip's folder of numbered images with
    /// labels.csv, or a folder of any one of these.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="features">How frames become numbers; null to find out what they are made of and, for sound, its rate.</param>
    /// <param name="hasLabels">Whether sequences must have labels; else none are read.</param>
    /// <param name="size">Pixels a side of images, where features are null.</param>
    /// <returns>The features and the sequences, in the order of their names.</returns>
    /// <exception cref="DataException">Something cannot be read, is of another kind than the features, or there is nothing.</exception>
    public static (TagFeatures Features, IReadOnlyList<TagSequence> Sequences) Read(string path, TagFeatures? features, bool hasLabels, int size = 16)
    {
        ArgumentNullException.ThrowIfNull(path);
        (TagSource source, string[] parts) = Find(path);
        if (features is not null && features.Source != source)
        {
            throw DataException.At(path, NameOf(source), $"{NameOf(features.Source)}, as the model was trained on");
        }

        features ??= new TagFeatures
        {
            Source = source,
            ImageSize = size,
            Mel = source == TagSource.Sound ? new MelSettings { SampleRate = WaveFile.Read(parts[0]).SampleRate } : new MelSettings(),
        };
        var sequences = new List<TagSequence>();
        foreach (string part in parts)
        {
            TagSequence read = source switch
            {
                TagSource.Numbers => ReadNumbers(part, hasLabels),
                TagSource.Sound => ReadSound(part, features, hasLabels),
                _ => ReadClip(part, features, hasLabels),
            };
            if (sequences.Count > 0 && (read.Columns.Count != sequences[0].Columns.Count || read.HasTimes != sequences[0].HasTimes))
            {
                throw DataException.At(part, Describe(read), $"{Describe(sequences[0])}, as in {sequences[0].Name}");
            }

            sequences.Add(read);
        }

        return (features, sequences);
    }

    /// <summary>The numbers of a frame of pixels [size, size, 3], on white.</summary>
    /// <param name="image">A thumbnail of that size.</param>
    /// <param name="numbers">Overwritten.</param>
    internal static void CopyPixels(Thumbnail image, Span<float> numbers)
    {
        for (int pixel = 0; pixel < image.Size * image.Size; pixel++)
        {
            ReadOnlySpan<byte> source = image.Pixels.Slice(pixel * 4, 4);
            for (int channel = 0; channel < 3; channel++) numbers[(pixel * 3) + channel] = (source[channel] + 255 - source[3]) / 255f;
        }
    }

    /// <summary>Names of the numbers of a frame of pixels.</summary>
    /// <param name="size">Pixels a side.</param>
    public static string[] PixelColumns(int size) =>
        [.. Enumerable.Range(0, size * size * 3).Select(i => $"{"rgb"[i % 3]} {i / 3 % size} {i / 3 / size}")];

    private static (TagSource Source, string[] Parts) Find(string path)
    {
        if (File.Exists(path)) return (IsSound(path) ? TagSource.Sound : TagSource.Numbers, [path]);
        if (!Directory.Exists(path)) throw DataException.At(path, "no such file or folder", Expected);
        string[] files = [.. Directory.GetFiles(path).Order(StringComparer.Ordinal)];
        string[] sounds = [.. files.Where(IsSound)], tables = [.. files.Where(IsTable)];
        string[] clips = FrameFolder.IsClip(path) ? [path] : [.. Directory.GetDirectories(path).Where(FrameFolder.IsClip).Order(StringComparer.Ordinal)];
        int kinds = (sounds.Length > 0 ? 1 : 0) + (tables.Length > 0 ? 1 : 0) + (clips.Length > 0 ? 1 : 0);
        if (kinds != 1) throw DataException.At(path, kinds == 0 ? "none of these" : $"{sounds.Length} sounds, {tables.Length} tables and {clips.Length} clips", $"one kind of {Expected}");
        return sounds.Length > 0 ? (TagSource.Sound, sounds) : tables.Length > 0 ? (TagSource.Numbers, tables) : (TagSource.Images, clips);
    }

    private static bool IsSound(string file) => Path.GetExtension(file).Equals(".wav", StringComparison.OrdinalIgnoreCase);

    private static bool IsTable(string file) =>
        Path.GetExtension(file).ToLowerInvariant() is ".csv" or ".tsv" && !Path.GetFileName(file).Equals("labels.csv", StringComparison.OrdinalIgnoreCase);

    private static string NameOf(TagSource source) => source switch
    {
        TagSource.Numbers => "tables of numbers",
        TagSource.Sound => "sound",
        _ => "images",
    };

    private static string Describe(TagSequence sequence) => $"{sequence.Columns.Count} numbers a frame, labels {(sequence.HasTimes ? "with" : "without")} times";

    private static TagSequence ReadNumbers(string path, bool hasLabels)
    {
        NumberTable table = NumberTable.Read(path, hasLabels);
        return new TagSequence(path, table.Values, table.Columns, table.Labels, hasLabels);
    }

    private static TagSequence ReadSound(string path, TagFeatures features, bool hasLabels)
    {
        WaveSound sound = WaveFile.Read(path);
        if (sound.SampleRate != features.Mel.SampleRate) throw DataException.At(path, $"{sound.SampleRate} Hz", $"{features.Mel.SampleRate} Hz, as the others");
        float[] frames = MelFeatures.OfSound(features.Mel, sound.Samples);
        int count = frames.Length / features.Mel.Filters;
        if (count == 0) throw DataException.At(path, $"{sound.Samples.Length} samples", $"{features.Mel.HopSamples} at least");
        string[] columns = [.. Enumerable.Range(1, features.Mel.Filters).Select(i => $"mel {i}")];
        if (!hasLabels) return new TagSequence(path, frames, columns, [], HasTimes: true);
        string track = Path.ChangeExtension(path, ".txt");
        if (!File.Exists(track)) throw DataException.At(track, "no such file", "the labels of the sound beside it");
        return LabelIntervals.HasTimes(track)
            ? new TagSequence(path, frames, columns, LabelIntervals.ToFrames(LabelIntervals.Read(track), count, features.Mel.HopSeconds, features.Background), HasTimes: true)
            : new TagSequence(path, frames, columns, [.. LabelIntervals.ReadOrder(track)], HasTimes: false);
    }

    private static TagSequence ReadClip(string folder, TagFeatures features, bool hasLabels)
    {
        IReadOnlyList<LabelledFrame> frames = FrameFolder.Read(folder, hasLabels);
        int length = features.ImageSize * features.ImageSize * 3;
        float[] numbers = new float[checked(frames.Count * length)];
        for (int frame = 0; frame < frames.Count; frame++)
        {
            CopyPixels(Thumbnail.Of(ImageFile.Read(frames[frame].Path), features.ImageSize), numbers.AsSpan(frame * length, length));
        }

        string[] labels = hasLabels ? [.. frames.Select(frame => frame.Label)] : [];
        return new TagSequence(folder, numbers, PixelColumns(features.ImageSize), labels, HasTimes: true);
    }
}
