using System.Numerics;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>A public method, and how to call it. Creating the call may allocate, the call may not.</summary>
/// <param name="Member">Type, name and parameter types, as <see cref="AllocationTests"/> prints them.</param>
/// <param name="Create">Makes the call, with the given workers where the method takes any.</param>
internal sealed record HotPath(string Member, Func<WorkerGroup?, Action> Create);

/// <summary>Every public method of Layers, Models and Training: measured here, or excused with a reason.</summary>
internal static class HotPaths
{
    /// <summary>Calls a measurement, the first one included.</summary>
    public const int Repetitions = 200;

    /// <summary>What is not called in a loop, with the reason.</summary>
    public static IReadOnlyDictionary<string, string> MayAllocate { get; } = new Dictionary<string, string>();

    public static IReadOnlyList<HotPath> Of<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LayerHotPaths<T>.All;
}
