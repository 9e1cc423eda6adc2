using BenchmarkDotNet.Attributes;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>Recurrent layers, each verified before it is timed.</summary>
public abstract class RecurrentBenchmark : WorkBenchmark<RecurrentCase>
{
    /// <summary>Who can be asked for by name.</summary>
    protected virtual IReadOnlyList<IRecurrentLibrary> Libraries => OwnAndNaive;

    /// <summary>This library and the naive loop.</summary>
    protected static IReadOnlyList<IRecurrentLibrary> OwnAndNaive { get; } = [new OwnLibrary(), new NaiveLibrary()];

    /// <summary>One call.</summary>
    [Benchmark]
    public void Run()
    {
        // The disassembler follows direct calls only: through the interface it would see nothing of this library.
        if (Work is OwnLayer own) own.Run();
        else Work!.Run();
    }

    /// <inheritdoc/>
    protected override IWork Prepare(RecurrentCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Verification.Create(Libraries.Single(library => library.Name == work.Library), work);
    }

    /// <summary>This library's rows, and after them the naive loop's, shortened.</summary>
    protected static IEnumerable<RecurrentCase> WithNaive(IEnumerable<RecurrentCase> own)
    {
        RecurrentCase[] rows = [.. own];
        return rows.Concat(rows.Select(NaiveLibrary.Shortened));
    }
}
