using HighPerfRnn.Data.Audio;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Labelling;

namespace HighPerfRnn.Tasks.Tagging;

/// <summary>Labels a stream frame by frame, as frames come. Nothing is allocated after the constructor; an object belongs to one thread.</summary>
public sealed class LiveTagger
{
    private readonly TaggingModel _model;
    private readonly SequenceClassifierSession<float> _session;
    private readonly MelFeatures? _mel;
    private readonly float[] _frame;

    /// <summary>A stream that begins now.</summary>
    /// <param name="model">A causal model whose frames have labels.</param>
    /// <exception cref="ArgumentException">The model waits for the end of a sequence.</exception>
    public LiveTagger(TaggingModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!model.HasTimes) throw new ArgumentException("The model was trained on labels without times; expected one whose frames have labels.", nameof(model));
        _model = model;
        _session = new SequenceClassifierSession<float>(model.Network);
        _mel = model.Features.Source == TagSource.Sound ? new MelFeatures(model.Features.Mel) : null;
        _frame = new float[model.Scaling.Columns.Count];
    }

    /// <summary>Numbers of a call: samples of a hop for sound, else those of a frame.</summary>
    public int InputSize => _mel is null ? _frame.Length : _model.Features.Mel.HopSamples;

    /// <summary>The number of the next frame's label.</summary>
    /// <param name="input">The next hop of samples, or the numbers of the next frame, as they are.</param>
    /// <exception cref="ArgumentException">The length is not <see cref="InputSize"/>.</exception>
    public int Next(ReadOnlySpan<float> input)
    {
        if (input.Length != InputSize) throw new ArgumentException($"input has length {input.Length}; expected {InputSize}.", nameof(input));
        if (_mel is null) input.CopyTo(_frame);
        else _mel.Next(input, _frame);
        _model.Scaling.Scale(_frame);
        return LabelPredictor.IndexOfLargest(_session.Step(_frame));
    }

    /// <summary>Begins a new stream.</summary>
    public void Reset()
    {
        _session.Reset();
        _mel?.Reset();
    }
}
