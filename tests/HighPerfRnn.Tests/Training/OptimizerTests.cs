using System.Numerics;
using FsCheck.Xunit;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

public class OptimizerTests
{
    private const int Steps = 12;

    /// <summary>A formula for one parameter: what it remembers is in state, step counts from 1.</summary>
    private delegate double Formula(double p, double g, double[] state, int step, double rate);

    [Fact]
    public void SgdWithMomentumByHand()
    {
        // b = 0.5, θ = 1 - 0.1·0.5; b = 0.9·0.5 - 0.25 = 0.2, θ = 0.95 - 0.1·0.2.
        CheckByHand(p => new Sgd<double>(p, momentum: 0.9), 0.1, [0.95, 0.93], 1e-15);
    }

    [Fact]
    public void SgdWithWeightDecayByHand() =>
        // θ = 1 - 0.1·(0.5 + 0.2·1) = 0.93; θ = 0.93 - 0.1·(-0.25 + 0.2·0.93) = 0.9364.
        CheckByHand(p => new Sgd<double>(p, weightDecay: 0.2), 0.1, [0.93, 0.9364], 1e-15);

    [Fact]
    public void RmsPropByHand() =>
        // v = 0.01·0.25 = 0.0025, θ = 1 - 0.01·0.5 / 0.05 = 0.9; v = 0.99·0.0025 + 0.01·0.0625 = 0.0031, √v = 0.0556776436283002.
        CheckByHand(p => new RmsProp<double>(p), 0.01, [0.9, 0.9 + (0.0025 / 0.0556776436283002)], 3e-8);

    [Fact]
    public void AdamByHand() =>
        // θ = 1 - 0.1·0.5 / 0.5; m̂ = 0.02 / 0.19 = 0.105263157894737, v̂ = 0.00031225 / 0.001999, √v̂ = 0.3952253807016642.
        CheckByHand(p => new Adam<double>(p), 0.1, [0.9, 0.9 - (0.0105263157894737 / 0.3952253807016642)], 1e-8);

