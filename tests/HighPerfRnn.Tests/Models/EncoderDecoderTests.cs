using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Reference;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>The whole encoder-decoder: gradients, rows alone, workers, one token after the other.</summary>
public sealed class EncoderDecoderTests
{
    /// <remarks>The tolerance is that of <see cref="CharacterModelGradientTests"/>: the loss is a mean of some nats, all of it smooth.</remarks>
    [Theory]
    [InlineData(AttentionScore.ScaledDot, true, RecurrentCellKind.Lstm, 1, 0)]
    [InlineData(AttentionScore.ScaledDot, true, RecurrentCellKind.Lstm, 1, 0, true)]
    [InlineData(AttentionScore.Additive, false, RecurrentCellKind.Gru, 2, 0.3, true)]
    [InlineData(AttentionScore.General, false, RecurrentCellKind.Gru, 1, 0)]
    [InlineData(AttentionScore.Additive, true, RecurrentCellKind.Lstm, 2, 0)]
    [InlineData(AttentionScore.General, true, RecurrentCellKind.Lstm, 2, 0.4)]
    [InlineData(AttentionScore.Additive, false, RecurrentCellKind.Gru, 2, 0.3)]
    public void GradientsAreCentralDifferences(
        AttentionScore score, bool hasTokens, RecurrentCellKind cell, int layers, double dropout, bool outputReadsContext = false)
    {
        EncoderDecoder<double> model = new EncoderDecoderSamples<double>(score, hasTokens, dropout, seed: 4, cell, layers, outputReadsContext).Model;
        var data = new EncoderDecoderData<double>(sourceSteps: 4, targetSteps: 3, batch: 2, hasTokens, seed: 5);
        var pass = new EncoderDecoderPass<double>(model, maxSourceSteps: 5, maxTargetSteps: 4, maxBatch: 3);
        ParameterSet<double>[] gradients = [.. model.ParameterSets.Select(set => set.CreateZeros())];
        Loss(backward: true);
        for (int set = 0; set < gradients.Length; set++)
        {
            foreach (Parameter parameter in gradients[set].Parameters)
            {
                for (int i = 0; i < parameter.Length; i++)
                {
                    CentralDifference difference =
                        CentralDifferences.Entry(() => Loss(backward: false), model.ParameterSets[set].Span(parameter), i, fourthOrder: true);
                    Assert.Equal(difference.Derivative, gradients[set].Span(parameter)[i], 1e-9);
                }
            }
        }

        double Loss(bool backward)
        {
            model.Repack();
            EncoderDecoderBatch<double> batch = data.ToBatch(dropout > 0 ? 7UL : null);
            pass.Forward(batch);
            int[] targets = new int[pass.LogitRows];
            pass.CopyTargets(data.Targets, targets);
            double[] losses = new double[targets.Length];
            double loss = SoftmaxCrossEntropy<double>.ForwardBackward(
                pass.Logits, targets, EncoderDecoderSamples<double>.Vocabulary, pass.Logits, losses);
            if (backward) pass.Backward(batch, pass.Logits, gradients);
            return loss;
        }
    }

    [Theory]
    [InlineData(AttentionScore.ScaledDot, true)]
    [InlineData(AttentionScore.General, false)]
    [InlineData(AttentionScore.Additive, true)]
    [Trait("Category", "Width")]
    public void ARowHasTheSameBitsAloneAndInABatch(AttentionScore score, bool hasTokens)
    {
        EncoderDecoder<float> model = new EncoderDecoderSamples<float>(score, hasTokens).Model;
        var all = new EncoderDecoderData<float>(sourceSteps: 5, targetSteps: 4, batch: 3, hasTokens, seed: 2);
        float[] together = Logits(model, all);
        int vocabulary = EncoderDecoderSamples<float>.Vocabulary;
        for (int row = 0; row < all.Batch; row++)
        {
            float[] alone = Logits(model, all.Row(row));
            for (int step = 0, at = 0; step < all.TargetSteps; step++)
            {
                for (int other = 0; other < all.Batch; other++)
                {
                    if (step >= all.TargetLengths[other]) continue;
                    if (other == row) Assert.Equal(alone.AsSpan(step * vocabulary, vocabulary), together.AsSpan(at, vocabulary));
                    at += vocabulary;
                }
            }
        }
    }

