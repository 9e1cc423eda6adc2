namespace HighPerfRnn.Reference;

/// <summary>
/// One step of each optimizer in double, as the algorithm boxes of PyTorch's documentation (torch.optim) give it.
/// θ are the parameters, g the gradients, η the learning rate, λ the weight decay; all spans of one call have one
/// length, state spans start as zeros, and every span but the gradients is updated in place.
/// </summary>
public static class ReferenceOptimizers
{
    /// <summary>
    /// Stochastic gradient descent, dampening 0.
    /// <code>
    /// g = g + λθ
    /// v = μv + g                    (where μ ≠ 0)
    /// g = nesterov ? g + μv : v     (where μ ≠ 0)
    /// θ = θ - ηg
    /// </code>
    /// </summary>
    /// <param name="parameters">θ.</param>
    /// <param name="gradients">g, only read.</param>
    /// <param name="velocity">v; may be empty where μ = 0.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="momentum">μ.</param>
    /// <param name="weightDecay">λ.</param>
    /// <param name="nesterov">Whether the step looks ahead along the velocity.</param>
    public static void Sgd(
        Span<double> parameters,
        ReadOnlySpan<double> gradients,
        Span<double> velocity,
        double learningRate = 1e-3,
        double momentum = 0,
        double weightDecay = 0,
        bool nesterov = false)
    {
        ReferenceCheck.Length(nameof(gradients), gradients.Length, parameters.Length);
        ReferenceCheck.Length(nameof(velocity), velocity.Length, momentum == 0 ? velocity.Length : parameters.Length);
        for (int i = 0; i < parameters.Length; i++)
        {
            double g = gradients[i] + weightDecay * parameters[i];
            if (momentum != 0)
            {
                velocity[i] = momentum * velocity[i] + g;
                g = nesterov ? g + momentum * velocity[i] : velocity[i];
            }

            parameters[i] -= learningRate * g;
        }
    }

    /// <summary>
    /// RMSprop, not centered.
    /// <code>
    /// g = g + λθ
    /// v = αv + (1-α)g²
    /// b = μb + g/(√v + ε)           (where μ ≠ 0; else b = g/(√v + ε))
    /// θ = θ - ηb
    /// </code>
    /// </summary>
    /// <param name="parameters">θ.</param>
    /// <param name="gradients">g, only read.</param>
    /// <param name="squareAverage">v.</param>
    /// <param name="momentumBuffer">b; may be empty where μ = 0.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="alpha">α.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="weightDecay">λ.</param>
    /// <param name="momentum">μ.</param>
    public static void RmsProp(
        Span<double> parameters,
        ReadOnlySpan<double> gradients,
        Span<double> squareAverage,
        Span<double> momentumBuffer,
        double learningRate = 1e-2,
        double alpha = 0.99,
        double epsilon = 1e-8,
        double weightDecay = 0,
        double momentum = 0)
    {
        ReferenceCheck.Length(nameof(gradients), gradients.Length, parameters.Length);
        ReferenceCheck.Length(nameof(squareAverage), squareAverage.Length, parameters.Length);
        int bufferLength = momentum == 0 ? momentumBuffer.Length : parameters.Length;
        ReferenceCheck.Length(nameof(momentumBuffer), momentumBuffer.Length, bufferLength);
        for (int i = 0; i < parameters.Length; i++)
        {
            double g = gradients[i] + weightDecay * parameters[i];
            squareAverage[i] = alpha * squareAverage[i] + (1 - alpha) * g * g;
            double step = g / (Math.Sqrt(squareAverage[i]) + epsilon);
            if (momentum != 0)
            {
                momentumBuffer[i] = momentum * momentumBuffer[i] + step;
                step = momentumBuffer[i];
            }

            parameters[i] -= learningRate * step;
        }
    }

    /// <summary>
    /// Adam; the weight decay is part of the gradient, and so of both moments.
    /// <code>
    /// g = g + λθ
    /// m = β₁m + (1-β₁)g             v = β₂v + (1-β₂)g²
    /// θ = θ - η·(m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + ε)
    /// </code>
    /// </summary>
    /// <param name="parameters">θ.</param>
    /// <param name="gradients">g, only read.</param>
    /// <param name="firstMoment">m.</param>
    /// <param name="secondMoment">v.</param>
    /// <param name="step">t, 1 for the first step.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="beta1">β₁.</param>
    /// <param name="beta2">β₂.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="weightDecay">λ.</param>
    public static void Adam(
        Span<double> parameters,
        ReadOnlySpan<double> gradients,
        Span<double> firstMoment,
        Span<double> secondMoment,
        int step,
        double learningRate = 1e-3,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0)
    {
        ReferenceCheck.Length(nameof(gradients), gradients.Length, parameters.Length);
        ReferenceCheck.Length(nameof(firstMoment), firstMoment.Length, parameters.Length);
        ReferenceCheck.Length(nameof(secondMoment), secondMoment.Length, parameters.Length);
        for (int i = 0; i < parameters.Length; i++)
        {
            double g = gradients[i] + weightDecay * parameters[i];
            firstMoment[i] = beta1 * firstMoment[i] + (1 - beta1) * g;
            secondMoment[i] = beta2 * secondMoment[i] + (1 - beta2) * g * g;
            double m = firstMoment[i] / (1 - Math.Pow(beta1, step));
            double v = secondMoment[i] / (1 - Math.Pow(beta2, step));
            parameters[i] -= learningRate * m / (Math.Sqrt(v) + epsilon);
        }
    }

    /// <summary>
    /// AdamW; the weight decay is apart from the gradient: θ = θ - ηλθ, then the step of
    /// <see cref="Adam"/> without decay.
    /// </summary>
    /// <param name="parameters">θ.</param>
    /// <param name="gradients">g, only read.</param>
    /// <param name="firstMoment">m.</param>
    /// <param name="secondMoment">v.</param>
    /// <param name="step">t, 1 for the first step.</param>
    /// <param name="learningRate">η.</param>
    /// <param name="beta1">β₁.</param>
    /// <param name="beta2">β₂.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="weightDecay">λ.</param>
    public static void AdamW(
        Span<double> parameters,
        ReadOnlySpan<double> gradients,
        Span<double> firstMoment,
        Span<double> secondMoment,
        int step,
        double learningRate = 1e-3,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 1e-2)
    {
        for (int i = 0; i < parameters.Length; i++)
        {
            parameters[i] -= learningRate * weightDecay * parameters[i];
        }

        Adam(parameters, gradients, firstMoment, secondMoment, step, learningRate, beta1, beta2, epsilon);
    }
}
