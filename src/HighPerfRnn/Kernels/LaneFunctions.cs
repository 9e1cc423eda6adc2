using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// Functions over lanes, for cells of your own: the ones that the library's cells use. The same bits at every width.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TLane">The lane.</typeparam>
public static class LaneFunctions<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    /// <summary>
    /// tanh x, within [-1, 1]; NaN for NaN. At most <see cref="ErrorBounds.TanhSingleUlps"/> or <see cref="ErrorBounds.TanhDoubleUlps"/>
    /// units in the last place off.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Tanh(TLane x) => Activations<T, TLane>.Tanh(x);

    /// <summary>
    /// 1 / (1 + e⁻ˣ), within [0, 1]; NaN for NaN. At most <see cref="ErrorBounds.SigmoidSingleUlps"/> or
    /// <see cref="ErrorBounds.SigmoidDoubleUlps"/> units in the last place off.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Sigmoid(TLane x) => Activations<T, TLane>.Sigmoid(x);

    /// <summary>
    /// eˣ; +0 below x = -87.3 (-708.3 in double), +∞ from x = 88 (709 in double) on, a little before the largest finite one; NaN for NaN.
    /// About <see cref="ErrorBounds.ExpSingleUlps"/> or <see cref="ErrorBounds.ExpDoubleUlps"/> units in the last place off at worst.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Exp(TLane x) => Activations<T, TLane>.Exp(x);

    /// <summary>
    /// ln(1 + eˣ); NaN for NaN, +0 below x = -87.3 (-708.3 in double). About <see cref="ErrorBounds.SoftplusSingleUlps"/> or
    /// <see cref="ErrorBounds.SoftplusDoubleUlps"/> units in the last place off at worst.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLane Softplus(TLane x) => Activations<T, TLane>.Softplus(x);
}
