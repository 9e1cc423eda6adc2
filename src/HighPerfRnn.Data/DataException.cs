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

    /// <summary>"PLACE: found FOUND, expected EXPECTED."</summary>
    /// <param name="place">For example "words.tsv, line 12, column 3".</param>
    /// <param name="found">What stands there.</param>
    /// <param name="expected">What should.</param>
    /// <param name="innerException">What it follows from.</param>
    public static DataException At(string place, string found, string expected, Exception? innerException = null) =>
        new($"{place}: found {found}, expected {expected}.", innerException);
}
