namespace HighPerfRnn.Tests.Tasks;

/// <summary>What calls allocate once the runtime has compiled them: where it replaces a loop's code while that runs, it allocates itself.</summary>
internal static class SteadyState
{
    private const int Attempts = 8;

    /// <summary>The least that so many calls in a row allocated on this thread, of several attempts: what each of them allocates is in it.</summary>
    public static long AllocatedBytes(int calls, Action call)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < calls; i++) call();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
