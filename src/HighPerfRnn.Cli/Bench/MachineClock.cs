using System.Runtime.CompilerServices;

namespace HighPerfRnn.Cli.Bench;

/// <summary>How many cycles a second the core runs at, from a chain of additions that each wait for the last: one a cycle.</summary>
internal static class MachineClock
{
    private const int AdditionsOfRound = 16;
    private const int Rounds = 20_000;

    /// <summary>Cycles a second: the best of some short bursts.</summary>
    public static double MeasureCyclesPerSecond()
    {
        long sum = 0;
        double cycles = MachineProbe.BestPerSecond((double)AdditionsOfRound * Rounds, () => sum += Chain(Rounds, Rounds | 1));
        // The sum is never 0, and only whoever added it up knows.
        return sum == 0 ? 0 : cycles;
    }

    // An addend in a register: some cores add constants while they rename registers, in no cycle at all.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static long Chain(int rounds, long step)
    {
        long x = step;
        for (int i = 0; i < rounds; i++)
        {
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
            x += step;
        }

        return x;
    }
}
