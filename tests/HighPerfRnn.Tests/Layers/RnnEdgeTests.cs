using System.Numerics;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>No steps at all, and numbers that decay to nothing.</summary>
[Trait("Category", "Width")]
public sealed class RnnEdgeTests
{
    [CaseProperty]
    public void WithoutStepsTheStateAndItsGradientPassThrough(RnnCase shape)
    {
        CheckNoSteps<float>(shape);
        CheckNoSteps<double>(shape);
    }

    [CaseProperty]
    public void DecayingStatesAndGradientsBecomeZero(RnnCase shape)
    {
        CheckDecay<float>(shape, -100, -30, 4);
        CheckDecay<double>(shape, -900, -300, 40);
    }

    [CaseProperty]
    public void NoStateIsBelowTheGuard(RnnCase shape)
    {
        RnnRun<float> run = RnnRun<float>.Both(new RnnData<float>(shape with { Options = shape.Options | CaseOptions.Spread }));
        AssertFlushed<float>(run.Output, -100);
    }

    private static void CheckNoSteps<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var data = new RnnData<T>(shape with { Steps = 0 });
        var run = new RnnRun<T>(data);
        T[] before = (T[])run.InitialStateGradient.Clone();
        T[] parameters = run.Gradients.Values.ToArray();
        run.Forward();
        run.Backward();
        Compare.Bits(data.InitialState.Length > 0 ? data.InitialState : new T[before.Length], run.FinalState, "final state");
        for (int i = 0; i < data.FinalStateGradient.Length; i++) before[i] += data.FinalStateGradient[i];
        Compare.Bits(before, run.InitialStateGradient, "dh0");
        Compare.Bits<T>(parameters, run.Gradients.Values, "parameter gradients");
    }

    /// <summary>
    /// A state 2ⁿ under a diagonal of ±2⁻ᵏ and no input: every h is a power of two so small that tanh x = x, so that the
    /// library equals the reference exactly, zeros from the guard on included; likewise the gradients of h, each of which is dX
    /// here, on the way back.
    /// </summary>
    private static void CheckDecay<T>(RnnCase shape, int guard, int start, int perStep)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int size = Math.Min(shape.HiddenSize, 70);
        shape = shape with
        {
            Steps = 30,
            Batch = Math.Min(shape.Batch, 4),
            InputSize = size,
            HiddenSize = size,
            Options = (shape.Options | CaseOptions.InitialState | CaseOptions.FinalGradient)
                & ~(CaseOptions.OutputGradient | CaseOptions.GradientsStart),
        };
        var random = new CaseRandom(shape.Seed, 3005);
        T[] recurrent = new T[size * size];
        T[] identity = new T[size * size];
        for (int i = 0; i < size; i++)
        {
            recurrent[(i * size) + i] = Power(-perStep);
            identity[(i * size) + i] = T.One;
        }

        var data = new RnnData<T>(shape)
        {
            InputWeights = identity,
            RecurrentWeights = recurrent,
            Bias = new T[size],
            Input = new T[shape.Rows * size],
            InitialState = Powers(),
            FinalStateGradient = Powers(),
        };
        RnnRun<T> run = RnnRun<T>.Both(data);
        AssertFlushed<T>(run.Output, guard);
        AssertFlushed<T>(run.InputGradient, guard);
        ReferenceRun reference = ReferenceRun.Forward(data);
        reference.Backward();
        double[] exactly = new double[Math.Max(reference.States.Length, run.InputGradient.Length)];
        Compare.Within<T>(reference.States, run.Output, exactly, "output");
        Compare.Within<T>(reference.Gradients[0], run.InputGradient, exactly, "dX");
        Compare.Within<T>(reference.Gradients[1], run.InitialStateGradient, exactly, "dh0");

        T Power(int exponent) => T.ScaleB(random.Below(2) == 0 ? T.One : -T.One, exponent);

        T[] Powers()
        {
            T[] powers = new T[shape.Batch * size];
            for (int i = 0; i < powers.Length; i++) powers[i] = Power(start - random.Below(8));
            return powers;
        }
    }

    private static void AssertFlushed<T>(T[] values, int guard)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T smallest = T.ScaleB(T.One, guard);
        for (int i = 0; i < values.Length; i++)
        {
            T value = values[i];
            if (T.Abs(value) < smallest && (value != T.Zero || T.IsNegative(value))) Assert.Fail($"[{i}] is {value:R}; expected +0.");
        }
    }
}
