using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// Layer normalisation over rows x [rows, H], with γ and β [H].
/// <code>
/// μ = 1/H·Σ x      σ² = 1/H·Σ (x - μ)²      ρ = 1/√(σ² + ε)      x̂ = (x - μ)·ρ      y = γ·x̂ + β
/// g = γ·dy         dx += ρ·(g - 1/H·Σ g - x̂·1/H·Σ g·x̂)           dγ += Σ_r dy·x̂    dβ += Σ_r dy
/// </code>
/// </summary>
/// <typeparam name="T">The type computed in.</typeparam>
/// <param name="math">Its functions.</param>
/// <param name="epsilon">ε, as the product holds it.</param>
/// <param name="weight">γ.</param>
/// <param name="bias">β.</param>
public sealed class ReferenceLayerNorm<T>(ReferenceMath<T> math, double epsilon, T[] weight, T[] bias)
    where T : struct, INumberBase<T>
{
    /// <summary>y; overwrites <paramref name="output"/>.</summary>
    /// <param name="input">x, [rows, H].</param>
    /// <param name="output">y, [rows, H].</param>
    public void Forward(ReadOnlySpan<T> input, Span<T> output)
    {
        int size = weight.Length;
        for (int start = 0; start < input.Length; start += size)
        {
            (T mean, T factor) = Statistics(input.Slice(start, size));
            for (int i = 0; i < size; i++)
            {
                output[start + i] = weight[i] * ((input[start + i] - mean) * factor) + bias[i];
            }
        }
    }

    /// <summary>Adds into the three gradients.</summary>
    /// <param name="input">x, [rows, H].</param>
    /// <param name="dOutput">dy, [rows, H].</param>
    /// <param name="dInput">dx, [rows, H]; added into.</param>
    /// <param name="dWeight">dγ, [H]; added into.</param>
    /// <param name="dBias">dβ, [H]; added into.</param>
    public void Backward(ReadOnlySpan<T> input, ReadOnlySpan<T> dOutput, Span<T> dInput, Span<T> dWeight, Span<T> dBias)
    {
        int size = weight.Length;
        T count = T.CreateChecked((double)size);
        for (int start = 0; start < input.Length; start += size)
        {
            (T mean, T factor) = Statistics(input.Slice(start, size));
            T gradients = T.Zero;
            T projections = T.Zero;
            for (int i = 0; i < size; i++)
            {
                T normalized = (input[start + i] - mean) * factor;
                gradients += weight[i] * dOutput[start + i];
                projections += weight[i] * dOutput[start + i] * normalized;
                dWeight[i] += dOutput[start + i] * normalized;
                dBias[i] += dOutput[start + i];
            }

            for (int i = 0; i < size; i++)
            {
                T normalized = (input[start + i] - mean) * factor;
                dInput[start + i] +=
                    factor * (weight[i] * dOutput[start + i] - gradients / count - normalized * (projections / count));
            }
        }
    }

    /// <summary>μ and ρ of a row.</summary>
    /// <param name="row">x, [H].</param>
    public (T Mean, T InverseDeviation) Statistics(ReadOnlySpan<T> row)
    {
        T count = T.CreateChecked((double)row.Length);
        T sum = T.Zero;
        foreach (T value in row)
        {
            sum += value;
        }

        T mean = sum / count;
        T squares = T.Zero;
        foreach (T value in row)
        {
            squares += (value - mean) * (value - mean);
        }

        return (mean, T.One / math.Sqrt(squares / count + T.CreateChecked(epsilon)));
    }
}
