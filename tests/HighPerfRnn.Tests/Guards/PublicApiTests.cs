using HighPerfRnn.Layers;
using Xunit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The public API is what PublicApi.txt says: a change of it is a decision, seen in review.</summary>
public class PublicApiTests
{
    private const string AcceptVariable = "HPRNN_ACCEPT_API";

    private static readonly string File = Path.Combine(Repository.Root, "tests", "HighPerfRnn.Tests", "Guards", "PublicApi.txt");

    [Fact]
    public void ThePublicApiIsTheAcceptedOne()
    {
        string[] actual = [.. PublicApiPrinter.Print(typeof(Rnn<>).Assembly)];
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            System.IO.File.WriteAllText(File, string.Join('\n', actual) + "\n");
            return;
        }

        string[] accepted = System.IO.File.Exists(File) ? System.IO.File.ReadAllLines(File) : [];
        string[] difference = [.. Difference(accepted, actual)];
        Assert.True(
            difference.Length == 0,
            $"The public API differs from PublicApi.txt:\n{string.Join('\n', difference)}\n"
            + $"To accept it: {AcceptVariable}=1 dotnet test -c Release --filter FullyQualifiedName~PublicApiTests, then commit the file.");
    }

    [Fact]
    public void ADifferenceNamesTheTypeAndTheLine() =>
        Assert.Equal(
            ["  class A", "-     int X { get; }", "+     long X { get; }", "+ class C"],
            Difference(["class A", "    int X { get; }", "class B"], ["class A", "    long X { get; }", "class B", "class C"]));

    [Fact]
    public void ThePrinterTellsApartWhatCallersCanTell()
    {
        string[] lines = [.. PublicApiPrinter.Print(typeof(Rnn<>).Assembly)];
        Assert.Contains("sealed class HighPerfRnn.Layers.Rnn<T> : RecurrentLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>", lines);
        Assert.Contains("    void Forward(in RnnForward<T> pass, WorkerGroup? workers = null)", lines);
        Assert.Contains("    new(int inputSize, int outputSize, bool isTrainable = true)", lines);
        Assert.Contains("    required Span<T> Output { get; init; }", lines);
        Assert.DoesNotContain(lines, line => line.Contains("PrintMembers", StringComparison.Ordinal));
    }

    /// <summary>Lines that only one side has, below their type; both sides are sorted alike.</summary>
    private static IEnumerable<string> Difference(string[] accepted, string[] actual)
    {
        HashSet<string> before = [.. Qualify(accepted)], after = [.. Qualify(actual)];
        string? shown = null;
        IEnumerable<string> different = before.Union(after).Except(before.Intersect(after));
        foreach (string line in different.OrderBy(line => line.Split('\n')[0], StringComparer.Ordinal))
        {
            string[] parts = line.Split('\n');
            string sign = after.Contains(line) ? "+ " : "- ";
            if (parts.Length == 1)
            {
                yield return sign + line;
                continue;
            }

            if (shown != parts[0]) yield return "  " + parts[0];
            shown = parts[0];
            yield return sign + parts[1];
        }
    }

    /// <summary>Members with their type before them.</summary>
    private static IEnumerable<string> Qualify(string[] lines)
    {
        string type = "";
        foreach (string line in lines)
        {
            bool isMember = line.StartsWith(' ');
            if (!isMember) type = line;
            yield return isMember ? $"{type}\n{line}" : line;
        }
    }
}
