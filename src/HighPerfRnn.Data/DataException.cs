namespace HighPerfRnn.Data;

/// <summary>Data that cannot be used; the message is one line that names the place, what was found and what was expected.</summary>
public sealed class DataException : Exception
{
    /// <summary>An error without text.</summary>
    public DataException()
    {
    }

    /// <summary>An error in words.</summary>
    public DataException(string message)
        : base(message)
    {
    }

    /// <summary>An error in words, caused by another.</summary>
    public DataException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    // A cell may be a whole file where a quote is never closed.
    private const int MostFound = 200;

    /// <summary>"PLACE: found FOUND, expected EXPECTED.", on one line; what was found is cut after 200 characters.</summary>
    /// <param name="place">For example "words.tsv, line 12, column 3".</param>
    /// <param name="found">What stands there.</param>
    /// <param name="expected">What should.</param>
    /// <param name="innerException">What it follows from.</param>
    public static DataException At(string place, string found, string expected, Exception? innerException = null) =>
        new($"{Line(place)}: found {Line(Short(found))}, expected {expected}.", innerException);

    private static string Short(string text) => text.Length <= MostFound ? text : $"{text.AsSpan(0, MostFound)}…";

    /// <summary>Control characters, the ends of lines among them, would break the line or hide a part of it.</summary>
    private static string Line(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
}
