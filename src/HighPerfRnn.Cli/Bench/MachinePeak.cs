using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Cli.Bench;

/// <summary>How many operations a second the machine's multiply-adds do, by doing nothing else.</summary>
/// <remarks>
/// A fused multiply-add takes four cycles and two start a cycle: twelve independent chains keep both units busy with room to
/// spare, and fit with their factors into the sixteen registers of the smaller machines.
/// </remarks>
internal static class MachinePeak
{
    private const int Chains = 12;
    private const int Rounds = 20_000;

    /// <summary>The width of the vectors that the library uses, in bits; 0 without vector instructions.</summary>
    public static int VectorBits => Lanes.VectorBits;

    /// <summary>Operations a second in billions, a multiply-add as two: the best of some short bursts on so many threads at once.</summary>
    public static double MeasureGflops<T>(int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => MachineProbe.SumOverThreads(threads, Best<T>);

    private static double Best<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double operations = 2.0 * Chains * Rounds * Lanes.Count<T>();
        return MachineProbe.BestPerSecond(operations, static () =>
        {
            var work = new ChainWork<T>();
            Lanes.Run<T, ChainWork<T>, int>(ref work, Rounds);
        }) / 1e9;
    }

    private struct ChainWork<T> : ILaneWork<T, int>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private T _result;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<TLane>(int rounds)
            where TLane : struct, ILane<TLane, T>
        {
            // x = x·a + b settles at b / (1 - a) = 1: never infinite, never subnormal.
            TLane a = TLane.Broadcast(T.CreateTruncating(0.5));
            TLane b = a;
            TLane c0 = TLane.Zero, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a, c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
            for (int i = 0; i < rounds; i++)
            {
                c0 = TLane.FusedMultiplyAdd(c0, a, b);
                c1 = TLane.FusedMultiplyAdd(c1, a, b);
                c2 = TLane.FusedMultiplyAdd(c2, a, b);
                c3 = TLane.FusedMultiplyAdd(c3, a, b);
                c4 = TLane.FusedMultiplyAdd(c4, a, b);
                c5 = TLane.FusedMultiplyAdd(c5, a, b);
                c6 = TLane.FusedMultiplyAdd(c6, a, b);
                c7 = TLane.FusedMultiplyAdd(c7, a, b);
                c8 = TLane.FusedMultiplyAdd(c8, a, b);
                c9 = TLane.FusedMultiplyAdd(c9, a, b);
                c10 = TLane.FusedMultiplyAdd(c10, a, b);
                c11 = TLane.FusedMultiplyAdd(c11, a, b);
            }

            // Storing the sum keeps every chain alive.
            TLane sum = c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;
            Span<T> values = stackalloc T[TLane.Count];
            sum.Store(ref values[0]);
            _result = values[0];
        }
    }
}
