using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>Whether each step of a sequence draws a mask of its own.</summary>
public enum DropoutKind
{
    /// <summary>Each element of [T, B, H] is kept or dropped by itself.</summary>
    Ordinary,

    /// <summary>One mask a row and unit for all steps: [B, H], the variational dropout of recurrent networks.</summary>
    Variational,
}

/// <summary>The sizes of a dropout pass, and what its mask follows from beside the seed: the backward pass takes the same.</summary>
public readonly ref struct DropoutPass
{
    /// <summary>T, time steps; 0 is allowed.</summary>
    public required int Steps { get; init; }

    /// <summary>B, rows.</summary>
    public required int Batch { get; init; }

    /// <summary>H, numbers a step and row.</summary>
    public required int Size { get; init; }

    /// <summary>Which call: the training iteration. Each has masks of its own.</summary>
    public required ulong Call { get; init; }

    /// <summary>The first step's number in its sequence, so that a chunk has the masks of the whole.</summary>
    public int FirstStep { get; init; }

    /// <summary>Which row is which, [B]: a row's mask follows from its key, not from its place; empty for its place.</summary>
    public ReadOnlySpan<int> RowKeys { get; init; }
}

/// <summary>
/// Dropout: y = m∘x / (1 - p), where each m is 0 with probability p and else 1. The mask is counted, not stored: the backward pass
/// makes it again.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>m follows from the seed, the call, the step's number (for <see cref="DropoutKind.Ordinary"/>), the row's key and the unit:
/// not from the batch, the workers, the width or how a sequence is cut into chunks. float and double draw different masks. Layers
/// that should differ take different seeds.</para>
/// <para>What is kept is one product, rounded once, with 1 / (1 - p) rounded to T; what is dropped is +0, were it NaN or infinite.
/// p = 0 copies every bit. The probability with which m is 0 is the multiple of 2⁻²³ (2⁻⁵² in double) nearest to p.</para>
/// <para>Srivastava et al., Dropout, 2014; for the variational kind Gal and Ghahramani, A Theoretically Grounded Application of Dropout
/// in Recurrent Neural Networks, 2016.</para>
/// </remarks>
public sealed class Dropout<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T _bound;
    private readonly T _scale;

    /// <summary>Dropout with probability <paramref name="probability"/>.</summary>
    /// <param name="probability">p, at least 0 and below 1.</param>
    /// <param name="seed">Which masks.</param>
    /// <param name="kind">Whether steps share a mask.</param>
    /// <exception cref="ArgumentOutOfRangeException">p is not in [0, 1), or the kind is none.</exception>
    public Dropout(double probability, ulong seed, DropoutKind kind = DropoutKind.Ordinary)
    {
        if (!(probability >= 0 && probability < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "expected at least 0 and less than 1");
        }

        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "expected Ordinary or Variational");
        Probability = probability;
        Seed = seed;
        Kind = kind;
        _bound = ExactMath.Narrow<T>(1 + probability);
        _scale = ExactMath.Narrow<T>(1 / (1 - probability));
    }

    /// <summary>p.</summary>
    public double Probability { get; }

    /// <summary>Which masks.</summary>
    public ulong Seed { get; }

    /// <summary>Whether steps share a mask.</summary>
    public DropoutKind Kind { get; }

    /// <summary>output = m∘input / (1 - p).</summary>
    /// <param name="pass">Sizes, call, steps and rows.</param>
    /// <param name="input">x [T, B, H].</param>
    /// <param name="output">y [T, B, H], overwritten; it may be the same span as the input.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap otherwise; nothing has been written then.</exception>
    public void Forward(in DropoutPass pass, ReadOnlySpan<T> input, Span<T> output, WorkerGroup? workers = null) =>
        Run(pass, input, output, nameof(input), nameof(output), workers);

    /// <summary>inputGradient = m∘outputGradient / (1 - p), with the mask of the forward pass.</summary>
    /// <param name="pass">As in the forward pass.</param>
    /// <param name="outputGradient">dY [T, B, H].</param>
    /// <param name="inputGradient">dX [T, B, H], overwritten, not added to, so that it may be the same span as dY.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap otherwise; nothing has been written then.</exception>
    public void Backward(in DropoutPass pass, ReadOnlySpan<T> outputGradient, Span<T> inputGradient, WorkerGroup? workers = null) =>
        Run(pass, outputGradient, inputGradient, nameof(outputGradient), nameof(inputGradient), workers);

    private void Run(
        in DropoutPass pass, ReadOnlySpan<T> source, Span<T> target, string sourceName, string targetName, WorkerGroup? workers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pass.Steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pass.Batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pass.Size);
        ArgumentOutOfRangeException.ThrowIfNegative(pass.FirstStep);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pass.FirstStep, int.MaxValue - pass.Steps);
        Check.Shape(source.Length, sourceName, "[T, B, H]", pass.Steps, pass.Batch, pass.Size);
        Check.Shape(target.Length, targetName, "[T, B, H]", pass.Steps, pass.Batch, pass.Size);
        Check.ShapeOrEmpty(pass.RowKeys.Length, nameof(pass.RowKeys), "[B]", pass.Batch);
        Check.SameOrNoOverlap(target, source, targetName, sourceName);
        if (Probability == 0)
        {
            source.CopyTo(target);
            return;
        }

        var job = new DropoutJob<T>
        {
            Pass = pass,
            Source = source,
            Target = target,
            Seed = Seed,
            SharesSteps = Kind == DropoutKind.Variational,
            Bound = _bound,
            Scale = _scale,
        };
        WorkerGroup.Run(workers, ref job, source.Length);
    }
}

/// <summary>Rows of dropout; workers split them.</summary>
internal readonly ref struct DropoutJob<T> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // No step has this number.
    private const int EveryStep = -1;

    public required DropoutPass Pass { get; init; }

    public required ReadOnlySpan<T> Source { get; init; }

    public required Span<T> Target { get; init; }

    public required ulong Seed { get; init; }

    public required bool SharesSteps { get; init; }

    public required T Bound { get; init; }

    public required T Scale { get; init; }

    public void Execute(WorkerTeam team) => Lanes.Run<T, DropoutJob<T>, WorkerTeam>(ref Unsafe.AsRef(in this), team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        int size = Pass.Size;
        ReadOnlySpan<int> keys = Pass.RowKeys;
        ulong random = RowBits.Start(Seed, Pass.Call);
        (int start, int end) = team.Share(Pass.Steps * Pass.Batch);
        (int step, int row) = Math.DivRem(start, Pass.Batch);
        for (int i = start; i < end; i++)
        {
            var bits = new RowBits(random, SharesSteps ? EveryStep : Pass.FirstStep + step, keys.IsEmpty ? row : keys[row]);
            DropoutKernel<T, TLane>.Run(Source.Slice(i * size, size), Target.Slice(i * size, size), bits, Bound, Scale);
            row++;
            if (row < Pass.Batch) continue;
            row = 0;
            step++;
        }
    }
}
