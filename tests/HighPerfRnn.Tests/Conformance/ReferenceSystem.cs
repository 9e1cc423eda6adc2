using System.Numerics;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>The naive reference.</summary>
internal sealed class ReferenceSystem<T>(double flushBelow) : IRecurrentGradientSystem
    where T : struct, IBinaryFloatingPointIeee754<T>
{
    private readonly ReferenceFloatingPoint<T> _math = new(flushBelow);

    public string? ReasonToSkip(RecurrentLayer layer) => null;

    public IReadOnlyList<RecurrentResult> Run(RecurrentLayer layer) =>
        ReferenceLayer.Results(ReferenceLayer.Forward(layer, _math), double.CreateChecked);

    public IReadOnlyList<RecurrentGradients> RunBackward(RecurrentLayer layer, IReadOnlyList<RecurrentOutputGradients> outputGradients) =>
        ReferenceLayer.Gradients(ReferenceLayer.Both(layer, outputGradients, _math), double.CreateChecked);
}
