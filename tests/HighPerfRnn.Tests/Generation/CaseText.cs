using System.Globalization;

namespace HighPerfRnn.Tests.Generation;

/// <summary>Cases as text: <c>B=3,T=2,seed=42</c>.</summary>
internal static class CaseText
{
    /// <summary>Finds the value of a field.</summary>
    /// <exception cref="FormatException">There is no such field.</exception>
    public static string Field(string text, string name)
    {
        foreach (string part in text.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && part[..equals].Trim() == name) return part[(equals + 1)..].Trim();
        }

        throw new FormatException($"'{text}' has no field '{name}'; expected for example B=3,T=2,I=17,H=5,seed=42,options=None.");
    }

    public static int Number(string text, string name) => int.Parse(Field(text, name), CultureInfo.InvariantCulture);

    /// <summary>Flags by name, joined with '|', or None.</summary>
    public static TFlags Options<TFlags>(string text)
        where TFlags : struct, Enum => Enum.Parse<TFlags>(Field(text, "options").Replace('|', ','));

    public static string Write<TFlags>(TFlags options)
        where TFlags : struct, Enum => options.ToString().Replace(", ", "|", StringComparison.Ordinal);
}
