using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>What a pass reads, made from a case; an absent span is an empty array.</summary>
internal sealed class RnnData<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <param name="shape">The case.</param>
    /// <param name="draw">Another number gives other data of the same shape.</param>
    public RnnData(RnnCase shape, int draw = 0)
    {
        Case = shape;
        var random = new CaseRandom(shape.Seed, draw);
        bool spread = shape.Has(CaseOptions.Spread);
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        bool arbitrary = steps <= RnnCase.LongestArbitrary;
        InputWeights = random.Numbers<T>(inputSize * hiddenSize, arbitrary ? 1 : 2 / Math.Sqrt(inputSize), spread);
        Bias = random.Numbers<T>(hiddenSize, 0.5, spread);
        RecurrentWeights = arbitrary
            ? random.Numbers<T>(hiddenSize * hiddenSize, random.Below(2) == 0 ? 1 : 2 / Math.Sqrt(hiddenSize), spread)
            : RecurrentOfNormOne(random, hiddenSize, spread);
        Input = random.Numbers<T>(shape.Rows * inputSize, shape.Has(CaseOptions.LargeInput) ? 8 : 1, spread);
        InitialState = Given(CaseOptions.InitialState, batch * hiddenSize);
        OutputGradient = Given(CaseOptions.OutputGradient, shape.Rows * hiddenSize);
        FinalStateGradient = Given(CaseOptions.FinalGradient, batch * hiddenSize);
        T[] Given(CaseOptions flag, int length) => shape.Has(flag) ? random.Numbers<T>(length, 1, spread) : [];
    }

    public RnnCase Case { get; }

    public T[] InputWeights { get; set; }

    public T[] RecurrentWeights { get; set; }

    public T[] Bias { get; set; }

    public T[] Input { get; set; }

    public T[] InitialState { get; set; }

    public T[] OutputGradient { get; set; }

    public T[] FinalStateGradient { get; set; }

    public Activation Activation => Case.Has(CaseOptions.Relu) ? Activation.Relu : Activation.Tanh;

    public double RecurrentNorm() => ReferenceMatrixNorm.SpectralUpperBound(Wide(RecurrentWeights), Case.HiddenSize);

    /// <summary>What gradients hold before a pass adds to them.</summary>
    public T[] GradientsStart(int length, int tensor)
    {
        var random = new CaseRandom(Case.Seed, 1000 + tensor);
        return Case.Has(CaseOptions.GradientsStart) ? random.Numbers<T>(length) : new T[length];
    }

    /// <summary>The same numbers in double; exact.</summary>
    public static double[] Wide(ReadOnlySpan<T> numbers)
    {
        double[] wide = new double[numbers.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = double.CreateChecked(numbers[i]);
        return wide;
    }

    /// <summary>Uniform entries of variance 0.9 / 4H have a spectral norm near 0.95; where it is above 1 it is scaled down.</summary>
    private static T[] RecurrentOfNormOne(CaseRandom random, int hiddenSize, bool spread)
    {
        double scale = Math.Sqrt(3 * 0.9 / (4.0 * hiddenSize));
        T[] weights = random.Numbers<T>(hiddenSize * hiddenSize, scale, spread);
        double norm = ReferenceMatrixNorm.SpectralUpperBound(Wide(weights), hiddenSize);
        if (norm <= 1) return weights;
        T factor = T.CreateChecked(1 / (norm * (1 + 1e-6)));
        for (int i = 0; i < weights.Length; i++) weights[i] *= factor;
        return weights;
    }
}
