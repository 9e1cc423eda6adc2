using System.Globalization;
using System.Text;

namespace HighPerfRnn.Formats;

/// <summary>
/// A model file that does not hold what its format, or its reader, calls for. The message is one line that names the file,
/// the place in it, what was found and what was expected. It derives from <see cref="IOException"/>, so that one catch
/// clause covers a file that is absent, unreadable or malformed.
/// </summary>
public sealed class ModelFormatException : IOException
{
    private const int LongestQuoteChars = 120;

    /// <summary>Creates the exception with a general message.</summary>
    public ModelFormatException()
        : base("The model file is malformed.")
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">One line: the file, the place, what was found, what was expected.</param>
    public ModelFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    /// <param name="message">One line: the file, the place, what was found, what was expected.</param>
    /// <param name="innerException">The error that showed the fault.</param>
    public ModelFormatException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    internal static ModelFormatException At(
        string file, string place, string found, string expected, Exception? innerException = null) =>
        new($"{Quote(file, int.MaxValue)}, {place}: found {found}, expected {expected}.", innerException);

    /// <summary>
    /// Text from a file, fit for a message: in quotation marks, cut at 120 characters, and with everything that could
    /// break the line or steer a terminal written as \uXXXX.
    /// </summary>
    internal static string Quote(string text) => Quote(text, LongestQuoteChars);

    private static string Quote(string text, int longestChars)
    {
        StringBuilder quoted = new("'");
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, longestChars)))
        {
            bool printable = char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
            if (printable)
                quoted.Append(c);
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }

        return quoted.Append(text.Length > longestChars ? "…'" : "'").ToString();
    }
}
