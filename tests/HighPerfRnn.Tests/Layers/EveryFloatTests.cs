using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Layers;

/// <summary>
/// tanh of every float from 0 to 10; beyond it is 1, and for negative ones the sign is put back, as <see cref="ActivationTests"/>
/// holds. One lane of one number: that every width gives its bits is held elsewhere.
/// </summary>
public class EveryFloatTests(ITestOutputHelper log)
{
    private const int Parts = 64;

    [Fact]
    public void TanhOfEveryFloatIsWithinItsUlpsAndNeverBeyondOne()
    {
        uint end = BitConverter.SingleToUInt32Bits(10f) + 1;
        double[] worst = new double[Parts];
        Parallel.For(0, Parts, part => worst[part] = Worst((uint)part, end));
        log.WriteLine($"tanh in float: {worst.Max():F4} ulp over {end} floats");
        Assert.InRange(worst.Max(), 1, ErrorBounds.TanhSingleUlps);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Worst(uint first, uint end)
    {
        double worst = 0;
        float y = 0;
        for (uint bits = first; bits < end; bits += Parts)
        {
            float x = BitConverter.UInt32BitsToSingle(bits);
            Activations<float, ScalarLane<float>>.Tanh(ScalarLane<float>.Broadcast(x)).Store(ref y);
            if (!(y <= 1)) return double.PositiveInfinity;
            double exact = Math.Tanh(x);
            float rounded = (float)exact;
            double ulp = rounded >= 1 ? 1.0 / (1 << 24) : (double)MathF.BitIncrement(rounded) - rounded;
            worst = Math.Max(worst, Math.Abs(y - exact) / ulp);
        }

        return worst;
    }
}
