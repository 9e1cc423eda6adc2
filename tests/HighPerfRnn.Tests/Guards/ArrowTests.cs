using System.Reflection;
using HighPerfRnn.Layers;
using Xunit;

namespace HighPerfRnn.Tests.Guards;

/// <summary>Folders are the architecture, and its arrows point one way; what decides bits is the library's own.</summary>
public class ArrowTests
{
    private const int LongestFileLines = 500;

    private static readonly Lazy<LibrarySource> Source = new(() =>
    {
        LibrarySource source = LibrarySource.FromRepository();
        source.AssertCompiles();
        return source;
    });

    [Fact]
    public void FoldersUseOnlyWhatLiesBelowThem() => AssertNone(SourceRules.FindForbiddenArrows(Source.Value));

    [Fact]
    public void NamespacesFollowFolders() => AssertNone(SourceRules.FindMisplacedNamespaces(Source.Value));

    [Fact]
    public void NoBitIsLeftToTheSystemsMathematics() => AssertNone(SourceRules.FindBannedCalls(Source.Value));

    [Fact]
    public void KernelsHaveNoLinqAndNoClosures() => AssertNone(SourceRules.FindLinqAndClosures(Source.Value));

    [Fact]
    public void UnsafeCodeStaysAtTheBottom() => AssertNone(SourceRules.FindMisplacedUnsafe(Source.Value));

    [Fact]
    public void FilesFitOnAFewScreens()
    {
        AssertNone(
            from folder in Repository.SourceFolders
            from file in Repository.SourceFiles(Path.Combine(Repository.Root, folder))
            let lines = File.ReadLines(file).Count()
            where lines > LongestFileLines
            select $"{Repository.Relative(file)}: {lines} lines; expected at most {LongestFileLines}");
    }

    [Fact]
    public void ThePublicApiHasNoPointers()
    {
        const BindingFlags declared =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        AssertNone(
            from type in typeof(Rnn<>).Assembly.GetExportedTypes()
            from member in type.GetMembers(declared)
            from used in SignatureTypes(member)
            where used.IsPointer || used.IsFunctionPointer || (used.HasElementType && used.GetElementType()!.IsPointer)
            select $"{type.FullName}.{member.Name}: {used}");
    }

    [Fact]
    public void TheLibraryDependsOnTheFrameworkAlone()
    {
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        AssemblyName[] references = typeof(Rnn<>).Assembly.GetReferencedAssemblies();
        Assert.NotEmpty(references);
        AssertNone(
            from reference in references
            where !File.Exists(Path.Combine(framework, reference.Name + ".dll"))
            select reference.FullName);
        string project = File.ReadAllText(Path.Combine(Repository.Library, "HighPerfRnn.csproj"));
        Assert.DoesNotContain("PackageReference", project, StringComparison.Ordinal);
    }

    /// <summary>Each rule finds what it is for, so that silence means something.</summary>
    [Fact]
    public void TheRulesSeeWhatTheyForbid()
    {
        var source = new LibrarySource(
        [
            ("src/HighPerfRnn/Simd/A.cs", """
                using HighPerfRnn.Layers;
                namespace HighPerfRnn.Simd;
                public static class A { public static int N => L.M() + Layers.L.M() + HighPerfRnn.Layers.L.M(); }
                """),
            ("src/HighPerfRnn/Layers/L.cs", """
                namespace HighPerfRnn.Layers;
                public static unsafe class L { public static int M() => Simd.A.N; }
                """),
            ("src/HighPerfRnn/Kernels/K.cs", """
                using static System.MathF;
                namespace HighPerfRnn.Kernels;
                public static class K<T> where T : System.Numerics.IBinaryFloatingPointIeee754<T>
                {
                    public static float F(float[] x) => Exp(x.Max()) + (float)Math.Pow(2, 3);
                    public static float E(float[] x) => MathF.ReciprocalEstimate(1) + x.Sum(y => y);
                    public static T G(T x) => T.MultiplyAddEstimate(x, x, x) + T.Tanh(x);
                    public static object R() => new Random(1);
                    public static int Exact(uint x) => System.Numerics.BitOperations.Log2(x);
                }
                """),
            ("src/HighPerfRnn/Other/O.cs", "namespace HighPerfRnn.Wrong;"),
        ]);
        source.AssertCompiles();

        string[] arrows = [.. SourceRules.FindForbiddenArrows(source)];
        Assert.All(arrows[..^1], arrow => Assert.Contains("Simd uses Layers", arrow, StringComparison.Ordinal));
        Assert.Equal(1, arrows.Count(arrow => arrow.StartsWith("src/HighPerfRnn/Simd/A.cs:1:", StringComparison.Ordinal)));
        // L and M, and where they are written, the namespace: three ways to name them.
        Assert.Equal(8, arrows.Count(arrow => arrow.StartsWith("src/HighPerfRnn/Simd/A.cs:3:", StringComparison.Ordinal)));
        Assert.EndsWith("no arrows for the folder 'Other'", arrows[^1], StringComparison.Ordinal);
        Assert.Single(SourceRules.FindMisplacedNamespaces(source));
        Assert.Equal(
            ["Exp", "Pow", "ReciprocalEstimate", "MultiplyAddEstimate", "Tanh", "Random"],
            SourceRules.FindBannedCalls(source).Select(line => line.Split('.')[^1]));
        Assert.Equal(
            ["Max", "Sum", "SimpleLambdaExpression"],
            SourceRules.FindLinqAndClosures(source).Select(line => line.Split(' ')[^1]));
        Assert.Single(SourceRules.FindMisplacedUnsafe(source));
    }

    private static IEnumerable<Type> SignatureTypes(MemberInfo member) => member switch
    {
        MethodInfo method when method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly =>
            [.. method.GetParameters().Select(parameter => parameter.ParameterType), method.ReturnType],
        ConstructorInfo constructor when constructor.IsPublic || constructor.IsFamily || constructor.IsFamilyOrAssembly =>
            constructor.GetParameters().Select(parameter => parameter.ParameterType),
        FieldInfo field when field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly => [field.FieldType],
        _ => [],
    };

    private static void AssertNone(IEnumerable<string> breaks)
    {
        string[] lines = [.. breaks.Distinct()];
        Assert.True(lines.Length == 0, string.Join('\n', lines));
    }
}
