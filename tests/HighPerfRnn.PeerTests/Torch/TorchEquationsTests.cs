using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Reference;
using TorchSharp;
using Xunit;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>
/// Variants that no module of PyTorch has, outputs and all gradients, against its primitives and its autograd: projection,
/// peepholes, coupled forget gates, resets before the product, clips, every activation.
/// </summary>
public sealed class TorchEquationsTests
{
    [TorchProperty]
    public void RnnInDouble(PeerCase drawn) => Agree<TorchDouble>("rnn", drawn, torch.ScalarType.Float64);

    [TorchProperty]
    public void LstmInDouble(PeerCase drawn) => Agree<TorchDouble>("lstm", drawn, torch.ScalarType.Float64);

    [TorchProperty]
    public void GruInDouble(PeerCase drawn) => Agree<TorchDouble>("gru", drawn, torch.ScalarType.Float64);

    [TorchProperty]
    public void LstmInFloat(PeerCase drawn) => Agree<TorchFloat>("lstm", drawn, torch.ScalarType.Float32);

    /// <summary>Should this fail, TorchSharp has proj_size now: compare with the module itself.</summary>
    [Fact]
    public void TorchSharpHasNoProjection()
    {
        string[] parameters = [.. typeof(torch.nn).GetMethods()
            .Where(method => method.Name == nameof(torch.nn.LSTM))
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.Name!)];
        Assert.Contains(parameters, name => name.Contains("hidden", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(parameters, name => name.Contains("proj", StringComparison.OrdinalIgnoreCase));
    }

    private static void Agree<TProduct>(string cell, PeerCase drawn, torch.ScalarType type)
        where TProduct : struct, IReferenceProduct
    {
        // Functions without bounds make states that grow with every step; a few steps are enough of them.
        PeerCase shape = drawn with { Layers = 1, Steps = drawn.Has(PeerTraits.OtherActivations) ? Math.Min(3, drawn.Steps) : drawn.Steps };
        TorchAgreement.Check<TProduct>(cell, shape, (stack, _) => new TorchEquations(stack, type).Run());
    }
}
