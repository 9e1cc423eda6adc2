using BenchmarkDotNet.Running;
using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Setup;
using HighPerfRnn.PeerBenchmarks.Report;

string[] arguments = RunScope.Take(args);
LimitLog.Start();
try
{
    if (arguments is ["report", .. string[] options]) return ReportCommand.Run(options);
    BenchmarkSwitcher.FromAssembly(typeof(ReportCommand).Assembly).Run(arguments, PeerSettings.Create());
    return 0;
}
finally
{
    LimitLog.End();
}
