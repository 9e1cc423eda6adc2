using HighPerfRnn.Kernels;
using HighPerfRnn.Training;

namespace HighPerfRnn.Benchmarks.Pointwise;

/// <summary>A function over numbers of some library, verified when it is made.</summary>
public abstract class PointwiseWork : IWork
{
    // Peers state a few units in the last place of each result; this is what a wrong function would miss by far.
    private const double Tolerance = 1e-5;

    /// <summary>Draws the numbers within ±4.</summary>
    protected PointwiseWork(PointwiseCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        Case = work;
        var random = new CounterRandom(1);
        Input = new NativeBuffer(work.Length);
        Output = new NativeBuffer(work.Length);
        Initialization.Uniform(Input.Span, 4, ref random);
    }

    /// <summary>The row.</summary>
    protected PointwiseCase Case { get; }

    /// <summary>The numbers.</summary>
    protected NativeBuffer Input { get; }

    /// <summary>What the function makes of them.</summary>
    protected NativeBuffer Output { get; }

    /// <summary>The target of the cross-entropy.</summary>
    protected int Target => Case.Length / 2;

    /// <inheritdoc/>
    public abstract void Run();

    /// <summary>The work itself, once its results have been compared with those of double.</summary>
    /// <exception cref="InvalidOperationException">A result is wrong.</exception>
    public PointwiseWork Verified()
    {
        Run();
        double[] input = Array.ConvertAll(Input.Span.ToArray(), value => (double)value);
        double sum = input.Sum(Math.Exp);
        for (int i = 0; i < input.Length; i++)
        {
            double expected = Case.Function switch
            {
                PointwiseFunction.Tanh => Math.Tanh(input[i]),
                PointwiseFunction.Sigmoid => 1 / (1 + Math.Exp(-input[i])),
                _ => (Math.Exp(input[i]) / sum) - (i == Target ? 1 : 0),
            };
            if (Math.Abs(Output.Span[i] - expected) <= Tolerance) continue;
            throw new InvalidOperationException($"{Case}: result {i} is {Output.Span[i]}; expected {expected}.");
        }

        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        GC.SuppressFinalize(this);
    }
}
