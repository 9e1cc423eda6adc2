namespace HighPerfRnn.PeerBenchmarks.Report.Goals;

/// <summary>What is asked of a row, and what the run says of it.</summary>
/// <param name="Work">The row.</param>
/// <param name="Figure">What the number is, to stand behind it.</param>
/// <param name="Bound">How much is asked; NaN where it follows from what was not measured.</param>
/// <param name="IsAtMost">Whether less is better.</param>
/// <param name="Reached">How much it was; NaN where it was not measured.</param>
/// <param name="Format">How either number is written.</param>
/// <param name="Limit">What the same run measured that forbids more; empty where nothing did.</param>
internal sealed record Goal(
    string Work, string Figure, double Bound, bool IsAtMost, double Reached, Func<double, string> Format, string Limit)
{
    /// <summary>Whether it is reached; null where that is not known.</summary>
    public bool? IsMet =>
        double.IsNaN(Bound) || double.IsNaN(Reached) ? null : IsAtMost ? Reached <= Bound : Reached >= Bound;

    /// <summary>A goal to reach or to exceed.</summary>
    public static Goal AtLeast(
        string work, double bound, string figure, double? reached, Func<double, string> format, string limit = "") =>
        new(work, figure, bound, IsAtMost: false, reached ?? double.NaN, format, limit);

    /// <summary>A goal to stay within.</summary>
    public static Goal AtMost(
        string work, double bound, string figure, double? reached, Func<double, string> format, string limit = "") =>
        new(work, figure, bound, IsAtMost: true, reached ?? double.NaN, format, limit);
}