    [Fact]
    [Trait("Category", "Width")]
    public void WorkersChangeNoBit()
    {
        EncoderDecoder<float> model = new EncoderDecoderSamples<float>(AttentionScore.General, hasTokens: true, dropout: 0.2, layers: 2).Model;
        var data = new EncoderDecoderData<float>(sourceSteps: 5, targetSteps: 4, batch: 9, hasTokens: true, seed: 2);
        using var workers = new WorkerGroup(3, multiplyAddsPerWorker: 0);
        float[] alone = Gradients(null), together = Gradients(workers);
        Assert.Equal(alone, together);

        float[] Gradients(WorkerGroup? group)
        {
            var pass = new EncoderDecoderPass<float>(model, 5, 4, 9);
            ParameterSet<float>[] gradients = [.. model.ParameterSets.Select(set => set.CreateZeros())];
            pass.Forward(data.ToBatch(3), group);
            pass.Backward(data.ToBatch(3), pass.Logits, gradients, group);
            return [.. gradients.SelectMany(set => set.Values.ToArray())];
        }
    }

    /// <summary>The tokens of a target one after the other, as another hypothesis among several, give the logits of the whole.</summary>
    [Theory]
    [InlineData(AttentionScore.ScaledDot, true)]
    [InlineData(AttentionScore.General, false)]
    [InlineData(AttentionScore.Additive, true)]
    [InlineData(AttentionScore.General, true, true)]
    public void StepsHaveTheBitsOfTheWhole(AttentionScore score, bool hasTokens, bool outputReadsContext = false)
    {
        const int width = 3, vocabulary = EncoderDecoderSamples<float>.Vocabulary;
        EncoderDecoder<float> model = new EncoderDecoderSamples<float>(score, hasTokens, layers: 2, outputReadsContext: outputReadsContext).Model;
        EncoderDecoderData<float> data = new EncoderDecoderData<float>(5, 4, 1, hasTokens, seed: 8).Row(0);
        float[] whole = Logits(model, data), logits = new float[width * vocabulary];
        var session = new EncoderDecoderSession<float>(model, maxSourceSteps: 6, width);
        if (hasTokens) session.Encode(data.SourceTokens);
        else session.Encode(data.SourceSteps, data.Source);
        // The target moves from place to place among other hypotheses.
        int[] places = [0, 2, 1, 1, 0];
        int parent = 0;
        for (int step = 0; step < data.TargetSteps; step++)
        {
            int[] parents = new int[width], tokens = [1, 2, 3];
            parents[places[step]] = parent;
            tokens[places[step]] = data.DecoderTokens[step];
            session.Score(parents, tokens, logits);
            parent = places[step];
            Assert.Equal(whole.AsSpan(step * vocabulary, vocabulary), logits.AsSpan(parent * vocabulary, vocabulary));
        }
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        EncoderDecoder<float> model = new EncoderDecoderSamples<float>(AttentionScore.General, hasTokens: true).Model;
        var pass = new EncoderDecoderPass<float>(model, 4, 3, 2);
        var data = new EncoderDecoderData<float>(5, 3, 2, hasTokens: true, seed: 1);
        ParameterSet<float>[] gradients = [.. model.ParameterSets.Select(set => set.CreateZeros())];
        Assert.Throws<InvalidOperationException>(() => pass.Backward(data.ToBatch(), [], gradients));
        Assert.Contains("SourceSteps is 5; expected 1 to 4", Assert.Throws<ArgumentException>(() => pass.Forward(data.ToBatch())).Message, StringComparison.Ordinal);
        var session = new EncoderDecoderSession<float>(model, 4, 2);
        Assert.Throws<InvalidOperationException>(() => session.Score([0, 0], [1, 1], new float[14]));
        Assert.Throws<ArgumentException>(() => session.Encode([]));
        var attention = new Attention<float>(AttentionScore.General, 3, 6);
        Assert.Throws<ArgumentException>(() => new EncoderDecoder<float>(model.Encoder, model.Decoder, attention, model.Options));
    }

    private static float[] Logits(EncoderDecoder<float> model, EncoderDecoderData<float> data)
    {
        var pass = new EncoderDecoderPass<float>(model, data.SourceSteps, data.TargetSteps, data.Batch);
        pass.Forward(data.ToBatch());
        return pass.Logits.ToArray();
    }
}
