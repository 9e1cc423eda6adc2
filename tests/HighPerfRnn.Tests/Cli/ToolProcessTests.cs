using System.Globalization;
using HighPerfRnn.Formats;
using HighPerfRnn.Models;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>The tool as a process: signals, streams, files after a kill.</summary>
public sealed class ToolProcessTests
{
    [Fact]
    public void StandardOutputHoldsTheObjectAndNothingElse()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        using var process = new ToolProcess(folder.Training("m", "--json"));
        ToolRun run = process.End();
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
        Assert.Equal(12, run.Json().GetProperty("iterations").GetInt32());
    }

    [Fact]
    public void BadUsageIsOneLineWithoutAStackTrace()
    {
        using var process = new ToolProcess("train", "lm", "--hidden", "zero");
        string line = process.End().ErrorLine(2);
        Assert.Equal("hprnn train lm: --hidden: found 'zero', expected a whole number from 1 to 16,384.", line);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void ASignalStopsSavesAndExits130(string signal)
    {
        if (OperatingSystem.IsWindows() || (signal == "INT" && IgnoresInterrupts())) return;
        using var folder = new CommandFolder();
        folder.WriteText();
        string[] args = folder.Training("m", "--validate-every", "50");
        args[Array.IndexOf(args, "--iterations") + 1] = "100000000";
        using (var process = new ToolProcess(args))
        {
            // A line of progress says that training is under way.
            Assert.StartsWith("iteration 50/", process.ReadErrorLine(), StringComparison.Ordinal);
            process.Signal(signal);
            ToolRun run = process.End();
            Assert.True(run.ExitCode == 130, run.Error);
            Assert.Contains("--resume goes on", run.Error, StringComparison.Ordinal);
        }

        int iterations = IterationsOf(folder.Path("m")) + 2;
        args[Array.IndexOf(args, "--iterations") + 1] = iterations.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(2 * 3 * 9, ToolRun.Of([.. args, "--resume", "--json"]).Json().GetProperty("tokens").GetInt64());
    }

    [Fact]
    public void AKillWhileSavingLeavesAWholeFile()
    {
        using var folder = new CommandFolder();
        folder.WriteText();
        string[] args = folder.Training("m", "--validate-every", "1");
        args[Array.IndexOf(args, "--iterations") + 1] = "100000000";
        for (int round = 0; round < 3; round++)
        {
            // Every line follows a save, and the next save is a moment away: nearly all the time goes into them.
            using (var process = new ToolProcess(args))
            {
                for (int line = 0; line < 3 + round; line++) process.ReadErrorLine();
            }

            CharacterModel<float> model = CharacterModelFile.Load<float>(folder.Path("m"));
            Assert.Equal(12, model.Options.HiddenSize);
        }
    }

    private static int IterationsOf(string model)
    {
        using SafetensorsFile file = SafetensorsFile.Read(model);
        return int.Parse(file.Metadata["hprnn.training.iteration"], CultureInfo.InvariantCulture);
    }

    /// <summary>A shell that starts a job in the background lets it, and what it starts, ignore SIGINT.</summary>
    private static bool IgnoresInterrupts()
    {
        const int interrupt = 2;
        string? line = File.Exists("/proc/self/status")
            ? File.ReadLines("/proc/self/status").FirstOrDefault(text => text.StartsWith("SigIgn:", StringComparison.Ordinal))
            : null;
        return line is not null && (ulong.Parse(line[7..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1UL << (interrupt - 1))) != 0;
    }
}
