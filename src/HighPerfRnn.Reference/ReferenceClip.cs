using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>
/// Clipping by the norm of all gradients together, as torch.nn.utils.clip_grad_norm_ defines it:
/// norm = √(Σ g²) over every entry of every gradient, c = maxNorm / (norm + 1e-6), and g = c·g where c &lt; 1.
/// The 1e-6 leaves a clipped norm slightly below maxNorm, and clips one that equals it.
/// </summary>
public static class ReferenceClip
{
    /// <summary>√(Σ g²) over all entries of all gradients.</summary>
    /// <param name="gradients">One array a parameter.</param>
    public static T GlobalNorm<T>(params ReadOnlySpan<T[]> gradients)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T sum = T.Zero;
        foreach (T[] gradient in gradients)
        {
            foreach (T g in gradient)
            {
                sum += g * g;
            }
        }

        return T.Sqrt(sum);
    }

    /// <summary>Scales all gradients in place where their norm asks for it.</summary>
    /// <param name="maxNorm">The norm to keep below.</param>
    /// <param name="gradients">One array a parameter; scaled in place.</param>
    /// <returns>The norm before clipping.</returns>
    public static T ClipGlobalNorm<T>(T maxNorm, params ReadOnlySpan<T[]> gradients)
        where T : IBinaryFloatingPointIeee754<T>
    {
        T norm = GlobalNorm(gradients);
        T coefficient = maxNorm / (norm + T.CreateChecked(1e-6));
        if (coefficient < T.One)
        {
            foreach (T[] gradient in gradients)
            {
                for (int i = 0; i < gradient.Length; i++)
                {
                    gradient[i] *= coefficient;
                }
            }
        }

        return norm;
    }
}
