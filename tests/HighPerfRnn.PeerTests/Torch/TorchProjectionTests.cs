using HighPerfRnn.PeerTests.Generation;
using TorchSharp;
using Xunit;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>The LSTM's projection, outputs and all gradients, against PyTorch's primitives and its autograd.</summary>
public sealed class TorchProjectionTests
{
    [TorchProperty]
    public void InDouble(PeerCase drawn) => TorchAgreement.Check<TorchDouble>(
        "lstm", Projected(drawn), (stack, _) => new TorchProjection(stack, torch.ScalarType.Float64).Run());

    [TorchProperty]
    public void InFloat(PeerCase drawn) => TorchAgreement.Check<TorchFloat>(
        "lstm", Projected(drawn), (stack, _) => new TorchProjection(stack, torch.ScalarType.Float32).Run());

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

    private static PeerCase Projected(PeerCase drawn) => drawn with { Layers = 1, Traits = drawn.Traits | PeerTraits.Projection };
}
