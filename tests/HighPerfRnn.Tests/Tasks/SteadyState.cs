namespace HighPerfRnn.Tests.Tasks;

/// <summary>What calls allocate once all that they need is made and the runtime has compiled them.</summary>
internal static class SteadyState
{
    private const int WarmUpRounds = 8;

    /// <summary>The bytes that so many calls allocate on this thread, after some rounds of as many.</summary>
    public static long AllocatedBytes(int calls, Action call)
    {
        for (int i = 0; i < WarmUpRounds * calls; i++) call();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < calls; i++) call();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
