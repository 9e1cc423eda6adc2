using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// Steps of connectionist temporal classification (Graves, Fernández, Gomez and Schmidhuber, ICML 2006) in logarithms. A target of L labels
/// has S = 2·L + 1 states, a blank before, between and behind its labels; lanes are states.
/// </summary>
/// <remarks>
/// <para>A row of states is [⌈S / 16⌉·16 + 4]: two numbers, the states, and behind them -∞ to the end, so that a state's neighbours are
/// loads one and two numbers beside its own, at every width.</para>
/// <para>Each step takes off the maximum of the row before, which the caller adds up in double: what is kept stays near 0
/// where it counts, and is rounded less: in float, a tenth of the error over a thousand steps.</para>
/// </remarks>
internal static class CtcKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>αₜ(s) = ln(Σ e^αₜ₋₁ over s, s - 1 and, where it may be skipped to, s - 2) - shift + emission(s).</summary>
    /// <param name="previous">αₜ₋₁, a row of states.</param>
    /// <param name="emission">ln p of each state's label.</param>
    /// <param name="skip">0 where s may follow s - 2, else -∞.</param>
    /// <param name="shift">The maximum of what <paramref name="previous"/> holds.</param>
    /// <param name="next">αₜ, overwritten.</param>
    /// <returns>The maximum of αₜ, 0 where no state can be reached.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T StepForward(ReadOnlySpan<T> previous, ReadOnlySpan<T> emission, ReadOnlySpan<T> skip, T shift, Span<T> next)
    {
        int states = CtcStates.Padded(next.Length);
        Debug.Assert(previous.Length == next.Length && emission.Length == next.Length && skip.Length == next.Length);
        ref T from = ref MemoryMarshal.GetReference(previous);
        ref T emitted = ref MemoryMarshal.GetReference(emission);
        ref T skipped = ref MemoryMarshal.GetReference(skip);
        ref T to = ref MemoryMarshal.GetReference(next);
        TLane shifts = TLane.Broadcast(shift);
        TLane maximum = TLane.Broadcast(T.NegativeInfinity);
        for (int s = 0; s < states; s += TLane.Count)
        {
            int at = s + CtcStates.First;
            TLane jump = TLane.Load(ref Unsafe.Add(ref from, s)) + TLane.Load(ref Unsafe.Add(ref skipped, at));
            TLane sum = Activations<T, TLane>.LogSumExp(
                TLane.Load(ref Unsafe.Add(ref from, at)), TLane.Load(ref Unsafe.Add(ref from, s + 1)), jump);
            TLane alpha = (sum - shifts) + TLane.Load(ref Unsafe.Add(ref emitted, at));
            alpha.Store(ref Unsafe.Add(ref to, at));
            maximum = TLane.Max(alpha, maximum);
        }

        return Shift(maximum);
    }

    /// <summary>
    /// βₜ(s) = ln(Σ e^φₜ₊₁ over s, s + 1 and, where it may be skipped to, s + 2) - shift; posterior = αₜ + βₜ and φₜ = βₜ + emission.
    /// </summary>
    /// <param name="following">φₜ₊₁, a row of states; overwritten with φₜ.</param>
    /// <param name="alpha">αₜ.</param>
    /// <param name="emission">ln p of each state's label at t.</param>
    /// <param name="skip">0 where s may follow s - 2, else -∞.</param>
    /// <param name="shift">The maximum of what <paramref name="following"/> holds.</param>
    /// <param name="posterior">αₜ + βₜ, overwritten.</param>
    /// <returns>The maximum of φₜ, 0 where no state can be reached.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T StepBackward(
        Span<T> following, ReadOnlySpan<T> alpha, ReadOnlySpan<T> emission, ReadOnlySpan<T> skip, T shift, Span<T> posterior)
    {
        int states = CtcStates.Padded(following.Length);
        Debug.Assert(alpha.Length == following.Length && emission.Length == following.Length && posterior.Length == following.Length);
        ref T row = ref MemoryMarshal.GetReference(following);
        ref T before = ref MemoryMarshal.GetReference(alpha);
        ref T emitted = ref MemoryMarshal.GetReference(emission);
        ref T skipped = ref MemoryMarshal.GetReference(skip);
        ref T product = ref MemoryMarshal.GetReference(posterior);
        TLane shifts = TLane.Broadcast(shift);
        TLane maximum = TLane.Broadcast(T.NegativeInfinity);
        for (int s = 0; s < states; s += TLane.Count)
        {
            // In place: what a lane reads beyond its own states, later lanes have not yet written.
            int at = s + CtcStates.First;
            TLane jump = TLane.Load(ref Unsafe.Add(ref row, at + 2)) + TLane.Load(ref Unsafe.Add(ref skipped, at + 2));
            TLane sum = Activations<T, TLane>.LogSumExp(
                TLane.Load(ref Unsafe.Add(ref row, at)), TLane.Load(ref Unsafe.Add(ref row, at + 1)), jump);
            TLane beta = sum - shifts;
            (TLane.Load(ref Unsafe.Add(ref before, at)) + beta).Store(ref Unsafe.Add(ref product, at));
            TLane next = beta + TLane.Load(ref Unsafe.Add(ref emitted, at));
            next.Store(ref Unsafe.Add(ref row, at));
            maximum = TLane.Max(next, maximum);
        }

        return Shift(maximum);
    }

    private static T Shift(TLane maximum)
    {
        Unsafe.SkipInit(out Block16<T> numbers);
        maximum.Store(ref numbers[0]);
        T largest = numbers[0];
        for (int i = 1; i < TLane.Count; i++) largest = T.MaxNative(numbers[i], largest);
        // The sum with +0 is +0 for either zero, of which a maximum may find the one or the other.
        return largest > T.NegativeInfinity ? largest + T.Zero : T.Zero;
    }
}

