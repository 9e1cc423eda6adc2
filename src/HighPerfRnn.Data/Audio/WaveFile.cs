using System.Globalization;
using HighPerfRnn.Data.Text;
using NAudio.Wave;

namespace HighPerfRnn.Data.Audio;

/// <summary>A sound of one channel.</summary>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Samples">From -1 to 1.</param>
public sealed record WaveSound(int SampleRate, float[] Samples);

/// <summary>Reads WAV files: whole numbers of 8, 16, 24 and 32 bits and floats of 32.</summary>
public static class WaveFile
{
    private const long MostSamples = 1L << 28;

    /// <summary>Reads a file; of several channels the mean.</summary>
    /// <exception cref="DataException">The file cannot be read, is no such file, is cut short in its header, is longer than 268 million samples, or a sample is no finite number.</exception>
    public static WaveSound Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using FileStream stream = TextLines.Open(path);
        try
        {
            using var reader = new WaveFileReader(stream);
            WaveFormat format = reader.WaveFormat is WaveFormatExtensible extensible ? extensible.ToStandardWaveFormat() : reader.WaveFormat;
            int channels = format.Channels;
            if (channels < 1 || format.SampleRate < 1) throw DataException.At(path, $"{channels} channels at {format.SampleRate} Hz", "one at least of each");
            // The header may say anything; what the file holds bounds what is read.
            long samples = Math.Min(reader.Length, stream.Length) / Math.Max(1, format.BitsPerSample / 8) / channels;
            if (samples > MostSamples) throw DataException.At(path, $"{samples:N0} samples", $"at most {MostSamples:N0}");
            ISampleProvider provider = new StandardFormat(reader, format).ToSampleProvider();
            float[] read = new float[checked((int)samples)];
            int count = Mix(provider, channels, read);
            if (count == 0) throw DataException.At(path, "no samples", "a sound");
            int broken = read.AsSpan(0, count).IndexOfAnyExceptInRange(float.MinValue, float.MaxValue);
            if (broken >= 0) throw DataException.At($"{path}, sample {broken + 1}", read[broken].ToString(CultureInfo.InvariantCulture), "a finite number");
            return new WaveSound(format.SampleRate, read[..count]);
        }
        // What the reader throws at broken files is no one type.
        catch (Exception error) when (error is not (DataException or OutOfMemoryException))
        {
            string found = stream.Length == 0 ? "an empty file" : $"what is no such file ({error.Message.ReplaceLineEndings(" ").TrimEnd('.')})";
            throw DataException.At(path, found, "WAV of 8, 16, 24 or 32 bits or floats", error);
        }
    }

    private static int Mix(ISampleProvider provider, int channels, float[] samples)
    {
        float[] buffer = new float[4096 * channels];
        int written = 0, held = 0;
        for (int count = provider.Read(buffer.AsSpan(held)); count > 0; count = provider.Read(buffer.AsSpan(held)))
        {
            held += count;
            int frames = held / channels;
            for (int frame = 0; frame < frames && written < samples.Length; frame++)
            {
                float sum = 0;
                for (int channel = 0; channel < channels; channel++) sum += buffer[(frame * channels) + channel];
                samples[written++] = sum / channels;
            }

            int rest = held - (frames * channels);
            buffer.AsSpan(frames * channels, rest).CopyTo(buffer);
            held = rest;
        }

        return written;
    }

    /// <summary>A reader under the plain name of its format.</summary>
    private sealed class StandardFormat(WaveFileReader reader, WaveFormat format) : IWaveProvider
    {
        public WaveFormat WaveFormat => format;

        public int Read(Span<byte> buffer) => reader.Read(buffer);
    }
}
