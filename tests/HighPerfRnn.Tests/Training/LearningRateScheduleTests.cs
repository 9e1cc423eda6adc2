using FsCheck.Xunit;
using HighPerfRnn.Training;
using Xunit;

namespace HighPerfRnn.Tests.Training;

public class LearningRateScheduleTests
{
    [Fact]
    public void ConstantStays()
    {
        var schedule = LearningRateSchedule.Constant(2e-3);
        Assert.Equal(2e-3, schedule.At(0));
        Assert.Equal(2e-3, schedule.At(long.MaxValue));
        Assert.Equal(0, default(LearningRateSchedule).At(5));
    }

    [Fact]
    public void CosineGoesFromThePeakToItsFraction()
    {
        var schedule = LearningRateSchedule.Cosine(1, 100, 0.1);
        Assert.Equal(1, schedule.At(0));
        Assert.Equal(0.55, schedule.At(50), 1e-15);
        Assert.Equal(0.1, schedule.At(100));
        Assert.Equal(0.1, schedule.At(1000));
        Assert.Equal(0.1 + (0.9 * (1 + Math.Cos(Math.PI * 0.3)) / 2), schedule.At(30), 1e-15);
        Assert.Equal(0, LearningRateSchedule.Cosine(3e-4, 7).At(7));
        Assert.True(LearningRateSchedule.Cosine(3e-4, 7).At(6) > 1e-5);
    }

    [Fact]
    public void WarmupClimbsInEqualSteps()
    {
        var schedule = LearningRateSchedule.Constant(1).WithLinearWarmup(4);
        Assert.Equal([0.2, 0.4, 0.6, 0.8, 1, 1], Enumerable.Range(0, 6).Select(i => schedule.At(i)));

        var cosine = LearningRateSchedule.Cosine(2, 14, 0.5).WithLinearWarmup(4);
        Assert.Equal(1.6, cosine.At(3));
        Assert.Equal(2, cosine.At(4));
        Assert.Equal(1.5, cosine.At(9), 1e-15);
        Assert.Equal(1, cosine.At(14));
        Assert.Equal(cosine, LearningRateSchedule.Cosine(2, 14, 0.5).WithLinearWarmup(4));
        Assert.Equal(LearningRateSchedule.Constant(1), schedule.WithLinearWarmup(0));
    }

    [Property(MaxTest = 200)]
    public void ACosineNeverRisesAndStaysWithinItsRange(uint iterations, byte warmup, byte fraction)
    {
        long end = 300 + (iterations % 1_000_000);
        double final = fraction / 255.0;
        LearningRateSchedule schedule = LearningRateSchedule.Cosine(1, end, final).WithLinearWarmup(warmup);
        double before = 1 + 1e-15;
        for (int i = 0; i <= 50; i++)
        {
            double rate = schedule.At(warmup + ((end - warmup) * i / 50));
            Assert.InRange(rate, final - 1e-15, before);
            before = rate;
        }
    }

    [Fact]
    public void WrongNumbersAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("rate", () => LearningRateSchedule.Constant(-1));
        Assert.Throws<ArgumentOutOfRangeException>("rate", () => LearningRateSchedule.Cosine(double.NaN, 5));
        Assert.Throws<ArgumentOutOfRangeException>("iterations", () => LearningRateSchedule.Cosine(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>("finalFraction", () => LearningRateSchedule.Cosine(1, 5, 1.5));
        Assert.Throws<ArgumentOutOfRangeException>("iterations", () => LearningRateSchedule.Cosine(1, 5).WithLinearWarmup(5));
        Assert.Throws<ArgumentOutOfRangeException>("iterations", () => LearningRateSchedule.Constant(1).WithLinearWarmup(-1));
        Assert.Throws<ArgumentOutOfRangeException>("iteration", () => LearningRateSchedule.Constant(1).At(-1));
    }
}
