using System.Numerics;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Layers;

/// <summary>
/// A recurrent cell as its equations: what one step does with the sums x·Wx + b and h_{t-1}·Wh of a few units of one row, and the
/// derivative of that. Sequences, batches, backpropagation through time, weights' gradients and workers are the library's.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>All methods are generic over a lane, a vector of units' numbers or two of them as one, and run as the epilogue of a matrix
/// product. Use operators and functions of lanes alone: then every vector width gives the same bits. They must not keep state.</para>
/// <para>A cell of two phases (<see cref="CellLayout.ScratchGates"/>) leaves a number of each unit in its first one, and its second one
/// follows the product of those: backward, the second one comes first.</para>
/// </remarks>
public interface IRecurrentCell<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How many gates, states, kept values and vectors a unit has; the same at every call.</summary>
    static abstract CellLayout Layout { get; }

    /// <summary>
    /// Computes h_t and the cell states from the sums, and keeps what <see cref="Backward"/> asks for. In a cell of two phases it sets
    /// <see cref="CellForward{T, TLane}.SetScratch"/> in place of h_t.
    /// </summary>
    /// <param name="unit">The units' sums and states; every state must be set once, after it was read.</param>
    void Forward<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>
    /// Computes the gradients of the sums, of the previous states and of the cell's vectors from those of the new states. In a cell of two
    /// phases the state's gradient is that of <see cref="CellForward{T, TLane}.SetScratch"/>.
    /// </summary>
    /// <param name="unit">The units' gradients; every gradient of the layout must be set once.</param>
    void Backward<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>The second phase: computes h_t from the sums of the scratch gates and what was kept.</summary>
    /// <param name="unit">The units' sums and states.</param>
    /// <exception cref="NotSupportedException">The cell has one phase.</exception>
    void ForwardSecond<TLane>(scoped ref CellForward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> => throw new NotSupportedException("The cell has one phase.");

    /// <summary>The derivative of the second phase, which runs before <see cref="Backward"/>.</summary>
    /// <param name="unit">The units' gradients: those of the scratch gates must be set here.</param>
    /// <exception cref="NotSupportedException">The cell has one phase.</exception>
    void BackwardSecond<TLane>(scoped ref CellBackward<T, TLane> unit)
        where TLane : struct, ILane<TLane, T> => throw new NotSupportedException("The cell has one phase.");
}
