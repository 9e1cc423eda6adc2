using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>The keys of one row, and what scores are made of beside them.</summary>
internal ref struct ScoreRow<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The first key; key s starts at s·<see cref="Stride"/>.</summary>
    public ref T Keys;
    public nint Stride;

    /// <summary>How many keys.</summary>
    public int Count;

    /// <summary>K, numbers a key.</summary>
    public int Size;

    /// <summary>What a product is multiplied by.</summary>
    public T Scale;

    /// <summary>v [K] of the additive score.</summary>
    public ref T Vector;
}

/// <summary>What the way back of scores adds to.</summary>
internal ref struct ScoreGradients<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>dp [K] of the query that meets the keys.</summary>
    public ref T Query;

    /// <summary>Whether dp is added to what is there; else it is overwritten.</summary>
    public bool AddsToQuery;

    public bool WantsQuery;

    /// <summary>The gradient of the first key, added to; the keys' stride is its own.</summary>
    public ref T Keys;

    public bool WantsKeys;

    /// <summary>This query's part of dv [K], overwritten.</summary>
    public ref T Vector;
}

/// <summary>How a query p and a key k make a score.</summary>
internal interface IAttentionScore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>scores[s] from p and key s.</summary>
    static abstract void Forward<TLane>(in ScoreRow<T> row, ref T query, ref T scores)
        where TLane : struct, ILane<TLane, T>;

    /// <summary>The gradients of p, keys and v from those of the scores, each of which already has the scale in it.</summary>
    static abstract void Backward<TLane>(in ScoreRow<T> row, ref T query, ref T scoreGradients, in ScoreGradients<T> gradients)
        where TLane : struct, ILane<TLane, T>;
}

/// <summary>scale · p·k.</summary>
internal readonly struct DotScore<T> : IAttentionScore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Forward<TLane>(in ScoreRow<T> row, ref T query, ref T scores)
        where TLane : struct, ILane<TLane, T> =>
        WeightedRows<T, TLane>.Dot(ref row.Keys, row.Stride, row.Count, row.Size, ref query, row.Scale, ref scores);

    public static void Backward<TLane>(in ScoreRow<T> row, ref T query, ref T scoreGradients, in ScoreGradients<T> gradients)
        where TLane : struct, ILane<TLane, T>
    {
        if (gradients.WantsQuery)
        {
            WeightedRows<T, TLane>.Sum(
                ref scoreGradients, ref row.Keys, row.Stride, row.Count, row.Size, ref gradients.Query, gradients.AddsToQuery);
        }

        if (!gradients.WantsKeys) return;
        WeightedRows<T, TLane>.AddOuter(ref scoreGradients, ref query, ref gradients.Keys, row.Stride, row.Count, row.Size);
    }
}

