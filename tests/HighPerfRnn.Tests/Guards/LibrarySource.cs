using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>A name in the source and what the compiler takes it for.</summary>
internal readonly record struct NamedUse(SyntaxNode Node, ISymbol Symbol);

/// <summary>
/// The library's source as the compiler understands it: names are followed to what they mean, however they are written
/// (with a using, in full, relative to the namespace, through an extension or a type argument).
/// </summary>
internal sealed class LibrarySource
{
    /// <summary>What the SDK adds to every file of a console project or class library.</summary>
    public const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private readonly CSharpCompilation _compilation;

    public LibrarySource(IEnumerable<(string Path, string Text)> files)
    {
        CSharpParseOptions options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest);
        Files = [.. files.Select(file => CSharpSyntaxTree.ParseText(file.Text, options, file.Path))];
        _compilation = CSharpCompilation.Create(
            "HighPerfRnn.Source",
            [.. Files, CSharpSyntaxTree.ParseText(ImplicitUsings, options)],
            FrameworkReferences,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
    }

    public static IReadOnlyList<MetadataReference> FrameworkReferences { get; } =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetDirectoryName(file) == Path.GetDirectoryName(typeof(object).Assembly.Location))
            .Select(file => MetadataReference.CreateFromFile(file)),
    ];

    public static LibrarySource FromRepository() =>
        new(Repository.SourceFiles(Repository.Library).Select(file => (Repository.Relative(file), File.ReadAllText(file))));

    public IReadOnlyList<SyntaxTree> Files { get; }

    /// <summary>The folder below the library's that a file lies in; empty for its root.</summary>
    public static string FolderOf(string path)
    {
        string[] parts = path.Split('/');
        return parts.Length > 3 ? parts[2] : "";
    }

    /// <summary>Path and line, as editors and terminals read them.</summary>
    public static string Place(SyntaxNode node)
    {
        FileLinePositionSpan span = node.SyntaxTree.GetLineSpan(node.Span);
        return $"{span.Path}:{span.StartLinePosition.Line + 1}";
    }

    /// <summary>The rules below believe the compiler, so it must have understood everything.</summary>
    public void AssertCompiles()
    {
        Diagnostic[] errors = [.. _compilation.GetDiagnostics().Where(found => found.Severity == DiagnosticSeverity.Error)];
        Assert.True(errors.Length == 0, string.Join('\n', errors.Take(20).Select(error => error.ToString())));
    }

    /// <summary>Every simple name in code (documentation comments left out) with its meaning.</summary>
    public IEnumerable<NamedUse> Uses(SyntaxTree file)
    {
        SemanticModel model = _compilation.GetSemanticModel(file);
        foreach (SimpleNameSyntax name in file.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            if (model.GetSymbolInfo(name).Symbol is { } symbol) yield return new NamedUse(name, symbol);
        }
    }
}
