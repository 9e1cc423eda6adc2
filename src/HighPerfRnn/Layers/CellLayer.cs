using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>A recurrent layer of any cell, such as one of your own: give its equations, and this gives the rest.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TCell">The cell.</typeparam>
public sealed class CellLayer<T, TCell> : RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, IRecurrentCell<T>
{
    /// <summary>A layer of <paramref name="hiddenSize"/> units.</summary>
    /// <param name="inputSize">I; with tokens, how many different ones there are.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="cell">The equations, with their constants.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: a second, transposed copy of the weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    /// <exception cref="ArgumentException">The cell's layout is impossible.</exception>
    public CellLayer(int inputSize, int hiddenSize, TCell cell = default, bool isTrainable = true)
        : base(inputSize, hiddenSize, new CellPasses<T, TCell>(cell), isTrainable)
    {
    }
}
