namespace HighPerfRnn.Layers;

/// <summary>
/// Where each step's rows lie in a sequence: B of them at each step or, where rows end at different steps, as many as have not ended,
/// the longest first.
/// </summary>
/// <param name="batch">B.</param>
/// <param name="offsets">The first row of each step, and how many rows there are [T + 1]; empty where every step has B.</param>
internal readonly ref struct StepRows(int batch, ReadOnlySpan<int> offsets)
{
    private readonly ReadOnlySpan<int> _offsets = offsets;

    /// <summary>Rows of the steps before.</summary>
    public int Before(int step) => _offsets.IsEmpty ? step * batch : _offsets[step];

    /// <summary>Rows of the step.</summary>
    public int Of(int step) => _offsets.IsEmpty ? batch : _offsets[step + 1] - _offsets[step];

    /// <summary>Rows of steps [start, end).</summary>
    public int Of(int start, int end) => Before(end) - Before(start);
}
