using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.PeerTests.Generation;

/// <summary>Weights, inputs and states of a case.</summary>
internal sealed class PeerNumbers(PeerCase shape, int draw = 0)
{
    // Biases are whole numbers of these, so that the sum of the two that a peer has is exact in float.
    private const double BiasUnit = 1.0 / 1024;

    private readonly CaseRandom _random = new(shape.Seed, draw);

    public CaseRandom Random => _random;

    public float[] Input(int length) => _random.Numbers<float>(length, shape.Has(PeerTraits.LargeInput) ? 8 : 1);

    public float[] InputWeights(int length, int inputSize) =>
        _random.Numbers<float>(length, shape.Steps <= PeerCase.LongestArbitrary ? 1 : 2 / Math.Sqrt(inputSize));

    /// <param name="length">How many.</param>
    /// <param name="terms">Of how many products a sum consists.</param>
    public float[] RecurrentWeights(int length, int terms) => _random.Numbers<float>(
        length, shape.Steps > PeerCase.LongestArbitrary ? 1.0 / terms : _random.Below(2) == 0 ? 1 : 2 / Math.Sqrt(terms));

    public float[] Bias(int length) =>
        Array.ConvertAll(_random.Numbers<float>(length, 0.5), number => (float)(Math.Round(number / BiasUnit) * BiasUnit));

    public float[] Peepholes(int length) => _random.Numbers<float>(length, 0.5);

    /// <summary>Zeros where the case has none.</summary>
    public float[] State(int length) => shape.Has(PeerTraits.InitialState) ? _random.Numbers<float>(length) : new float[length];

    public float[] Gradient(int length) => _random.Numbers<float>(length);

    /// <summary>Null where rows have all steps.</summary>
    public int[]? Lengths(int shortest) => !shape.Has(PeerTraits.Ragged) ? null
        : Array.ConvertAll(_random.Indices(shape.Batch, shape.Steps + 1 - shortest), length => length + shortest);
}
