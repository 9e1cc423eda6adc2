namespace HighPerfRnn.PeerBenchmarks.Report;
internal static class ReportCommand { public static int Run(string[] o) => 0; }
