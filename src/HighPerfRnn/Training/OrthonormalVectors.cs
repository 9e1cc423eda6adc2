using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Training;

/// <summary>Normal draws made orthonormal, vector after vector.</summary>
internal static class OrthonormalVectors
{
    /// <summary>From one vector to the next: whole blocks, the end filled with zeros.</summary>
    public static int Stride(int length) =>
        checked(length + StridedSum<double, ScalarLane<double>>.Chains - 1)
        / StridedSum<double, ScalarLane<double>>.Chains * StridedSum<double, ScalarLane<double>>.Chains;

    /// <summary>Fills <paramref name="count"/> zeroed vectors; there are not more of them than each is long.</summary>
    public static void Draw(Span<double> vectors, int count, int length, ref CounterRandom random)
    {
        int stride = Stride(length);
        for (int i = 0; i < count; i++)
        {
            // A draw that lies in the span of those before leaves rounding errors alone, which are no direction: draw again.
            // With normal numbers that does not come up, but for one that is near enough to zero.
            do
            {
                foreach (ref double value in vectors.Slice(i * stride, length)) value = random.NextGaussian();
            }
            while (!TryAdd(vectors, i, stride));
        }
    }

    private static bool TryAdd(Span<double> vectors, int index, int stride)
    {
        var work = new GramSchmidt { Vectors = vectors, Index = index, Stride = stride };
        Lanes.Run<double, GramSchmidt, int>(ref work, 0);
        return work.IsIndependent;
    }

    /// <summary>Takes the directions of the vectors before from one vector, twice, and brings it to length 1.</summary>
    internal ref struct GramSchmidt : ILaneWork<double, int>
    {
        public required Span<double> Vectors { get; init; }

        public required int Index { get; init; }

        public required int Stride { get; init; }

        public bool IsIndependent { get; private set; }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<TLane>(int argument)
            where TLane : struct, ILane<TLane, double>
        {
            Span<double> vector = Vectors.Slice(Index * Stride, Stride);
            double before = DotTerms<double, TLane>.Sum(vector, vector);
            for (int pass = 0; pass < 2; pass++)
            {
                for (int i = 0; i < Index; i++)
                {
                    ReadOnlySpan<double> other = Vectors.Slice(i * Stride, Stride);
                    TLane factor = TLane.Broadcast(-DotTerms<double, TLane>.Sum(other, vector));
                    for (int k = 0; k < Stride; k += TLane.Count)
                    {
                        TLane.FusedMultiplyAdd(factor, TLane.Load(in other[k]), TLane.Load(ref vector[k])).Store(ref vector[k]);
                    }
                }
            }

            double after = DotTerms<double, TLane>.Sum(vector, vector);
            IsIndependent = after > before * 1e-20;
            TLane norm = TLane.Broadcast(Math.Sqrt(after));
            for (int k = 0; k < Stride; k += TLane.Count) (TLane.Load(ref vector[k]) / norm).Store(ref vector[k]);
        }
    }
}
