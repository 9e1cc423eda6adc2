using NAudio.Dsp;

namespace HighPerfRnn.Data.Audio;

/// <summary>How sound becomes numbers.</summary>
public sealed record MelSettings
{
    /// <summary>Samples a second.</summary>
    public int SampleRate { get; init; } = 16_000;

    /// <summary>Numbers a frame.</summary>
    public int Filters { get; init; } = 40;

    /// <summary>How much sound a frame sees.</summary>
    public double WindowMilliseconds { get; init; } = 25;

    /// <summary>From one frame to the next.</summary>
    public double HopMilliseconds { get; init; } = 10;

    /// <summary>Where the lowest filter begins.</summary>
    public double LowestHertz { get; init; } = 20;

    /// <summary>Samples of a window.</summary>
    public int WindowSamples => (int)Math.Round(SampleRate * WindowMilliseconds / 1000);

    /// <summary>Samples from one frame to the next.</summary>
    public int HopSamples => (int)Math.Round(SampleRate * HopMilliseconds / 1000);

    /// <summary>Seconds from one frame to the next.</summary>
    public double HopSeconds => (double)HopSamples / SampleRate;

    internal int TransformSize => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, WindowSamples));
}

/// <summary>
/// Log-mel features of a stream of samples, frame by frame: ln(ε + Σ weight·|X|²) of triangular filters that stand at equal distances on
/// the mel scale, mel = 2595·log10(1 + f / 700) (O'Shaughnessy, Speech Communication, 1987; the scale of HTK).
/// </summary>
/// <remarks>
/// A frame's window (Hann) ends with the hop that it belongs to, so that a frame waits for nothing that comes after it; before the
/// beginning there is silence. Nothing is allocated after the constructor. An object belongs to one thread and one stream.
/// </remarks>
public sealed class MelFeatures
{
    // Of sounds from -1 to 1: below the rounding of 16 bits.
    private const float Floor = 1e-10f;

    private readonly MelSettings _settings;
    private readonly FftProcessor _transform;
    private readonly float[] _window;
    private readonly float[] _history;
    private readonly float[] _windowed;
    private readonly Complex[] _spectrum;
    private readonly int[] _firstBins;
    private readonly float[][] _weights;

    /// <summary>A stream that begins now.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public MelFeatures(MelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.HopSamples < 1 || settings.WindowSamples < settings.HopSamples || settings.WindowSamples > 1 << 16)
        {
            throw new ArgumentException(
                $"Found windows of {settings.WindowSamples} samples every {settings.HopSamples}; expected one a hop at least, and windows of 65,536 at most.", nameof(settings));
        }

        if (settings.Filters is < 1 or > 1024 || !(settings.LowestHertz >= 0 && settings.LowestHertz < settings.SampleRate / 2.0))
        {
            throw new ArgumentException(
                $"Found {settings.Filters} filters from {settings.LowestHertz} Hz; expected 1 to 1024, below {settings.SampleRate / 2} Hz.", nameof(settings));
        }

        _settings = settings;
        int size = settings.TransformSize;
        _transform = new FftProcessor(size, FftWindowType.None);
        _window = new float[settings.WindowSamples];
        for (int i = 0; i < _window.Length; i++) _window[i] = (float)(0.5 - (0.5 * Math.Cos(2 * Math.PI * (i + 0.5) / _window.Length)));
        _history = new float[settings.WindowSamples];
        _windowed = new float[size];
        _spectrum = new Complex[(size / 2) + 1];
        _firstBins = new int[settings.Filters];
        _weights = new float[settings.Filters][];
        for (int filter = 0; filter < settings.Filters; filter++) MakeFilter(filter);
    }

    /// <summary>Begins a new stream.</summary>
    public void Reset() => Array.Clear(_history);

    /// <summary>The features of the next frame.</summary>
    /// <param name="hop">The next samples, <see cref="MelSettings.HopSamples"/> of them.</param>
    /// <param name="features">[filters], overwritten.</param>
    /// <exception cref="ArgumentException">A length is another.</exception>
    public void Next(ReadOnlySpan<float> hop, Span<float> features)
    {
        if (hop.Length != _settings.HopSamples) throw new ArgumentException($"hop has length {hop.Length}; expected {_settings.HopSamples}.", nameof(hop));
        if (features.Length != _settings.Filters) throw new ArgumentException($"features has length {features.Length}; expected {_settings.Filters}.", nameof(features));
        _history.AsSpan(hop.Length).CopyTo(_history);
        hop.CopyTo(_history.AsSpan(_history.Length - hop.Length));
        for (int i = 0; i < _window.Length; i++) _windowed[i] = _window[i] * _history[i];
        _transform.RealForward(_windowed, _spectrum);
        // The transform divides by its size.
        float scale = (float)_windowed.Length * _windowed.Length / _window.Length;
        for (int filter = 0; filter < features.Length; filter++)
        {
            float[] weights = _weights[filter];
            float energy = 0;
            for (int i = 0; i < weights.Length; i++)
            {
                Complex value = _spectrum[_firstBins[filter] + i];
                energy += weights[i] * ((value.X * value.X) + (value.Y * value.Y));
            }

            features[filter] = MathF.Log(Floor + (energy * scale));
        }
    }

    /// <summary>The frames of a whole sound, with the bits of a stream; what is left of a last hop is left out.</summary>
    /// <param name="settings">How.</param>
    /// <param name="samples">At the settings' rate.</param>
    /// <returns>[frames, filters].</returns>
    public static float[] OfSound(MelSettings settings, ReadOnlySpan<float> samples)
    {
        var stream = new MelFeatures(settings);
        int hop = settings.HopSamples, frames = samples.Length / hop;
        float[] features = new float[checked(frames * settings.Filters)];
        for (int frame = 0; frame < frames; frame++)
        {
            stream.Next(samples.Slice(frame * hop, hop), features.AsSpan(frame * settings.Filters, settings.Filters));
        }

        return features;
    }

    private static double MelOf(double hertz) => 2595 * Math.Log10(1 + (hertz / 700));

    private static double HertzOf(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);

    /// <summary>A triangle from the middle of the filter below to that of the one above; a narrow one has its nearest bin at least.</summary>
    private void MakeFilter(int filter)
    {
        double lowest = MelOf(_settings.LowestHertz), step = (MelOf(_settings.SampleRate / 2.0) - lowest) / (_settings.Filters + 1);
        double width = (double)_settings.SampleRate / _windowed.Length;
        double left = HertzOf(lowest + (filter * step)) / width;
        double middle = HertzOf(lowest + ((filter + 1) * step)) / width;
        double right = HertzOf(lowest + ((filter + 2) * step)) / width;
        int first = Math.Max(0, (int)Math.Ceiling(left)), last = Math.Min(_spectrum.Length - 1, (int)Math.Floor(right));
        var weights = new List<float>();
        for (int bin = first; bin <= last; bin++)
        {
            weights.Add((float)Math.Max(0, bin <= middle ? (bin - left) / (middle - left) : (right - bin) / (right - middle)));
        }

        if (weights.Sum() <= 0)
        {
            first = Math.Clamp((int)Math.Round(middle), 0, _spectrum.Length - 1);
            weights = [1];
        }

        _firstBins[filter] = first;
        _weights[filter] = [.. weights];
    }
}
