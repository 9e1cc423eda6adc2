using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Parameters and pooled buffers: aligned, zeroed, and refused once they are gone.</summary>
public sealed class MemoryTests
{
    [CaseProperty]
    public void ParametersStartOnCacheLinesAndGapsStayZero(RnnCase shape)
    {
        var data = new RnnData<float>(shape.Within(100_000));
        RnnRun<float> run = RnnRun<float>.Both(data);
        foreach (ParameterSet<float> set in (ParameterSet<float>[])[run.Layer.Parameters, run.Gradients])
        {
            bool[] used = new bool[set.Values.Length];
            long count = 0;
            foreach (Parameter parameter in set.Parameters)
            {
                Assert.True(IsAligned<float>(set.Span(parameter)), $"{parameter.Name} of {data.Case}");
                Assert.Equal(parameter.Length, set[parameter.Name].Length);
                Array.Fill(used, true, parameter.Offset, parameter.Length);
                count += parameter.Length;
            }

            Assert.Equal(count, set.Count);
            for (int i = 0; i < used.Length; i++) Assert.True(used[i] || BitConverter.SingleToUInt32Bits(set.Values[i]) == 0);
        }
    }

    [Fact]
    public void ParameterNamesAreUniqueAndKnown()
    {
        Assert.Throws<ArgumentException>(() => new ParameterSet<float>(("a", 1, 2), ("a", 2, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ParameterSet<float>(("a", 1, -2)));
        var set = new ParameterSet<double>(("a", 3, 5), ("b", 0, 4));
        Assert.Contains("'c'", Assert.Throws<KeyNotFoundException>(() => set["c"].Length).Message, StringComparison.Ordinal);
        Assert.Equal((15, 4), (set["a"].Length, set["b"].Length));
        Assert.True(set.CreateZeros().HasLayoutOf(set));
        Assert.False(new ParameterSet<double>(("a", 5, 3), ("b", 0, 4)).HasLayoutOf(set));
    }

    [CaseProperty]
    public void RentedBuffersAreAlignedZeros(RnnCase shape)
    {
        var pool = new BufferPool<double>();
        var random = new CaseRandom(shape.Seed, 3011);
        for (int i = 0; i < 20; i++)
        {
            int length = random.Below(1 << random.Below(14));
            using PooledBuffer<double> buffer = pool.Rent(length);
            Assert.Equal(length, buffer.Span.Length);
            Assert.True(length == 0 || IsAligned<double>(buffer.Span));
            Assert.True(buffer.Span.IndexOfAnyExcept(0.0) < 0);
            buffer.Span.Fill(double.NaN);
        }
    }

    [Fact]
    public void ReturnedBufferServesTheNext()
    {
        var pool = new BufferPool<float>();
        PooledBuffer<float> first = pool.Rent(1000);
        ref float start = ref MemoryMarshal.GetReference(first.Span);
        first.Dispose();
        using PooledBuffer<float> second = pool.Rent(600);
        Assert.True(Unsafe.AreSame(ref start, ref MemoryMarshal.GetReference(second.Span)));
    }

    [Fact]
    public void ReturningTwiceThrowsAlsoAfterTheNextLoan()
    {
        var pool = new BufferPool<float>();
        PooledBuffer<float> buffer = pool.Rent(100);
        PooledBuffer<float> copy = buffer;
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => copy.Dispose());
        using PooledBuffer<float> next = pool.Rent(100);
        Assert.Throws<ObjectDisposedException>(() => buffer.Dispose());
        Assert.Equal(100, next.Span.Length);
    }

    [Fact]
    public void UseAfterReturnThrowsAlsoAfterTheNextLoan()
    {
        var pool = new BufferPool<float>();
        PooledBuffer<float> buffer = pool.Rent(100);
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
        using PooledBuffer<float> next = pool.Rent(100);
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => default(PooledBuffer<float>).Span.Length);
    }

    [Fact]
    public void LengthsOutOfRangeAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BufferPool<float>.Shared.Rent(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => BufferPool<float>.Shared.Rent(BufferPool<float>.MaxLength + 1));
    }

    private static unsafe bool IsAligned<T>(Span<T> span) =>
        (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(span)) % AlignedBlock<byte>.AlignmentBytes == 0;
}
