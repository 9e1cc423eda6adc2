using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Audio;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tasks.Tagging;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Tasks;

/// <summary>Labels a stream frame by frame: a line as soon as its frame is there.</summary>
internal static class LiveTagging
{
    /// <summary>Reads a file or standard input to its end; says on standard error how long a frame took.</summary>
    public static int Run(ToolContext context, TaggingModel model, string? path, bool isJson)
    {
        if (!model.Network.IsCausal || !model.HasTimes)
        {
            throw ToolException.Usage("--live", "a model that waits for the end of a sequence", "one trained with --causal on labels with times");
        }

        if (model.Features.Source == TagSource.Images) throw ToolException.Usage("--live", "a model of images", "one of numbers or of sound");
        var tagger = new LiveTagger(model);
        var latency = new Latency();
        bool isSound = model.Features.Source == TagSource.Sound;
        using Stream stream = path is null ? Console.OpenStandardInput() : isSound ? Stream.Null : Open(path);
        IEnumerable<float[]> frames = !isSound
            ? Rows(stream, path ?? "standard input", tagger.InputSize)
            : path is null ? Hops(stream, tagger.InputSize) : Hops(Sound(path, model.Features.Mel.SampleRate), tagger.InputSize);
        using StopRequest stop = context.ListenForStop();
        int number = 0;
        foreach (float[] frame in frames)
        {
            if (stop.IsRequested) break;
            long start = Stopwatch.GetTimestamp();
            string label = model.Labels[tagger.Next(frame)];
            latency.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            double seconds = number++ * model.Features.Mel.HopSeconds;
            if (isJson) Json.Write(context.Output, new LiveTagReport(number, label), Json.Default.LiveTagReport);
            else context.Output.WriteLine(isSound ? Invariant($"{seconds:0.00}\t{label}") : label);
            context.Output.Flush();
        }

        context.Error.WriteLine(latency.Describe());
        return ExitCode.Done;
    }

    private static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw ToolException.Usage($"--input {TextConsole.Quote(path)}", "no file that can be read", "rows of numbers or samples");
        }
    }

    private static float[] Sound(string path, int sampleRate)
    {
        WaveSound sound = WaveFile.Read(path);
        return sound.SampleRate == sampleRate ? sound.Samples : throw DataException.At(path, $"{sound.SampleRate} Hz", $"{sampleRate} Hz, as in training");
    }

    private static IEnumerable<float[]> Hops(float[] samples, int size)
    {
        float[] hop = new float[size];
        for (int start = 0; start + size <= samples.Length; start += size)
        {
            samples.AsSpan(start, size).CopyTo(hop);
            yield return hop;
        }
    }

    /// <summary>Samples of 16 bits; the usual header of a WAV file, 44 bytes, is passed over.</summary>
    private static IEnumerable<float[]> Hops(Stream stream, int size)
    {
        const int header = 44;
        byte[] bytes = new byte[size * sizeof(short)];
        float[] hop = new float[size];
        int held = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (held >= header && bytes.AsSpan().StartsWith("RIFF"u8))
        {
            bytes.AsSpan(header, held - header).CopyTo(bytes);
            held -= header;
            held += stream.ReadAtLeast(bytes.AsSpan(held), bytes.Length - held, throwOnEndOfStream: false);
        }

        while (held == bytes.Length)
        {
            for (int i = 0; i < size; i++) hop[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(i * sizeof(short))) / 32768f;
            yield return hop;
            held = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
    }

    private static IEnumerable<float[]> Rows(Stream stream, string name, int size)
    {
        float[] row = new float[size];
        foreach (TextLine line in TextLines.Read(stream, name, new TextReadOptions()))
        {
            if (line.Text.Length == 0) continue;
            string[] cells = line.Text.Split([',', ';', '\t']);
            string place = $"{name}, line {line.Number}";
            if (cells.Length != size) throw DataException.At(place, $"{cells.Length} numbers", $"{size}");
            for (int i = 0; i < size; i++)
            {
                bool isNumber = float.TryParse(cells[i], NumberStyles.Float, CultureInfo.InvariantCulture, out row[i]) && float.IsFinite(row[i]);
                if (!isNumber) throw DataException.At($"{place}, column {i + 1}", $"'{cells[i]}'", "a finite number");
            }

            yield return row;
        }
    }

    /// <summary>How long frames took, but for the first ones, in which the runtime still compiles.</summary>
    private sealed class Latency
    {
        private const int Warmup = 100;

        private readonly List<double> _microseconds = [];
        private int _frames;

        public void Add(double microseconds)
        {
            if (_frames++ >= Warmup) _microseconds.Add(microseconds);
        }

        public string Describe()
        {
            if (_microseconds.Count == 0) return $"hprnn: {_frames} frames.";
            _microseconds.Sort();
            return Invariant(
                $"hprnn: {_frames} frames; from frame to label {_microseconds.Average():0.0} µs in the mean, {_microseconds[_microseconds.Count * 99 / 100]:0.0} µs in 99 of 100, {_microseconds[^1]:0.0} µs at most, the first {Warmup} not counted.");
        }
    }
}
