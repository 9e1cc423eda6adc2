using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using HighPerfRnn.Tests.Definitions;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>A case through TorchSharp and through all that is ours.</summary>
internal static class TorchAgreement
{
    private const string Name = "TorchSharp";

    /// <summary>Far below what float can hold, so that nothing on the way overflows in one type and not in the other.</summary>
    private const double Largest = 1L << 40;

    /// <summary>One layer is every system's work; several are the reference's, which hands the numbers of its own type on.</summary>
    /// <param name="cell">rnn, lstm or gru.</param>
    /// <param name="drawn">The case.</param>
    /// <param name="run">The peer, whose arithmetic is TProduct.</param>
    public static Agreement Check<TProduct>(string cell, PeerCase drawn, Func<LayerStack, PeerCase, Dictionary<string, double[]>> run)
        where TProduct : struct, IReferenceProduct
    {
        (LayerStack stack, PeerCase shape, Dictionary<string, Bounded> bounds) = Draw<TProduct>(cell, drawn);
        Agreement agreement = new Agreement(Name, run(stack, shape), bounds).WithTheDefinition();
        if (stack.Layers.Count > 1)
        {
            (double inFloat, double inDouble) = (ReferenceRnn.FlushBelowFloat, ReferenceRnn.FlushBelowDouble);
            agreement.With("reference in float", stack.Run<float>(inFloat), stack.Bounds<AnyFloat>(inFloat));
            agreement.With("reference in double", stack.Run<double>(inDouble), stack.Bounds<AnyDouble>(inDouble));
            return agreement;
        }

        foreach (OwnSystem own in RecurrentSystems.All) AgreeWith(own, agreement, stack);
        return agreement;
    }

    /// <summary>A lone layer: what the system gives of it, gradients where it has them.</summary>
    private static void AgreeWith(OwnSystem own, Agreement agreement, LayerStack stack)
    {
        RecurrentLayer layer = stack.First;
        if (own.System.ReasonToSkip(layer) is not null) return;
        BoundedResults<RecurrentResult> bounds = own.Bounds.Run(layer);
        agreement.With(
            own.Name,
            StackNames.Of(layer, own.System.Run(layer)),
            Agreement.Join(StackNames.Of(layer, bounds.Values), StackNames.Of(layer, bounds.Errors)));
        if (own.System is not IRecurrentGradientSystem system) return;
        RecurrentOutputGradients[] given = stack.OutputGradients();
        BoundedResults<RecurrentGradients> gradients = own.Bounds.RunBackward(layer, given);
        agreement.With(
            own.Name,
            StackNames.Of(stack, system.RunBackward(layer, given)),
            Agreement.Join(StackNames.Of(stack, gradients.Values), StackNames.Of(stack, gradients.Errors)));
    }

    /// <summary>The definition with bounds, on numbers that keep all units off their kinks, where gradients jump, and that do not grow.</summary>
    private static (LayerStack Stack, PeerCase Shape, Dictionary<string, Bounded> Bounds) Draw<TProduct>(string cell, PeerCase shape)
        where TProduct : struct, IReferenceProduct
    {
        for (int draw = 0; draw < 100; draw++)
        {
            LayerStack stack = LayerStack.Create(cell, shape, draw);
            Dictionary<string, Bounded> bounds = stack.Bounds<TProduct>(flushBelow: 0, out int uncertainKinks);
            bool isSmall = bounds.Values.All(tensor => tensor.Values.All(value => Math.Abs(value) <= Largest));
            if (uncertainKinks == 0 && isSmall) return (stack, shape, bounds);
            if (draw < 2) continue;
            shape = shape with
            {
                Steps = (shape.Steps + 1) / 2,
                HiddenSize = (shape.HiddenSize + 1) / 2,
                Batch = (shape.Batch + 1) / 2,
            };
        }

        throw new InvalidOperationException($"No draw of {shape} keeps its units off their kinks.");
    }
}
