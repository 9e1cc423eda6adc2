namespace HighPerfRnn.Benchmarks.Pointwise;

/// <summary>Functions over numbers.</summary>
public class Pointwise : WorkBenchmark<PointwiseCase>
{
    /// <inheritdoc/>
    public override IEnumerable<PointwiseCase> Cases => OwnPointwise.Cases;

    /// <inheritdoc/>
    protected override IWork Prepare(PointwiseCase work) => OwnPointwise.Create(work).Verified();
}
