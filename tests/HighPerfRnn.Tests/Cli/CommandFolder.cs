using System.Text;

namespace HighPerfRnn.Tests.Cli;

/// <summary>A folder of files for one test, removed at its end, and small trainings in it.</summary>
internal sealed class CommandFolder : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hprnn-cli-").FullName;

    public string Path(string name) => System.IO.Path.Combine(_root, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(Path(name), bytes);
        return Path(name);
    }

    /// <summary>A text of some thousand characters, not all of one byte.</summary>
    public string WriteText() => Write("text.txt", string.Concat(Enumerable.Range(0, 300).Select(i => $"the {i} geese – 🦆 – quack.\n")));

    /// <summary>The flags of a training that takes milliseconds.</summary>
    public string[] Training(string model, params string[] more) =>
    [
        "train", "lm", "--text", Path("text.txt"), "--out", Path(model), "--hidden", "12", "--embedding", "6", "--batch", "3", "--window", "9",
        "--iterations", "12", "--threads", "1", .. more,
    ];

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
