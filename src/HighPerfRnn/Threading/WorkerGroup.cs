using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace HighPerfRnn.Threading;

/// <summary>
/// Threads that a caller owns and lends to the library; without one, every call runs on the caller's thread alone. Work is
/// split over outputs, never within a sum, so that results are the same bits for any number of workers.
/// </summary>
/// <remarks>
/// Between calls the threads spin for a bounded while, then sleep. One call at a time: a second thread that uses the group
/// while it works waits for its turn. Nothing is allocated after construction. Workers that meet between parts of a call wait for
/// the slowest: more workers than processors that are free make calls slower, not faster.
/// </remarks>
public sealed class WorkerGroup : IDisposable
{
    // The methods that wait are compiled once and for good: where the runtime replaces a loop's code while it runs, it allocates.

    // A spin is some tens of nanoseconds. Sleep after a tenth of a millisecond or two: longer than what lies between two calls of
    // a training loop, far shorter than a time slice. Between workers of one call never sleep, but yield a processor that is shared.
    private const int SpinsBeforeSleep = 4_000;
    private const int SpinsBeforeYield = 2_000;

    /// <summary>By default a worker is worth its meetings with the others from some microseconds of work on.</summary>
    public const long DefaultMultiplyAddsPerWorker = 1 << 18;

    private readonly Lock _turn = new();
    private readonly long _multiplyAddsPerWorker;
    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _asleep;
    private int _generation;
    private int _team;
    private int _working;
    private int _arrived;
    private int _phase;
    private unsafe void* _job;
    private unsafe delegate*<void*, WorkerTeam, void> _execute;
    private bool _disposed;
    private Exception? _failure;

    /// <summary>Starts <paramref name="count"/> - 1 threads; the caller's own is the first worker.</summary>
    /// <param name="count">How many workers; 0 means one a processor.</param>
    /// <param name="multiplyAddsPerWorker">
    /// A call uses one worker for each so many of its multiply-adds; 0 means always all. It decides no bit.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative, or the count above 1,024.</exception>
    public WorkerGroup(int count = 0, long multiplyAddsPerWorker = DefaultMultiplyAddsPerWorker)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(multiplyAddsPerWorker);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1024);
        _multiplyAddsPerWorker = multiplyAddsPerWorker;
        Count = count == 0 ? Environment.ProcessorCount : count;
        _threads = new Thread[Count - 1];
        _wake = new SemaphoreSlim[Count - 1];
        _asleep = new int[Count - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i;
            _wake[i] = new SemaphoreSlim(0);
            _threads[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"HighPerfRnn worker {worker + 1}" };
        }

        foreach (Thread thread in _threads) thread.UnsafeStart();
    }

    /// <summary>How many workers there are, the caller's thread included.</summary>
    public int Count { get; }

    /// <summary>Ends the threads; work that is under way ends first.</summary>
    public void Dispose()
    {
        lock (_turn)
        {
            if (_disposed) return;
            _disposed = true;
            CallWorkers();
            foreach (Thread thread in _threads) thread.Join();
            foreach (SemaphoreSlim wake in _wake) wake.Dispose();
        }
    }

    /// <summary>Runs the job on as many workers of the group as its work pays for, or on this thread alone when there is none.</summary>
    /// <param name="group">The group, or null.</param>
    /// <param name="job">It lies on the caller's stack, where the workers read it until all of them are done.</param>
    /// <param name="multiplyAdds">How much work it is, roughly.</param>
    /// <exception cref="ObjectDisposedException">The group was disposed of.</exception>
    internal static void Run<TJob>(WorkerGroup? group, scoped ref TJob job, long multiplyAdds = long.MaxValue)
        where TJob : struct, ITeamJob, allows ref struct
    {
        if (group is null)
        {
            job.Execute(WorkerTeam.Alone);
            return;
        }

        ObjectDisposedException.ThrowIf(Volatile.Read(ref group._disposed), group);
        long worth = group._multiplyAddsPerWorker == 0 ? group.Count : multiplyAdds / group._multiplyAddsPerWorker;
        int team = (int)Math.Clamp(worth, 1, group.Count);
        if (team == 1) job.Execute(WorkerTeam.Alone);
        else group.RunOnTeam(ref job, team);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Synchronize()
    {
        int phase = Volatile.Read(ref _phase);
        if (Interlocked.Increment(ref _arrived) == _team)
        {
            _arrived = 0;
            Volatile.Write(ref _phase, phase + 1);
            return;
        }

        for (int spins = 0; Volatile.Read(ref _phase) == phase; spins++)
        {
            // A worker that failed never arrives: those who wait for it give up, and the caller reports its exception.
            if (Volatile.Read(ref _failure) is not null) throw new OperationCanceledException("Another worker failed.");
            if (spins < SpinsBeforeYield) Thread.SpinWait(1);
            else Thread.Yield();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private unsafe void RunOnTeam<TJob>(scoped ref TJob job, int team)
        where TJob : struct, ITeamJob, allows ref struct
    {
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _job = Unsafe.AsPointer(ref job);
            _execute = &Execute<TJob>;
            _failure = null;
            _arrived = 0;
            _team = team;
            _working = Count - 1;
            CallWorkers();
            try
            {
                job.Execute(new WorkerTeam(this, 0, team));
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref _failure, failure, null);
            }

            // The job is gone when this method returns: wait for every worker, whatever happened.
            for (int spins = 0; Volatile.Read(ref _working) > 0; spins++)
            {
                if (spins < SpinsBeforeYield) Thread.SpinWait(1);
                else Thread.Yield();
            }

            _job = null;
            if (_failure is not null) ExceptionDispatchInfo.Throw(_failure);
        }
    }

    private static unsafe void Execute<TJob>(void* job, WorkerTeam team)
        where TJob : struct, ITeamJob, allows ref struct => Unsafe.AsRef<TJob>(job).Execute(team);

    private void CallWorkers()
    {
        Interlocked.Increment(ref _generation);
        for (int i = 0; i < _wake.Length; i++)
        {
            if (Interlocked.Exchange(ref _asleep[i], 0) != 0) _wake[i].Release();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Serve(int worker)
    {
        for (int seen = 0; ; seen++)
        {
            WaitForCall(worker, seen);
            if (_disposed) return;
            try
            {
                unsafe
                {
                    if (worker + 1 < _team) _execute(_job, new WorkerTeam(this, worker + 1, _team));
                }
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref _failure, failure, null);
            }

            Interlocked.Decrement(ref _working);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WaitForCall(int worker, int seen)
    {
        while (true)
        {
            for (int spins = 0; spins < SpinsBeforeSleep; spins++)
            {
                if (Volatile.Read(ref _generation) != seen) return;
                Thread.SpinWait(1);
            }

            // The caller raises the generation before it looks who sleeps, and we say that we sleep before we look again at the
            // generation: one of the two sees the other. Whoever clears the flag decides whether a release is on its way.
            Interlocked.Exchange(ref _asleep[worker], 1);
            if (Volatile.Read(ref _generation) != seen && Interlocked.Exchange(ref _asleep[worker], 0) != 0) return;
            _wake[worker].Wait();
            // A release need not mean a new call: a worker that is done with one and asleep again, before its caller has looked
            // at the flag, is woken by that same call.
        }
    }
}
