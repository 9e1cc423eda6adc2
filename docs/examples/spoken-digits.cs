#:project ../../src/HighPerfRnn.Data/HighPerfRnn.Data.csproj

// Streams of spoken digits for `hprnn train tag`: recordings of the Free Spoken Digit Dataset, DIGIT_SPEAKER_INDEX.wav, strung together
// with silences between and noise over all, each with a label track. The last recordings of each speaker and digit are kept for testing.
//
// usage: dotnet run docs/examples/spoken-digits.cs -- RECORDINGS OUT [STREAMS] [FIRST_TEST_INDEX]
using System.Globalization;
using System.Text;
using HighPerfRnn.Data.Audio;

const int digitsOfAStream = 12;
const double shortestSilence = 0.2, longestSilence = 1.0, least = 15, most = 30;

if (args.Length < 2) return Fail("expected RECORDINGS OUT [STREAMS] [FIRST_TEST_INDEX]");
string[] files = Directory.Exists(args[0]) ? Directory.GetFiles(args[0], "*.wav") : [];
if (files.Length == 0) return Fail($"found no WAV file in '{args[0]}', expected the recordings");
int streams = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 600;
int firstTest = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 45;
Array.Sort(files, StringComparer.Ordinal);
Write("train", [.. files.Where(file => IndexOf(file) < firstTest)], streams, seed: 1);
Write("test", [.. files.Where(file => IndexOf(file) >= firstTest)], 50, seed: 2);
return 0;

static int Fail(string what)
{
    Console.Error.WriteLine($"spoken-digits: {what}");
    return 2;
}

static int IndexOf(string file) => int.Parse(Path.GetFileNameWithoutExtension(file).Split('_')[2], CultureInfo.InvariantCulture);

void Write(string part, string[] recordings, int count, int seed)
{
    string folder = Path.Combine(args[1], part);
    Directory.CreateDirectory(folder);
    var random = new Random(seed);
    WaveSound[] sounds = [.. recordings.Select(WaveFile.Read)];
    for (int stream = 0; stream < count; stream++)
    {
        var samples = new List<float>();
        var track = new StringBuilder();
        int rate = sounds[0].SampleRate;
        Silence();
        for (int i = 0; i < digitsOfAStream; i++)
        {
            int chosen = random.Next(sounds.Length);
            double start = (double)samples.Count / rate;
            samples.AddRange(sounds[chosen].Samples);
            track.Append(CultureInfo.InvariantCulture, $"{start:F4}\t{(double)samples.Count / rate:F4}\t{Path.GetFileName(recordings[chosen])[0]}\n");
            Silence();
        }

        // Decibels that the mean of the stream stands above the noise.
        double above = least + ((most - least) * random.NextDouble());
        double noise = Math.Sqrt(samples.Sum(sample => (double)sample * sample) / samples.Count) * Math.Pow(10, -above / 20);
        for (int i = 0; i < samples.Count; i++) samples[i] += (float)(noise * Gaussian());
        string name = Path.Combine(folder, $"{stream:D4}");
        File.WriteAllText($"{name}.txt", track.ToString());
        WriteWave($"{name}.wav", rate, samples);

        void Silence() => samples.AddRange(new float[(int)((shortestSilence + ((longestSilence - shortestSilence) * random.NextDouble())) * rate)]);
    }

    double Gaussian() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

static void WriteWave(string path, int rate, List<float> samples)
{
    using var writer = new BinaryWriter(File.Create(path), Encoding.ASCII);
    writer.Write("RIFF"u8);
    writer.Write(36 + (2 * samples.Count));
    writer.Write("WAVEfmt "u8);
    writer.Write(16);
    writer.Write((short)1);
    writer.Write((short)1);
    writer.Write(rate);
    writer.Write(2 * rate);
    writer.Write((short)2);
    writer.Write((short)16);
    writer.Write("data"u8);
    writer.Write(2 * samples.Count);
    foreach (float sample in samples) writer.Write((short)Math.Clamp(sample * 32767, -32768, 32767));
}
