using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>An optimizer's formula, element by element.</summary>
internal interface IUpdateRule<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Changes whole lanes. States that the rule does not have are empty.</summary>
    void Update<TLane>(Span<T> parameters, ReadOnlySpan<T> gradients, Span<T> firstState, Span<T> secondState)
        where TLane : struct, ILane<TLane, T>;
}

/// <summary>A rule over one set; workers split its cache lines.</summary>
internal readonly ref struct UpdateJob<T, TRule> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRule : struct, IUpdateRule<T>
{
    public required TRule Rule { get; init; }

    public required Span<T> Parameters { get; init; }

    public required ReadOnlySpan<T> Gradients { get; init; }

    public Span<T> FirstState { get; init; }

    public Span<T> SecondState { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, UpdateJob<T, TRule>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int unit = AlignedBlock<T>.AlignmentBytes / Unsafe.SizeOf<T>();
        (int start, int end) = team.Share(Parameters.Length / unit);
        (start, int length) = (start * unit, (end - start) * unit);
        Rule.Update<TLane>(
            Parameters.Slice(start, length),
            Gradients.Slice(start, length),
            FirstState.IsEmpty ? default : FirstState.Slice(start, length),
            SecondState.IsEmpty ? default : SecondState.Slice(start, length));
    }
}

/// <summary>What rules share.</summary>
internal static class UpdateLanes<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>Subnormal numbers become +0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane FlushSubnormal(TLane x)
    {
        TLane smallest = TLane.Broadcast(
            typeof(T) == typeof(float)
                ? Unsafe.BitCast<float, T>(1.17549435E-38f)
                : Unsafe.BitCast<double, T>(2.2250738585072014E-308));
        return TLane.SelectLess(TLane.Abs(x), smallest, TLane.Zero, x);
    }
}
