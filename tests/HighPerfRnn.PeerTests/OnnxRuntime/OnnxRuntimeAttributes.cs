using System.Runtime.InteropServices;
using HighPerfRnn.PeerTests.Generation;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace HighPerfRnn.PeerTests.OnnxRuntime;

/// <summary>Skips where ONNX Runtime's native library does not load (it has none for macOS on x64), and says so; nothing else skips.</summary>
internal static class OnnxRuntimeSkip
{
    public static string? Reason { get; } = NativeLibrary.TryLoad("onnxruntime", typeof(InferenceSession).Assembly, null, out _)
        ? null
        : "ONNX Runtime: its native library does not load on this system";
}

/// <summary>A property that needs ONNX Runtime.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnnxRuntimePropertyAttribute : PeerPropertyAttribute
{
    public OnnxRuntimePropertyAttribute() => Skip = OnnxRuntimeSkip.Reason;
}

/// <summary>A test that needs ONNX Runtime.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnnxRuntimeFactAttribute : FactAttribute
{
    public OnnxRuntimeFactAttribute() => Skip = OnnxRuntimeSkip.Reason;
}

/// <summary>A test with data that needs ONNX Runtime.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnnxRuntimeTheoryAttribute : TheoryAttribute
{
    public OnnxRuntimeTheoryAttribute() => Skip = OnnxRuntimeSkip.Reason;
}
