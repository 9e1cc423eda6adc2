using HighPerfRnn.Data.Audio;

namespace HighPerfRnn.Tasks.Tagging;

/// <summary>What frames are made of.</summary>
public enum TagSource
{
    /// <summary>Rows of numbers.</summary>
    Numbers,

    /// <summary>Log-mel features of sound.</summary>
    Sound,

    /// <summary>Pixels of images.</summary>
    Images,
}

/// <summary>How frames become numbers.</summary>
public sealed record TagFeatures
{
    /// <summary>What they are made of.</summary>
    public TagSource Source { get; init; }

    /// <summary>Of sound.</summary>
    public MelSettings Mel { get; init; } = new();

    /// <summary>Pixels a side of images.</summary>
    public int ImageSize { get; init; } = 16;

    /// <summary>The label of frames that no interval of a track holds.</summary>
    public string Background { get; init; } = ClipGenerator.Nothing;
}

/// <summary>Frames and their labels.</summary>
/// <param name="Name">Where they come from.</param>
/// <param name="Features">[T, I], as they were read.</param>
/// <param name="Columns">Names of the I numbers.</param>
/// <param name="Labels">A label a frame; the labels in their order where they have no times; none where nothing is known.</param>
/// <param name="HasTimes">Whether each frame has a label.</param>
public sealed record TagSequence(string Name, float[] Features, IReadOnlyList<string> Columns, string[] Labels, bool HasTimes)
{
    /// <summary>T.</summary>
    public int Frames => Features.Length / Columns.Count;
}
