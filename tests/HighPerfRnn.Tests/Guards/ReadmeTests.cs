using Xunit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// Every C# block of README.md and docs/*.md compiles as a program and runs; where a `text` block follows, it prints just that.
/// </summary>
public class ReadmeTests
{
    private const string Sample = """
        # Title
        ```sh
        dotnet test
        ```
        ```csharp
        Console.WriteLine("one");
        ```

        ```text
        one
        ```
        ````csharp
        // ```
        int x = 1;
        ````
        Words between.
        ```text
        no output
        ```
        """;

    [Fact]
    public void EveryExampleCompilesRunsAndPrintsWhatItSays()
    {
        IReadOnlyList<MarkdownExample> examples = MarkdownExamples.FromRepository();
        Assert.True(examples.Any(example => example.File == "README.md"), "README.md is not there or has no csharp block.");
        string?[] faults = [.. examples.AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(ExampleRunner.FindFault)];
        Assert.True(faults.All(fault => fault is null), string.Join("\n\n", faults.OfType<string>()));
    }

    [Fact]
    public void BlocksAreFoundWithTheirLinesAndOutputs() =>
        Assert.Equal(
            [
                new MarkdownExample("a.md", 6, "Console.WriteLine(\"one\");", "one"),
                new MarkdownExample("a.md", 13, "// ```\nint x = 1;", null),
            ],
            MarkdownExamples.Find("a.md", Sample));

    [Fact]
    public void ABlockWithoutAnEndIsAFault()
    {
        FormatException fault = Assert.Throws<FormatException>(() => MarkdownExamples.Find("a.md", "x\n```csharp\ny").ToList());
        Assert.Equal("a.md:2: the block has no end.", fault.Message);
    }

    [Fact]
    public void AnExampleThatHoldsHasNoFault()
    {
        const string code = """
            using HighPerfRnn.Layers;

            var layer = new Dense<float>(inputSize: 2, outputSize: 1);
            layer.Parameters["weight"].Fill(0.5f);
            layer.Repack();
            float[] output = new float[1];
            layer.Forward(rows: 1, [1f, 2f], output);
            Console.WriteLine(output[0]);
            """;
        Assert.Null(FindFault(1, code, "1.5"));
        Assert.Contains("a.md:1: the example prints\n1.5\n", FindFault(1, code, "1.6"), StringComparison.Ordinal);
    }

    [Fact]
    public void AnExampleThatDoesNotCompileIsNamedWithItsLine() =>
        Assert.StartsWith("a.md:42: CS0103", FindFault(41, "int x = 1;\nint y = z;", null), StringComparison.Ordinal);

    [Fact]
    public void AnExampleThatThrowsIsAFault() =>
        Assert.Contains("nothing here", FindFault(7, "throw new Exception(\"nothing here\");", null), StringComparison.Ordinal);

    private static string? FindFault(int line, string code, string? output) =>
        ExampleRunner.FindFault(new MarkdownExample("a.md", line, code, output));
}