/// <summary>v·tanh(p + k).</summary>
internal readonly struct AdditiveScore<T> : IAttentionScore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward<TLane>(in ScoreRow<T> row, ref T query, ref T scores)
        where TLane : struct, ILane<TLane, T>
    {
        int blocks = row.Size / StridedSum<T, TLane>.Chains;
        int whole = blocks * StridedSum<T, TLane>.Chains;
        int rest = row.Size - whole;
        ref T lastQuery = ref Unsafe.Add(ref query, whole);
        ref T lastVector = ref Unsafe.Add(ref row.Vector, whole);
        for (int s = 0; s < row.Count; s++)
        {
            ref T key = ref Unsafe.Add(ref row.Keys, s * row.Stride);
            var terms = new TanhTerms<T, TLane>(ref query, ref key, ref row.Vector);
            var tail = new LastTanhTerms<T, TLane>(ref lastQuery, ref Unsafe.Add(ref key, whole), ref lastVector, rest);
            Unsafe.Add(ref scores, s) = StridedSum<T, TLane>.Run(in terms, blocks, in tail, rest > 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward<TLane>(in ScoreRow<T> row, ref T query, ref T scoreGradients, in ScoreGradients<T> gradients)
        where TLane : struct, ILane<TLane, T>
    {
        int column = 0;
        for (; column <= row.Size - LanePair<T, TLane>.Count; column += LanePair<T, TLane>.Count)
        {
            BackwardColumns<LanePair<T, TLane>, WholeLane>(row, ref query, ref scoreGradients, gradients, column);
        }

        for (; column < row.Size; column += TLane.Count)
        {
            BackwardColumns<TLane, PartOfLane>(row, ref query, ref scoreGradients, gradients, column);
        }
    }

    /// <summary>
    /// With t = tanh(p + k) and g a score's gradient, of a few columns: dz = g·v·(1 - t²), dk += dz, dp = Σ dz, dv = Σ g·t, over the keys
    /// in the blocks of <see cref="CanonicalSum"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void BackwardColumns<TLane, TPart>(
        in ScoreRow<T> row, ref T query, ref T scoreGradients, in ScoreGradients<T> gradients, int column)
        where TLane : struct, ILane<TLane, T>
        where TPart : struct, ILanePart
    {
        int columns = row.Size - column;
        int block = CanonicalSum.Block(row.Count);
        TLane one = TLane.Broadcast(T.One);
        TLane p = Load<TLane, TPart>(ref Unsafe.Add(ref query, column), columns);
        TLane v = Load<TLane, TPart>(ref Unsafe.Add(ref row.Vector, column), columns);
        TLane queryTotal = TLane.Zero, vectorTotal = TLane.Zero;
        for (int start = 0; start < row.Count; start += block)
        {
            TLane querySum = TLane.Zero, vectorSum = TLane.Zero;
            int end = Math.Min(row.Count, start + block);
            for (int s = start; s < end; s++)
            {
                nint offset = (s * row.Stride) + column;
                TLane g = TLane.Broadcast(Unsafe.Add(ref scoreGradients, s));
                TLane t = Activations<T, TLane>.Tanh(p + Load<TLane, TPart>(ref Unsafe.Add(ref row.Keys, offset), columns));
                TLane dz = g * v * ((one - t) * (one + t));
                ref T keyGradient = ref Unsafe.Add(ref gradients.Keys, offset);
                Store<TLane, TPart>(Load<TLane, TPart>(ref keyGradient, columns) + dz, ref keyGradient, columns);
                querySum += dz;
                TLane.AddProduct(ref vectorSum, g, t);
            }

            queryTotal = start == 0 ? querySum : queryTotal + querySum;
            vectorTotal = start == 0 ? vectorSum : vectorTotal + vectorSum;
        }

        Store<TLane, TPart>(queryTotal, ref Unsafe.Add(ref gradients.Query, column), columns);
        Store<TLane, TPart>(vectorTotal, ref Unsafe.Add(ref gradients.Vector, column), columns);
    }
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLane Load<TLane, TPart>(ref T source, int count)
        where TLane : struct, ILane<TLane, T>
        where TPart : struct, ILanePart =>
        TPart.IsWhole ? TLane.Load(ref source) : PartialLane<T, TLane>.Load(ref source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLane, TPart>(TLane value, ref T target, int count)
        where TLane : struct, ILane<TLane, T>
        where TPart : struct, ILanePart
    {
        if (TPart.IsWhole) value.Store(ref target);
        else PartialLane<T, TLane>.Store(value, ref target, count);
    }
}

/// <summary>Whether a lane is known to be whole, as a type argument: what never happens is then gone from the code.</summary>
internal interface ILanePart
{
    static abstract bool IsWhole { get; }
}

/// <summary>All numbers of the lane are there.</summary>
internal readonly struct WholeLane : ILanePart
{
    public static bool IsWhole => true;
}

/// <summary>There may be fewer.</summary>
internal readonly struct PartOfLane : ILanePart
{
    public static bool IsWhole => false;
}

/// <summary>v·tanh(p + k).</summary>
internal readonly ref struct TanhTerms<T, TLane>(ref T query, ref T key, ref T vector) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _query = ref query;
    private readonly ref T _key = ref key;
    private readonly ref T _vector = ref vector;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TLane AddTo(TLane sums, int index)
    {
        TLane sum = TLane.Load(ref Unsafe.Add(ref _query, index)) + TLane.Load(ref Unsafe.Add(ref _key, index));
        return TLane.FusedMultiplyAdd(TLane.Load(ref Unsafe.Add(ref _vector, index)), Activations<T, TLane>.Tanh(sum), sums);
    }
}

/// <summary>The last of <see cref="TanhTerms{T, TLane}"/>, fewer than a block: what lies behind them is not read and adds +0.</summary>
internal readonly ref struct LastTanhTerms<T, TLane>(ref T query, ref T key, ref T vector, int length) : ITerms<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
{
    private readonly ref T _query = ref query;
    private readonly ref T _key = ref key;
    private readonly ref T _vector = ref vector;
    private readonly int _length = length;

    // A call, always: the compiler has a budget for what it puts into one method, and the terms of whole blocks need it.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public TLane AddTo(TLane sums, int index)
    {
        TLane sum = PartialLane<T, TLane>.LoadAt(ref _query, index, _length) + PartialLane<T, TLane>.LoadAt(ref _key, index, _length);
        return TLane.FusedMultiplyAdd(PartialLane<T, TLane>.LoadAt(ref _vector, index, _length), Activations<T, TLane>.Tanh(sum), sums);
    }
}
