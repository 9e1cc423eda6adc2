namespace HighPerfRnn.Tests.Guards;

/// <summary>What the runtime itself allocates now and then, kept out of measurements.</summary>
/// <remarks>
/// The runtime remembers answers to "can this type be cast to that one" in a table on the managed heap, which doubles while
/// the process meets more types: whoever compiles a method at that moment is charged 6 or 12 KB that it never asked for.
/// Grown to its last size (4,096 entries) beforehand, the table adds nothing to a measurement.
/// </remarks>
internal static class RuntimeTables
{
    private static readonly Lazy<int> Grown = new(AskForManyCasts);

    public static void Grow() => _ = Grown.Value;

    private static int AskForManyCasts()
    {
        object[] instances =
        [
            1, 1L, 1f, 1.0, "text", 'c', (byte)1, (short)1, 1m, Guid.Empty, TimeSpan.Zero, DateTime.MinValue, new int[1], new string[1],
            new List<int>(), new List<string>(), new Dictionary<int, int>(), new HashSet<int>(), new Stack<int>(), new Queue<int>(),
        ];
        return typeof(object).Assembly.GetExportedTypes()
            .Where(type => type.IsInterface && !type.ContainsGenericParameters)
            .Sum(type => instances.Count(type.IsInstanceOfType));
    }
}
