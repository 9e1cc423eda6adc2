using System.Numerics;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Definitions;

/// <summary>The definitions run on numbers with bounds: the bits of the run in double, and bounds that hold for other types.</summary>
public sealed class CellBoundTests(ITestOutputHelper log) : IDisposable
{
    [CaseProperty]
    public void ValuesAreTheRunInDouble(CellCase shape)
    {
        var data = new CellData(shape);
        CellRun<double> plain = CellRun<double>.Both(data, new ReferenceFloatingPoint<double>(ReferenceRnn.FlushBelowFloat));
        CellRun<BoundedNumber<AnyFloat>> bounded =
            CellRun<BoundedNumber<AnyFloat>>.Both(data, new ReferenceBounded<AnyFloat>(ReferenceRnn.FlushBelowFloat));
        foreach (((string name, double[] expected), (_, BoundedNumber<AnyFloat>[] actual)) in plain.Tensors.Zip(bounded.Tensors))
        {
            // Nothing tells +0 from -0 in a bound.
            double[] values = Array.ConvertAll(BoundedRun.Values(actual), value => value + 0.0);
            Compare.Bits(Array.ConvertAll(expected, value => value + 0.0), values, name);
        }
    }

    [CaseProperty]
    public void FloatIsWithinTheBound(CellCase shape) => Holds<float, AnyFloat>(shape, ReferenceRnn.FlushBelowFloat, 1e30);

    /// <summary>In Half a gate of a large input is 0, and a share of two such gates anything; numbers above 65,504 are infinite.</summary>
    [CaseProperty]
    public void HalfIsWithinTheBound(CellCase drawn) => Holds<Half, AnyHalf>(
        drawn with { Steps = Math.Min(drawn.Steps, 3), Traits = drawn.Traits & ~CellTraits.LargeInput }, Math.ScaleB(1, -20), 200);

    /// <summary>
    /// No bound holds by saying nothing: in the middle of all tensors, the element nearest to its bound is less than a hundred
    /// times nearer to the truth than the bound says, and the largest bound is below 2⁻¹³ of the largest element. Measured on
    /// these cases: 11 to 51 times, and 2e-6 to 2e-5.
    /// </summary>
    [Theory]
    [InlineData("rnn")]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("mingru")]
    [InlineData("minlstm")]
    [InlineData("lru")]
    public void BoundsAreNotLoose(string cell)
    {
        foreach (int steps in (int[])[1, 20])
        {
            List<double> nearest = [];
            List<double> shares = [];
            for (int seed = 0; seed < 20; seed++)
            {
                CellTraits variant = (CellTraits)new CaseRandom(seed).Below((int)CellTraits.ResetBefore << 1);
                variant &= ~(CellTraits.OtherActivations | CellTraits.LargeInput | CellTraits.Ragged);
                var shape = new CellCase(cell, 3, steps, 12, 16, seed, variant | CellTraits.OutputGradient);
                (CellData data, CellRun<BoundedNumber<AnyFloat>> bounded) =
                    BoundedRun.Draw<AnyFloat>(shape, ReferenceRnn.FlushBelowFloat, $"{nameof(CellBoundTests)}, loose, {cell}");
                CellRun<float> run = CellRun<float>.Both(data, new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat));
                foreach (((_, float[] actual), (_, BoundedNumber<AnyFloat>[] bound)) in run.Tensors.Zip(bounded.Tensors))
                {
                    if (bound.All(number => number.Error == 0)) continue;
                    nearest.Add(actual.Select((number, i) => Math.Abs(number - bound[i].Value) / bound[i].Error).Where(double.IsFinite).Max());
                    shares.Add(bound.Max(number => number.Error) / bound.Max(number => Math.Abs(number.Value)));
                }
            }

            nearest.Sort();
            shares.Sort();
            double middle = nearest[nearest.Count / 2];
            log.WriteLine($"{cell}, {steps} steps: bound {1 / middle:F0} times the error, {shares[shares.Count / 2]:E1} of the largest.");
            Assert.True(middle >= 0.01, $"In the middle the bound is {1 / middle:F0} times the largest error.");
            Assert.True(shares[shares.Count / 2] <= Math.ScaleB(1, -13), $"In the middle the bound is {shares[shares.Count / 2]:E1} of the largest.");
        }
    }

    public void Dispose()
    {
        foreach (string line in Redraws.Report(nameof(CellBoundTests))) log.WriteLine(line);
    }

    private static void Holds<T, TProduct>(CellCase shape, double flushBelow, double largest)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TProduct : struct, IReferenceProduct
    {
        (CellData data, CellRun<BoundedNumber<TProduct>> bounded) =
            BoundedRun.Draw<TProduct>(shape, flushBelow, $"{nameof(CellBoundTests)}, {typeof(T).Name}, {shape.Cell}", largest);
        CellRun<T> run = CellRun<T>.Both(data, new ReferenceFloatingPoint<T>(flushBelow));
        foreach (((string name, T[] actual), (_, BoundedNumber<TProduct>[] bound)) in run.Tensors.Zip(bounded.Tensors))
        {
            Compare.Within<T>(BoundedRun.Values(bound), actual, BoundedRun.Errors(bound), name);
        }
    }
}
