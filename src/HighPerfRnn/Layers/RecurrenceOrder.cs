namespace HighPerfRnn.Layers;

/// <summary>In which order a layer whose gates do not look at h takes the steps of h_t = a_t∘h_{t-1} + b_t.</summary>
public enum RecurrenceOrder
{
    /// <summary>Step after step: a sequence, its chunks and single steps have the same bits.</summary>
    Sequential,

    /// <summary>
    /// A prefix scan over time: blocks of <see cref="LinearRecurrentLayer{T}.ScanBlockSteps"/> steps, counted from a row's first, run side
    /// by side. Chunks of a sequence have the bits of the whole only where they are whole blocks; otherwise within a bound.
    /// </summary>
    BlockedScan,
}
