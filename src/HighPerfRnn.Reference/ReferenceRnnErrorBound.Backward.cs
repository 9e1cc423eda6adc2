namespace HighPerfRnn.Reference;

/// <content>The backward half; the class's summary derives both.</content>
public static partial class ReferenceRnnErrorBound
{
    /// <summary>
    /// Bounds |product - reference| for every gradient, rounding of the forward pass included. Where a mask is uncertain
    /// the bound still holds, but lets the unit be on or off, and so says little: draw such a case again.
    /// </summary>
    /// <param name="cell">The cell that the reference ran, in double, with the product's guard.</param>
    /// <param name="input">x, [T, B, I].</param>
    /// <param name="initialState">h_{-1}, [B, H]; empty for zeros.</param>
    /// <param name="states">h, [T, B, H], the reference's own.</param>
    /// <param name="forward">The bound of the forward pass on the same numbers.</param>
    /// <param name="dStates">dY, [T, B, H], exactly the product's; empty for zeros.</param>
    /// <param name="dFinalState">dhT, [B, H], exactly the product's; empty for zeros.</param>
    /// <param name="product">The arithmetic of the product.</param>
    /// <param name="recurrentNorm">As in <see cref="Forward"/>.</param>
    /// <param name="start">
    /// What the gradients held before both sides added into them; an empty span stands for zeros. Only read.
    /// </param>
    /// <exception cref="ArgumentException">A length is not the one that the shape asks for.</exception>
    public static ReferenceRnnBackwardBound Backward(
        in ReferenceRnnCell<double> cell,
        ReadOnlySpan<double> input,
        ReadOnlySpan<double> initialState,
        ReadOnlySpan<double> states,
        ReferenceRnnForwardBound forward,
        ReadOnlySpan<double> dStates,
        ReadOnlySpan<double> dFinalState,
        ReferenceArithmetic product,
        double recurrentNorm = double.PositiveInfinity,
        in ReferenceRnnGradients<double> start = default)
    {
        ReferenceRnn.CheckSequence(cell.Shape, input.Length, initialState.Length, states.Length);
        ReferenceCheck.LengthOrEmpty(nameof(dStates), dStates.Length, cell.Shape.StatesLength);
        ReferenceCheck.LengthOrEmpty(nameof(dFinalState), dFinalState.Length, cell.Shape.StateLength);
        ReferenceCheck.Length(nameof(forward), forward.States.Length, cell.Shape.StatesLength);
        (int batch, int steps, int inputSize, int hiddenSize) = cell.Shape;
        ReferenceRnnBackwardBound bound = new(cell.Shape);
        double norm = Math.Min(recurrentNorm, ReferenceMatrixNorm.Frobenius(cell.Wh));
        double gammaK = Gamma(product, hiddenSize, KDepth(product, hiddenSize));
        double gammaRows = Gamma(
            product, steps * batch, ReferenceArithmetic.SumDepth(steps * batch, product.RowBlockLength));
        RowState row = new(hiddenSize);
        for (int b = 0; b < batch; b++)
        {
            row.Begin(dFinalState.IsEmpty ? [] : dFinalState.Slice(b * hiddenSize, hiddenSize));
            for (int t = steps - 1; t >= 0; t--)
            {
                int offset = (t * batch + b) * hiddenSize;
                int inputOffset = (t * batch + b) * inputSize;
                row.PreActivationGradients(
                    cell,
                    product,
                    gammaK,
                    dStates.IsEmpty ? [] : dStates.Slice(offset, hiddenSize),
                    states.Slice(offset, hiddenSize),
                    forward.States.AsSpan(offset, hiddenSize),
                    forward.MaskUncertain.AsSpan(offset, hiddenSize));
                row.AddInputBound(cell.Wx, gammaK, bound.DInput.AsSpan(inputOffset, inputSize));
                row.AddWeightBound(input.Slice(inputOffset, inputSize), [], gammaRows, bound.DWx);
                row.AddWeightBound(
                    ReferenceRnn.PreviousState(cell.Shape, initialState, states, t, b),
                    t > 0 ? forward.States.AsSpan(offset - cell.Shape.StateLength, hiddenSize) : [],
                    gammaRows,
                    bound.DWh);
                row.AddBiasBound(gammaRows, bound.DBias);
                row.CarryBack(cell.Wh, norm);
            }

            Span<double> dInitialState = bound.DInitialState.AsSpan(b * hiddenSize, hiddenSize);
            for (int i = 0; i < hiddenSize; i++)
            {
                dInitialState[i] = row.CarriedError[i] + gammaK * row.CarriedMagnitude[i];
            }
        }

        Finish(bound.DInput, start.DInput, gammaK, Underflow(product, hiddenSize));
        Finish(bound.DWx, start.DWx, gammaRows, Underflow(product, steps * batch));
        Finish(bound.DWh, start.DWh, gammaRows, Underflow(product, steps * batch));
        Finish(bound.DBias, start.DBias, gammaRows, Underflow(product, steps * batch));
        Finish(bound.DInitialState, start.DInitialState, gammaK, Underflow(product, hiddenSize));
        return bound;
    }