/// <summary>Rows of states as <see cref="CtcKernel{T, TLane}"/> reads them.</summary>
internal static class CtcStates
{
    /// <summary>Where in a row state 0 is.</summary>
    public const int First = 2;

    private const int Frame = 4;

    /// <summary>Numbers of a row for a target of so many labels.</summary>
    public static int RowLength(int labels) => checked((((2 * labels) + 1 + 15) / 16 * 16) + Frame);

    /// <summary>States of a row of that length, those of the last block that are none included.</summary>
    public static int Padded(int rowLength) => rowLength - Frame;

    /// <summary>No state but one can be reached.</summary>
    public static void SetOnly<T>(int state, Span<T> row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        row.Fill(T.NegativeInfinity);
        row[state + First] = T.Zero;
    }

    /// <summary>A label may follow the one before it without a blank between them, unless it is the same.</summary>
    public static void SetSkips<T>(ReadOnlySpan<int> labels, Span<T> skip)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        skip.Fill(T.NegativeInfinity);
        for (int i = 1; i < labels.Length; i++)
        {
            if (labels[i] != labels[i - 1]) skip[First + (2 * i) + 1] = T.Zero;
        }
    }

    /// <summary>ln p of each state's label, from the logits of one frame: (x - m) - ln Σ exp(x - m).</summary>
    public static void SetEmission<T>(
        ReadOnlySpan<T> logits, ReadOnlySpan<int> labels, int blank, T maximum, T logSum, Span<T> emission)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T ofBlank = logits[blank] - maximum - logSum;
        Span<T> states = emission.Slice(First, (2 * labels.Length) + 1);
        states[0] = ofBlank;
        for (int i = 0; i < labels.Length; i++)
        {
            states[(2 * i) + 1] = logits[labels[i]] - maximum - logSum;
            states[(2 * i) + 2] = ofBlank;
        }
    }

    /// <summary>gradient[c] -= Σ posterior(s) over the states s of label c.</summary>
    public static void SubtractPosterior<T>(ReadOnlySpan<T> posterior, ReadOnlySpan<int> labels, int blank, Span<T> gradient)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<T> states = posterior.Slice(First, (2 * labels.Length) + 1);
        T ofBlank = states[0];
        for (int i = 0; i < labels.Length; i++)
        {
            gradient[labels[i]] -= states[(2 * i) + 1];
            ofBlank += states[(2 * i) + 2];
        }

        gradient[blank] -= ofBlank;
    }
}
