using HighPerfRnn.PeerBenchmarks.Peers.Torch;
using HighPerfRnn.PeerTests.Generation;
using Xunit;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>Skips where TorchSharp's native library does not load, and says why; nothing else skips.</summary>
internal static class TorchSkip
{
    public static string? Reason { get; } = TorchRuntime.Missing is { } missing ? $"TorchSharp: {missing}" : null;
}

/// <summary>A property that needs TorchSharp.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TorchPropertyAttribute : PeerPropertyAttribute
{
    public TorchPropertyAttribute() => Skip = TorchSkip.Reason;
}

/// <summary>A test that needs TorchSharp.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TorchFactAttribute : FactAttribute
{
    public TorchFactAttribute() => Skip = TorchSkip.Reason;
}

/// <summary>A test with data that needs TorchSharp.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TorchTheoryAttribute : TheoryAttribute
{
    public TorchTheoryAttribute() => Skip = TorchSkip.Reason;
}
