using Xunit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// No pass touches memory beside its spans. Each span ends (or starts) at a page that kills whoever touches it, so that the
/// passes run in a child process; the same overrun on the managed heap would pass in silence.
/// </summary>
public class GuardPageTests
{
    [Fact]
    public void PassesTouchNothingBesideTheirSpans()
    {
        ChildResult child = ChildEntry.Run(GuardPageChild.Within);
        Assert.True(child.ExitCode == 0, child.Describe());
        Assert.EndsWith(GuardPageChild.Survived, child.Output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void AProtectedPageKillsTheProcessThatReadsOneElementTooFar()
    {
        ChildResult child = ChildEntry.Run(GuardPageChild.Beyond);
        Assert.True(child.ExitCode != 0, child.Describe());
        Assert.Equal("started", child.Output.Trim());
        Assert.Contains("AccessViolationException", child.Error, StringComparison.Ordinal);
    }
}
