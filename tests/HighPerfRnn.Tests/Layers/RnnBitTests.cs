using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>One answer, bit for bit, over steps, chunks and batches.</summary>
[Trait("Category", "Width")]
public sealed class RnnBitTests
{
    [CaseProperty]
    public void StepsEqualOneSequence(RnnCase shape)
    {
        CheckSteps<float>(shape);
        CheckSteps<double>(shape);
    }

    [CaseProperty]
    public void ChunksWithCarriedStateEqualOneSequence(RnnCase shape)
    {
        CheckChunks<float>(shape);
        CheckChunks<double>(shape);
    }

    [CaseProperty]
    public void RowAloneEqualsRowInBatch(RnnCase shape)
    {
        CheckRowsAlone<float>(shape);
        CheckRowsAlone<double>(shape);
    }

    [CaseProperty]
    public void RunTwiceGivesTheSameBits(RnnCase shape)
    {
        var data = new RnnData<float>(shape);
        Compare.SameRun(RnnRun<float>.Both(data), RnnRun<float>.Both(data), "twice");
    }

    private static void CheckSteps<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape);
        var run = new RnnRun<T>(data);
        run.Forward();
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        T[] state = data.InitialState.Length > 0 ? data.InitialState : new T[batch * hiddenSize];
        T[] workspace = RnnRun<T>.Filled(new Rnn<T>(inputSize, hiddenSize).WorkspaceSize(1, batch));
        for (int t = 0; t < steps; t++)
        {
            T[] next = RnnRun<T>.Filled(state.Length);
            run.Layer.Step(data.Input.AsSpan(t * batch * inputSize, batch * inputSize), state, next, workspace);
            Compare.Bits<T>(run.Output.AsSpan(t * state.Length, state.Length), next, $"{typeof(T).Name} step {t}");
            state = next;
        }

        Compare.Bits(run.FinalState, state, "last state");
    }

    private static void CheckChunks<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape);
        var run = new RnnRun<T>(data);
        run.Forward();
        (int batch, int steps, int inputSize, int hiddenSize, _, _) = shape;
        T[] output = RnnRun<T>.Filled(run.Output.Length);
        T[] state = RnnRun<T>.Filled(batch * hiddenSize);
        var random = new CaseRandom(shape.Seed, 3000);
        int longest = 1 + random.Below(Math.Max(1, steps));
        T[] workspace = RnnRun<T>.Filled(new Rnn<T>(inputSize, hiddenSize).WorkspaceSize(longest, batch));
        bool isFirst = true;
        for (int start = 0; start < steps || isFirst; isFirst = false)
        {
            int length = Math.Min(random.Below(longest + 1), steps - start);
            run.Layer.Forward(new RnnForward<T>
            {
                Steps = length,
                Batch = batch,
                Input = data.Input.AsSpan(start * batch * inputSize, length * batch * inputSize),
                // The state is carried in place: read before it is written.
                InitialState = isFirst ? data.InitialState : state,
                Output = output.AsSpan(start * state.Length, length * state.Length),
                FinalState = state,
                Workspace = workspace,
            });
            start += length;
        }

        Compare.Bits(run.Output, output, typeof(T).Name + " output");
        Compare.Bits(run.FinalState, state, "final state");
    }

    private static void CheckRowsAlone<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape);
        RnnRun<T> run = RnnRun<T>.Both(data);
        var random = new CaseRandom(shape.Seed, 3001);
        int count = random.Below(2) == 0 ? 1 : 1 + random.Below(shape.Batch);
        int first = random.Below(shape.Batch - count + 1);
        var rows = new RowsOf(shape, first, count);
        var part = new RnnData<T>(shape with { Batch = count })
        {
            InputWeights = data.InputWeights,
            RecurrentWeights = data.RecurrentWeights,
            Bias = data.Bias,
            Input = rows.Take(data.Input, shape.InputSize),
            InitialState = rows.Take(data.InitialState, shape.HiddenSize),
            OutputGradient = rows.Take(data.OutputGradient, shape.HiddenSize),
            FinalStateGradient = rows.Take(data.FinalStateGradient, shape.HiddenSize),
        };
        var alone = new RnnRun<T>(part)
        {
            InputGradient = rows.Take(new RnnRun<T>(data).InputGradient, shape.InputSize),
            InitialStateGradient = rows.Take(new RnnRun<T>(data).InitialStateGradient, shape.HiddenSize),
        };
        alone.Forward();
        alone.Backward();
        string what = $"{typeof(T).Name}, rows {first} to {first + count - 1}: ";
        Compare.Bits(rows.Take(run.Output, shape.HiddenSize), alone.Output, what + "output");
        Compare.Bits(rows.Take(run.FinalState, shape.HiddenSize), alone.FinalState, what + "final state");
        Compare.Bits(rows.Take(run.InputGradient, shape.InputSize), alone.InputGradient, what + "dX");
        Compare.Bits(rows.Take(run.InitialStateGradient, shape.HiddenSize), alone.InitialStateGradient, what + "dh0");
    }
}
