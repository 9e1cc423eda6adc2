using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>The bits of passes, and what they refuse before they write.</summary>
public sealed class CharacterModelPassTests
{
    private const int Steps = 6;
    private const int Batch = 3;

    private static readonly int[] Tokens = ModelSamples.Tokens(Steps * Batch);

    [Theory]
    [MemberData(nameof(ModelSamples.Cells), MemberType = typeof(ModelSamples))]
    public void CarriedWindowsAreOneLongWindow(RecurrentCellKind cell)
    {
        for (int layers = 1; layers <= 3; layers++)
        {
            CheckWindows<float>(cell, layers);
            CheckWindows<double>(cell, layers);
        }
    }

    [Theory]
    [InlineData(RecurrentCellKind.Lstm, 1)]
    [InlineData(RecurrentCellKind.Gru, 0)]
    public void CellStatesAreCarriedAndReset(RecurrentCellKind cell, int states)
    {
        CharacterModel<float> model = ModelSamples.Model<float>(cell: cell);
        var pass = new CharacterModelPass<float>(model, Steps, Batch);
        pass.Forward(Tokens);
        for (int layer = 0; layer < 2; layer++)
        {
            Assert.Equal(states * Batch * 13, pass.CellState(layer).Length);
            Assert.All(pass.CellState(layer).ToArray(), c => Assert.Equal(0, c));
        }

        pass.CarryState();
        for (int layer = 0; layer < 2; layer++) Assert.All(pass.CellState(layer).ToArray(), c => Assert.NotEqual(0, c));
        pass.ResetState();
        for (int layer = 0; layer < 2; layer++) Assert.All(pass.CellState(layer).ToArray(), c => Assert.Equal(0, c));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WorkersGiveTheSameBits(int workerCount)
    {
        using var workers = new WorkerGroup(workerCount, multiplyAddsPerWorker: 0);
        foreach (RecurrentCellKind cell in Enum.GetValues<RecurrentCellKind>()) CheckWorkers(cell, workers);
    }

    [Theory]
    [MemberData(nameof(ModelSamples.Cells), MemberType = typeof(ModelSamples))]
    public void ASessionIsAPassOfOneRow(RecurrentCellKind cell)
    {
        CharacterModel<double> model = ModelSamples.Model<double>(cell: cell);
        var pass = new CharacterModelPass<double>(model, Steps, batch: 1);
        var session = new CharacterSession<double>(model);
        int[] tokens = Tokens[..Steps];
        pass.Forward(tokens);
        for (int round = 0; round < 2; round++)
        {
            for (int t = 0; t < Steps; t++)
            {
                Compare.Bits(Row(pass.Logits, t, model.Alphabet.Count), session.Next(tokens[t]), $"step {t}");
            }

            session.Reset();
        }

        Assert.Throws<ArgumentException>("tokens", () => session.Next(-1));
    }

    [Fact]
    public void BackwardAdds()
    {
        CharacterModel<double> model = ModelSamples.Model<double>();
        var pass = new CharacterModelPass<double>(model, Steps, Batch);
        ParameterSet<double>[] once = ModelSamples.Gradients(model), twice = ModelSamples.Gradients(model);
        pass.Forward(Tokens);
        pass.Backward(Tokens, pass.Logits, once);
        pass.Backward(Tokens, pass.Logits, twice);
        pass.Backward(Tokens, pass.Logits, twice);
        for (int set = 0; set < once.Length; set++)
        {
            double largest = once[set].Values.ToArray().Max(Math.Abs);
            for (int i = 0; i < once[set].Values.Length; i++)
            {
                Assert.Equal(2 * once[set].Values[i], twice[set].Values[i], 1e-13 * largest);
            }
        }
    }

    [Fact]
    public void ARefusedWindowLeavesTheLastPass()
    {
        CharacterModel<float> model = ModelSamples.Model<float>();
        var pass = new CharacterModelPass<float>(model, Steps, Batch);
        pass.Forward(Tokens);
        float[] logits = pass.Logits.ToArray();
        int[] bad = Tokens[..(2 * Batch)];
        foreach (int token in (int[])[-1, model.Alphabet.Count, int.MaxValue])
        {
            bad[4] = token;
            var error = Assert.Throws<ArgumentException>("tokens", () => pass.Forward(bad));
            Assert.Contains($"tokens[4] is {token}; expected 0 to {model.Alphabet.Count - 1}", error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentException>("tokens", () => pass.Forward(Tokens.AsSpan(1)));
        Assert.Throws<ArgumentException>("tokens", () => pass.Forward(default));
        Assert.Throws<ArgumentException>("tokens", () => pass.Forward(new int[(Steps + 1) * Batch]));
        Compare.Bits<float>(logits, pass.Logits, "logits");
        pass.Backward(Tokens, logits, ModelSamples.Gradients(model));
    }

    [Fact]
    public void APassThatFailedOnItsWayIsNoneToGoBackThrough()
    {
        CharacterModel<float> model = ModelSamples.Model<float>();
        var pass = new CharacterModelPass<float>(model, Steps, Batch);
        Assert.Throws<InvalidOperationException>(() => pass.Backward(default, default, ModelSamples.Gradients(model)));
        pass.Forward(Tokens);
        var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        workers.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pass.Forward(Tokens, workers));
        Assert.Throws<InvalidOperationException>(() => pass.Backward(Tokens, new float[Tokens.Length * 11], ModelSamples.Gradients(model)));
        Assert.True(pass.Logits.IsEmpty);
    }

    [Fact]
    public void BackwardChecksAllBeforeItWrites()
    {
        CharacterModel<float> model = ModelSamples.Model<float>();
        var pass = new CharacterModelPass<float>(model, Steps, Batch);
        pass.Forward(Tokens);
        float[] logitsGradient = pass.Logits.ToArray();
        ParameterSet<float>[] gradients = ModelSamples.Gradients(model);
        for (int set = 0; set < gradients.Length; set++)
        {
            ParameterSet<float>[] others = [.. gradients];
            others[set] = new ParameterSet<float>(("other", 3, 3));
            Refuse("gradients", Tokens, logitsGradient, others, $"gradients[{set}] has another layout");
            others[set] = null!;
            Refuse("gradients", Tokens, logitsGradient, others, $"gradients[{set}] has another layout");
            others[set] = model.ParameterSets[set];
            Refuse("gradients", Tokens, logitsGradient, others, $"gradients[{set}] are parameters");
        }

        Refuse("gradients", Tokens, logitsGradient, gradients[1..], "3 gradient sets; expected 4");
        Refuse("logitsGradient", Tokens, logitsGradient[1..], gradients, "logitsGradient has length 197; expected 198, [T, B, V]");
        Refuse("tokens", Tokens[Batch..], logitsGradient, gradients, "tokens has length 15; expected 18");
        int[] bad = [.. Tokens];
        bad[^1] = 11;
        Refuse("tokens", bad, logitsGradient, gradients, "tokens[17] is 11; expected 0 to 10");
        Assert.All(gradients, set => Assert.All(set.Values.ToArray(), g => Assert.Equal(0, g)));

        void Refuse(string name, int[] tokens, float[] logits, ParameterSet<float>[] sets, string message)
        {
            float[][] before = ModelSamples.Values(model.ParameterSets);
            var error = Assert.Throws<ArgumentException>(name, () => pass.Backward(tokens, logits, sets));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.Equal(before, ModelSamples.Values(model.ParameterSets));
        }
    }

    [Fact]
    public void GradientsThatAreReadAreRefused()
    {
        CharacterModel<float> model = ModelSamples.Model<float>();
        var pass = new CharacterModelPass<float>(model, maxSteps: 1, batch: 1);
        pass.Forward(Tokens.AsSpan(0, 1));
        ParameterSet<float>[] gradients = ModelSamples.Gradients(model);
        Assert.Throws<ArgumentException>(
            "gradients", () => pass.Backward(Tokens.AsSpan(0, 1), gradients[1].Values[..model.Alphabet.Count], gradients));
    }

    [Fact]
    public void APassForInferenceHasNoRoomForTheWayBack()
    {
        CharacterModel<float> model = ModelSamples.Model<float>();
        // Two layers' gradients of 4,000 rows.
        Assert.InRange(Bytes(null) - Bytes(false), 2 * 4_000 * 13 * sizeof(float), long.MaxValue);
        var pass = new CharacterModelPass<float>(model, Steps, Batch, isTrainable: false);
        var other = new CharacterModelPass<float>(model, Steps, Batch);
        pass.Forward(Tokens);
        other.Forward(Tokens);
        Compare.Bits<float>(other.Logits, pass.Logits, "logits");
        Assert.Throws<InvalidOperationException>(() => pass.Backward(Tokens, pass.Logits, ModelSamples.Gradients(model)));
        CharacterModel<float> fixedModel = ModelSamples.Model<float>(isTrainable: false);
        Assert.Throws<ArgumentException>("isTrainable", () => new CharacterModelPass<float>(fixedModel, Steps, Batch, isTrainable: true));
        _ = new CharacterModelPass<float>(fixedModel, Steps, Batch);

        long Bytes(bool? isTrainable)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            _ = new CharacterModelPass<float>(model, 1000, 4, isTrainable);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static void CheckWorkers(RecurrentCellKind cell, WorkerGroup workers)
    {
        CharacterModel<float> model = ModelSamples.Model<float>(cell: cell);
        CharacterModelPass<float> alone = new(model, Steps, Batch), together = new(model, Steps, Batch);
        ParameterSet<float>[] expected = ModelSamples.Gradients(model), actual = ModelSamples.Gradients(model);
        alone.Forward(Tokens);
        together.Forward(Tokens, workers);
        Compare.Bits<float>(alone.Logits, together.Logits, "logits");
        alone.Backward(Tokens, alone.Logits, expected);
        together.Backward(Tokens, together.Logits, actual, workers);
        for (int i = 0; i < expected.Length; i++) Compare.Bits<float>(expected[i].Values, actual[i].Values, $"gradients[{i}]");
        Assert.All(expected, set => Assert.Contains(set.Values.ToArray(), g => g != 0));
    }

    private static void CheckWindows<T>(RecurrentCellKind cell, int layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterModel<T> model = ModelSamples.Model<T>(layers: layers, cell: cell);
        CharacterModelPass<T> whole = new(model, Steps, Batch), parts = new(model, maxSteps: 4, Batch);
        whole.Forward(Tokens);
        int vocabulary = model.Alphabet.Count;
        for (int round = 0; round < 2; round++)
        {
            for (int start = 0, steps = 1; start < Steps; start += steps, steps = Math.Min(4, Steps - start))
            {
                parts.Forward(Tokens.AsSpan(start * Batch, steps * Batch));
                Compare.Bits(whole.Logits.Slice(start * Batch * vocabulary, steps * Batch * vocabulary), parts.Logits, $"steps from {start}");
                parts.CarryState();
            }

            parts.ResetState();
        }
    }

    private static ReadOnlySpan<T> Row<T>(ReadOnlySpan<T> logits, int row, int vocabulary) => logits.Slice(row * vocabulary, vocabulary);
}
