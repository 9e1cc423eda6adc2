using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Setup;

LimitLog.Start();
try
{
    Summary[] summaries =
    [
        .. BenchmarkSwitcher.FromAssembly(typeof(BenchmarkSettings).Assembly)
            .Run(RunScope.Take(args), BenchmarkSettings.Create().AddDiagnoser(BenchmarkSettings.Disassembly)),
    ];
    return summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
}
finally
{
    LimitLog.End();
}
