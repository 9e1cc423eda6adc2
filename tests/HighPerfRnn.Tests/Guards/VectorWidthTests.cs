using System.Runtime.Intrinsics.X86;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Guards;

/// <summary>What every width runs, this process's own and those of the children that <see cref="WidthTests"/> starts.</summary>
[Trait("Category", "Width")]
public class VectorWidthTests(ITestOutputHelper output)
{
    [Fact]
    public void WidthIsTheExpectedOne()
    {
        output.WriteLine(VectorWidth.DescribeDefault());
        if (!VectorWidth.IsChild) return;
        Assert.Equal(VectorWidth.ExpectedBits, Lanes.VectorBits);
        Assert.Equal(VectorWidth.ExpectedFused, Fma.IsSupported);
        Assert.Equal(Math.Max(1, VectorWidth.ExpectedBits / 32), Lanes.Count<float>());
    }

    [Fact]
    public void WorkersGiveTheSameBitsAndAChildWritesThemDown()
    {
        IReadOnlyList<string> lines = WidthDigest.Compute(null);
        using (var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0)) Assert.Equal(lines, WidthDigest.Compute(workers));
        if (Environment.GetEnvironmentVariable(VectorWidth.DigestFileVariable) is { } file) File.WriteAllLines(file, lines);
    }
}
