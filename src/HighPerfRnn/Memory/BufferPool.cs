using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Memory;

/// <summary>
/// Lends buffers that start on a cache line. A buffer that comes back serves the next one who asks for its size class
/// (powers of two) without allocating.
/// </summary>
/// <typeparam name="T">The element, for example float.</typeparam>
/// <remarks>Safe for several threads at once. A buffer that is never returned is collected like any object.</remarks>
public sealed class BufferPool<T>
    where T : unmanaged
{
    private const int SmallestClassLog2 = 4;

    private readonly Lock _lock = new();

    // Of each size class the block that came back last; the others hang on it.
    private readonly PooledBlock<T>?[] _shelves = new PooledBlock<T>?[31 - SmallestClassLog2];

    /// <summary>The pool of those who need none of their own.</summary>
    public static BufferPool<T> Shared { get; } = new();

    /// <summary>The longest buffer that can be asked for.</summary>
    public static int MaxLength => 1 << 30;

    /// <summary>A buffer of <paramref name="length"/> zeros, aligned to 64 bytes, until it is disposed of.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative or above <see cref="MaxLength"/>.</exception>
    public PooledBuffer<T> Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength);
        int log2 = Math.Max(SmallestClassLog2, BitOperations.Log2((uint)Math.Max(1, length - 1)) + 1);
        PooledBlock<T> block = TakeFromShelf(log2 - SmallestClassLog2) ?? new PooledBlock<T>(this, 1 << log2);
        block.Span[..length].Clear();
        return new PooledBuffer<T>(block, block.Lend(), length);
    }

    /// <summary>Lets go of every buffer that is not lent.</summary>
    public void Trim()
    {
        lock (_lock) Array.Clear(_shelves);
    }

    internal void TakeBack(PooledBlock<T> block)
    {
        int shelf = BitOperations.Log2((uint)block.Length) - SmallestClassLog2;
        lock (_lock)
        {
            block.Next = _shelves[shelf];
            _shelves[shelf] = block;
        }
    }

    private PooledBlock<T>? TakeFromShelf(int shelf)
    {
        lock (_lock)
        {
            PooledBlock<T>? block = _shelves[shelf];
            if (block is null) return null;
            _shelves[shelf] = block.Next;
            block.Next = null;
            return block;
        }
    }
}

/// <summary>
/// A lent buffer. Copies of this value stand for the same loan: once one of them is disposed of, all of them refuse.
/// </summary>
/// <typeparam name="T">The element.</typeparam>
public readonly struct PooledBuffer<T> : IDisposable
    where T : unmanaged
{
    private readonly PooledBlock<T> _block;
    private readonly int _loan;

    internal PooledBuffer(PooledBlock<T> block, int loan, int length) => (_block, _loan, Length) = (block, loan, length);

    /// <summary>How many elements were asked for.</summary>
    public int Length { get; }

    /// <summary>The elements. The check of the loan is one comparison a call: take the span once, outside loops.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was returned already.</exception>
    public Span<T> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if (_block is null || _block.Loan != _loan) ThrowReturned();
            return _block!.Span[..Length];
        }
    }

    /// <summary>Returns the buffer to its pool.</summary>
    /// <exception cref="ObjectDisposedException">It was returned already.</exception>
    public void Dispose()
    {
        if (_block is null || !_block.TryEndLoan(_loan)) ThrowReturned();
        _block!.Return();
    }

    private static void ThrowReturned() =>
        throw new ObjectDisposedException(nameof(PooledBuffer<T>), "The buffer was returned to its pool before.");
}

/// <summary>One block of a pool: odd loan numbers mean lent, even ones at home.</summary>
internal sealed class PooledBlock<T>(BufferPool<T> pool, int length)
    where T : unmanaged
{
    private readonly AlignedBlock<T> _memory = new(length);
    private int _loan;

    public int Length => _memory.Length;

    /// <summary>The next block on the shelf, while at home.</summary>
    public PooledBlock<T>? Next { get; set; }

    public int Loan => _loan;

    public Span<T> Span => _memory.Span;

    public int Lend() => ++_loan;

    public bool TryEndLoan(int loan) => Interlocked.CompareExchange(ref _loan, loan + 1, loan) == loan;

    public void Return() => pool.TakeBack(this);
}
