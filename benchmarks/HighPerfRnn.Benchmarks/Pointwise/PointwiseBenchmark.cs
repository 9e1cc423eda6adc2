using BenchmarkDotNet.Attributes;

namespace HighPerfRnn.Benchmarks.Pointwise;

/// <summary>Functions over numbers.</summary>
public class Pointwise : WorkBenchmark<PointwiseCase>
{
    /// <inheritdoc/>
    public override IEnumerable<PointwiseCase> Cases => OwnPointwise.Cases;

    /// <summary>One call.</summary>
    [Benchmark]
    public void Run()
    {
        // The disassembler follows direct calls only.
        if (Work is OwnTanh tanh) tanh.Run();
        else Work!.Run();
    }

    /// <inheritdoc/>
    protected override IWork Prepare(PointwiseCase work) => OwnPointwise.Create(work).Verified();
}
