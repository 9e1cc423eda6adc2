using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Reference;
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
    /// <summary>What no module has; <see cref="TorchEquationsTests"/> has it.</summary>
    private const PeerTraits NoModule = PeerTraits.Projection | PeerTraits.Peepholes | PeerTraits.CoupledForget | PeerTraits.ResetBefore
        | PeerTraits.Clip | PeerTraits.OtherActivations;

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
            PeerTraits traits = (PeerTraits)(seed * 409) & ~PeerTraits.LargeInput;
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
        where TProduct : struct, IReferenceProduct =>
        TorchAgreement.Check<TProduct>(cell, drawn.Without(NoModule), (stack, shape) =>
            new TorchStack(stack, type, shape.Has(PeerTraits.BatchFirst)).Run());
}
