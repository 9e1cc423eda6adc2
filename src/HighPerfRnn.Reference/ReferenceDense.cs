using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// The affine layer over rows: y = x·W + b, with x [rows, I], W [I, O], b [O], y [rows, O].
/// <code>
/// y_rj   = b_j + Σ_i x_ri·W_ij
/// dx_ri += Σ_j dy_rj·W_ij
/// dW_ij += Σ_r x_ri·dy_rj
/// db_j  += Σ_r dy_rj
/// </code>
/// </summary>
public static class ReferenceDense
{
    /// <summary>y = x·W + b; overwrites <paramref name="output"/>. The number of rows is what the input holds.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="outputSize">O.</param>
    /// <param name="input">x, [rows, I].</param>
    /// <param name="weights">W, [I, O].</param>
    /// <param name="bias">b, [O].</param>
    /// <param name="output">y, [rows, O]; may not overlap the inputs.</param>
    /// <exception cref="ArgumentException">A length does not fit the sizes.</exception>
    public static void Forward<T>(
        int inputSize,
        int outputSize,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> weights,
        ReadOnlySpan<T> bias,
        Span<T> output)
        where T : IBinaryFloatingPointIeee754<T>
    {
        int rows = output.Length / outputSize;
        ReferenceCheck.Length(nameof(output), output.Length, rows * outputSize);
        ReferenceCheck.Length(nameof(input), input.Length, rows * inputSize);
        ReferenceCheck.Length(nameof(weights), weights.Length, inputSize * outputSize);
        ReferenceCheck.Length(nameof(bias), bias.Length, outputSize);
        for (int r = 0; r < rows; r++)
        {
            for (int j = 0; j < outputSize; j++)
            {
                T sum = bias[j];
                for (int i = 0; i < inputSize; i++)
                {
                    sum += input[r * inputSize + i] * weights[i * outputSize + j];
                }

                output[r * outputSize + j] = sum;
            }
        }
    }

    /// <summary>Adds into the three gradients.</summary>
    /// <param name="inputSize">I.</param>
    /// <param name="outputSize">O.</param>
    /// <param name="input">x, [rows, I].</param>
    /// <param name="weights">W, [I, O].</param>
    /// <param name="dOutput">dy, [rows, O].</param>
    /// <param name="dInput">dx, [rows, I]; added into.</param>
    /// <param name="dWeights">dW, [I, O]; added into.</param>
    /// <param name="dBias">db, [O]; added into.</param>
    /// <exception cref="ArgumentException">A length does not fit the sizes.</exception>
    public static void Backward<T>(
        int inputSize,
        int outputSize,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> weights,
        ReadOnlySpan<T> dOutput,
        Span<T> dInput,
        Span<T> dWeights,
        Span<T> dBias)
        where T : IBinaryFloatingPointIeee754<T>
    {
        int rows = dOutput.Length / outputSize;
        ReferenceCheck.Length(nameof(dOutput), dOutput.Length, rows * outputSize);
        ReferenceCheck.Length(nameof(input), input.Length, rows * inputSize);
        ReferenceCheck.Length(nameof(dInput), dInput.Length, rows * inputSize);
        ReferenceCheck.Length(nameof(weights), weights.Length, inputSize * outputSize);
        ReferenceCheck.Length(nameof(dWeights), dWeights.Length, inputSize * outputSize);
        ReferenceCheck.Length(nameof(dBias), dBias.Length, outputSize);
        for (int r = 0; r < rows; r++)
        {
            for (int i = 0; i < inputSize; i++)
            {
                for (int j = 0; j < outputSize; j++)
                {
                    dInput[r * inputSize + i] += dOutput[r * outputSize + j] * weights[i * outputSize + j];
                    dWeights[i * outputSize + j] += input[r * inputSize + i] * dOutput[r * outputSize + j];
                }
            }

            for (int j = 0; j < outputSize; j++)
            {
                dBias[j] += dOutput[r * outputSize + j];
            }
        }
    }
}
