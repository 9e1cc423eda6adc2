using FsCheck;
using FsCheck.Fluent;

namespace HighPerfRnn.Tests.Generation;

/// <content>How sizes are drawn and shrunk.</content>
public static partial class Cases
{
    /// <summary>Half of all sizes lie at or beside a multiple of 4, 8, 16 or 32, where tiles, lanes and blocks end.</summary>
    internal static Gen<int> Size(int smallest, int largest) =>
        Gen.OneOf(
            Gen.Choose(smallest, largest),
            from unit in Gen.Elements(4, 8, 16, 32)
            from multiple in Gen.Choose(0, largest / unit)
            from beside in Gen.Choose(-1, 1)
            select Math.Clamp((unit * multiple) + beside, smallest, largest));

    /// <summary>The smallest, the half and one less: a search that ends after few dozen tries.</summary>
    internal static IEnumerable<int> Smaller(int value, int smallest)
    {
        if (value > smallest) yield return smallest;
        if (value / 2 > smallest) yield return value / 2;
        if (value - 1 > smallest && value - 1 != value / 2) yield return value - 1;
    }
}