    [Fact]
    public void AdamWByHand() =>
        // As Adam, after θ·(1 - 0.1·0.01) each time.
        CheckByHand(p => new AdamW<double>(p), 0.1, [0.899, (0.899 * 0.999) - (0.0105263157894737 / 0.3952253807016642)], 1e-8);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.9, 0)]
    [InlineData(0.5, 0.01)]
    public void SgdIsItsFormula(double momentum, double weightDecay) =>
        CheckFormula(
            p => new Sgd<double>(p, momentum, weightDecay),
            p => new Sgd<float>(p, momentum, weightDecay),
            (p, g, state, step, rate) =>
            {
                g += weightDecay * p;
                state[0] = step == 1 ? g : (momentum * state[0]) + g;
                return p - (rate * state[0]);
            });

    [Theory]
    [InlineData(0.99, 1e-8, 0)]
    [InlineData(0.9, 1e-3, 0.01)]
    public void RmsPropIsItsFormula(double alpha, double epsilon, double weightDecay) =>
        CheckFormula(
            p => new RmsProp<double>(p, alpha, epsilon, weightDecay),
            p => new RmsProp<float>(p, alpha, epsilon, weightDecay),
            (p, g, state, step, rate) =>
            {
                g += weightDecay * p;
                state[0] = (alpha * state[0]) + ((1 - alpha) * g * g);
                return p - (rate * g / (Math.Sqrt(state[0]) + epsilon));
            });

    [Theory]
    [InlineData(0.9, 0.999, 1e-8, 0, false)]
    [InlineData(0.8, 0.95, 1e-4, 0.1, false)]
    [InlineData(0.9, 0.999, 1e-8, 0.01, true)]
    [InlineData(0, 0.9, 1e-6, 0.5, true)]
    public void AdamIsItsFormula(double beta1, double beta2, double epsilon, double weightDecay, bool isDecoupled) =>
        CheckFormula(
            p => isDecoupled
                ? new AdamW<double>(p, beta1, beta2, epsilon, weightDecay)
                : new Adam<double>(p, beta1, beta2, epsilon, weightDecay),
            p => isDecoupled
                ? new AdamW<float>(p, beta1, beta2, epsilon, weightDecay)
                : new Adam<float>(p, beta1, beta2, epsilon, weightDecay),
            (p, g, state, step, rate) =>
            {
                if (isDecoupled) p -= rate * weightDecay * p;
                else g += weightDecay * p;
                state[0] = (beta1 * state[0]) + ((1 - beta1) * g);
                state[1] = (beta2 * state[1]) + ((1 - beta2) * g * g);
                double m = state[0] / (1 - Math.Pow(beta1, step));
                double v = state[1] / (1 - Math.Pow(beta2, step));
                return p - (rate * m / (Math.Sqrt(v) + epsilon));
            });

    [Property(MaxTest = 30)]
    public void ARestoredOptimizerContinuesWithTheSameBits(ulong seed, byte split)
    {
        foreach (Func<IReadOnlyList<ParameterSet<float>>, Optimizer<float>> create in Creators<float>())
        {
            ParameterSet<float>[] parameters = Sets<float>(seed), gradients = Sets<float>(seed + 1);
            Optimizer<float> optimizer = create(parameters);
            ParameterSet<float>[] others = Sets<float>(0);
            Optimizer<float> resumed = create(others);
            for (int step = 0; step < Steps; step++)
            {
                if (step == split % Steps)
                {
                    for (int i = 0; i < others.Length; i++) parameters[i].Values.CopyTo(others[i].Values);
                    for (int i = 0; i < optimizer.States.Count; i++)
                    {
                        Assert.Equal((optimizer.States[i].Name, optimizer.States[i].SetIndex), (resumed.States[i].Name, resumed.States[i].SetIndex));
                        optimizer.States[i].Values.Values.CopyTo(resumed.States[i].Values.Values);
                    }

                    resumed.StepCount = optimizer.StepCount;
                }

                Fill(gradients, seed + (ulong)step);
                optimizer.Step(gradients, 0.01);
                if (step >= split % Steps) resumed.Step(gradients, 0.01);
            }

            AssertSame(parameters, others);
            Assert.Equal(Steps, resumed.StepCount);
        }
    }

    [Fact]
    public void WorkersGiveTheSameBitsAndGapsStayZero()
    {
        using var workers = new WorkerGroup(3, multiplyAddsPerWorker: 0);
        foreach (Func<IReadOnlyList<ParameterSet<double>>, WorkerGroup?, Optimizer<double>> create in
            (Func<IReadOnlyList<ParameterSet<double>>, WorkerGroup?, Optimizer<double>>[])
            [
                (p, w) => new Sgd<double>(p, 0.9, 0.1, w),
                (p, w) => new RmsProp<double>(p, 0.99, 1e-8, 0.1, w),
                (p, w) => new Adam<double>(p, weightDecay: 0.1, workers: w),
                (p, w) => new AdamW<double>(p, workers: w),
            ])
        {
            ParameterSet<double>[] alone = Sets<double>(1), together = Sets<double>(1), gradients = Sets<double>(2);
            Optimizer<double> one = create(alone, null), several = create(together, workers);
            for (int step = 0; step < 3; step++)
            {
                one.Step(gradients, 0.1);
                several.Step(gradients, 0.1);
            }

            AssertSame(alone, together);
            foreach (ParameterSet<double> set in alone)
            {
                double inside = 0, all = 0;
                foreach (Parameter parameter in set.Parameters)
                {
                    foreach (double value in set.Span(parameter)) inside += Math.Abs(value);
                }

                foreach (double value in set.Values) all += Math.Abs(value);
                Assert.Equal(inside, all);
            }
        }
    }

    [Fact]
    public void EveryWidthGivesTheSameBits()
    {
        CheckRule<float, SgdRule<float>>(new SgdRule<float> { LearningRate = 0.1f, Momentum = 0.9f, WeightDecay = 0.01f });
        CheckRule<float, RmsPropRule<float>>(new RmsPropRule<float> { LearningRate = 0.1f, Alpha = 0.9f, OneMinusAlpha = 0.1f, Epsilon = 1e-8f, WeightDecay = 0.01f });
        CheckRule<float, AdamRule<float>>(new AdamRule<float>(0.9, 0.999, 1e-8, 0.1, 3) { WeightDecay = 0.01f, Shrink = 0.999f });
        CheckRule<double, SgdRule<double>>(new SgdRule<double> { LearningRate = 0.1, Momentum = 0.9, WeightDecay = 0.01 });
        CheckRule<double, RmsPropRule<double>>(new RmsPropRule<double> { LearningRate = 0.1, Alpha = 0.9, OneMinusAlpha = 0.1, Epsilon = 1e-8, WeightDecay = 0.01 });
        CheckRule<double, AdamRule<double>>(new AdamRule<double>(0.9, 0.999, 1e-8, 0.1, 3) { WeightDecay = 0.01, Shrink = 0.999 });
    }

    [Fact]
    public void MomentsThatDecayEndAtZero()
    {
        var parameters = new ParameterSet<float>(("w", 0, 16));
        ParameterSet<float> gradients = parameters.CreateZeros();
        var optimizer = new Adam<float>([parameters], beta2: 0.9);
        gradients["w"].Fill(1e-3f);
        optimizer.Step([gradients], 0.1);
        gradients["w"].Clear();
        for (int step = 0; step < 1000; step++) optimizer.Step([gradients], 0.1);
        Assert.All(optimizer.States[0].Values["w"].ToArray(), m => Assert.Equal(0, m));
        Assert.All(optimizer.States[1].Values["w"].ToArray(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void StatesHavePyTorchsNames()
    {
        ParameterSet<float>[] sets = Sets<float>(1);
        Assert.Empty(new Sgd<float>(sets).States);
        Assert.Equal([("momentum_buffer", 0), ("momentum_buffer", 1)], Names(new Sgd<float>(sets, 0.9)));
        Assert.Equal([("square_avg", 0), ("square_avg", 1)], Names(new RmsProp<float>(sets)));
        Assert.Equal([("exp_avg", 0), ("exp_avg_sq", 0), ("exp_avg", 1), ("exp_avg_sq", 1)], Names(new Adam<float>(sets)));
        Assert.Equal(Names(new Adam<float>(sets)), Names(new AdamW<float>(sets)));
        Assert.Equal("sgd rmsprop adam adamw", string.Join(' ', Creators<float>().Skip(1).Select(create => create(sets).Name)));

        static IEnumerable<(string, int)> Names(Optimizer<float> optimizer) => optimizer.States.Select(s => (s.Name, s.SetIndex));
    }

    [Fact]
    public void WrongSettingsAndGradientsAreRefused()
    {
        ParameterSet<float>[] sets = Sets<float>(1);
        float[] before = sets[0].Values.ToArray();
        Assert.Throws<ArgumentOutOfRangeException>("momentum", () => new Sgd<float>(sets, 1));
        Assert.Throws<ArgumentOutOfRangeException>("weightDecay", () => new Sgd<float>(sets, 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>("alpha", () => new RmsProp<float>(sets, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("beta1", () => new Adam<float>(sets, beta1: 1));
        Assert.Throws<ArgumentOutOfRangeException>("beta2", () => new AdamW<float>(sets, beta2: -0.1));
        Assert.Throws<ArgumentOutOfRangeException>("epsilon", () => new Adam<float>(sets, epsilon: 0));
        Assert.Throws<ArgumentOutOfRangeException>("epsilon", () => new Adam<float>(sets, epsilon: 1e-60));
        var optimizer = new Adam<float>(sets);
        Assert.Throws<ArgumentException>("gradients", () => optimizer.Step([sets[0]], 0.1));
        Assert.Throws<ArgumentException>("gradients", () => optimizer.Step([sets[0], sets[0]], 0.1));
        Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => optimizer.Step(sets, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => optimizer.Step(sets, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => optimizer.StepCount = -1);
        Assert.Equal(0, optimizer.StepCount);
        Assert.Equal(before, sets[0].Values.ToArray());
    }

    [Fact]
    public void AStepThatFailedIsNotCounted()
    {
        var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        ParameterSet<float>[] sets = Sets<float>(1), gradients = Sets<float>(2), others = Sets<float>(1);
        Optimizer<float> optimizer = new Adam<float>(sets, workers: workers), other = new Adam<float>(others);
        optimizer.Step(gradients, 0.1);
        other.Step(gradients, 0.1);
        workers.Dispose();
        Assert.Throws<ObjectDisposedException>(() => optimizer.Step(gradients, 0.1));
        Assert.Equal(1, optimizer.StepCount);
        AssertSame(others, sets);
    }

    private static IEnumerable<Func<IReadOnlyList<ParameterSet<T>>, Optimizer<T>>> Creators<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [
            p => new Sgd<T>(p),
            p => new Sgd<T>(p, 0.9, 0.01),
            p => new RmsProp<T>(p),
            p => new Adam<T>(p),
            p => new AdamW<T>(p),
        ];

    private static ParameterSet<T>[] Sets<T>(ulong seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ParameterSet<T>[] sets = [new(("weight_ih", 7, 5), ("bias", 0, 5)), new(("weight", 3, 33))];
        Fill(sets, seed);
        return sets;
    }

    private static void Fill<T>(ParameterSet<T>[] sets, ulong seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new CounterRandom(seed);
        foreach (ParameterSet<T> set in sets)
        {
            foreach (Parameter parameter in set.Parameters) Initialization.Normal(set.Span(parameter), 0, 1, ref random);
        }
    }

    private static void CheckByHand(
        Func<IReadOnlyList<ParameterSet<double>>, Optimizer<double>> create, double rate, double[] expected, double tolerance)
    {
        var parameters = new ParameterSet<double>(("w", 0, 1));
        ParameterSet<double> gradients = parameters.CreateZeros();
        parameters["w"][0] = 1;
        Optimizer<double> optimizer = create([parameters]);
        for (int step = 0; step < 2; step++)
        {
            gradients["w"][0] = step == 0 ? 0.5 : -0.25;
            optimizer.Step([gradients], rate);
            Assert.Equal(expected[step], parameters["w"][0], tolerance);
        }
    }

    private static void CheckFormula(
        Func<IReadOnlyList<ParameterSet<double>>, Optimizer<double>> createDouble,
        Func<IReadOnlyList<ParameterSet<float>>, Optimizer<float>> createFloat,
        Formula formula)
    {
        CheckFormula(createDouble, formula, 1e-14);
        CheckFormula(createFloat, formula, 1e-5);
    }

    private static void CheckFormula<T>(Func<IReadOnlyList<ParameterSet<T>>, Optimizer<T>> create, Formula formula, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ParameterSet<T>[] parameters = Sets<T>(1), gradients = Sets<T>(2);
        Optimizer<T> optimizer = create(parameters);
        double[] expected = new double[7 * 5];
        double[][] states = [.. expected.Select(_ => new double[2])];
        for (int i = 0; i < expected.Length; i++) expected[i] = double.CreateChecked(parameters[0]["weight_ih"][i]);
        for (int step = 1; step <= Steps; step++)
        {
            Fill(gradients, (ulong)step);
            double rate = 0.02 / step;
            optimizer.Step(gradients, rate);
            Assert.Equal(step, optimizer.StepCount);
            for (int i = 0; i < expected.Length; i++)
            {
                double g = double.CreateChecked(gradients[0]["weight_ih"][i]);
                expected[i] = formula(expected[i], g, states[i], step, rate);
                Assert.Equal(expected[i], double.CreateChecked(parameters[0]["weight_ih"][i]), tolerance);
            }
        }
    }

    private static void CheckRule<T, TRule>(TRule rule)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TRule : struct, IUpdateRule<T>
    {
        T[] scalar = RunAt<ScalarLane<T>>();
        Assert.Equal(scalar, RunAt<VectorLane<T>>());
        Assert.Equal(scalar, RunAt<Vector512Lane<T>>());

        T[] RunAt<TLane>()
            where TLane : struct, ILane<TLane, T>
        {
            T[] values = new T[4 * 48];
            var random = new CounterRandom(3);
            Initialization.Normal<T>(values, 0, 1, ref random);
            Span<T> second = values.AsSpan(144);
            for (int i = 0; i < second.Length; i++) second[i] = T.Abs(second[i]);
            new UpdateJob<T, TRule>
            {
                Rule = rule,
                Parameters = values.AsSpan(0, 48),
                Gradients = values.AsSpan(48, 48),
                FirstState = values.AsSpan(96, 48),
                SecondState = second,
            }.Run<TLane>(WorkerTeam.Alone);
            return values;
        }
    }

    private static void AssertSame<T>(ParameterSet<T>[] expected, ParameterSet<T>[] actual)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i].Values.ToArray(), actual[i].Values.ToArray());
    }
}
