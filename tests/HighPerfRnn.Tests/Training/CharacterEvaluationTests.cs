using System.Numerics;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Tests.Models;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

/// <summary>The mean loss of a text, which is cut into windows of 256 where nobody sees it.</summary>
public sealed class CharacterEvaluationTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(100)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(258)]
    [InlineData(513)]
    [InlineData(700)]
    public void TheLossIsThatOfOnePass(int length)
    {
        CheckLoss<float>(length);
        CheckLoss<double>(length);
    }

    [Fact]
    public void WorkersGiveTheSameBits()
    {
        CharacterModel<float> model = ModelSamples.Model<float>();
        int[] tokens = ModelSamples.Tokens(600);
        double expected = CharacterEvaluation.MeanLoss<float>(model, tokens);
        foreach (int count in (int[])[1, 2, 3])
        {
            using var workers = new WorkerGroup(count, multiplyAddsPerWorker: 0);
            Assert.Equal(expected, CharacterEvaluation.MeanLoss<float>(model, tokens, workers));
        }

        CharacterModel<float> inference = ModelSamples.Model<float>(isTrainable: false);
        Assert.Equal(expected, CharacterEvaluation.MeanLoss<float>(inference, tokens));
    }

    [Fact]
    public void AModelThatKnowsNothingHasTheLogarithmOfItsAlphabet()
    {
        var model = new CharacterModel<double>(ModelSamples.Alphabet, ModelSamples.Options);
        model.Repack();
        Assert.Equal(Math.Log(11), CharacterEvaluation.MeanLoss<double>(model, ModelSamples.Tokens(50)), 1e-14);
    }

    [Fact]
    public void ATrainableModelTakesNoMoreMemory()
    {
        int[] tokens = ModelSamples.Tokens(300);
        CharacterModel<float> trainable = ModelSamples.Model<float>(), inference = ModelSamples.Model<float>(isTrainable: false);
        _ = (Bytes(trainable), Bytes(inference));
        Assert.Equal(Bytes(inference), Bytes(trainable));

        long Bytes(CharacterModel<float> model)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            CharacterEvaluation.MeanLoss<float>(model, tokens);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void WrongTextsAreNamed()
    {
        CharacterModel<float> model = ModelSamples.Model<float>();
        Assert.Throws<ArgumentException>("tokens", () => CharacterEvaluation.MeanLoss<float>(model, [1]));
        int[] tokens = ModelSamples.Tokens(300);
        tokens[^1] = 11;
        var error = Assert.Throws<ArgumentException>("tokens", () => CharacterEvaluation.MeanLoss<float>(model, tokens));
        Assert.Contains("tokens[299] is 11; expected 0 to 10", error.Message, StringComparison.Ordinal);
    }

    private static void CheckLoss<T>(int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterModel<T> model = ModelSamples.Model<T>();
        int[] tokens = ModelSamples.Tokens(length);
        int predicted = length - 1;
        var pass = new CharacterModelPass<T>(model, predicted, batch: 1);
        pass.Forward(tokens.AsSpan(0, predicted));
        T[] losses = new T[predicted];
        SoftmaxCrossEntropy<T>.Forward(pass.Logits, tokens.AsSpan(1), model.Alphabet.Count, losses, 1);
        // Rows are the same bits wherever they stand: only where the windows' sums in double join may a last bit differ.
        double sum = 0;
        for (int start = 0; start < predicted; start += 256)
        {
            double window = 0;
            foreach (T loss in losses.AsSpan(start, Math.Min(256, predicted - start))) window += double.CreateChecked(loss);
            sum += window;
        }

        double actual = CharacterEvaluation.MeanLoss<T>(model, tokens);
        Assert.Equal(sum / predicted, actual);
        Assert.Equal(losses.Sum(loss => double.CreateChecked(loss)) / predicted, actual, 1e-14 * length);

        var windowed = new CharacterModelPass<T>(model, 256, batch: 1);
        for (int start = 0; start < predicted; start += 256)
        {
            int count = Math.Min(256, predicted - start);
            windowed.Forward(tokens.AsSpan(start, count));
            Compare.Bits<T>(pass.Logits.Slice(start * 11, count * 11), windowed.Logits, $"logits from {start}");
            windowed.CarryState();
        }
    }
}
