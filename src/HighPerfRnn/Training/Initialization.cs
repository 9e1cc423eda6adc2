using System.Numerics;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Training;

/// <summary>
/// First values of parameters. Numbers are drawn and worked in double and rounded to T at the end: the same seed gives the
/// same bits on every machine, and in float the double's numbers rounded.
/// </summary>
public static class Initialization
{
    /// <summary>
    /// Uniform in [-bound, bound) in double, then rounded to T, overwriting: in float the largest draws, at most one in 2²⁵, come
    /// out as the bound itself, rounded.
    /// </summary>
    /// <param name="values">What is filled, in order.</param>
    /// <param name="bound">Where the range ends.</param>
    /// <param name="random">The generator; two words a value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bound is negative or not finite.</exception>
    public static void Uniform<T>(Span<T> values, double bound, ref CounterRandom random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckScale(bound, nameof(bound));
        foreach (ref T value in values) value = ExactMath.Narrow<T>(((2 * random.NextDouble()) - 1) * bound);
    }

    /// <summary>Normal with the given mean and standard deviation, overwriting.</summary>
    /// <param name="values">What is filled, in order.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="standardDeviation">The standard deviation.</param>
    /// <param name="random">The generator.</param>
    /// <exception cref="ArgumentOutOfRangeException">The standard deviation is negative, or a number is not finite.</exception>
    public static void Normal<T>(Span<T> values, double mean, double standardDeviation, ref CounterRandom random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!double.IsFinite(mean)) throw new ArgumentOutOfRangeException(nameof(mean), mean, "expected a finite number");
        CheckScale(standardDeviation, nameof(standardDeviation));
        foreach (ref T value in values) value = ExactMath.Narrow<T>((random.NextGaussian() * standardDeviation) + mean);
    }

    /// <summary>Uniform in ±gain·√(6 / (fanIn + fanOut)), overwriting (Glorot and Bengio, 2010; PyTorch's xavier_uniform_).</summary>
    /// <param name="values">What is filled, in order.</param>
    /// <param name="fanIn">How many inputs each output sums over.</param>
    /// <param name="fanOut">How many outputs each input goes to.</param>
    /// <param name="random">The generator; two words a value.</param>
    /// <param name="gain">What the range is multiplied by.</param>
    /// <exception cref="ArgumentOutOfRangeException">A fan is not positive, or the gain is negative or not finite.</exception>
    public static void XavierUniform<T>(Span<T> values, int fanIn, int fanOut, ref CounterRandom random, double gain = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fanIn);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fanOut);
        CheckScale(gain, nameof(gain));
        Uniform(values, gain * Math.Sqrt(6 / ((double)fanIn + fanOut)), ref random);
    }

    /// <summary>
    /// gain·Q, overwriting, where Q [rows, columns] is uniform among the matrices whose rows (whose columns, if there are
    /// fewer of them) are orthonormal (Saxe, McClelland and Ganguli, 2014; PyTorch's orthogonal_).
    /// </summary>
    /// <remarks>
    /// Modified Gram-Schmidt, each vector twice, over normal draws, in double: what is left of the others in a vector is of the
    /// order of u (Giraud, Langou and Rozložník, 2005). It takes room for the matrix in double.
    /// </remarks>
    /// <param name="values">[rows, columns], row-major.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="gain">What Q is multiplied by.</param>
    /// <param name="random">The generator.</param>
    /// <exception cref="ArgumentException">The length of values is not rows · columns.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or the gain is negative or not finite.</exception>
    public static void Orthogonal<T>(Span<T> values, int rows, int columns, double gain, ref CounterRandom random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        CheckScale(gain, nameof(gain));
        Layers.Check.Shape(values.Length, nameof(values), "[rows, columns]", rows, columns);
        int count = Math.Min(rows, columns);
        int length = Math.Max(rows, columns);
        int stride = OrthonormalVectors.Stride(length);
        Span<double> vectors = new double[checked(count * stride)];
        OrthonormalVectors.Draw(vectors, count, length, ref random);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                double q = rows >= columns ? vectors[(column * stride) + row] : vectors[(row * stride) + column];
                values[(row * columns) + column] = ExactMath.Narrow<T>(gain * q);
            }
        }
    }

    /// <summary>
    /// As <see cref="Orthogonal"/>, but for a matrix of G gates side by side, [hidden, G·hidden]: each gate's block is a square Q of its own,
    /// drawn one after the other.
    /// </summary>
    /// <param name="values">[hidden, G·hidden], row-major.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="gates">G.</param>
    /// <param name="gain">What each Q is multiplied by.</param>
    /// <param name="random">The generator.</param>
    /// <exception cref="ArgumentException">The length of values is not hidden · G · hidden.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or the gain is negative or not finite.</exception>
    public static void OrthogonalGates<T>(Span<T> values, int hiddenSize, int gates, double gain, ref CounterRandom random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hiddenSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(gates);
        CheckScale(gain, nameof(gain));
        Layers.Check.Shape(values.Length, nameof(values), "[hidden, G, hidden]", hiddenSize, gates, hiddenSize);
        Span<T> block = new T[checked(hiddenSize * hiddenSize)];
        for (int gate = 0; gate < gates; gate++)
        {
            Orthogonal(block, hiddenSize, hiddenSize, gain, ref random);
            for (int row = 0; row < hiddenSize; row++)
            {
                block.Slice(row * hiddenSize, hiddenSize).CopyTo(values[(((row * gates) + gate) * hiddenSize)..]);
            }
        }
    }

    /// <summary>
    /// ν of <see cref="Layers.Lru{T}"/>, overwriting, so that the decays λ = e^(-e^ν) are uniform between two bounds: ν = ln(-ln λ)
    /// (Orvieto et al. 2023, section 3.3, for a λ that is real).
    /// </summary>
    /// <param name="values">ν [H], filled in order.</param>
    /// <param name="least">The fastest decay, above 0.</param>
    /// <param name="most">The slowest decay, at least <paramref name="least"/> and below 1.</param>
    /// <param name="random">The generator; two words a value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bounds are not in order between 0 and 1.</exception>
    public static void Decays<T>(Span<T> values, double least, double most, ref CounterRandom random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!(least > 0 && least < 1)) throw new ArgumentOutOfRangeException(nameof(least), least, "expected a number between 0 and 1");
        if (!(most >= least && most < 1)) throw new ArgumentOutOfRangeException(nameof(most), most, $"expected a number from {least} to below 1");
        foreach (ref T value in values)
        {
            double decay = least + ((most - least) * random.NextDouble());
            value = ExactMath.Narrow<T>(ExactMath.Log(-ExactMath.Log(decay)));
        }
    }

    private static void CheckScale(double value, string name)
    {
        if (!(value >= 0 && double.IsFinite(value)))
        {
            throw new ArgumentOutOfRangeException(name, value, "expected a finite number of at least 0");
        }
    }
}
