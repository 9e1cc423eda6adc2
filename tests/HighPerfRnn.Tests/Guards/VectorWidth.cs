using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Tests.Guards;

/// <summary>A vector width that a setting of the runtime shows, and what the library must see there.</summary>
/// <param name="Name">For people.</param>
/// <param name="Setting">The environment variable.</param>
/// <param name="Value">Its value.</param>
/// <param name="Bits">What <see cref="Simd.Lanes.VectorBits"/> is then.</param>
/// <param name="HasFusedMultiplyAdd">Whether the machine's fused multiply-add is seen then.</param>
internal sealed record VectorWidth(string Name, string Setting, string Value, int Bits, bool HasFusedMultiplyAdd)
{
    /// <summary>Set in children, which then know that they are children and what to expect.</summary>
    public const string ExpectedBitsVariable = "HPRNN_EXPECT_VECTOR_BITS", ExpectedFusedVariable = "HPRNN_EXPECT_FMA";

    /// <summary>Where a child writes its <see cref="WidthDigest"/>.</summary>
    public const string DigestFileVariable = "HPRNN_WIDTH_DIGEST_FILE";

    /// <summary>Names that .NET 10 knows; others, such as EnableAVX512F and EnableFMA, are ignored without a word.</summary>
    public static IReadOnlyList<VectorWidth> All { get; } =
    [
        new("256 bits", "DOTNET_EnableAVX512", "0", 256, true),
        new("128 bits with fused multiply-add", "DOTNET_PreferredVectorBitWidth", "128", 128, true), // read as decimal
        new("128 bits without fused multiply-add", "DOTNET_EnableAVX2", "0", 128, false),
        new("without dot products of 16-bit numbers", "DOTNET_EnableAVXVNNI", "0", Lanes.VectorBits, true),
        new("scalar", "DOTNET_EnableHWIntrinsic", "0", 0, false),
    ];

    public static bool IsChild { get; } = Environment.GetEnvironmentVariable(ExpectedBitsVariable) is not null;

    public static int ExpectedBits =>
        int.Parse(Environment.GetEnvironmentVariable(ExpectedBitsVariable)!, CultureInfo.InvariantCulture);

    public static bool ExpectedFused => bool.Parse(Environment.GetEnvironmentVariable(ExpectedFusedVariable)!);

    /// <summary>Why this machine, as this process sees it, cannot show the width; null when it can.</summary>
    public string? ReasonToSkip()
    {
        if (!X86Base.IsSupported) return "the setting is known to take effect on x86 and x64 alone";
        if (Setting == "DOTNET_EnableHWIntrinsic") return null;
        if (!Avx2.IsSupported) return "the machine shows no AVX2, so that 128 bits is the default";
        if (Setting == "DOTNET_EnableAVXVNNI") return AvxVnni.IsSupported ? null : "the machine has none";
        bool isDefault = Setting == "DOTNET_EnableAVX512" && !Vector512.IsHardwareAccelerated;
        return isDefault ? "the machine shows no AVX-512, so that 256 bits is the default" : null;
    }

    /// <summary>The default of this machine.</summary>
    public static string DescribeDefault() =>
        $"{Lanes.VectorBits} bits, Vector<T> of {Vector<byte>.Count * 8}, fused multiply-add: {Fma.IsSupported}";
}
