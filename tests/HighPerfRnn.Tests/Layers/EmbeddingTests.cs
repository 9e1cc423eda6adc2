using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>The look-up table against the reference: bit for bit, since both add the same rows in the same order.</summary>
/// <remarks>A case's B·T are its rows, I its tokens, H the width of the table.</remarks>
[Trait("Category", "Width")]
public sealed class EmbeddingTests
{
    [CaseProperty]
    public void ForwardAndBackwardEqualTheReference(RnnCase shape)
    {
        Check<float>(shape);
        Check<double>(shape);
    }

    [CaseProperty]
    public void TokenOutOfRangeThrowsBeforeAnythingIsWritten(RnnCase shape)
    {
        if (shape.Rows == 0) return;
        var random = new CaseRandom(shape.Seed, 3008);
        int[] tokens = random.Indices(shape.Rows, shape.InputSize);
        int place = random.Below(tokens.Length);
        tokens[place] = random.Below(2) == 0 ? -1 - random.Below(3) : shape.InputSize + random.Below(3);
        var layer = new Embedding<float>(shape.InputSize, shape.HiddenSize);
        ParameterSet<float> gradients = layer.Parameters.CreateZeros();
        float[] rows = RnnRun<float>.Filled(shape.Rows * shape.HiddenSize);
        ArgumentException failure = Assert.Throws<ArgumentException>(() => layer.Forward(tokens, rows));
        string text = $"tokens[{place}] is {tokens[place]}; expected 0 to {shape.InputSize - 1}";
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => layer.Backward(tokens, rows, gradients));
        Assert.True(rows.All(float.IsNaN));
        Assert.True(gradients.Values.IndexOfAnyExcept(0f) < 0);
    }

    [Fact]
    public void WrongLengthsThrow()
    {
        var layer = new Embedding<float>(4, 3);
        ParameterSet<float> gradients = layer.Parameters.CreateZeros();
        ArgumentException failure = Assert.Throws<ArgumentException>(() => layer.Forward([1, 2], new float[5]));
        Assert.Contains("output has length 5; expected 6", failure.Message, StringComparison.Ordinal);
        failure = Assert.Throws<ArgumentException>(() => layer.Backward([1, 2], new float[7], gradients));
        Assert.Contains("outputGradient has length 7; expected 6", failure.Message, StringComparison.Ordinal);
        ParameterSet<float> other = new Embedding<float>(4, 4).Parameters.CreateZeros();
        Assert.Throws<ArgumentException>(() => layer.Backward([1, 2], new float[6], other));
    }

    private static void Check<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape);
        int[] tokens = new CaseRandom(shape.Seed, 3009).Indices(shape.Rows, shape.InputSize);
        var layer = new Embedding<T>(shape.InputSize, shape.HiddenSize);
        data.InputWeights.CopyTo(layer.Parameters["weight"]);
        T[] output = RnnRun<T>.Filled(shape.Rows * shape.HiddenSize);
        layer.Forward(tokens, output);
        T[] expected = new T[output.Length];
        ReferenceEmbedding.Forward<T>(shape.HiddenSize, tokens, data.InputWeights, expected);
        Compare.Bits(expected, output, "output");

        ParameterSet<T> gradients = layer.Parameters.CreateZeros();
        T[] start = data.GradientsStart(data.InputWeights.Length, 0);
        start.CopyTo(gradients["weight"]);
        T[] outputGradient = new CaseRandom(shape.Seed, 3010).Numbers<T>(output.Length);
        layer.Backward(tokens, outputGradient, gradients);
        ReferenceEmbedding.Backward<T>(shape.HiddenSize, tokens, outputGradient, start);
        Compare.Bits<T>(start, gradients["weight"], "gradient");
    }
}
