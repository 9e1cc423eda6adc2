using System.Globalization;

namespace HighPerfRnn.Tests.Generation;

/// <summary>What the environment says about the size of a run.</summary>
/// <remarks>
/// <c>HPRNN_TEST_CASES</c>: cases a property (200). <c>HPRNN_TEST_WORK</c>: the largest B·T·H·(I+H) of a case (20 million).
/// <c>HPRNN_REPLAY</c>: one case, as a failure prints it, in place of all drawn ones:
/// <c>HPRNN_REPLAY="B=3,T=2,I=17,H=5,seed=42,options=Relu" dotnet test -c Release --filter FullyQualifiedName~FloatForward</c>.
/// </remarks>
internal static class TestSettings
{
    public static int Cases { get; } = (int)Read("HPRNN_TEST_CASES", 200);

    public static long Work { get; } = Read("HPRNN_TEST_WORK", 20_000_000);

    public static string? Replay { get; } = Environment.GetEnvironmentVariable("HPRNN_REPLAY");

    private static long Read(string name, long otherwise)
    {
        string? text = Environment.GetEnvironmentVariable(name);
        if (string.IsNullOrEmpty(text)) return otherwise;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value > 0
            ? value
            : throw new FormatException($"{name} is '{text}'; expected a positive whole number.");
    }
}
