using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Reference;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>Networks that label: gradients with every pooling, rows alone, workers, one step after the other.</summary>
public sealed class SequenceClassifierTests
{
    public static TheoryData<PoolingKind?, bool, bool> Kinds
    {
        get
        {
            var data = new TheoryData<PoolingKind?, bool, bool>();
            foreach (PoolingKind? kind in (PoolingKind?[])[null, .. Enum.GetValues<PoolingKind>()])
            {
                data.Add(kind, true, false);
                data.Add(kind, false, true);
            }

            return data;
        }
    }

    /// <remarks>The tolerance is that of <see cref="EncoderDecoderTests"/>; the largest of a column is never near the next one here.</remarks>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void GradientsAreCentralDifferences(PoolingKind? pooling, bool hasTokens, bool hasDropout)
    {
        var sample = new SequenceClassifierSamples<double>(pooling, hasTokens, dropout: hasDropout ? 0.3 : 0);
        SequenceClassifier<double> model = sample.Model;
        var pass = new SequenceClassifierPass<double>(model, maxSteps: 5, maxBatch: 4);
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
            SequenceBatch<double> batch = sample.ToBatch();
            pass.Forward(batch);
            double loss = SoftmaxCrossEntropy<double>.ForwardBackward(
                pass.Logits,
                sample.Targets,
                model.OutputSize,
                pass.Logits,
                new double[sample.Targets.Length],
                new CrossEntropyOptions<double> { IgnoredTarget = -1 });
            if (backward) pass.Backward(batch, pass.Logits, gradients);
            return loss;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    [Trait("Category", "Width")]
    public void ARowHasTheSameBitsAloneInABatchAndWithWorkers(PoolingKind? pooling, bool hasTokens, bool isCausal)
    {
        var sample = new SequenceClassifierSamples<float>(pooling, hasTokens, isCausal);
        using var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        var pass = new SequenceClassifierPass<float>(sample.Model, sample.Steps, sample.Batch);
        pass.Forward(sample.ToBatch(), workers);
        int classes = sample.Model.OutputSize;
        for (int row = 0; row < sample.Batch; row++)
        {
            float[] alone = sample.Alone(row);
            for (int step = 0; step < alone.Length / classes; step++)
            {
                int at = pooling is null ? (step * sample.Batch) + row : row;
                Assert.Equal(alone.AsSpan(step * classes, classes), pass.Logits.Slice(at * classes, classes));
            }
        }
    }

    [Fact]
    public void ASessionHasTheBitsOfTheSequence()
    {
        var sample = new SequenceClassifierSamples<float>(null, hasTokens: false, isCausal: true);
        float[] whole = sample.Alone(0);
        var session = new SequenceClassifierSession<float>(sample.Model);
        for (int round = 0; round < 2; round++)
        {
            for (int step = 0; step < sample.Steps; step++)
            {
                ReadOnlySpan<float> logits = session.Step(sample.InputOf(step, 0));
                Assert.Equal(whole.AsSpan(step * logits.Length, logits.Length), logits);
            }

            session.Reset();
        }
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        var pooled = new SequenceClassifierSamples<float>(PoolingKind.Mean, hasTokens: false);
        Assert.Throws<ArgumentException>(() => new SequenceClassifierSession<float>(pooled.Model));
        Assert.Throws<ArgumentException>(() => new SequenceClassifier<float>(pooled.Model.Encoder, new SequencePooling<float>(PoolingKind.Max, 5), 2));
        var pass = new SequenceClassifierPass<float>(pooled.Model, pooled.Steps - 1, pooled.Batch);
        Assert.Throws<ArgumentException>(() => pass.Forward(pooled.ToBatch()));
        ParameterSet<float>[] gradients = [.. pooled.Model.ParameterSets.Select(set => set.CreateZeros())];
        Assert.Throws<InvalidOperationException>(() => pass.Backward(pooled.ToBatch(), [], gradients));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SequencePooling<float>(PoolingKind.Last, 4, reverseSize: 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SequencePooling<float>((PoolingKind)9, 4));
    }

    [Fact]
    public void APoolingOfNoStepsIsZero()
    {
        foreach (PoolingKind kind in Enum.GetValues<PoolingKind>())
        {
            var pooling = new SequencePooling<float>(kind, 3);
            float[] output = [7, 7, 7, 7, 7, 7], workspace = new float[pooling.WorkspaceSize(2, 2)], reserve = new float[pooling.ReserveSize(2, 2)];
            pooling.Forward(new PoolingForward<float>
            {
                Steps = 2,
                Batch = 2,
                Input = [1, 2, 3, 4, 5, 6, 3, 2, 1, 0, 0, 0],
                Lengths = [2, 0],
                Output = output,
                Reserve = reserve,
                Workspace = workspace,
            });
            Assert.Equal([0, 0, 0], output[3..]);
            float[] expected = kind switch
            {
                PoolingKind.Last => [3, 2, 1],
                PoolingKind.Max => [3, 2, 3],
                _ => [2, 2, 2],
            };
            Assert.Equal(expected, output[..3]);
        }
    }
}
