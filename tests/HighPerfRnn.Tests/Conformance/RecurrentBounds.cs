using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>Results of the definition in double, and how far a product's may be from them.</summary>
internal sealed record BoundedResults<TResult>(IReadOnlyList<TResult> Values, IReadOnlyList<TResult> Errors);

/// <summary>The definition with bounds that hold for one arithmetic.</summary>
internal interface IRecurrentBounds
{
    BoundedResults<RecurrentResult> Run(RecurrentLayer layer);

    /// <summary>Gradients jump at kinks: a unit so near one that rounding decides on its side has bounds that say little.</summary>
    BoundedResults<RecurrentGradients> RunBackward(RecurrentLayer layer, IReadOnlyList<RecurrentOutputGradients> outputGradients);
}

/// <inheritdoc cref="IRecurrentBounds"/>
/// <param name="flushBelow">The product's subnormal guard; 0 for none.</param>
internal sealed class RecurrentBounds<TProduct>(double flushBelow) : IRecurrentBounds
    where TProduct : struct, IReferenceProduct
{
    public BoundedResults<RecurrentResult> Run(RecurrentLayer layer)
    {
        ReferenceSequence<BoundedNumber<TProduct>>[] run = ReferenceLayer.Forward(layer, new ReferenceBounded<TProduct>(flushBelow));
        return new(ReferenceLayer.Results(run, Value), ReferenceLayer.Results(run, Error));
    }

    public BoundedResults<RecurrentGradients> RunBackward(RecurrentLayer layer, IReadOnlyList<RecurrentOutputGradients> outputGradients)
    {
        ReferenceSequence<BoundedNumber<TProduct>>[] run =
            ReferenceLayer.Both(layer, outputGradients, new ReferenceBounded<TProduct>(flushBelow));
        return new(ReferenceLayer.Gradients(run, Value), ReferenceLayer.Gradients(run, Error));
    }

    private static double Value(BoundedNumber<TProduct> number) => number.Value;

    private static double Error(BoundedNumber<TProduct> number) => number.Error;
}
