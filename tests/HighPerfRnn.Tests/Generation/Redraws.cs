using System.Collections.Concurrent;

namespace HighPerfRnn.Tests.Generation;

/// <summary>
/// Counts the draws that could prove nothing: ReLU units so near their kink that rounding, or a difference's step, decides
/// whether they are on.
/// </summary>
internal static class Redraws
{
    private static readonly ConcurrentDictionary<string, (int Kept, int Redrawn)> Counts = new();

    public static void Keep(string property) => Counts.AddOrUpdate(property, (1, 0), (_, c) => (c.Kept + 1, c.Redrawn));

    public static void Again(string property) => Counts.AddOrUpdate(property, (0, 1), (_, c) => (c.Kept, c.Redrawn + 1));

    /// <summary>Counts one, and gives a case with another seed and half the steps and rows to try instead.</summary>
    public static RnnCase Smaller(string property, RnnCase shape)
    {
        Again(property);
        return shape with
        {
            Seed = (shape.Seed + 1) & int.MaxValue,
            Steps = (shape.Steps + 1) / 2,
            Batch = (shape.Batch + 1) / 2,
        };
    }

    /// <summary>One line a property whose name starts so.</summary>
    public static IEnumerable<string> Report(string prefix)
    {
        foreach ((string name, (int kept, int redrawn)) in Counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal)) yield return $"{name}: {kept} kept, {redrawn} drawn again";
        }
    }
}
