#:project ../../src/HighPerfRnn.Data/HighPerfRnn.Data.csproj
#:property RestorePackagesWithLockFile=false

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
string[] files = Directory.Exists(args[0]) ? [.. Directory.GetFiles(args[0], "*.wav").Where(file => IndexOf(file) >= 0)] : [];
int streams = Number(2, otherwise: 500), firstTest = Number(3, otherwise: 45);
if (streams < 1 || firstTest < 1) return Fail("expected STREAMS and FIRST_TEST_INDEX as whole numbers from 1");
Array.Sort(files, StringComparer.Ordinal);
string[] training = [.. files.Where(file => IndexOf(file) < firstTest)], testing = [.. files.Where(file => IndexOf(file) >= firstTest)];
if (training.Length == 0 || testing.Length == 0)
{
    return Fail($"found {training.Length} recordings before index {firstTest} and {testing.Length} from it on in '{args[0]}', expected DIGIT_SPEAKER_INDEX.wav on both sides");
}

Write("train", training, streams, seed: 1);
Write("test", testing, 50, seed: 2);
return 0;

static int Fail(string what)
{
    Console.Error.WriteLine($"spoken-digits: {what}");
    return 2;
}

int Number(int argument, int otherwise) =>
    args.Length <= argument ? otherwise : int.TryParse(args[argument], CultureInfo.InvariantCulture, out int number) ? number : -1;

// -1 for what is no recording.
static int IndexOf(string file) =>
    Path.GetFileNameWithoutExtension(file).Split('_') is [_, _, var index] && int.TryParse(index, CultureInfo.InvariantCulture, out int number) ? number : -1;

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
