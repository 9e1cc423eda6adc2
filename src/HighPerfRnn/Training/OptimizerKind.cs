namespace HighPerfRnn.Training;

/// <summary>The optimizers.</summary>
public enum OptimizerKind
{
    /// <summary>Gradient descent, with momentum if wanted.</summary>
    Sgd,

    /// <summary>RMSprop.</summary>
    RmsProp,

    /// <summary>Adam.</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,
}
