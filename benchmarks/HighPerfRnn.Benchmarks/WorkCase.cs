namespace HighPerfRnn.Benchmarks;

/// <summary>A row: who computes what, at which size, on how many threads. Its text names it in tables and filters.</summary>
/// <param name="Library">Who.</param>
/// <param name="Threads">How many threads.</param>
public abstract record WorkCase(string Library, int Threads)
{
    /// <summary>Operations of one call, two for each multiply-add of the products; 0 where they are not what costs.</summary>
    public abstract double Operations { get; }

    /// <summary>The weights that a call reads again and again: their size says in which level of the cache they sit.</summary>
    public abstract long WorkingSetBytes { get; }

    /// <summary>What one call must load of them at least.</summary>
    public abstract double LoadedBytes { get; }
}

/// <summary>Work with all that it needs allocated.</summary>
public interface IWork : IDisposable
{
    /// <summary>One call: what is timed.</summary>
    void Run();
}
