namespace HighPerfRnn.Cli.Output;

/// <summary>Writes pictures beside what was asked for.</summary>
internal static class PlotFile
{
    /// <summary>Draws and writes a PNG; whatever goes wrong is a warning, since the numbers are what was asked for.</summary>
    /// <param name="context">Takes warnings.</param>
    /// <param name="path">The file.</param>
    /// <param name="draw">Gives its bytes.</param>
    /// <returns>Whether the file is there.</returns>
    public static bool TrySave(ToolContext context, string path, Func<byte[]> draw)
    {
        try
        {
            EmbeddedFont.Install();
            byte[] png = draw();
            Formats.AtomicFile.Write(path, stream => stream.Write(png));
            return true;
        }
        // A native library that does not load, a full disk, a font that Skia dislikes: any of them.
        catch (Exception error)
        {
            context.Warn($"{path}: the plot cannot be drawn: {error.GetBaseException().Message}");
            return false;
        }
    }
}