    /// <summary>Adds γ·|start| + n·η, and the margin for the bound's own rounding.</summary>
    private static void Finish(Span<double> bound, ReadOnlySpan<double> start, double gamma, double underflow)
    {
        ReferenceCheck.LengthOrEmpty(nameof(start), start.Length, bound.Length);
        for (int i = 0; i < bound.Length; i++)
        {
            double magnitude = start.IsEmpty ? 0 : Math.Abs(start[i]);
            bound[i] = (bound[i] + gamma * magnitude + underflow) * OwnRounding;
        }
    }

    /// <summary>One row of the batch on its way back through time: dA with its error δ, and what dA·Whᵀ carries on.</summary>
    private sealed class RowState(int hiddenSize)
    {
        private readonly double[] _dA = new double[hiddenSize];
        private readonly double[] _delta = new double[hiddenSize];
        private readonly double[] _carried = new double[hiddenSize];
        private double _deltaNorm;
        private double _carriedNorm;

        /// <summary>Σ_j (|dA_j| + δ_j)·|Wh_ij|, [H].</summary>
        internal double[] CarriedMagnitude { get; } = new double[hiddenSize];

        /// <summary>Σ_j δ_j·|Wh_ij|, or the bound by norms where that is smaller, [H].</summary>
        internal double[] CarriedError { get; } = new double[hiddenSize];

        /// <summary>Starts with dhT, which both sides are given exactly.</summary>
        internal void Begin(ReadOnlySpan<double> dFinalState)
        {
            Array.Clear(_carried);
            Array.Clear(CarriedError);
            dFinalState.CopyTo(_carried);
            for (int i = 0; i < hiddenSize; i++)
            {
                CarriedMagnitude[i] = Math.Abs(_carried[i]);
            }

            _carriedNorm = 0;
        }

