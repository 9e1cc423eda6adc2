using FsCheck.Xunit;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A property over generated cases, as many as the environment asks for.</summary>
/// <remarks>
/// A failure prints the case before and after shrinking; <c>HPRNN_REPLAY</c> runs a property on that case alone
/// (see <see cref="TestSettings"/>), whatever FsCheck's own random seed was.
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CasePropertyAttribute : PropertyAttribute
{
    public CasePropertyAttribute()
    {
        MaxTest = TestSettings.Replay is null ? TestSettings.Cases : 1;
        Arbitrary = [typeof(Cases), typeof(CellCases), typeof(AttentionCases)];
        QuietOnSuccess = true;
    }
}
