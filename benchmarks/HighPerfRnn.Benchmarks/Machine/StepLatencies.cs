using System.Runtime.CompilerServices;
using HighPerfRnn.Cli.Bench;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Benchmarks.Machine;

/// <summary>
/// How many cycles pass from an operation's last argument to its result, for what a lone step does one after another: each from a
/// chain of nothing else, in vectors of the width that the library uses.
/// </summary>
/// <param name="MemoryTrip">From a vector, stored, to one of its numbers in every element: from a state to the next step.</param>
/// <param name="MultiplyAdd">A fused multiply-add.</param>
/// <param name="Addition">An addition.</param>
/// <param name="Tanh">The library's tanh, and what flushes tiny states.</param>
public readonly record struct StepLatencies(double MemoryTrip, double MultiplyAdd, double Addition, double Tanh)
{
    // A burst takes some tens of microseconds, however long a link is.
    private const int Links = 16_000;
    private const int LinksOfTanh = 2000;

    /// <summary>Runs the probes; some milliseconds.</summary>
    public static StepLatencies Measure()
    {
        // The first bursts compile the probes, the clock's among them.
        Cycles<AdditionLink>(Links);
        return new StepLatencies(
            Cycles<MemoryLink>(Links), Cycles<MultiplyAddLink>(Links), Cycles<AdditionLink>(Links), Cycles<TanhLink>(LinksOfTanh));
    }

    // Clock and chain each count their best burst, so that what disturbs one of them does not lengthen the latency.
    private static double Cycles<TLink>(int links)
        where TLink : struct, IChainLink
    {
        var memory = new AlignedBlock<float>(Lanes.Count<float>());
        double linksPerSecond = MachineProbe.BestPerSecond(links, () =>
        {
            var chain = new Chain<TLink> { Memory = memory.Span };
            Lanes.Run<float, Chain<TLink>, int>(ref chain, links);
        });
        return MachineClock.MeasureCyclesPerSecond() / linksPerSecond;
    }

    /// <summary>From one value of a chain to the next.</summary>
    private interface IChainLink
    {
        static abstract TLane Next<TLane>(TLane x, TLane half, ref float memory)
            where TLane : struct, ILane<TLane, float>;
    }

    private readonly struct MemoryLink : IChainLink
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLane Next<TLane>(TLane x, TLane half, ref float memory)
            where TLane : struct, ILane<TLane, float>
        {
            x.Store(ref memory);
            return TLane.Broadcast(memory);
        }
    }

    private readonly struct MultiplyAddLink : IChainLink
    {
        // x = x·½ + ½ settles at 1: never infinite, never subnormal.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLane Next<TLane>(TLane x, TLane half, ref float memory)
            where TLane : struct, ILane<TLane, float> => TLane.FusedMultiplyAdd(x, half, half);
    }

    private readonly struct AdditionLink : IChainLink
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLane Next<TLane>(TLane x, TLane half, ref float memory)
            where TLane : struct, ILane<TLane, float> => x + half;
    }

    private readonly struct TanhLink : IChainLink
    {
        // Repeated, tanh falls like the inverse of a square root: it stays far from what is flushed.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TLane Next<TLane>(TLane x, TLane half, ref float memory)
            where TLane : struct, ILane<TLane, float> => Activations<float, TLane>.FlushTiny(Activations<float, TLane>.Tanh(x));
    }

    private readonly ref struct Chain<TLink> : ILaneWork<float, int>
        where TLink : struct, IChainLink
    {
        public Span<float> Memory { get; init; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<TLane>(int links)
            where TLane : struct, ILane<TLane, float>
        {
            ref float memory = ref Memory[0];
            TLane half = TLane.Broadcast(0.5f);
            TLane x = half;
            // One link a round: counting runs beside the chain, and a body with several would be too long to inline them all.
            for (int i = 0; i < links; i++) x = TLink.Next(x, half, ref memory);

            // Storing the end keeps the chain alive.
            x.Store(ref memory);
        }
    }
}
