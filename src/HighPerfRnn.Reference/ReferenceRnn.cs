using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// The plain recurrent layer, forward and backward through time, as its equations stand. All arrays are row-major:
/// input [T, B, I], states [T, B, H], Wx [I, H], Wh [H, H], b [H], initial state [B, H].
/// <code>
/// forward    a_t   = b + x_t·Wx + h_{t-1}·Wh            h_{-1} is the initial state
///            h_t   = flush(φ(a_t))
/// backward   g_t   = dY_t + (t = T-1 ? dhT : dA_{t+1}·Whᵀ)
///            dA_t  = flush(g_t ∘ φ'(a_t))
///            dX_t += dA_t·Wxᵀ
///            dWx  += Σ_t x_tᵀ·dA_t
///            dWh  += Σ_t h_{t-1}ᵀ·dA_t
///            db   += Σ_t Σ_rows dA_t
///            dh0  += dA_0·Whᵀ                           (dhT where T = 0)
/// flush(v) = +0 where |v| &lt; flushBelow, else v
/// </code>
/// The guard keeps a decaying state or gradient out of the subnormal numbers, which are 10 to 30 times slower; it is
/// part of the definition, so that every implementation agrees on it. The gradient treats it as the identity.
/// <para>
/// In float this is also the naive loop that benchmarks measure against: one multiply and one add at a time, one sum
/// an output, in the order in which the equations are written. It stands as the textbook has it; walking the columns
/// innermost would already be faster.
/// </para>
/// <para>
/// Since the backward pass is given h alone, it takes an activation whose derivative follows from its value.
/// <see cref="ReferenceVanillaRnn{T}"/> is the same cell for any activation, with a clip, and under the driver of all cells.
/// </para>
/// </summary>
public static class ReferenceRnn
{
    /// <summary>2⁻¹⁰⁰, the guard's threshold of cells that compute in float.</summary>
    public static double FlushBelowFloat => double.ScaleB(1, -100);

    /// <summary>2⁻⁹⁰⁰, the guard's threshold of cells that compute in double.</summary>
    public static double FlushBelowDouble => double.ScaleB(1, -900);

