using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <content>Weights in smaller formats, for inference.</content>
public abstract partial class RecurrentLayer<T>
{
    /// <summary>How the passes hold the weights: <see cref="WeightFormat.Full"/> until <see cref="UseWeights"/> says otherwise.</summary>
    public WeightFormat WeightFormat { get; private set; }

    /// <summary>The row-major weights are gone.</summary>
    private bool IsReleased => Parameters.Parameters[0].Name != "weight_ih";

    private bool HasBackward => _isTrainable && WeightFormat == WeightFormat.Full;

    /// <summary>
    /// Takes the parameters as they are now for the passes that follow, in a format. Forward passes and steps then work as before,
    /// on the same spans; outside <see cref="WeightFormat.Full"/> there is no backward pass. It may be called again, with any
    /// format, but not while a pass runs.
    /// </summary>
    /// <param name="format">The format; docs/numerics.md has its equations and the bounds of its errors.</param>
    /// <param name="keepParameters">
    /// False to let go of the row-major weights for good. The layer then holds the bias, the cell's vectors and
    /// <see cref="WeightConversion.Bytes"/> of packed weights, where it otherwise holds 4·G·H·(I + H) bytes more;
    /// <see cref="Parameters"/> has the bias and the vectors alone, and training,
    /// <see cref="Repack"/>, another call of this and tokens without a table are refused.
    /// </param>
    /// <returns>Bytes and errors of each matrix.</returns>
    /// <remarks>
    /// Rows of <see cref="RnnForward{T}.Tokens"/> are looked up, not multiplied, and so not rounded. In <see cref="WeightFormat.Int8"/>
    /// an input or state that is NaN or infinite makes all sums of its row NaN, and so does a weight with the sums of its column.
    /// Unlike the passes, this allocates.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">There is no such format.</exception>
    /// <exception cref="NotSupportedException">The layer is not of float, or I or H is above 32,768 in Int8.</exception>
    /// <exception cref="InvalidOperationException">The weights were let go of before.</exception>
    public WeightConversion UseWeights(WeightFormat format, bool keepParameters = true)
    {
        if (!Enum.IsDefined(format)) throw new ArgumentOutOfRangeException(nameof(format), format, "expected Full, BFloat16 or Int8");
        ThrowIfReleased();
        if (format != WeightFormat.Full && typeof(T) != typeof(float))
        {
            throw new NotSupportedException($"{format} weights are for layers of float; this one is of {typeof(T).Name}.");
        }

        if (format == WeightFormat.Int8 && Math.Max(InputSize, Math.Max(HiddenSize, OutputSize)) > Int8Format.MaxDepth)
        {
            throw new NotSupportedException(
                $"Int8 weights are for I, H and P up to {Int8Format.MaxDepth}; I is {InputSize}, H is {HiddenSize} and P is {OutputSize}.");
        }

        WeightFormat = format;
        _isTrainable &= keepParameters;
        _packed = new PackedParameters<T>(Parameters, InputSize, _layout, HasBackward, format);
        WeightConversion conversion = _packed.Convert();
        if (!keepParameters)
        {
            ParameterSet<T> all = Parameters;
            Parameters = new ParameterSet<T>(ParametersOf(InputSize, _layout).Where(parameter => parameter.Rows == 0).ToArray());
            foreach (Parameter parameter in Parameters.Parameters) all[parameter.Name].CopyTo(Parameters.Span(parameter));
            _packed.Release();
        }

        return conversion;
    }

    private void ThrowIfReleased()
    {
        if (!IsReleased) return;
        throw new InvalidOperationException("The layer has let go of its weights: UseWeights was called with keepParameters: false.");
    }
}
