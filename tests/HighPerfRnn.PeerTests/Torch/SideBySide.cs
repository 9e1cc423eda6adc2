namespace HighPerfRnn.PeerTests.Torch;

/// <summary>Directions side by side, [rows, directions·width], and one after the other.</summary>
internal static class SideBySide
{
    public static T[] Join<T>(T[][] parts, int rows)
    {
        int width = parts[0].Length / rows;
        T[] joined = new T[parts.Length * parts[0].Length];
        for (int i = 0; i < rows * parts.Length; i++)
        {
            Array.Copy(parts[i % parts.Length], i / parts.Length * width, joined, i * width, width);
        }

        return joined;
    }

    public static T[][] Split<T>(T[] joined, int count, int rows)
    {
        int width = joined.Length / rows / count;
        T[][] parts = [.. Enumerable.Range(0, count).Select(_ => new T[rows * width])];
        for (int i = 0; i < rows * count; i++) Array.Copy(joined, i * width, parts[i % count], i / count * width, width);
        return parts;
    }
}
