using HighPerfRnn.Kernels;

namespace HighPerfRnn.Tasks.Training;

/// <summary>Sets a share of items aside.</summary>
public static class ValidationSplit
{
    /// <summary>Items whose keys a seed draws, and the others; items of one key stay together.</summary>
    /// <param name="items">All items.</param>
    /// <param name="keyOf">What items are told apart by.</param>
    /// <param name="share">The share of keys that is set aside, rounded down.</param>
    /// <param name="seed">What is drawn follows from it.</param>
    /// <returns>What stays and what is set aside, each in its old order.</returns>
    public static (IReadOnlyList<T> Training, IReadOnlyList<T> Validation) Draw<T>(
        IReadOnlyList<T> items, Func<T, string> keyOf, double share, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(items);
        string[] keys = [.. items.Select(keyOf).Distinct(StringComparer.Ordinal)];
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        var random = new CounterRandom(seed, stream: 1);
        random.Shuffle<int>(order);
        var aside = order.Take((int)(keys.Length * share)).Select(index => keys[index]).ToHashSet(StringComparer.Ordinal);
        return ([.. items.Where(item => !aside.Contains(keyOf(item)))], [.. items.Where(item => aside.Contains(keyOf(item)))]);
    }
}
