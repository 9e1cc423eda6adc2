namespace HighPerfRnn.Data.Images;

/// <summary>Bytes of an image as its decoder may walk them: never past their end, never back but to the beginning.</summary>
/// <remarks>
/// StbImageSharp's skip is a seek and its test for the end is Position == Length. A length in a broken file that leads past the end, or
/// back, would make it read the same nothing for ever; here either leads to the end, as in the library in C that it comes from.
/// </remarks>
internal sealed class BoundedImageStream(byte[] bytes) : MemoryStream(bytes, writable: false)
{
    public override long Position
    {
        get => base.Position;
        set => base.Position = value >= 0 ? Math.Min(value, Length) : Length;
    }

    public override long Seek(long offset, SeekOrigin loc)
    {
        long start = loc switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => offset < 0 ? Length : Position,
            _ => Length,
        };
        Position = start + Math.Max(0, offset);
        return Position;
    }
}
