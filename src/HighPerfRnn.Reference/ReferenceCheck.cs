namespace HighPerfRnn.Reference;

/// <summary>The checks at every public door.</summary>
internal static class ReferenceCheck
{
    internal static void Length(string name, int found, int expected)
    {
        if (found != expected)
        {
            throw new ArgumentException($"{name} holds {found} elements, expected {expected}.", name);
        }
    }

    /// <summary>As <see cref="Length"/>, where an empty span stands for zeros.</summary>
    internal static void LengthOrEmpty(string name, int found, int expected)
    {
        if (found != 0)
        {
            Length(name, found, expected);
        }
    }

    internal static void Index(string name, int found, int size)
    {
        if ((uint)found >= (uint)size)
        {
            throw new ArgumentOutOfRangeException(name, $"{name} holds {found}, expected 0 to {size - 1}.");
        }
    }
}
