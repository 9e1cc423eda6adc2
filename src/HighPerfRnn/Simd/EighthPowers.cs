using System.Runtime.CompilerServices;

namespace HighPerfRnn.Simd;

/// <summary>
/// Powers of ⁸√2 number by number, where no instruction looks eight numbers up at once: see
/// <see cref="ILane{TSelf, T}.PowerOfEighths{TTable}"/>.
/// </summary>
internal static class EighthPowers<T, TTable>
    where T : unmanaged
    where TTable : struct, IEighthsTable
{
    /// <summary>c · 2^(n/8) from 1.5·2ᵖ + n.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T One(T shifted)
    {
        if (typeof(T) == typeof(float))
        {
            int bits = Unsafe.BitCast<T, int>(shifted);
            return Unsafe.BitCast<int, T>((bits << 20) + TTable.FloatBits[bits & 7]);
        }
        else
        {
            long bits = Unsafe.BitCast<T, long>(shifted);
            return Unsafe.BitCast<long, T>((bits << 49) + TTable.DoubleBits[(int)bits & 7]);
        }
    }

    /// <summary>The same of each number of a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Each<TVector>(TVector shifted)
        where TVector : unmanaged
    {
        ref T numbers = ref Unsafe.As<TVector, T>(ref shifted);
        for (int i = 0; i < Unsafe.SizeOf<TVector>() / Unsafe.SizeOf<T>(); i++)
        {
            ref T number = ref Unsafe.Add(ref numbers, i);
            number = One(number);
        }

        return shifted;
    }
}