        /// <summary>dA of one step, as the reference computes it, and δ.</summary>
        internal void PreActivationGradients(
            in ReferenceRnnCell<double> cell,
            ReferenceArithmetic product,
            double gammaK,
            ReadOnlySpan<double> dY,
            ReadOnlySpan<double> h,
            ReadOnlySpan<double> e,
            ReadOnlySpan<bool> maskUncertain)
        {
            double gamma4 = product.Gamma(4) + Reference.Gamma(4);
            double floor = 2 * cell.FlushBelow + Underflow(product, 2);
            Norms norms = new(1, _carriedNorm);
            for (int j = 0; j < hiddenSize; j++)
            {
                double outside = dY.IsEmpty ? 0 : dY[j];
                double g = outside + _carried[j];
                _dA[j] = ReferenceRnn.PreActivationGradient(cell, g, h[j]);
                double f = ReferenceActivationFunction.DerivativeAtOutput(cell.Activation, h[j]);
                double k = cell.Activation.Kind switch
                {
                    ReferenceActivationKind.Tanh => e[j] * (2 * Math.Abs(h[j]) + e[j]),
                    ReferenceActivationKind.Relu when maskUncertain[j] => 1,
                    _ => 0,
                };
                double magnitude = Math.Abs(outside) + CarriedMagnitude[j];
                double reach = Math.Min(1, f + k);

                // No gradient, or a unit that is off on both sides, is +0 on both sides.
                bool zero = magnitude == 0 || reach == 0;
                double p = CarriedError[j];
                double r = gammaK * magnitude + Underflow(product, hiddenSize);
                double local = reach * r + Math.Abs(g) * k + gamma4 * (Math.Abs(g) + p + r) * reach + floor;
                _delta[j] = zero ? 0 : (reach * p + local) * OwnRounding;
                norms.Add(zero ? 0 : reach, p, zero ? 0 : local, _delta[j]);
            }

            _deltaNorm = norms.Bound;
        }

        /// <summary>dX: Σ_j |Wx_ij|·(δ_j + γ·(|dA_j| + δ_j)).</summary>
        internal void AddInputBound(ReadOnlySpan<double> wx, double gamma, Span<double> dInput)
        {
            for (int i = 0; i < dInput.Length; i++)
            {
                double sum = 0;
                for (int j = 0; j < hiddenSize; j++)
                {
                    sum += Math.Abs(wx[i * hiddenSize + j]) * Weight(j, gamma);
                }

                dInput[i] += sum;
            }
        }

        /// <summary>dW: (|x_i| + e_i)·(δ_j + γ·(|dA_j| + δ_j)) + e_i·|dA_j|, where e bounds the error of x.</summary>
        internal void AddWeightBound(ReadOnlySpan<double> x, ReadOnlySpan<double> e, double gamma, Span<double> dW)
        {
            for (int i = 0; i < x.Length; i++)
            {
                double error = e.IsEmpty ? 0 : e[i];
                double magnitude = Math.Abs(x[i]) + error;
                for (int j = 0; j < hiddenSize; j++)
                {
                    dW[i * hiddenSize + j] += magnitude * Weight(j, gamma) + error * Math.Abs(_dA[j]);
                }
            }
        }

        /// <summary>db: δ_j + γ·(|dA_j| + δ_j).</summary>
        internal void AddBiasBound(double gamma, Span<double> dBias)
        {
            for (int j = 0; j < hiddenSize; j++)
            {
                dBias[j] += Weight(j, gamma);
            }
        }

        /// <summary>dA·Whᵀ with its magnitude and error, for the step before.</summary>
        internal void CarryBack(ReadOnlySpan<double> wh, double matrixNorm)
        {
            Array.Clear(_carried);
            ReferenceMatrix.AddTransposedProduct(_dA, wh, _carried);
            double errorNorm = 0;
            for (int i = 0; i < hiddenSize; i++)
            {
                ReadOnlySpan<double> whRow = wh.Slice(i * hiddenSize, hiddenSize);
                double magnitude = 0;
                double error = 0;
                for (int j = 0; j < hiddenSize; j++)
                {
                    double w = Math.Abs(whRow[j]);
                    magnitude += (Math.Abs(_dA[j]) + _delta[j]) * w;
                    error += _delta[j] * w;
                }

                error = Math.Min(error, _deltaNorm * ReferenceMatrixNorm.Frobenius(whRow));
                CarriedMagnitude[i] = magnitude;
                CarriedError[i] = error;
                errorNorm = double.Hypot(errorNorm, error);
            }

            _carriedNorm = Math.Min(matrixNorm * _deltaNorm, errorNorm);
        }

        private double Weight(int j, double gamma) => _delta[j] + gamma * (Math.Abs(_dA[j]) + _delta[j]);
    }
}