    /// <summary>Computes h_t for all t; overwrites <paramref name="states"/>. The last step's states are h_T.</summary>
    /// <param name="cell">Sizes, φ, guard and parameters.</param>
    /// <param name="input">x, [T, B, I].</param>
    /// <param name="initialState">h_{-1}, [B, H]; empty for zeros. Taken as it is, without the guard.</param>
    /// <param name="states">h, [T, B, H]; may not overlap the inputs.</param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public static void Forward<T>(
        in ReferenceRnnCell<T> cell,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> initialState,
        Span<T> states)
        where T : IBinaryFloatingPointIeee754<T>
    {
        CheckSequence(cell.Shape, input.Length, initialState.Length, states.Length);
        (int batch, int steps, int inputSize, int hiddenSize) = cell.Shape;
        for (int t = 0; t < steps; t++)
        {
            for (int row = 0; row < batch; row++)
            {
                ReadOnlySpan<T> x = input.Slice((t * batch + row) * inputSize, inputSize);
                ReadOnlySpan<T> previous = PreviousState(cell.Shape, initialState, states, t, row);
                for (int j = 0; j < hiddenSize; j++)
                {
                    T a = PreActivation(cell, x, previous, j);
                    T h = ReferenceActivationFunction.Apply(cell.Activation, a);
                    states[(t * batch + row) * hiddenSize + j] = ReferenceActivationFunction.Flush(h, cell.FlushBelow);
                }
            }
        }
    }

    /// <summary>Backward through time over the whole sequence; adds into <paramref name="gradients"/>.</summary>
    /// <param name="cell">Sizes, φ, guard and parameters, as in the forward pass.</param>
    /// <param name="input">x, [T, B, I].</param>
    /// <param name="initialState">h_{-1}, [B, H]; empty for zeros.</param>
    /// <param name="states">h, [T, B, H], as the forward pass wrote them.</param>
    /// <param name="dStates">dY, [T, B, H]: the gradient that reaches each h_t from outside; empty for zeros.</param>
    /// <param name="dFinalState">dhT, [B, H]: what reaches the final state beside dY; empty for zeros.</param>
    /// <param name="gradients">dX, dWx, dWh, db, dh0.</param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The derivative of φ does not follow from its value.</exception>
    public static void Backward<T>(
        in ReferenceRnnCell<T> cell,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> initialState,
        ReadOnlySpan<T> states,
        ReadOnlySpan<T> dStates,
        ReadOnlySpan<T> dFinalState,
        in ReferenceRnnGradients<T> gradients)
        where T : IBinaryFloatingPointIeee754<T>
    {
        CheckSequence(cell.Shape, input.Length, initialState.Length, states.Length);
        ReferenceCheck.LengthOrEmpty(nameof(dStates), dStates.Length, cell.Shape.StatesLength);
        ReferenceCheck.LengthOrEmpty(nameof(dFinalState), dFinalState.Length, cell.Shape.StateLength);
        gradients.Check(cell.Shape);
        (int batch, int steps, int inputSize, int hiddenSize) = cell.Shape;
        T[] dA = new T[hiddenSize];

        // dA_{t+1}·Whᵀ of every row, [B, H]; before the last step, what comes from beyond the sequence.
        T[] carried = new T[cell.Shape.StateLength];
        dFinalState.CopyTo(carried);
        for (int t = steps - 1; t >= 0; t--)
        {
            for (int row = 0; row < batch; row++)
            {
                int stateOffset = (t * batch + row) * hiddenSize;
                int inputOffset = (t * batch + row) * inputSize;
                Span<T> carriedRow = carried.AsSpan(row * hiddenSize, hiddenSize);
                for (int j = 0; j < hiddenSize; j++)
                {
                    T dY = dStates.IsEmpty ? T.Zero : dStates[stateOffset + j];
                    dA[j] = PreActivationGradient(cell, dY + carriedRow[j], states[stateOffset + j]);
                }

                ReadOnlySpan<T> x = input.Slice(inputOffset, inputSize);
                ReadOnlySpan<T> previous = PreviousState(cell.Shape, initialState, states, t, row);
                ReferenceMatrix.AddTransposedProduct(dA, cell.Wx, gradients.DInput.Slice(inputOffset, inputSize));
                ReferenceMatrix.AddOuterProduct(x, dA, gradients.DWx);
                ReferenceMatrix.AddOuterProduct(previous, dA, gradients.DWh);
                for (int j = 0; j < hiddenSize; j++)
                {
                    gradients.DBias[j] += dA[j];
                }

                carriedRow.Clear();
                ReferenceMatrix.AddTransposedProduct(dA, cell.Wh, carriedRow);
            }
        }

        for (int i = 0; i < carried.Length; i++)
        {
            gradients.DInitialState[i] += carried[i];
        }
    }

    /// <summary>a_j = b_j + Σ_i x_i·Wx_ij + Σ_i h_i·Wh_ij.</summary>
    internal static T PreActivation<T>(in ReferenceRnnCell<T> cell, ReadOnlySpan<T> x, ReadOnlySpan<T> previous, int j)
        where T : IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<T> wx = cell.Wx;
        ReadOnlySpan<T> wh = cell.Wh;
        int hiddenSize = cell.Shape.HiddenSize;
        T a = cell.Bias[j];
        for (int i = 0; i < x.Length; i++)
        {
            a += x[i] * wx[i * hiddenSize + j];
        }

        for (int i = 0; i < previous.Length; i++)
        {
            a += previous[i] * wh[i * hiddenSize + j];
        }

        return a;
    }

    /// <summary>dA = flush(g·φ'(a)).</summary>
    internal static T PreActivationGradient<T>(in ReferenceRnnCell<T> cell, T g, T h)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T derivative = ReferenceActivationFunction.DerivativeAtOutput(cell.Activation, h);
        return ReferenceActivationFunction.Flush(g * derivative, cell.FlushBelow);
    }

    /// <summary>h_{t-1} of one row, [H]; empty at the start where the initial state is not given.</summary>
    internal static ReadOnlySpan<T> PreviousState<T>(
        ReferenceRnnShape shape,
        ReadOnlySpan<T> initialState,
        ReadOnlySpan<T> states,
        int t,
        int row)
    {
        (int batch, _, _, int hiddenSize) = shape;
        return t > 0 ? states.Slice(((t - 1) * batch + row) * hiddenSize, hiddenSize)
            : initialState.IsEmpty ? []
            : initialState.Slice(row * hiddenSize, hiddenSize);
    }

    internal static void CheckSequence(ReferenceRnnShape shape, int inputLength, int initialStateLength, int statesLength)
    {
        ReferenceCheck.Length("input", inputLength, shape.InputLength);
        ReferenceCheck.LengthOrEmpty("initialState", initialStateLength, shape.StateLength);
        ReferenceCheck.Length("states", statesLength, shape.StatesLength);
    }
}
