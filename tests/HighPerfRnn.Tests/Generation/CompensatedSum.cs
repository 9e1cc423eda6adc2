namespace HighPerfRnn.Tests.Generation;

/// <summary>Neumaier's sum: what an addition loses is kept apart.</summary>
internal struct CompensatedSum
{
    private double _sum;
    private double _lost;

    public readonly double Value => _sum + _lost;

    /// <summary>Adds Σ weights·values; no weights stand for zeros.</summary>
    public void AddProducts(ReadOnlySpan<double> weights, ReadOnlySpan<double> values)
    {
        for (int i = 0; i < weights.Length; i++) Add(weights[i] * values[i]);
    }

    /// <summary>Σ |weight|·(1 + |value|).</summary>
    public static double Magnitude(ReadOnlySpan<double> weights, ReadOnlySpan<double> values)
    {
        double sum = 0;
        for (int i = 0; i < weights.Length; i++) sum += Math.Abs(weights[i]) * (1 + Math.Abs(values[i]));
        return sum;
    }

    private void Add(double term)
    {
        double next = _sum + term;
        _lost += Math.Abs(_sum) >= Math.Abs(term) ? _sum - next + term : term - next + _sum;
        _sum = next;
    }
}
