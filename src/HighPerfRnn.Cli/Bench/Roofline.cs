namespace HighPerfRnn.Cli.Bench;

/// <summary>
/// The roofline (Williams, Waterman and Patterson, 2009): work whose weights must be loaded can be no faster than the
/// multiply-adds, nor than those loads.
/// </summary>
/// <param name="PeakGflops">The multiply-add peak of the threads, each counted as two operations.</param>
/// <param name="LoadGBps">The load bandwidth of the level of the cache that the weights sit in.</param>
internal readonly record struct Roofline(double PeakGflops, double LoadGBps)
{
    /// <summary>min(peak, bandwidth · operations / bytes).</summary>
    /// <param name="operations">Of one call.</param>
    /// <param name="loadedBytes">What one call has to load; 0 where it is next to nothing.</param>
    public double LimitGflops(double operations, double loadedBytes) =>
        loadedBytes == 0 ? PeakGflops : Math.Min(PeakGflops, LoadGBps * operations / loadedBytes);
}
