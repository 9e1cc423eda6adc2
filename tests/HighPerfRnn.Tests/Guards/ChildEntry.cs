using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// `dotnet HighPerfRnn.Tests.dll child NAME` runs one check in a fresh process: what kills its process (memory beyond a
/// protected page), and what only a process shows in which nothing else runs (all bytes that are allocated; first calls).
/// </summary>
/// <remarks>
/// The test SDK generates the assembly's empty Main, before which a module initializer runs. Under the test host the entry
/// assembly is another one, so that the initializer does nothing there. Other threads may not enter this assembly until the
/// initializer ends, so that children hand the library's workers only the library's own jobs.
/// </remarks>
internal static class ChildEntry
{
    public static ChildResult Run(string name, IReadOnlyDictionary<string, string>? environment = null) =>
        ChildProcess.Dotnet(
            [typeof(ChildEntry).Assembly.Location, "child", name], TimeSpan.FromMinutes(3), environment, AppContext.BaseDirectory);

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The assembly is an application when it is a child.")]
    internal static void Start()
    {
        if (Assembly.GetEntryAssembly() != typeof(ChildEntry).Assembly) return;
        if (Environment.GetCommandLineArgs() is not [_, "child", string name]) return;
        Environment.Exit(RunHere(name));
    }

    private static int RunHere(string name)
    {
        switch (name)
        {
            case GuardPageChild.Within:
                GuardPageChild.RunWithin();
                return 0;
            case GuardPageChild.Beyond:
                GuardPageChild.RunBeyond();
                return 0;
            case AllocationChild.Alone:
                return AllocationChild.Measure(workerCount: 0);
            case AllocationChild.WithWorkers:
                return AllocationChild.Measure(workerCount: 2);
            default:
                Console.Error.WriteLine($"There is no child '{name}'.");
                return 2;
        }
    }
}
