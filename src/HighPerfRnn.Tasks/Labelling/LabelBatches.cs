using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Labelling;

/// <summary>Puts examples into batches of a network that labels: room for the largest, made once.</summary>
internal sealed class LabelBatches
{
    /// <summary>Stands for the class of a step past its row's end.</summary>
    public const int NoClass = -1;

    private readonly ILabelExamples _examples;
    private readonly LabelSettings _settings;
    private readonly SourceBatches _sources;
    private readonly int[] _labels;
    private readonly int[] _labelCounts;
    private readonly float[] _values;
    private readonly int _outputSize;
    private int _labelCount;

    /// <summary>Room for batches of so many rows.</summary>
    /// <param name="examples">What is put into them.</param>
    /// <param name="settings">What labels are.</param>
    /// <param name="batch">B at most.</param>
    /// <param name="inputSize">Numbers of a step; 0 for tokens.</param>
    /// <param name="outputSize">V.</param>
    public LabelBatches(ILabelExamples examples, LabelSettings settings, int batch, int inputSize, int outputSize)
    {
        _examples = examples;
        _settings = settings;
        _outputSize = outputSize;
        _sources = new SourceBatches(examples, batch, inputSize);
        for (int example = 0; example < examples.Count; example++) LongestLabels = Math.Max(LongestLabels, examples.Labels(example).Length);
        _labels = new int[checked(Math.Max(HasLabelPerStep ? MaxSteps : LongestLabels, 1) * batch)];
        _labelCounts = new int[batch];
        _values = new float[settings.Loss == LabelLoss.Numbers ? checked(batch * outputSize) : 0];
    }

    public int MaxSteps => _sources.MaxSteps;

    public int LongestLabels { get; }

    /// <summary>Classes [B], or [T, B] with <see cref="NoClass"/> past rows' ends, or the labels of all rows one after the other.</summary>
    public ReadOnlySpan<int> Labels => _labels.AsSpan(0, _labelCount);

    /// <summary>How many labels each row has [B].</summary>
    public ReadOnlySpan<int> LabelCounts => _labelCounts.AsSpan(0, _sources.Lengths.Length);

    /// <summary>[B].</summary>
    public ReadOnlySpan<int> Lengths => _sources.Lengths;

    /// <summary>T of the last batch.</summary>
    public int Steps => _sources.Steps;

    /// <summary>[B, V].</summary>
    public ReadOnlySpan<float> Values => _values.AsSpan(0, _sources.Lengths.Length * (_values.Length == 0 ? 0 : _outputSize));

    private bool HasLabelPerStep => _settings.Pooling is null && _settings.Loss == LabelLoss.Classes;

    /// <summary>A batch of these examples; the spans hold until the next one.</summary>
    /// <param name="examples">Which.</param>
    /// <param name="draw">For dropout and what is drawn of sequences; null outside training.</param>
    public SequenceBatch<float> Fill(ReadOnlySpan<int> examples, ulong? draw)
    {
        _sources.Fill(examples, draw);
        _labelCount = 0;
        int batch = examples.Length;
        if (HasLabelPerStep)
        {
            _labelCount = Steps * batch;
            _labels.AsSpan(0, _labelCount).Fill(NoClass);
        }

        for (int row = 0; row < batch; row++)
        {
            ReadOnlySpan<int> labels = _examples.Labels(examples[row]);
            _labelCounts[row] = labels.Length;
            if (HasLabelPerStep)
            {
                for (int step = 0; step < labels.Length; step++) _labels[(step * batch) + row] = labels[step];
            }
            else
            {
                labels.CopyTo(_labels.AsSpan(_labelCount));
                _labelCount += labels.Length;
            }

            _examples.Values(examples[row]).CopyTo(_values.AsSpan(row * (_values.Length == 0 ? 0 : _outputSize)));
        }

        return new SequenceBatch<float>
        {
            Steps = Steps,
            Batch = batch,
            Tokens = _sources.Tokens,
            Input = _sources.Numbers,
            Lengths = _sources.Lengths,
            DropoutCall = draw,
        };
    }
}
