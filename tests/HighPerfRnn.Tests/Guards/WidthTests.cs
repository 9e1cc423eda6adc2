using System.Globalization;
using System.Reflection;
using System.Xml.Linq;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// Runs the tests of category Width again in child processes, at every vector width that the machine can show, and compares
/// bits with this process: every lane gives the same as every other.
/// </summary>
/// <remarks>
/// Each child first asserts that its setting took effect: one that is misspelled is ignored by the runtime without a word.
/// Children draw fewer and smaller cases, since without hardware support each multiply-add takes nanoseconds.
/// </remarks>
public class WidthTests(ITestOutputHelper output)
{
    public static TheoryData<string> Widths => [.. VectorWidth.All.Select(width => width.Name)];

    [Theory]
    [MemberData(nameof(Widths))]
    public void TheSuiteHoldsAtEveryWidthAndTheBitsAreTheSame(string name)
    {
        VectorWidth width = VectorWidth.All.Single(width => width.Name == name);
        Assert.False(VectorWidth.IsChild, "A child was asked to start children.");
        output.WriteLine($"This process: {VectorWidth.DescribeDefault()}.");
        if (width.ReasonToSkip() is { } reason)
        {
            output.WriteLine($"SKIPPED {name}: {reason}.");
            return;
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("hprnn-width-");
        try
        {
            string digestFile = Path.Combine(folder.FullName, "digest.txt");
            ChildResult child = RunChild(width, folder.FullName, digestFile);
            string resultsFile = Path.Combine(folder.FullName, "results.trx");
            IReadOnlyList<string> failures = ReadResults(resultsFile, child, out int passed, out int failed);
            output.WriteLine($"{name}: {passed} passed, {failed} failed.");
            Assert.True(failed == 0, $"At {name} ({width.Setting}={width.Value}):\n{string.Join("\n\n", failures)}");
            Assert.True(child.ExitCode == 0, child.Describe());
            int expected = CountWidthMethods();
            Assert.True(passed >= expected, $"{passed} tests ran at {name}; expected at least {expected}.\n{child.Describe()}");
            Assert.Equal(WidthDigest.Compute(null), File.ReadAllLines(digestFile));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Test methods of the category, as the assembly has them: a child that runs fewer has filtered some away.</summary>
    private static int CountWidthMethods()
    {
        static bool IsWidth(MemberInfo member) => member.GetCustomAttributesData().Any(
            data => data.AttributeType == typeof(TraitAttribute)
                && data.ConstructorArguments.Select(argument => argument.Value).SequenceEqual(["Category", "Width"]));

        int count = typeof(WidthTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods().Where(method => IsWidth(method) || IsWidth(type)))
            .Count(method => method.IsDefined(typeof(FactAttribute), inherit: true));
        Assert.NotEqual(0, count);
        return count;
    }

    private static ChildResult RunChild(VectorWidth width, string folder, string digestFile)
    {
        var environment = new Dictionary<string, string>
        {
            [width.Setting] = width.Value,
            [VectorWidth.ExpectedBitsVariable] = width.Bits.ToString(CultureInfo.InvariantCulture),
            [VectorWidth.ExpectedFusedVariable] = width.HasFusedMultiplyAdd.ToString(),
            [VectorWidth.DigestFileVariable] = digestFile,
            ["HPRNN_TEST_CASES"] = "25",
            ["HPRNN_TEST_WORK"] = "2000000",
        };
        string[] arguments =
        [
            "vstest", typeof(WidthTests).Assembly.Location, "--TestCaseFilter:Category=Width",
            "--logger:trx;LogFileName=results.trx", $"--ResultsDirectory:{folder}",
        ];
        return ChildProcess.Dotnet(arguments, TimeSpan.FromMinutes(8), environment, folder);
    }

    /// <summary>Counts, and name, message and stack of each failure.</summary>
    private static List<string> ReadResults(string file, ChildResult child, out int passed, out int failed)
    {
        Assert.True(File.Exists(file), $"The child wrote no results.\n{child.Describe()}");
        XElement[] results = [.. XDocument.Load(file).Descendants().Where(element => element.Name.LocalName == "UnitTestResult")];
        XElement[] failures = [.. results.Where(result => (string?)result.Attribute("outcome") == "Failed")];
        passed = results.Count(result => (string?)result.Attribute("outcome") == "Passed");
        failed = failures.Length;
        return [.. failures.Select(result => $"{(string?)result.Attribute("testName")}\n{result.Value}")];
    }
}
