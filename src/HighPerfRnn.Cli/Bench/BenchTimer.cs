using System.Diagnostics;

namespace HighPerfRnn.Cli.Bench;

/// <summary>What a measurement found.</summary>
/// <param name="Microseconds">One call, in the fastest sample.</param>
/// <param name="AllocatedBytes">A call, rounded up.</param>
internal readonly record struct BenchTime(double Microseconds, long AllocatedBytes);

/// <summary>
/// The time of a call in the fastest of as many samples as the time allows: what else the machine does only adds to it, and the
/// limits beside it are the best of short bursts too.
/// </summary>
internal static class BenchTimer
{
    // A sample is long against the clock's 20 to 40 ns, short against the scheduler's time slice.
    private const double SampleMicroseconds = 50;
    private const int LeastSamples = 5;
    private const int MostSamples = 20_000;
    private const int LeastWarmupCalls = 60;

    /// <summary>Measures after a warm-up that lets the runtime compile what it calls for good.</summary>
    /// <param name="calls">Makes so many calls.</param>
    /// <param name="seconds">How long to measure; the warm-up takes a third of it at least.</param>
    /// <param name="warmUpSeconds">How long to warm up at least, if the calls are short enough for <paramref name="seconds"/>.</param>
    /// <param name="allThreads">Whether to count what every thread of the process allocates, not this one alone.</param>
    public static BenchTime Measure(Action<int> calls, double seconds, double warmUpSeconds, bool allThreads)
    {
        double callMicroseconds = WarmUp(calls, seconds, warmUpSeconds);
        int callsPerSample = (int)Math.Clamp(SampleMicroseconds / callMicroseconds, 1, 100_000);
        double samplesThatFit = seconds * 1e6 / (callsPerSample * callMicroseconds);
        // A call that alone takes longer than was asked for is not made again and again.
        int leastSamples = samplesThatFit < 1 ? 1 : LeastSamples;
        double[] samples = new double[(int)Math.Clamp(samplesThatFit, leastSamples, MostSamples)];
        long allocated = AllocatedBytes(allThreads);
        for (int i = 0; i < samples.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            calls(callsPerSample);
            samples[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / callsPerSample;
        }

        allocated = AllocatedBytes(allThreads) - allocated;
        long callCount = (long)samples.Length * callsPerSample;
        return new BenchTime(samples.Min(), (allocated + callCount - 1) / callCount);
    }

    /// <summary>The time of a call, roughly.</summary>
    private static double WarmUp(Action<int> calls, double seconds, double warmUpSeconds)
    {
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        double elapsed;
        do
        {
            calls(1);
            count++;
            elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        while (elapsed < warmUpSeconds || (count < LeastWarmupCalls && elapsed < seconds / 3));

        start = Stopwatch.GetTimestamp();
        calls(1);
        double one = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        if (one > SampleMicroseconds) return one;
        int more = (int)(SampleMicroseconds / Math.Max(0.05, one)) + 1;
        start = Stopwatch.GetTimestamp();
        calls(more);
        return Math.Max(1e-3, Stopwatch.GetElapsedTime(start).TotalMicroseconds / more);
    }

    private static long AllocatedBytes(bool allThreads) =>
        allThreads ? GC.GetTotalAllocatedBytes(precise: true) : GC.GetAllocatedBytesForCurrentThread();
}
