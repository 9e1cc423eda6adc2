using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Setup;

string[] arguments = RunScope.Take(args);
LimitLog.Start();
try
{
    ManualConfig config = BenchmarkSettings.Create().AddDiagnoser(BenchmarkSettings.Disassembly);
    // Whoever names no job gets the engine's own, and --job on the command line another one.
    if (RunScope.IsQuick) config.AddJob(BenchmarkSettings.Job);
    Summary[] summaries = [.. BenchmarkSwitcher.FromAssembly(typeof(BenchmarkSettings).Assembly).Run(arguments, config)];
    return summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
}
finally
{
    LimitLog.End();
}
