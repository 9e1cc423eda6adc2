namespace HighPerfRnn.Simd;

/// <summary>
/// A vector of <see cref="Count"/> whole numbers of 32 bits, each of which may also be a pair of 16 bits, the first of the pair
/// in its lower half: what products of quantised numbers and random bits are made of. Every operation is exact, so that all widths agree.
/// </summary>
/// <typeparam name="TSelf">The lane itself.</typeparam>
internal interface IIntegerLane<TSelf>
    where TSelf : struct, IIntegerLane<TSelf>
{
    /// <summary>How many 32-bit numbers one lane holds; a power of two.</summary>
    static abstract int Count { get; }

    /// <summary>All zeros.</summary>
    static abstract TSelf Zero { get; }

    /// <summary>The same number in every element.</summary>
    static abstract TSelf Broadcast(int value);

    /// <summary><see cref="Count"/> numbers from <paramref name="source"/> on; no alignment is needed.</summary>
    static abstract TSelf Load(ref readonly int source);

    /// <summary>Writes <see cref="Count"/> numbers; no alignment is needed.</summary>
    void Store(ref int destination);

    /// <summary>a + b modulo 2³².</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>a · b modulo 2³².</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>The bits that one of both has.</summary>
    static abstract TSelf operator ^(TSelf a, TSelf b);

    /// <summary>The bits that both have.</summary>
    static abstract TSelf operator &(TSelf a, TSelf b);

    /// <summary>The bits move down, zeros follow.</summary>
    static abstract TSelf operator >>>(TSelf a, int count);

    /// <summary>The same pair in every element.</summary>
    static abstract TSelf BroadcastPair(ref readonly short pair);

    /// <summary>2 · <see cref="Count"/> bytes as pairs, signs kept.</summary>
    static abstract TSelf LoadPairs(ref readonly sbyte source);

    /// <summary>sum + a.first · b.first + a.second · b.second, element by element, modulo 2³².</summary>
    static abstract TSelf MultiplyAddPairs(TSelf a, TSelf b, TSelf sum);

    /// <summary>Writes <see cref="Count"/> numbers as floats, each rounded to nearest, ties to even.</summary>
    void StoreAsSingle(ref float destination);

    /// <summary>Adds what <see cref="StoreAsSingle"/> would write to what is there.</summary>
    void AddAsSingle(ref float destination);

    /// <summary>The bits of <see cref="Count"/> floats without their signs: in the order of the magnitudes, NaN above infinity.</summary>
    static abstract TSelf LoadMagnitudes(ref readonly float source);

    /// <summary>The larger of both, element by element.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The largest element.</summary>
    int MaxElement();

    /// <summary>
    /// Writes 2 · <see cref="Count"/> floats times a power of two as 16-bit numbers, each rounded to nearest, ties to even. The
    /// products' magnitudes are at most 2¹⁵ - 1.
    /// </summary>
    static abstract void Quantize(ref readonly float source, float scale, ref short destination);
}

/// <summary>How floats become 16-bit numbers in any lane.</summary>
internal static class Rounding
{
    /// <summary>
    /// 1.5·2²³: a sum with it is rounded to a whole number, whose 16 lower bits, in two's complement, are the sum's own lower bits.
    /// </summary>
    public const float Magic = 12582912;
}
