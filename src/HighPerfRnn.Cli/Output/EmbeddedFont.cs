using ScottPlot;
using SkiaSharp;

namespace HighPerfRnn.Cli.Output;

/// <summary>The font that the tool carries: a system without fonts draws plots without text otherwise.</summary>
internal sealed class EmbeddedFont : IFontResolver, IDisposable
{
    private const string Name = "Roboto";

    private readonly SKTypeface _typeface;

    private EmbeddedFont()
    {
        using Stream stream = EmbeddedData.Open("Roboto-Regular.ttf");
        using SKData data = SKData.Create(stream);
        _typeface = SKTypeface.FromData(data) ?? throw new InvalidOperationException("The embedded font cannot be read.");
    }

    /// <summary>Makes the font the one of every plot that follows.</summary>
    public static void Install()
    {
        lock (Name)
        {
            if (Fonts.FontResolvers.Any(resolver => resolver is EmbeddedFont)) return;
            Fonts.FontResolvers.Insert(0, new EmbeddedFont());
            Fonts.Default = Name;
        }
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Name ? _typeface : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? _typeface : null;

    /// <inheritdoc/>
    public void Dispose() => _typeface.Dispose();
}
