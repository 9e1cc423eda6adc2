using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Conformance;
using HighPerfRnn.Tests.Definitions;
using TorchSharp;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>
/// Every system of ours against torch.nn.RNN, LSTM and GRU: outputs, final states and all gradients, in float and in double,
/// within bounds that follow from floating-point arithmetic.
/// </summary>
public sealed class TorchTests(ITestOutputHelper log)
{
    private const string Name = "TorchSharp";

    [TorchProperty]
    public void RnnInDouble(PeerCase drawn) => Agree<TorchDouble>("rnn", drawn, torch.ScalarType.Float64);

    [TorchProperty]
    public void LstmInDouble(PeerCase drawn) => Agree<TorchDouble>("lstm", drawn, torch.ScalarType.Float64);

    [TorchProperty]
    public void GruInDouble(PeerCase drawn) => Agree<TorchDouble>("gru", drawn, torch.ScalarType.Float64);

    [TorchProperty]
    public void RnnInFloat(PeerCase drawn) => Agree<TorchFloat>("rnn", drawn, torch.ScalarType.Float32);

    [TorchProperty]
    public void LstmInFloat(PeerCase drawn) => Agree<TorchFloat>("lstm", drawn, torch.ScalarType.Float32);

    [TorchProperty]
    public void GruInFloat(PeerCase drawn) => Agree<TorchFloat>("gru", drawn, torch.ScalarType.Float32);

    /// <summary>
    /// No agreement by saying nothing: in the middle of all tensors, gradients among them, the widest bound is below 2⁻⁴⁰ of the
    /// largest number in double, and below 2⁻¹³ in float.
    /// </summary>
    [TorchTheory]
    [InlineData("rnn")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void TheBoundsSayMuch(string cell)
    {
        List<double> inDouble = [];
        List<double> inFloat = [];
        for (int seed = 0; seed < 20; seed++)
        {
            PeerTraits traits = (PeerTraits)(seed * 409) & ~(PeerTraits.LargeInput | PeerTraits.Projection);
            var shape = new PeerCase(3, seed % 2 == 0 ? 1 : 10, 12, 16, 1 + (seed % 2), seed, traits);
            inDouble.AddRange(Agree<TorchDouble>(cell, shape, torch.ScalarType.Float64).Widths);
            inFloat.AddRange(Agree<TorchFloat>(cell, shape, torch.ScalarType.Float32).Widths);
        }

        inDouble.Sort();
        inFloat.Sort();
        (double middleInDouble, double middleInFloat) = (inDouble[inDouble.Count / 2], inFloat[inFloat.Count / 2]);
        log.WriteLine($"{cell}: the widest bound is {middleInDouble:E1} of the largest number in double, {middleInFloat:E1} in float.");
        Assert.InRange(middleInDouble, 0, Math.ScaleB(1, -40));
        Assert.InRange(middleInFloat, 0, Math.ScaleB(1, -13));
    }

    /// <summary>A packed sequence has no row without steps. Should this fail, rows of length 0 can be compared here too.</summary>
    [TorchFact]
    public void RowsWithoutStepsAreRefused()
    {
        LayerStack stack = LayerStack.Create("gru", new PeerCase(2, 3, 2, 2, 1, 1, PeerTraits.None), 0);
        stack = stack with { Layers = [stack.First with { Lengths = [3, 0] }] };
        Assert.ThrowsAny<Exception>(() => new TorchStack(stack, torch.ScalarType.Float32, batchFirst: false).Run());
    }

    private static Agreement Agree<TProduct>(string cell, PeerCase drawn, torch.ScalarType type)
        where TProduct : struct, IReferenceProduct
    {
        PeerCase shape = drawn.Without(PeerTraits.Projection); // TorchProjectionTests
        (LayerStack stack, Dictionary<string, Bounded> bounds) = Draw<TProduct>(cell, shape);
        Dictionary<string, double[]> peer = new TorchStack(stack, type, shape.Has(PeerTraits.BatchFirst)).Run();
        Agreement agreement = new Agreement(Name, peer, bounds).WithTheDefinition();
        if (stack.Layers.Count > 1)
        {
            agreement.With("reference in float", stack.Run<float>(ReferenceRnn.FlushBelowFloat), stack.Bounds<AnyFloat>(ReferenceRnn.FlushBelowFloat));
            agreement.With("reference in double", stack.Run<double>(ReferenceRnn.FlushBelowDouble), stack.Bounds<AnyDouble>(ReferenceRnn.FlushBelowDouble));
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
        BoundedResults<RecurrentGradients> gradients = own.Bounds.RunBackward(layer, given, out int uncertainKinks);
        if (uncertainKinks > 0) return;
        agreement.With(
            own.Name,
            StackNames.Of(stack, system.RunBackward(layer, given)),
            Agreement.Join(StackNames.Of(stack, gradients.Values), StackNames.Of(stack, gradients.Errors)));
    }

    /// <summary>The definition with bounds on numbers that keep the units of ReLU off their kinks, where gradients jump.</summary>
    private static (LayerStack Stack, Dictionary<string, Bounded> Bounds) Draw<TProduct>(string cell, PeerCase shape)
        where TProduct : struct, IReferenceProduct
    {
        for (int draw = 0; draw < 100; draw++)
        {
            LayerStack stack = LayerStack.Create(cell, shape, draw);
            Dictionary<string, Bounded> bounds = stack.Bounds<TProduct>(flushBelow: 0, out int uncertainKinks);
            if (uncertainKinks == 0) return (stack, bounds);
            if (draw >= 2) shape = shape with { Steps = (shape.Steps + 1) / 2, HiddenSize = (shape.HiddenSize + 1) / 2, Batch = (shape.Batch + 1) / 2 };
        }

        throw new InvalidOperationException($"No draw of {shape} keeps its units off their kinks.");
    }
}
