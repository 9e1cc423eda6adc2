using System.Runtime.CompilerServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Cli.Bench;

/// <summary>How many bytes a second vector loads bring in from a working set of a given size, by doing nothing but load and add.</summary>
/// <remarks>
/// The level of the cache follows from the size: 16 KiB lie in every first level, 256 KiB in every second, a few MiB in the
/// third. Eight independent sums hide the latency of an addition where two start a cycle.
/// </remarks>
internal static class MachineLoads
{
    /// <summary>A working set that fits in the first level.</summary>
    public const long Level1Bytes = 16 * 1024;

    /// <summary>A working set that fits in the second level, and not in the first.</summary>
    public const long Level2Bytes = 256 * 1024;

    /// <summary>A working set that fits in the third level, and not in the second of most machines.</summary>
    public const long Level3Bytes = 6 * 1024 * 1024;

    private const int Chains = 8;
    private const long BytesOfBurst = 4 * 1024 * 1024;

    /// <summary>Billions of bytes a second that so many threads load at once.</summary>
    /// <param name="bytes">The working set; each thread reads an equal part of it again and again.</param>
    /// <param name="threads">How many threads.</param>
    public static double MeasureGBps(long bytes, int threads) => MachineProbe.SumOverThreads(threads, () => Best(bytes / threads));

    private static double Best(long bytes)
    {
        int block = Chains * Lanes.Count<float>();
        int blocks = (int)Math.Max(1, bytes / sizeof(float) / block);
        var values = new AlignedBlock<float>(blocks * block);
        // Written once: pages that nobody wrote to are all the same page of zeros, which never leaves the first level.
        values.Span.Fill(1);
        int rounds = (int)Math.Max(1, BytesOfBurst / ((long)blocks * block * sizeof(float)));
        double bytesOfBurst = (double)rounds * blocks * block * sizeof(float);
        return MachineProbe.BestPerSecond(bytesOfBurst, () =>
        {
            var work = new LoadWork { Values = values.Span };
            Lanes.Run<float, LoadWork, int>(ref work, rounds);
        }) / 1e9;
    }

    private ref struct LoadWork : ILaneWork<float, int>
    {
        private float _result;

        public ReadOnlySpan<float> Values { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<TLane>(int rounds)
            where TLane : struct, ILane<TLane, float>
        {
            int width = TLane.Count;
            TLane s0 = TLane.Zero, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
            for (int round = 0; round < rounds; round++)
            {
                // In this order an addition reads its number from memory itself: nothing but loads is to fill the machine.
                ref float at = ref Unsafe.AsRef(in Values[0]);
                for (int left = Values.Length; left > 0; left -= Chains * width)
                {
                    s0 = TLane.Load(ref at) + s0;
                    s1 = TLane.Load(ref Unsafe.Add(ref at, width)) + s1;
                    s2 = TLane.Load(ref Unsafe.Add(ref at, 2 * width)) + s2;
                    s3 = TLane.Load(ref Unsafe.Add(ref at, 3 * width)) + s3;
                    s4 = TLane.Load(ref Unsafe.Add(ref at, 4 * width)) + s4;
                    s5 = TLane.Load(ref Unsafe.Add(ref at, 5 * width)) + s5;
                    s6 = TLane.Load(ref Unsafe.Add(ref at, 6 * width)) + s6;
                    s7 = TLane.Load(ref Unsafe.Add(ref at, 7 * width)) + s7;
                    at = ref Unsafe.Add(ref at, Chains * width);
                }
            }

            // Storing the sum keeps every load alive.
            TLane sum = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
            Span<float> lanes = stackalloc float[TLane.Count];
            sum.Store(ref lanes[0]);
            _result = lanes[0];
        }
    }
}
