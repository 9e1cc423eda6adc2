using System.Diagnostics;
using System.Globalization;
using System.Text;
using HighPerfRnn.Cli;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>The tool as a process of its own, which does not outlive its test.</summary>
internal sealed class ToolProcess : IDisposable
{
    private const int PatienceMilliseconds = 60_000;

    private readonly Process _process;

    public ToolProcess(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.ArgumentList.Add(typeof(HprnnTool).Assembly.Location);
        foreach (string arg in args) start.ArgumentList.Add(arg);
        _process = Process.Start(start)!;
    }

    /// <summary>The next line of standard error.</summary>
    public string? ReadErrorLine() => _process.StandardError.ReadLine();

    /// <summary>Sends a signal by name.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end; what of the streams was not read is in the result.</summary>
    public ToolRun End()
    {
        Task<string> output = _process.StandardOutput.ReadToEndAsync();
        Task<string> error = _process.StandardError.ReadToEndAsync();
        Assert.True(_process.WaitForExit(PatienceMilliseconds), "The tool does not end.");
        return new ToolRun(_process.ExitCode, output.Result, error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit(PatienceMilliseconds);
        }

        _process.Dispose();
    }
}
