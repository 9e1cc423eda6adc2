using System.Globalization;
using System.Text.Json;
using HighPerfRnn.Cli;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>What one run of the tool came to.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs the tool's entry point in this process.</summary>
    public static ToolRun Of(params string[] args)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        int exitCode = HprnnTool.Run(args, new ToolContext(output, error));
        return new ToolRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>The object that was printed: one, on one line, and nothing else.</summary>
    public JsonElement Json()
    {
        Assert.Equal(0, ExitCode);
        Assert.Equal(Output.TrimEnd('\r', '\n').Length, Output.IndexOfAny(['\r', '\n']));
        return JsonDocument.Parse(Output).RootElement;
    }

    /// <summary>The one line of an error, after nothing on standard output.</summary>
    public string ErrorLine(int exitCode)
    {
        Assert.True(exitCode == ExitCode, $"exit {ExitCode}: {Error}{Output}");
        Assert.Empty(Output);
        string line = Error.TrimEnd('\r', '\n');
        Assert.DoesNotContain('\n', line);
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        return line;
    }
}
