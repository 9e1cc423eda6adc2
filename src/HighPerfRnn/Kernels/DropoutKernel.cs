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
        ref T source = ref MemoryMarshal.GetReference(x);
        ref T target = ref MemoryMarshal.GetReference(y);
        TLane bounds = TLane.Broadcast(bound), scales = TLane.Broadcast(scale);
        TInteger place = bits.First<TInteger>(), key = bits.Second<TInteger>();
        nint length = x.Length;
        nint i = 0;
        for (; i <= length - TLane.Count; i += TLane.Count)
        {
            TLane kept = TLane.Load(ref Unsafe.Add(ref source, i)) * scales;
            TLane.SelectLess(Draw(ref place, key), bounds, TLane.Zero, kept).Store(ref Unsafe.Add(ref target, i));
        }

        int rest = (int)(length - i);
        if (rest == 0) return;
        TLane last = TLane.LoadPartial(ref Unsafe.Add(ref source, i), rest) * scales;
        TLane.SelectLess(Draw(ref place, key), bounds, TLane.Zero, last).StorePartial(ref Unsafe.Add(ref target, i), rest);
    }

    /// <summary>The random numbers of the next elements, uniform in [1, 2): random bits below the exponent of 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Draw<TInteger>(ref TInteger place, TInteger key)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        // By way of memory, since lanes of whole numbers and others do not know each other. A lone double takes two words.
        Unsafe.SkipInit(out Block16<T> numbers);
        ref int words = ref Unsafe.As<T, int>(ref numbers[0]);
        for (int i = 0; i < TLane.Count * Unsafe.SizeOf<T>() / sizeof(int); i += TInteger.Count)
        {
            TInteger number = typeof(T) == typeof(float) ? RowBits.Single(place, key) : RowBits.HalfOfDouble(place, key, i % 2);
            number.Store(ref Unsafe.Add(ref words, i));
            place = RowBits.Next(place);
        }

        return TLane.Load(ref numbers[0]);
    }
}

/// <summary>
/// The random words of one row: a function of seed, call, step, row and the word's index alone. Philox makes a start of seed and call,
/// a hash of 64 bits two keys of start, step and row, a hash of 32 bits the word of keys and index.
/// </summary>
/// <remarks>
/// <para>Both hashes are of Weyl sequences (multiples of 2ⁿ over the golden ratio), which start at the number that the stage before has
/// made. The keys are the output of SplitMix64 (Steele, Lea and Flood, 2014). The words are the bijection of 32 bits by Wellons
/// (hash-prospector, 2018: shifts 16 and 15) with the second key between its two multiplications, so that no row is another one
/// shifted. Of plain indices in place of a Weyl sequence, whose bits hardly differ, the hash shows: pairs of units at some distances
/// were dropped together a little too often.</para>
/// <para>Philox for each word would cost several times what moving the data costs, and for each row as much as moving a short one.</para>
/// </remarks>
internal readonly struct RowBits
{
    // 2³² over the golden ratio.
    private const int GoldenRatio = unchecked((int)0x9E3779B9);

    private readonly int _first;
    private readonly int _second;

    /// <param name="start"><see cref="Start"/> of seed and call.</param>
    /// <param name="step">Which step.</param>
    /// <param name="row">Which row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RowBits(ulong start, int step, int row)
    {
        unchecked
        {
            ulong keys = start + ((((ulong)(uint)step << 32) | (uint)row) * 0x9E3779B97F4A7C15);
            keys = (keys ^ (keys >> 30)) * 0xBF58476D1CE4E5B9;
            keys = (keys ^ (keys >> 27)) * 0x94D049BB133111EB;
            keys ^= keys >> 31;
            (_first, _second) = ((int)keys, (int)(keys >> 32));
        }
    }

    /// <summary>What all rows of one call start from.</summary>
    public static ulong Start(ulong seed, ulong call) => new CounterRandom(seed, call).NextUInt64();

    /// <summary><see cref="GoldenRatio"/> times 0 to 15.</summary>
    private static ReadOnlySpan<int> Places =>
    [
        0, -1640531527, 1013904242, -626627285, 2027808484, 387276957, -1253254570, 1401181199,
        -239350328, -1879881855, 774553914, -865977613, 1788458156, 147926629, -1492604898, 1161830871,
    ];

    /// <summary>The bits below the exponents of doubles, whose lower half comes first.</summary>
    private static ReadOnlySpan<int> Fractions =>
    [
        -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF,
        -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF, -1, 0x000FFFFF,
    ];

    /// <summary>Their exponents, of 1.</summary>
    private static ReadOnlySpan<int> Ones =>
        [0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000, 0, 0x3FF00000];

    /// <summary>Where the row's sequence starts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TInteger First<TInteger>()
        where TInteger : struct, IIntegerLane<TInteger> =>
        TInteger.Broadcast(_first) + TInteger.Load(ref MemoryMarshal.GetReference(Places));

    /// <summary>The key between the products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TInteger Second<TInteger>()
        where TInteger : struct, IIntegerLane<TInteger> => TInteger.Broadcast(_second);

    /// <summary>The places behind a lane of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInteger Next<TInteger>(TInteger place)
        where TInteger : struct, IIntegerLane<TInteger> => place + TInteger.Broadcast(unchecked(GoldenRatio * TInteger.Count));

    /// <summary>Floats in [1, 2): 23 bits below the exponent of 1, the upper ones of the last product, which all others decide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInteger Single<TInteger>(TInteger place, TInteger key)
        where TInteger : struct, IIntegerLane<TInteger> => (Product(place, key) >>> 9) + TInteger.Broadcast(0x3F800000);

    /// <summary>Halves of doubles in [1, 2).</summary>
    /// <param name="place">The halves' places.</param>
    /// <param name="key">The key between the products.</param>
    /// <param name="half">Which half is the first: 0 for the lower one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TInteger HalfOfDouble<TInteger>(TInteger place, TInteger key, int half)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        TInteger product = Product(place, key);
        TInteger word = product ^ (product >>> 16);
        TInteger fraction = word & TInteger.Load(ref Unsafe.Add(ref MemoryMarshal.GetReference(Fractions), half));
        return fraction + TInteger.Load(ref Unsafe.Add(ref MemoryMarshal.GetReference(Ones), half));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TInteger Product<TInteger>(TInteger place, TInteger key)
        where TInteger : struct, IIntegerLane<TInteger>
    {
        TInteger word = (place ^ (place >>> 16)) * TInteger.Broadcast(0x7FEB352D);
        word += key;
        return (word ^ (word >>> 15)) * TInteger.Broadcast(unchecked((int)0x846CA68B));
    }
}
