using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>
/// A recurrent layer whose gates do not look at h, so that each unit is h_t = a_t∘h_{t-1} + b_t with a_t and b_t known for all steps at
/// once: <see cref="MinGru{T}"/>, <see cref="MinLstm{T}"/> and <see cref="Lru{T}"/>.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract class LinearRecurrentLayer<T> : RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Steps of a block of <see cref="RecurrenceOrder.BlockedScan"/>.</summary>
    public const int ScanBlockSteps = 64;

    private protected LinearRecurrentLayer(int inputSize, int hiddenSize, CellPasses<T> passes, bool isTrainable)
        : base(inputSize, hiddenSize, passes, isTrainable)
    {
    }

    /// <summary>
    /// How <see cref="RecurrentLayer{T}.Forward"/> walks a sequence; <see cref="RecurrenceOrder.Sequential"/> unless it is set. Single
    /// steps are steps in either, and <see cref="RecurrentLayer{T}.Backward"/> is sequential: it takes the outputs as they are.
    /// </summary>
    /// <value>
    /// <para>With <see cref="RecurrenceOrder.BlockedScan"/> workers share the steps of few rows, in blocks: a sequence of one row keeps
    /// them all busy however few units there are. The bits depend on neither width, workers nor the batch that a row travels in; they
    /// are those of <see cref="RecurrenceOrder.Sequential"/> up to the last step but one of the first block, and after n steps off those by
    /// at most (2·n + 1)·u·Mₙ + 2·n·g·(1 + max M) to first order (<see cref="Kernels.ErrorBounds.BlockedScan"/>), Mₙ = |aₙ|·Mₙ₋₁ + |bₙ| from
    /// M₀ = |h₋₁|, u = 2⁻²⁴ and g = 2⁻¹⁰⁰ (2⁻⁵³ and 2⁻⁹⁰⁰ in double), while states are finite: here |aₙ| ≤ 1.</para>
    /// <para><see cref="RecurrentLayer{T}.ForwardWorkspaceSize"/> is then S·B·(2 + N·(2 + 64·(G + 1))), N being at most 8 / B blocks or 256 KiB
    /// worth of them or all, at least one. Checkpointed passes have the bits of whole ones where
    /// segments are whole blocks.</para>
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">There is no such order.</exception>
    public RecurrenceOrder Order
    {
        get => Passes.Order;
        init
        {
            if (value is not (RecurrenceOrder.Sequential or RecurrenceOrder.BlockedScan))
            {
                throw new ArgumentOutOfRangeException(nameof(value), value, "expected Sequential or BlockedScan");
            }

            Passes.Order = value;
        }
    }
}
