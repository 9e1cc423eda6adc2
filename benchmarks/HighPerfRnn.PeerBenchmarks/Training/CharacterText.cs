using System.Text;
using HighPerfRnn.Models;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>The text that the tool carries.</summary>
internal static class CharacterText
{
    private static readonly Lazy<string> Text =
        new(() => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "shakespeare.txt"), Encoding.UTF8));

    /// <summary>Its characters.</summary>
    public static Alphabet Alphabet { get; } = Alphabet.FromText(Text.Value);

    /// <summary>All of it.</summary>
    public static int[] Tokens { get; } = Alphabet.Encode(Text.Value, out _);
}
