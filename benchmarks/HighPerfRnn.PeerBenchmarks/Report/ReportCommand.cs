using System.Runtime.InteropServices;
using System.Text.Json;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using HighPerfRnn.Benchmarks.Machine;
using HighPerfRnn.Benchmarks.Setup;
using HighPerfRnn.PeerBenchmarks.Peers;
using HighPerfRnn.PeerBenchmarks.Peers.Tensors;

namespace HighPerfRnn.PeerBenchmarks.Report;

/// <summary>report: runs every benchmark here, or takes what a run left, and writes benchmarks/REPORT.md with its plots.</summary>
internal static class ReportCommand
{
    private const string Usage = "usage: report [--quick] [--filter GLOB ...] [--from report.json] [--output FOLDER]";
    private const string Command = "dotnet run -c Release --project benchmarks/HighPerfRnn.PeerBenchmarks -- report";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Runs it.</summary>
    /// <param name="options">
    /// --filter GLOBs: only the rows that match, to try it out. --from FILE: no run; draws the report of an earlier one.
    /// --output FOLDER: instead of benchmarks/.
    /// </param>
    /// <returns>0 when every row has a figure, 1 when some failed, 2 for a wrong command line.</returns>
    public static int Run(string[] options)
    {
        if (!TryParse(options, out string[] filters, out string? from, out string? output))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        output ??= BenchmarksFolder();
        ReportData data = from is null
            ? Measure(filters)
            : JsonSerializer.Deserialize<ReportData>(File.ReadAllText(from)) ?? throw new InvalidDataException($"{from} holds no report.");
        string path = ReportWriter.Write(data, output);
        Console.WriteLine($"wrote {path}");
        foreach (string failure in data.Failures) Console.Error.WriteLine($"failed: {failure}");
        return data.Failures.Count == 0 ? 0 : 1;
    }

    private static bool TryParse(string[] options, out string[] filters, out string? from, out string? output)
    {
        var globs = new List<string>();
        (from, output) = (null, null);
        string? option = null;
        foreach (string argument in options)
        {
            if (argument.StartsWith("--", StringComparison.Ordinal)) option = argument;
            else if (option == "--filter") globs.Add(argument);
            else if (option == "--from" && from is null) from = argument;
            else if (option == "--output" && output is null) output = argument;
            else option = "";
            if (option is not ("--filter" or "--from" or "--output")) break;
        }

        filters = globs.Count == 0 ? ["*"] : [.. globs];
        return option switch
        {
            null => true,
            "--filter" => globs.Count > 0,
            "--from" => from is not null,
            "--output" => output is not null,
            _ => false,
        };
    }

    private static ReportData Measure(string[] filters)
    {
        ManualConfig config = PeerSettings.Create();
        Summary[] summaries =
        [
            .. BenchmarkSwitcher.FromAssembly(typeof(ReportCommand).Assembly).Run(["--filter", .. filters], config),
        ];
        if (summaries.Length == 0) throw new InvalidOperationException($"no benchmark matches {string.Join(' ', filters)}");
        var rows = new List<ReportRow>();
        var failures = new List<string>();
        foreach (Summary summary in summaries)
        {
            foreach (BenchmarkCase benchmarkCase in summary.BenchmarksCases)
            {
                string benchmark = benchmarkCase.Descriptor.Type.Name;
                if (RowFigures.Of(summary, benchmarkCase) is { } figures) rows.Add(ReportRow.Create(benchmark, figures));
                else failures.Add($"{benchmark}: {benchmarkCase.Parameters.DisplayInfo}");
            }
        }

        string scope = (RunScope.IsQuick ? " --quick" : "") + (filters is ["*"] ? "" : $" --filter '{string.Join("' '", filters)}'");
        var data = new ReportData(
            Command + scope,
            RunScope.IsQuick,
            [
                .. summaries[0].HostEnvironmentInfo.ToFormattedString(),
                $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSArchitecture}",
            ],
            MachineFigures.Measure(),
            [.. Libraries()],
            rows,
            failures);
        string path = Path.Combine(summaries[0].ResultsDirectoryPath, "report.json");
        File.WriteAllText(path, JsonSerializer.Serialize(data, Indented));
        Console.WriteLine($"wrote {path}");
        return data;
    }

    private static IEnumerable<LibraryFigures> Libraries() =>
        AllPeers.Libraries
            .Select(library => new LibraryFigures(library.Name, library.Missing is null ? library.Version : null, library.Missing))
            .Append(new LibraryFigures(TensorPrimitivesWork.LibraryName, TensorPrimitivesWork.Version, null));

    private static string BenchmarksFolder()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Peers.sln"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException("Peers.sln stands in no folder above the program; name one with --output.");
    }
}
