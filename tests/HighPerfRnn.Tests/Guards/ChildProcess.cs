using System.Diagnostics;
using System.Text;

namespace HighPerfRnn.Tests.Guards;

/// <summary>What a child process left behind.</summary>
internal sealed record ChildResult(int ExitCode, string Output, string Error)
{
    /// <summary>Exit code and the end of both streams, for the message of a failed assertion.</summary>
    public string Describe() => $"exit code {ExitCode}\n--- output\n{Tail(Output)}\n--- error\n{Tail(Error)}";

    private static string Tail(string text) => text.Length <= 20_000 ? text : "..." + text[^20_000..];
}

/// <summary>Runs `dotnet` with arguments and waits for its end.</summary>
internal static class ChildProcess
{
    public static ChildResult Dotnet(
        IEnumerable<string> arguments,
        TimeSpan timeout,
        IReadOnlyDictionary<string, string>? environment = null,
        string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(DotnetPath())
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? Repository.Root,
        };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["NO_COLOR"] = "1";
        // A child that is meant to die leaves no dump.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;

        var output = new StringBuilder();
        var error = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(error, line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(timeout))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            string command = $"dotnet {string.Join(' ', start.ArgumentList)}";
            throw new TimeoutException($"{command} ran longer than {timeout.TotalSeconds:0} s.\n{Text(output)}\n{Text(error)}");
        }

        process.WaitForExit();
        return new ChildResult(process.ExitCode, Text(output), Text(error));
    }

    // The test host may be a launcher of its own (testhost.exe); then the command is found as a user's shell finds it.
    private static string DotnetPath() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? Environment.ProcessPath!
            : Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (text) text.Append(line).Append('\n');
    }

    private static string Text(StringBuilder text)
    {
        lock (text) return text.ToString();
    }
}
