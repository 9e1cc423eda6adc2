using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

/// <summary>What runs every iteration allocates nothing, from its first call on.</summary>
public class TrainingAllocationTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void LossClippingAndStepsAllocateNothing(int workerCount)
    {
        using WorkerGroup? workers = workerCount == 0 ? null : new WorkerGroup(workerCount, multiplyAddsPerWorker: 0);
        Assert.Equal(0, LeastBytes<float>(workers));
        Assert.Equal(0, LeastBytes<double>(workers));
    }

    [Fact]
    public void DrawsAndSchedulesAllocateNothing()
    {
        double[] values = new double[1000];
        int[] items = new int[50];
        var schedule = LearningRateSchedule.Cosine(1, 100).WithLinearWarmup(10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var random = new CounterRandom(1);
        Initialization.XavierUniform<double>(values, 10, 100, ref random);
        Initialization.Normal<double>(values, 0, 1, ref random);
        random.Shuffle<int>(items);
        values[0] = schedule.At(5) + schedule.At(50) + random.NextInt(9);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>
    /// Of three attempts on objects of their own: now and then the runtime itself allocates on whatever thread calls a method that it
    /// is about to compile anew; what the library allocates shows in each.
    /// </summary>
    private static long LeastBytes<T>(WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Enumerable.Range(0, 3).Min(_ => MeasureBytes<T>(workers));

    private static long MeasureBytes<T>(WorkerGroup? workers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int rows = 12, classes = 65;
        T[] logits = new T[rows * classes], losses = new T[rows];
        int[] targets = new int[rows];
        ParameterSet<T>[] parameters = [new(("weight", 7, 5), ("bias", 0, 5)), new(("weight", 30, 33))];
        ParameterSet<T>[] gradients = [parameters[0].CreateZeros(), parameters[1].CreateZeros()];
        gradients[1].Values.Fill(T.One);
        Optimizer<T>[] optimizers =
        [
            new Sgd<T>(parameters, workers: workers),
            new Sgd<T>(parameters, 0.9, 0.01, workers),
            new RmsProp<T>(parameters, workers: workers),
            new Adam<T>(parameters, workers: workers),
            new AdamW<T>(parameters, workers: workers),
        ];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
        {
            SoftmaxCrossEntropy<T>.Forward(logits, targets, classes, losses, null, workers);
            SoftmaxCrossEntropy<T>.ForwardBackward(logits, targets, classes, logits, losses, null, workers);
            GradientClipping.ByGlobalNorm(gradients, 1);
            foreach (Optimizer<T> optimizer in optimizers) optimizer.Step(gradients, 0.01);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
