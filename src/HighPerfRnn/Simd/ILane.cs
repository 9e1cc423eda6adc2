using System.Numerics;

namespace HighPerfRnn.Simd;

/// <summary>
/// A vector of <see cref="Count"/> numbers: the one vector type that kernels see. Every operation is exactly rounded
/// (IEEE 754) or moves bits, so that a kernel written over lanes gives the same bits at every width.
/// </summary>
/// <typeparam name="TSelf">The lane itself.</typeparam>
/// <typeparam name="T">float or double.</typeparam>
public interface ILane<TSelf, T>
    where TSelf : struct, ILane<TSelf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How many numbers one lane holds; a power of two.</summary>
    static abstract int Count { get; }

    /// <summary>
    /// How many lanes the machine keeps in registers: 32 with AVX-512 and on Arm64, 16 elsewhere, half as many of pairs of lanes. The shapes of register
    /// tiles follow it; results do not.
    /// </summary>
    static abstract int RegisterCount { get; }

    /// <summary>All elements +0.</summary>
    static abstract TSelf Zero { get; }

    /// <summary><see cref="Count"/> numbers from <paramref name="source"/> on; no alignment is needed.</summary>
    static abstract TSelf Load(ref readonly T source);

    /// <summary>The same number in every element.</summary>
    static abstract TSelf Broadcast(T value);

    /// <summary>Writes <see cref="Count"/> numbers from <paramref name="destination"/> on; no alignment is needed.</summary>
    void Store(ref T destination);

    /// <summary>The first <paramref name="count"/> numbers, fewer than <see cref="Count"/>; the rest is +0 and is not read.</summary>
    static abstract TSelf LoadPartial(ref readonly T source, int count);

    /// <summary>Writes the first <paramref name="count"/> numbers, fewer than <see cref="Count"/>, and nothing behind them.</summary>
    void StorePartial(ref T destination, int count);

    /// <summary>a + b, rounded once.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>a - b, rounded once.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>a · b, rounded once.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>a / b, rounded once.</summary>
    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a · b + c, rounded once; in software, slow and the same, where the machine has no such instruction.</summary>
    static abstract TSelf FusedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>
    /// sum = a · b + sum, rounded once. In place and not as a value, since the compiler then adds into the sum's own register: given
    /// a value it adds into the register of a factor that has no further use, and moves the sum.
    /// </summary>
    static abstract void AddProduct(ref TSelf sum, TSelf a, TSelf b);

    /// <summary>c - a · b, rounded once.</summary>
    static abstract TSelf NegatedFusedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>√a, rounded once.</summary>
    static abstract TSelf Sqrt(TSelf a);

    /// <summary>a &lt; b ? a : b, so b when either is NaN: a bound given first lets NaN through.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

    /// <summary>a &gt; b ? a : b, so b when either is NaN: a bound given first lets NaN through.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The sign bit cleared.</summary>
    static abstract TSelf Abs(TSelf a);

    /// <summary>The magnitude of the first with the sign bit of the second.</summary>
    static abstract TSelf CopySign(TSelf magnitude, TSelf sign);

    /// <summary>The first, whose sign bit is clear, with the sign bit of the second.</summary>
    static abstract TSelf OrSign(TSelf magnitude, TSelf sign);

    /// <summary>a &lt; b ? whenTrue : whenFalse, element by element; false where either is NaN.</summary>
    static abstract TSelf SelectLess(TSelf a, TSelf b, TSelf whenTrue, TSelf whenFalse);

    /// <summary>a ≤ b ? whenTrue : whenFalse, element by element; false where either is NaN.</summary>
    static abstract TSelf SelectLessOrEqual(TSelf a, TSelf b, TSelf whenTrue, TSelf whenFalse);

    /// <summary>
    /// 2ⁿ from 1.5·2ᵖ + n, where p is 23 for float and 52 for double and n a whole number within the exponents of
    /// normal numbers: adding 1.5·2ᵖ rounds to a whole number and leaves it in the low bits, which move to the exponent.
    /// </summary>
    static abstract TSelf PowerOfTwo(TSelf shifted);

    /// <summary>
    /// The number whose upper half of bits is the lower half of a's, its lower half zeros: in float, the first of two bfloat16
    /// that share 32 bits.
    /// </summary>
    static abstract TSelf FromLowerHalf(TSelf a);

    /// <summary>a with the lower half of its bits cleared: in float, the second of two bfloat16 that share 32 bits.</summary>
    static abstract TSelf FromUpperHalf(TSelf a);

    /// <summary>
    /// c · 2^(n/8) from 1.5·2ᵖ + n, p being 23 for float and 52 for double, n a whole number: the table's number with the low
    /// three bits of n, and n in eighths added to its exponent. The result must be a normal number.
    /// </summary>
    static abstract TSelf PowerOfEighths<TTable>(TSelf shifted)
        where TTable : struct, IEighthsTable;
}

/// <summary>Eight powers of ⁸√2, times one constant, for <see cref="ILane{TSelf, T}.PowerOfEighths{TTable}"/>.</summary>
public interface IEighthsTable
{
    /// <summary>The bits of c · 2^(i/8) as a float, i from 0 to 7, less i · 2²⁰, which adding n in eighths puts back.</summary>
    static abstract ReadOnlySpan<int> FloatBits { get; }

    /// <summary>The bits of c · 2^(i/8) as a double, less i · 2⁴⁹.</summary>
    static abstract ReadOnlySpan<long> DoubleBits { get; }
}
