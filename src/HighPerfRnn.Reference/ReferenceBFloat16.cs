namespace HighPerfRnn.Reference;

/// <summary>bfloat16: a float with 7 bits of fraction in place of 23.</summary>
public static class ReferenceBFloat16
{
    private const uint Step = 1 << 16;

    /// <summary>
    /// The bfloat16 nearest to a float, of two as near the one whose last bit is 0; beyond the largest an infinity, as if
    /// 2¹²⁸ were the next number. NaN gives NaN.
    /// </summary>
    public static float Round(float value)
    {
        if (!float.IsFinite(value)) return value;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        uint towardsZero = bits / Step * Step;
        uint away = towardsZero + Step;
        double below = Math.Abs(value - Value(towardsZero));
        double above = Math.Abs(value - Value(away));
        bool isEven = towardsZero / Step % 2 == 0;
        return BitConverter.UInt32BitsToSingle(below < above || (below == above && isEven) ? towardsZero : away);
    }

    private static double Value(uint bits)
    {
        double value = BitConverter.UInt32BitsToSingle(bits);
        return double.IsInfinity(value) ? double.CopySign(double.ScaleB(1, 128), value) : value;
    }
}
