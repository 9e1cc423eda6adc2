using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using HighPerfRnn.Layers;
using HighPerfRnn.Threading;
using Xunit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>Nothing allocates after construction: not the first call, not the ten thousandth.</summary>
public class AllocationTests
{
    public static TheoryData<string> HotMembers => [.. HotPaths.Of<float>().Select(path => path.Member)];

    [Theory]
    [InlineData(AllocationChild.Alone)]
    [InlineData(AllocationChild.WithWorkers)]
    public void AFreshProcessAllocatesNothingInTenThousandRounds(string child)
    {
        // The environment of the test run could ask for another tiering than users have.
        var environment = new Dictionary<string, string> { ["DOTNET_TieredCompilation"] = "1", ["DOTNET_TieredPGO"] = "1" };
        ChildResult result = ChildEntry.Run(child, environment);
        Assert.True(result.ExitCode == 0, result.Describe());
        Assert.EndsWith(AllocationChild.Passed, result.Output.TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(HotMembers))]
    public void AHotMethodAllocatesNothing(string member)
    {
        using var workers = new WorkerGroup(2, multiplyAddsPerWorker: 0);
        foreach (WorkerGroup? group in new[] { null, workers })
        {
            Assert.Equal(0, Measure(HotPaths.Of<float>().Single(path => path.Member == member), group));
            Assert.Equal(0, Measure(HotPaths.Of<double>().Single(path => path.Member == member), group));
        }
    }

    [Fact]
    public void EveryPublicMethodOfTheHotFoldersIsMeasuredOrExcused()
    {
        string[] expected = [.. PublicMethods().Order(StringComparer.Ordinal)];
        string[] measured = [.. HotPaths.Of<float>().Select(path => path.Member)];
        string[] known = [.. measured.Concat(HotPaths.MayAllocate.Keys).Order(StringComparer.Ordinal)];
        Assert.Equal(known.Distinct(), known);
        string[] missing = [.. expected.Except(known)];
        string[] stale = [.. known.Except(expected)];
        Assert.True(missing.Length == 0, $"No allocation check in {nameof(HotPaths)} for:\n{string.Join('\n', missing)}");
        Assert.True(stale.Length == 0, $"{nameof(HotPaths)} names what is not there:\n{string.Join('\n', stale)}");
        Assert.All(HotPaths.MayAllocate.Values, reason => Assert.False(string.IsNullOrWhiteSpace(reason)));
    }

    [Fact]
    public void AnAllocationIsSeen()
    {
        object? kept = null;
        var everyCall = new HotPath("", _ => () => kept = new byte[1]);
        Assert.InRange(Measure(everyCall, null), HotPaths.Repetitions * 24, long.MaxValue);
        var firstCall = new HotPath("", _ =>
        {
            byte[]? made = null;
            return () => made ??= new byte[1];
        });
        Assert.InRange(Measure(firstCall, null), 24, 100);
        GC.KeepAlive(kept);
    }

    /// <summary>
    /// What the calls allocate on this thread: the least of five measurements, each from the first call of an object of its own on,
    /// so that room made late shows as well. A collection, which other tests bring about at any time, takes the thread's buffer
    /// away and counts its rest, up to 8 KB, as allocated; what a call allocates shows each time.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Measure(HotPath path, WorkerGroup? workers)
    {
        RuntimeTables.Grow();
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            Action call = path.Create(workers);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < HotPaths.Repetitions; i++) call();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    /// <summary>Public methods that are written in Layers, Models and Training, without what the compiler adds to records.</summary>
    private static IEnumerable<string> PublicMethods() =>
        from type in typeof(Rnn<>).Assembly.GetExportedTypes()
        where type.Namespace is "HighPerfRnn.Layers" or "HighPerfRnn.Models" or "HighPerfRnn.Training" && !type.IsEnum
        from method in type.GetMethods(
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where !method.IsSpecialName && !method.IsAbstract && !method.IsDefined(typeof(CompilerGeneratedAttribute))
        select Describe(method);

    private static string Describe(MethodInfo method) =>
        $"{Name(method.DeclaringType!)}.{method.Name}"
        + $"({string.Join(", ", method.GetParameters().Select(parameter => Name(parameter.ParameterType)))})";

    private static string Name(Type type)
    {
        if (type.IsByRef) return "ref " + Name(type.GetElementType()!);
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        string name = type.Name.Split('`')[0];
        // The library's own generic types have one argument, T; of others it tells overloads apart.
        bool isOwn = type.Assembly == typeof(Rnn<>).Assembly;
        return !type.IsGenericType || isOwn ? name : $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
