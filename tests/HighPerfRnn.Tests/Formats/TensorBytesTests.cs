using System.Runtime.InteropServices;
using HighPerfRnn.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Formats;

/// <summary>What makes files the same on machines of the other byte order.</summary>
public sealed class TensorBytesTests
{
    [Theory]
    [InlineData(1, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 })]
    [InlineData(2, new byte[] { 2, 1, 4, 3, 6, 5, 8, 7 })]
    [InlineData(4, new byte[] { 4, 3, 2, 1, 8, 7, 6, 5 })]
    [InlineData(8, new byte[] { 8, 7, 6, 5, 4, 3, 2, 1 })]
    public void SwapReversesEachElement(int elementBytes, byte[] expected)
    {
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8];

        TensorBytes.Swap(bytes, elementBytes);
        Assert.Equal(expected, bytes);

        TensorBytes.Swap(bytes, elementBytes);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], bytes);
    }

    [Fact]
    public void SwapTakesAnyAlignmentAndLength()
    {
        byte[] bytes = [.. Enumerable.Range(0, 1 + (8 * 37)).Select(i => (byte)i)];

        TensorBytes.Swap(bytes.AsSpan(1), 8);

        Assert.Equal(0, bytes[0]);
        for (int i = 0; i < 8 * 37; i++)
            Assert.Equal((byte)(1 + (i ^ 7)), bytes[1 + i]);
    }

    [Fact]
    public void SwapOnBigEndianMakesFileBytesElements()
    {
        byte[] bytes = [0x78, 0x56, 0x34, 0x12];

        TensorBytes.SwapOnBigEndian(bytes, 4);

        Assert.Equal(0x12345678, MemoryMarshal.Read<int>(bytes));
    }

    /// <summary>All 65,536 values of either 16-bit type, against their definitions.</summary>
    [Fact]
    public void SixteenBitTypesWidenExactly()
    {
        byte[] bytes = [.. Enumerable.Range(0, 1 << 16).SelectMany(bits => new[] { (byte)bits, (byte)(bits >> 8) })];
        float[] half = new float[1 << 16];
        float[] brain = new float[1 << 16];
        double[] halfWide = new double[1 << 16];
        double[] brainWide = new double[1 << 16];

        TensorBytes.Widen(SafetensorsDtype.F16, bytes, half);
        TensorBytes.Widen(SafetensorsDtype.F16, bytes, halfWide);
        TensorBytes.Widen(SafetensorsDtype.BF16, bytes, brain);
        TensorBytes.Widen(SafetensorsDtype.BF16, bytes, brainWide);

        for (int bits = 0; bits < 1 << 16; bits++)
        {
            double expectedHalf = Value(bits, exponentBits: 5, mantissaBits: 10);
            double expectedBrain = Value(bits, exponentBits: 8, mantissaBits: 7);
            Assert.True(expectedHalf.Equals(halfWide[bits]) && expectedHalf.Equals(half[bits]), $"F16 0x{bits:x4}");
            Assert.True(expectedBrain.Equals(brainWide[bits]) && expectedBrain.Equals(brain[bits]), $"BF16 0x{bits:x4}");
        }
    }

    private static double Value(int bits, int exponentBits, int mantissaBits)
    {
        int bias = (1 << (exponentBits - 1)) - 1;
        int mantissa = bits & ((1 << mantissaBits) - 1);
        int exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
        double sign = bits >> 15 == 0 ? 1 : -1;
        if (exponent == (1 << exponentBits) - 1)
            return mantissa == 0 ? sign * double.PositiveInfinity : double.NaN;
        return exponent == 0
            ? sign * Math.ScaleB(mantissa, 1 - bias - mantissaBits)
            : sign * Math.ScaleB(mantissa + (1 << mantissaBits), exponent - bias - mantissaBits);
    }
}
