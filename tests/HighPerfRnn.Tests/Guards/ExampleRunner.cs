using HighPerfRnn.Layers;
using HighPerfRnn.Reference;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>Compiles an example as a program of its own, as a reader would, and runs it in a process of its own.</summary>
internal static class ExampleRunner
{
    /// <summary>What is wrong with the example, with its line in the Markdown file; null when nothing is.</summary>
    public static string? FindFault(MarkdownExample example)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("hprnn-example-");
        try
        {
            string program = Path.Combine(folder.FullName, "example.dll");
            if (Compile(example, program) is { } errors) return errors;
            CopySurroundings(program);
            ChildResult result = ChildProcess.Dotnet([program], TimeSpan.FromMinutes(2), workingDirectory: folder.FullName);
            if (result.ExitCode != 0) return $"{example.File}:{example.Line}: the example fails, {result.Describe()}";
            string actual = Normalize(result.Output);
            return example.ExpectedOutput is not { } expected || Normalize(expected) == actual
                ? null
                : $"{example.File}:{example.Line}: the example prints\n{actual}\nand the file says\n{Normalize(expected)}";
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string? Compile(MarkdownExample example, string program)
    {
        CSharpParseOptions options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest);
        // Messages and stack traces then name the line in the Markdown file.
        string code = $"#line {example.Line} \"{example.File}\"\n{example.Code}\n";
        CSharpCompilation compilation = CSharpCompilation.Create(
            "example",
            [
                CSharpSyntaxTree.ParseText(code, options, encoding: System.Text.Encoding.UTF8),
                CSharpSyntaxTree.ParseText(LibrarySource.ImplicitUsings, options, encoding: System.Text.Encoding.UTF8),
            ],
            [
                .. LibrarySource.FrameworkReferences,
                MetadataReference.CreateFromFile(typeof(Rnn<>).Assembly.Location),
                MetadataReference.CreateFromFile(typeof(ReferenceRnn).Assembly.Location),
            ],
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        EmitResult result = compilation.Emit(program);
        return result.Success
            ? null
            : string.Join('\n', result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).Select(Describe));
    }

    private static string Describe(Diagnostic diagnostic)
    {
        FileLinePositionSpan span = diagnostic.Location.GetMappedLineSpan();
        return $"{span.Path}:{span.StartLinePosition.Line + 1}: {diagnostic.Id}: {diagnostic.GetMessage()}";
    }

    private static void CopySurroundings(string program)
    {
        string folder = Path.GetDirectoryName(program)!;
        foreach (string library in new[] { typeof(Rnn<>).Assembly.Location, typeof(ReferenceRnn).Assembly.Location })
        {
            File.Copy(library, Path.Combine(folder, Path.GetFileName(library)));
        }

        // The same framework and settings as the tests have.
        string settings = Path.ChangeExtension(typeof(ExampleRunner).Assembly.Location, ".runtimeconfig.json");
        File.Copy(settings, Path.ChangeExtension(program, ".runtimeconfig.json"));
    }

    private static string Normalize(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())).Trim('\n');
}
