using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace HighPerfRnn.Tests.Guards;

/// <summary>The rules of the architecture, each giving a line for every break.</summary>
internal static class SourceRules
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Simd"] = [],
        ["Memory"] = [],
        ["Threading"] = [],
        ["Kernels"] = ["Simd", "Memory"],
        ["Layers"] = ["Kernels", "Simd", "Memory", "Threading"],
        ["Formats"] = ["Memory"],
        ["Models"] = ["Layers", "Formats", "Kernels", "Memory", "Threading"],
        ["Training"] = ["Models", "Layers", "Formats", "Kernels", "Simd", "Memory", "Threading"],
    };

    /// <summary>Functions whose last bits differ between systems, versions and widths.</summary>
    private static readonly HashSet<string> InexactFunctions =
    [
        "Exp", "Exp2", "Exp10", "ExpM1", "Exp2M1", "Exp10M1", "Log", "Log2", "Log10", "LogP1", "Log2P1", "Log10P1", "ILogB", "Pow",
        "Sin", "Cos", "Tan", "SinCos", "SinPi", "CosPi", "TanPi", "SinCosPi", "Asin", "Acos", "Atan", "Atan2", "AsinPi", "AcosPi",
        "AtanPi", "Atan2Pi", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh", "Cbrt", "RootN", "Hypot",
    ];

    private static readonly HashSet<string> MayBeUnsafe = ["Simd", "Memory", "Kernels", "Threading"];

    /// <summary>Every library file lies in a folder with arrows, and names only what its folder may use.</summary>
    public static IEnumerable<string> FindForbiddenArrows(LibrarySource source)
    {
        foreach (SyntaxTree file in source.Files)
        {
            string folder = LibrarySource.FolderOf(file.FilePath);
            if (!MayUse.TryGetValue(folder, out string[]? allowed))
            {
                yield return $"{file.FilePath}: there are no arrows for the folder '{folder}'";
                continue;
            }

            foreach (NamedUse use in source.Uses(file))
            {
                if (OwnFolder(use.Symbol) is { } used && used != folder && !allowed.Contains(used))
                {
                    yield return $"{LibrarySource.Place(use.Node)}: {folder} uses {used} ({use.Symbol.Name})";
                }
            }
        }
    }

    /// <summary>Namespaces follow folders: an arrow between namespaces is one between folders.</summary>
    public static IEnumerable<string> FindMisplacedNamespaces(LibrarySource source) =>
        from file in source.Files
        let expected = "HighPerfRnn." + LibrarySource.FolderOf(file.FilePath)
        from declared in file.GetRoot().DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
        where declared.Name.ToString() != expected
        select $"{LibrarySource.Place(declared)}: namespace {declared.Name}; expected {expected}";

    /// <summary>No function whose bits the library does not decide itself, no estimate, no random numbers but its own.</summary>
    public static IEnumerable<string> FindBannedCalls(LibrarySource source) =>
        from file in source.Files
        from use in source.Uses(file)
        where IsBanned(use.Symbol)
        select $"{LibrarySource.Place(use.Node)}: {use.Symbol.ContainingSymbol.Name}.{use.Symbol.Name}";

    /// <summary>No LINQ and no closures where the work is done.</summary>
    public static IEnumerable<string> FindLinqAndClosures(LibrarySource source)
    {
        foreach (SyntaxTree file in source.Files.Where(file => LibrarySource.FolderOf(file.FilePath) is "Simd" or "Kernels"))
        {
            foreach (NamedUse use in source.Uses(file))
            {
                if (use.Symbol is IMethodSymbol method && NamespaceOf(method) == "System.Linq")
                {
                    yield return $"{LibrarySource.Place(use.Node)}: Linq {method.Name}";
                }
            }

            foreach (SyntaxNode node in file.GetRoot().DescendantNodes())
            {
                if (node is AnonymousFunctionExpressionSyntax or QueryExpressionSyntax)
                {
                    yield return $"{LibrarySource.Place(node)}: {node.Kind()}";
                }
            }
        }
    }

    public static IEnumerable<string> FindMisplacedUnsafe(LibrarySource source) =>
        from file in source.Files
        where !MayBeUnsafe.Contains(LibrarySource.FolderOf(file.FilePath))
        from token in file.GetRoot().DescendantTokens()
        where token.IsKind(SyntaxKind.UnsafeKeyword)
        select $"{LibrarySource.Place(token.Parent!)}: unsafe";

    private static bool IsBanned(ISymbol symbol)
    {
        string space = NamespaceOf(symbol);
        if (symbol is ITypeSymbol) return space == "System" && symbol.Name == "Random";
        if (symbol is not IMethodSymbol || !space.StartsWith("System", StringComparison.Ordinal)) return false;
        bool isNumeric = space is "System" or "System.Numerics" or "System.Numerics.Tensors"
            || space.StartsWith("System.Runtime.Intrinsics", StringComparison.Ordinal);
        if (!isNumeric) return false;
        if (symbol.Name.Contains("Estimate", StringComparison.Ordinal)) return true;
        // Exact on whole numbers.
        bool isWhole = symbol.ContainingType.Name is "BitOperations" || symbol.ContainingType.SpecialType is
            SpecialType.System_Int32 or SpecialType.System_UInt32 or SpecialType.System_Int64 or SpecialType.System_UInt64;
        return InexactFunctions.Contains(symbol.Name) && !isWhole;
    }

    private static string? OwnFolder(ISymbol symbol)
    {
        // Of a namespace or a type the name itself says where it is; of all else, the type that has it.
        string space = symbol is INamespaceSymbol ? symbol.ToDisplayString() : NamespaceOf(symbol);
        return space.StartsWith("HighPerfRnn.", StringComparison.Ordinal) ? space.Split('.')[1] : null;
    }

    private static string NamespaceOf(ISymbol symbol) => symbol.ContainingNamespace?.ToDisplayString() ?? "";
}
