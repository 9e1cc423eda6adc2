using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>
/// One row of dropout: y = x·scale where the element's random number is at least p, else +0. The random numbers are words of
/// <see cref="RowBits"/>, made again whenever they are wanted and never kept.
/// </summary>
internal static class DropoutKernel<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    // As many elements as the widest lane has.
    private const int BlockLength = 16;

    /// <summary>y = x·scale or +0, element by element.</summary>
    /// <param name="x">The row.</param>
    /// <param name="y">As long, overwritten; it may be the row itself.</param>
    /// <param name="bits">The row's random words.</param>
    /// <param name="bound">1 + p.</param>
    /// <param name="scale">What is kept is multiplied by it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(ReadOnlySpan<T> x, Span<T> y, RowBits bits, T bound, T scale)
    {
        if (typeof(TLane) == typeof(Vector512Lane<T>)) Run<Vector512IntegerLane>(x, y, bits, bound, scale);
        else if (typeof(TLane) == typeof(VectorLane<T>)) Run<VectorIntegerLane>(x, y, bits, bound, scale);
        else Run<ScalarIntegerLane>(x, y, bits, bound, scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TInteger>(ReadOnlySpan<T> x, Span<T> y, RowBits bits, T bound, T scale)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        Unsafe.SkipInit(out Block16<T> numbers);
        ref T source = ref MemoryMarshal.GetReference(x);
        ref T target = ref MemoryMarshal.GetReference(y);
        TLane bounds = TLane.Broadcast(bound), scales = TLane.Broadcast(scale);
        int whole = x.Length / BlockLength * BlockLength;
        for (int i = 0; i < whole; i += BlockLength)
        {
            Draw<TInteger>(i, bits, ref numbers);
            for (int j = 0; j < BlockLength; j += TLane.Count)
            {
                TLane kept = TLane.Load(ref Unsafe.Add(ref source, i + j)) * scales;
                TLane.SelectLess(TLane.Load(ref numbers[j]), bounds, TLane.Zero, kept).Store(ref Unsafe.Add(ref target, i + j));
            }
        }

        if (whole == x.Length) return;
        Draw<TInteger>(whole, bits, ref numbers);
        for (int j = 0; whole + j < x.Length; j += TLane.Count)
        {
            int count = x.Length - whole - j;
            TLane kept = PartialLane<T, TLane>.Load(ref Unsafe.Add(ref source, whole + j), count) * scales;
            TLane value = TLane.SelectLess(TLane.Load(ref numbers[j]), bounds, TLane.Zero, kept);
            PartialLane<T, TLane>.Store(value, ref Unsafe.Add(ref target, whole + j), count);
        }
    }

    /// <summary>The random numbers of sixteen elements, uniform in [1, 2): random bits below the exponent of 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Draw<TInteger>(int firstElement, RowBits bits, ref Block16<T> numbers)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        int words = Unsafe.SizeOf<T>() / sizeof(int);
        ref int target = ref Unsafe.As<T, int>(ref numbers[0]);
        ref int places = ref MemoryMarshal.GetReference(RowBits.Places);
        ref int fractions = ref MemoryMarshal.GetReference(words == 1 ? RowBits.SingleFractions : RowBits.DoubleFractions);
        ref int ones = ref MemoryMarshal.GetReference(words == 1 ? RowBits.SingleOnes : RowBits.DoubleOnes);
        for (int i = 0; i < BlockLength * words; i += TInteger.Count)
        {
            // The tables repeat after a block of sixteen words.
            int place = i & (BlockLength - 1);
            TInteger random = bits.Words((firstElement * words) + i - place, TInteger.Load(ref Unsafe.Add(ref places, place)));
            random &= TInteger.Load(ref Unsafe.Add(ref fractions, place));
            (random + TInteger.Load(ref Unsafe.Add(ref ones, place))).Store(ref Unsafe.Add(ref target, i));
        }
    }
}

/// <summary>
/// The random words of one row: a function of seed, call, step, row and the word's index alone. Philox makes two keys of the
/// first four, a hash of two multiplications the word of keys and index.
/// </summary>
/// <remarks>
/// The words of a row are hashes of a Weyl sequence (Knuth's golden ratio) that starts at the first key, by the bijection of
/// 32 bits by Wellons (hash-prospector, 2018: shifts 16, 15, 16) with the second key between its two multiplications, so that no row
/// is another one shifted. Of plain indices, whose bits hardly differ, the hash shows: pairs of units at some distances were dropped
/// together a little too often. Philox for each word would cost several times what moving the data costs.
/// </remarks>
internal readonly struct RowBits
{
    // 2³² over the golden ratio.
    private const int GoldenRatio = unchecked((int)0x9E3779B9);

    private readonly int _first;
    private readonly int _second;

    /// <param name="seed">The seed.</param>
    /// <param name="call">Which call.</param>
    /// <param name="step">Which step.</param>
    /// <param name="row">Which row.</param>
    public RowBits(ulong seed, ulong call, int step, int row)
    {
        (uint word0, uint word1, uint word2, uint word3) = ((uint)row, (uint)step, (uint)call, (uint)(call >> 32));
        CounterRandom.Philox(ref word0, ref word1, ref word2, ref word3, (uint)seed, (uint)(seed >> 32));
        (_first, _second) = ((int)word0, (int)word1);
    }

    /// <summary><see cref="GoldenRatio"/> times 0 to 15.</summary>
    public static ReadOnlySpan<int> Places =>
    [
        0, -1640531527, 1013904242, -626627285, 2027808484, 387276957, -1253254570, 1401181199,
        -239350328, -1879881855, 774553914, -865977613, 1788458156, 147926629, -1492604898, 1161830871,
    ];

    /// <summary>The bits of a float below its exponent.</summary>
    public static ReadOnlySpan<int> SingleFractions =>
    [
        0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF,
        0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF, 0x007FFFFF,
    ];

    /// <summary>The exponent of 1.</summary>
    public static ReadOnlySpan<int> SingleOnes =>
    [
        0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000,
        0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000, 0x3F800000,
    ];

    /// <summary>Those of doubles, whose lower half comes first.</summary>
    public static ReadOnlySpan<int> DoubleFractions =>
        [-1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF];

    /// <inheritdoc cref="SingleOnes"/>
    public static ReadOnlySpan<int> DoubleOnes =>
        [0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000];

    /// <summary>The words of indices from <paramref name="first"/> on.</summary>
    /// <param name="first">A multiple of sixteen.</param>
    /// <param name="places">A lane of <see cref="Places"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TInteger Words<TInteger>(int first, TInteger places)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        TInteger word = TInteger.Broadcast(unchecked((first * GoldenRatio) + _first)) + places;
        word = (word ^ (word >>> 16)) * TInteger.Broadcast(0x7FEB352D);
        word += TInteger.Broadcast(_second);
        word = (word ^ (word >>> 15)) * TInteger.Broadcast(unchecked((int)0x846CA68B));
        return word ^ (word >>> 16);
    }
}
