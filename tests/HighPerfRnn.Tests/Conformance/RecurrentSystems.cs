using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Definitions;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>A system of ours.</summary>
/// <param name="Name">Its name where a test fails.</param>
/// <param name="System">What runs.</param>
/// <param name="Bounds">How far its arithmetic may take it from the definition.</param>
internal sealed record OwnSystem(string Name, IRecurrentSystem System, IRecurrentBounds Bounds)
{
    public override string ToString() => Name;
}

/// <summary>
/// All that is ours and runs recurrent layers. One line here, and a system has to give what is published
/// (<c>ConformanceTests</c>) and what other libraries give (HighPerfRnn.PeerTests).
/// </summary>
internal static class RecurrentSystems
{
    public static IReadOnlyList<OwnSystem> All { get; } =
    [
        new(
            "reference in float",
            new ReferenceSystem<float>(ReferenceRnn.FlushBelowFloat),
            new RecurrentBounds<AnyFloat>(ReferenceRnn.FlushBelowFloat)),
        new(
            "reference in double",
            new ReferenceSystem<double>(ReferenceRnn.FlushBelowDouble),
            new RecurrentBounds<AnyDouble>(ReferenceRnn.FlushBelowDouble)),
        new("library in float", new LibrarySystem<float>(), new RecurrentBounds<AnyFloat>(ReferenceRnn.FlushBelowFloat)),
        new("library in double", new LibrarySystem<double>(), new RecurrentBounds<AnyDouble>(ReferenceRnn.FlushBelowDouble)),
    ];
}
