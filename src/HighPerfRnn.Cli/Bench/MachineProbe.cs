using System.Diagnostics;

namespace HighPerfRnn.Cli.Bench;

/// <summary>How the probes of the machine measure: short bursts, of which the best counts, on one thread or on several at once.</summary>
internal static class MachineProbe
{
    private const int Bursts = 48;

    /// <summary>Amount over the time of the fastest of some bursts: what disturbs one of them does not lower the limit.</summary>
    /// <param name="amountOfBurst">What one burst does, in whatever unit.</param>
    /// <param name="burst">The work.</param>
    /// <returns>The amount in a second.</returns>
    public static double BestPerSecond(double amountOfBurst, Action burst)
    {
        double best = 0;
        for (int i = 0; i < Bursts; i++)
        {
            long start = Stopwatch.GetTimestamp();
            burst();
            best = Math.Max(best, amountOfBurst / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    /// <summary>The sum of what so many threads measure at once.</summary>
    public static double SumOverThreads(int threads, Func<double> measure)
    {
        if (threads == 1) return measure();
        // All threads run at the same time, as the workers of a group do: the clock falls, and siblings share a core.
        double[] results = new double[threads];
        using var start = new Barrier(threads);
        var measures = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            int index = i;
            measures[i] = new Thread(() =>
            {
                start.SignalAndWait();
                results[index] = measure();
            });
            measures[i].Start();
        }

        foreach (Thread thread in measures) thread.Join();
        return results.Sum();
    }
}
