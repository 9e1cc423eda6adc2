using System.Globalization;
using System.Numerics;
using HighPerfRnn.Memory;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Guards;

/// <summary>What losses and decoders write at fixed seeds, by name, for <see cref="WidthDigest"/>; and their calls, for <see cref="LossHotPaths{T}"/>.</summary>
internal sealed class LossRound<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Rows = 7, Classes = 37, Steps = 9, Batch = 3, InputSize = 21, Vocabulary = 190, BeamWidth = 6;

    private readonly T[] _logits, _targets, _weights, _positive, _gradient, _losses, _rowLosses, _input, _inputGradient, _logProbabilities;
    private readonly T[] _ctcLogits, _ctcGradient, _ctcLosses, _ctcWorkspace, _workspace;
    private readonly int[] _classTargets, _words, _labels;
    private readonly HierarchicalSoftmax<T> _hierarchical = new(InputSize, Vocabulary);
    private readonly ParameterSet<T> _gradients;
    private readonly CtcDecoder<T> _decoder = new(Classes, Steps, BeamWidth, blank: 2);

    public LossRound(int seed)
    {
        var random = new CaseRandom(seed);
        _logits = random.Numbers<T>(Rows * Classes, 6);
        _targets = Array.ConvertAll(random.Numbers<T>(Rows * Classes), T.Abs);
        _weights = Array.ConvertAll(random.Numbers<T>(Rows * Classes, 2, spread: true), T.Abs);
        _positive = Array.ConvertAll(random.Numbers<T>(Classes, 2), T.Abs);
        _gradient = new T[Rows * Classes];
        _losses = new T[Rows * Classes];
        _rowLosses = new T[Rows];
        _classTargets = random.Indices(Rows, Classes);
        _classTargets[1] = -1;
        _input = random.Numbers<T>(Rows * InputSize);
        _inputGradient = new T[_input.Length];
        _words = random.Indices(Rows, Vocabulary);
        _logProbabilities = new T[Vocabulary];
        _ctcLogits = random.Numbers<T>(Steps * Batch * Classes, 6);
        _ctcGradient = new T[_ctcLogits.Length];
        _ctcLosses = new T[Batch];
        _ctcWorkspace = new T[CtcLoss<T>.WorkspaceSize(Steps, Batch, 3)];
        _labels = new int[Steps];
        _workspace = new T[_hierarchical.WorkspaceSize(Rows)];
        _gradients = _hierarchical.Parameters.CreateZeros();
        foreach (Parameter parameter in _gradients.Parameters) random.Numbers<T>(parameter.Length).CopyTo(_hierarchical.Parameters.Span(parameter));
    }

    private static ReadOnlySpan<int> InputLengths => [Steps, Steps - 2, Steps];

    private static ReadOnlySpan<int> Labels => [1, 1, 5, 3];

    private static ReadOnlySpan<int> TargetLengths => [3, 1, 0];

    private CrossEntropyOptions<T> CrossEntropyOptions =>
        new() { LabelSmoothing = 0.1, IgnoredTarget = -1, ClassWeights = _weights.AsSpan(0, Classes) };

    private BinaryCrossEntropyOptions<T> BinaryOptions => new() { Weights = _weights, PositiveWeights = _positive };

    private CtcBatch<T> Ctc => new()
    {
        Steps = Steps,
        Classes = Classes,
        Logits = _ctcLogits,
        InputLengths = InputLengths,
        Targets = Labels,
        TargetLengths = TargetLengths,
        Blank = 2,
        RowLosses = _ctcLosses,
        LogitsGradient = _ctcGradient,
        Workspace = _ctcWorkspace,
    };

    public double CrossEntropy(WorkerGroup? workers) =>
        SoftmaxCrossEntropy<T>.ForwardBackward(_logits, _classTargets, Classes, _gradient, _rowLosses, CrossEntropyOptions, null, workers);

    public double CrossEntropyForward(WorkerGroup? workers) =>
        SoftmaxCrossEntropy<T>.Forward(_logits, _classTargets, Classes, _rowLosses, CrossEntropyOptions, null, workers);

    public double Binary(WorkerGroup? workers) =>
        BinaryCrossEntropy<T>.ForwardBackward(_logits, _targets, _gradient, _losses, BinaryOptions, null, workers);

    public double BinaryForward(WorkerGroup? workers) =>
        BinaryCrossEntropy<T>.Forward(_logits, _targets, _losses, BinaryOptions, null, workers);

    public double Squared(WorkerGroup? workers) =>
        MeanSquaredError<T>.ForwardBackward(_logits, _targets, _gradient, _losses, _weights, null, workers);

    public double SquaredForward(WorkerGroup? workers) =>
        MeanSquaredError<T>.Forward(_logits, _targets, _losses, _weights, null, workers);

    public double CtcForward(WorkerGroup? workers) => CtcLoss<T>.Forward(Ctc, workers);

    public double CtcBackward(WorkerGroup? workers) => CtcLoss<T>.ForwardBackward(Ctc, workers);

    public double BestPath()
    {
        _decoder.BestPath(_ctcLogits, Steps, _labels, out double logProbability, Batch, 1);
        return logProbability;
    }

    public int Search() => _decoder.Search(_ctcLogits, Steps, Batch, 1);

    public double LogProbability(int rank) => _decoder.LogProbability(rank);

    public int Length(int rank) => _decoder.Length(rank);

    public int CopyLabels(int rank) => _decoder.CopyLabels(rank, _labels);

    public int HierarchicalWorkspace() => _hierarchical.WorkspaceSize(Rows);

    public double HierarchicalForward(WorkerGroup? workers) => _hierarchical.Forward(_input, _words, _rowLosses, _workspace, null, workers);

    public double HierarchicalBackward(WorkerGroup? workers)
    {
        _gradients.Values.Clear();
        return _hierarchical.ForwardBackward(_input, _words, _rowLosses, _inputGradient, _gradients, _workspace, null, workers);
    }

    public void LogProbabilities(WorkerGroup? workers) =>
        _hierarchical.LogProbabilities(_input.AsSpan(0, InputSize), _logProbabilities, _workspace, workers);

    /// <summary>Everything that the calls above write, after each of them.</summary>
    public IEnumerable<(string Name, ReadOnlyMemory<T> Values)> Results(List<string> numbers, WorkerGroup? workers)
    {
        Add("cross-entropy", CrossEntropy(workers));
        yield return ("cross-entropy losses", Copy(_rowLosses));
        yield return ("cross-entropy gradient", Copy(_gradient));
        Add("binary", Binary(workers));
        yield return ("binary losses", Copy(_losses));
        yield return ("binary gradient", Copy(_gradient));
        Add("squared", Squared(workers));
        yield return ("squared losses", Copy(_losses));
        yield return ("squared gradient", Copy(_gradient));
        Add("ctc", CtcBackward(workers));
        yield return ("ctc losses", Copy(_ctcLosses));
        yield return ("ctc gradient", Copy(_ctcGradient));
        Add("best path", BestPath());
        Search();
        for (int rank = 0; rank < _decoder.Count; rank++)
        {
            int length = CopyLabels(rank);
            Add($"hypothesis {string.Join(' ', _labels[..length])}", LogProbability(rank));
        }

        _inputGradient.AsSpan().Clear();
        Add("hierarchical", HierarchicalBackward(workers));
        yield return ("hierarchical losses", Copy(_rowLosses));
        yield return ("hierarchical dX", Copy(_inputGradient));
        yield return ("hierarchical gradients", _gradients.Values.ToArray());
        LogProbabilities(workers);
        yield return ("hierarchical probabilities", Copy(_logProbabilities));

        void Add(string name, double value) =>
            numbers.Add(string.Create(CultureInfo.InvariantCulture, $"{typeof(T).Name} {name} {value:R}"));
        static T[] Copy(T[] values) => (T[])values.Clone();
    }
}
