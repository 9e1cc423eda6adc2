namespace HighPerfRnn.Kernels;

/// <summary>
/// What a row's cross-entropy is taken against: a·(-ln p_target) + b·Σᵥ wᵥ·(-ln pᵥ). With smoothing ε and class weights w,
/// a = (1 - ε)·w_target and b = ε / V.
/// </summary>
/// <param name="OnTarget">a.</param>
/// <param name="OnEach">b.</param>
/// <param name="Weights">Σ w.</param>
internal readonly record struct TargetMixture(double OnTarget, double OnEach, double Weights)
{
    /// <summary>a + b·Σ w: what the probabilities count for in the gradient.</summary>
    public double Total => OnTarget + (OnEach * Weights);
}
