using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Training;

/// <summary>
/// What a network trained with <see cref="CtcLoss{T}"/> says: the best path, or the most probable prefixes by a beam search that
/// adds up all paths of a prefix (Graves and Jaitly, Towards end-to-end speech recognition with recurrent neural networks, ICML 2014).
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>An object belongs to one thread at a time; it allocates when it is made, and never after. Scores are added in double. Equal scores stand in
/// a fixed order, so that the results do not depend on the vector width.</para>
/// <para>A frame with a NaN or +∞, or of -∞ alone, has no probabilities: the search then ends with no hypothesis, and the best path has the
/// probability NaN.</para>
/// </remarks>
public sealed class CtcDecoder<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly CtcPrefixTree _prefixes;
    private readonly CtcCandidates _candidates;
    private readonly double[] _frame;
    private Hypothesis[] _beam;
    private Hypothesis[] _next;

    /// <summary>Makes room for sequences of up to <paramref name="maxSteps"/> frames.</summary>
    /// <param name="classes">C, labels with the blank.</param>
    /// <param name="maxSteps">The most frames of a sequence.</param>
    /// <param name="beamWidth">How many prefixes the search keeps after each frame.</param>
    /// <param name="blank">The class that stands for no label.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, the blank is no class, or steps times width are more than 2²⁹.</exception>
    public CtcDecoder(int classes, int maxSteps, int beamWidth = 1, int blank = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beamWidth);
        ArgumentOutOfRangeException.ThrowIfNegative(blank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(blank, classes);
        long nodes = (long)maxSteps * beamWidth;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, 1 << 29, nameof(maxSteps));
        Classes = classes;
        MaxSteps = maxSteps;
        BeamWidth = beamWidth;
        Blank = blank;
        // A frame adds as many prefixes as the beam holds, at most.
        _prefixes = new CtcPrefixTree((int)nodes + 1);
        _candidates = new CtcCandidates(beamWidth);
        _frame = new double[classes];
        _beam = new Hypothesis[beamWidth];
        _next = new Hypothesis[beamWidth];
    }

    /// <summary>C.</summary>
    public int Classes { get; }

    /// <summary>The most frames of a sequence.</summary>
    public int MaxSteps { get; }

    /// <summary>How many prefixes the search keeps.</summary>
    public int BeamWidth { get; }

    /// <summary>The class that stands for no label.</summary>
    public int Blank { get; }

    /// <summary>How many hypotheses the last search found, at most <see cref="BeamWidth"/>; they are in the order of their probability.</summary>
    public int Count { get; private set; }

    /// <summary>The most probable class of each frame, repetitions merged, then blanks removed; of equal ones the first class.</summary>
    /// <param name="logits">x [T, B, C].</param>
    /// <param name="steps">How many frames of the row count, at most T and <see cref="MaxSteps"/>.</param>
    /// <param name="labels">Overwritten from its start on; at least as many places as there are frames.</param>
    /// <param name="logProbability">ln of the path's probability: the labels' own is larger, since other paths give them too.</param>
    /// <param name="batch">B.</param>
    /// <param name="row">Which row.</param>
    /// <returns>How many labels there are.</returns>
    /// <exception cref="ArgumentException">A length does not fit or a number is out of range; nothing has been written then.</exception>
    public int BestPath(
        ReadOnlySpan<T> logits, int steps, Span<int> labels, out double logProbability, int batch = 1, int row = 0)
    {
        Validate(logits, steps, batch, row);
        Check.AtLeast(labels.Length, steps, nameof(labels));
        int length = 0;
        int last = Blank;
        double score = 0;
        for (int t = 0; t < steps; t++)
        {
            ReadOnlySpan<T> frame = logits.Slice(((t * batch) + row) * Classes, Classes);
            double logSum = LogSum(frame, out double maximum);
            int best = 0;
            for (int c = 1; c < frame.Length; c++)
            {
                if (frame[c] > frame[best]) best = c;
            }

            score += ExactMath.Widen(frame[best]) - maximum - logSum;
            if (best != Blank && best != last) labels[length++] = best;
            last = best;
        }

        logProbability = score;
        return length;
    }

    /// <summary>
    /// Finds the most probable prefixes. A prefix's probability is the sum over all its paths whose own prefixes were in the beam at each frame: exact
    /// where the beam holds every prefix.
    /// </summary>
    /// <param name="logits">x [T, B, C].</param>
    /// <param name="steps">How many frames of the row count, at most T and <see cref="MaxSteps"/>.</param>
    /// <param name="batch">B.</param>
    /// <param name="row">Which row.</param>
    /// <returns>How many hypotheses there are: <see cref="Count"/>.</returns>
    /// <exception cref="ArgumentException">A length does not fit or a number is out of range.</exception>
    public int Search(ReadOnlySpan<T> logits, int steps, int batch = 1, int row = 0)
    {
        Validate(logits, steps, batch, row);
        _prefixes.Clear();
        _prefixes.Place(CtcPrefixTree.Root) = 0;
        _beam[0] = new Hypothesis(CtcPrefixTree.Root, 0, double.NegativeInfinity, 0);
        Count = 1;
        for (int t = 0; t < steps && Count > 0; t++)
        {
            ReadOnlySpan<T> frame = logits.Slice(((t * batch) + row) * Classes, Classes);
            double logSum = LogSum(frame, out double maximum);
            for (int c = 0; c < frame.Length; c++) _frame[c] = ExactMath.Widen(frame[c]) - maximum - logSum;
            _candidates.Clear();
            for (int place = 0; place < Count; place++) Stay(place);
            for (int place = 0; place < Count; place++) Extend(place);
            TakeCandidates();
        }

        return Count;
    }

    /// <summary>ln of the probability of a hypothesis of the last search.</summary>
    /// <param name="rank">0 for the most probable one.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public double LogProbability(int rank) => _beam[Checked(rank)].Score;

    /// <summary>How many labels a hypothesis of the last search has.</summary>
    /// <param name="rank">0 for the most probable one.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public int Length(int rank) => _prefixes.Length(_beam[Checked(rank)].Node);

    /// <summary>Writes the labels of a hypothesis of the last search.</summary>
    /// <param name="rank">0 for the most probable one.</param>
    /// <param name="labels">Overwritten from its start on.</param>
    /// <returns>How many labels there are.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many hypotheses.</exception>
    /// <exception cref="ArgumentException">The span is too short; nothing has been written then.</exception>
    public int CopyLabels(int rank, Span<int> labels)
    {
        int node = _beam[Checked(rank)].Node;
        int length = _prefixes.Length(node);
        Check.AtLeast(labels.Length, length, nameof(labels));
        _prefixes.CopyLabels(node, labels[..length]);
        return length;
    }

    /// <summary>A prefix stays by a blank, by its last label again, or because its parent, also in the beam, now becomes the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Stay(int place)
    {
        ref readonly Hypothesis prefix = ref _beam[place];
        double blankScore = prefix.Score + _frame[Blank];
        double labelScore = double.NegativeInfinity;
        if (prefix.Node != CtcPrefixTree.Root)
        {
            int label = _prefixes.Label(prefix.Node);
            labelScore = prefix.LabelScore + _frame[label];
            int parent = _prefixes.Place(_prefixes.Parent(prefix.Node));
            if (parent >= 0) labelScore = LogAdd(labelScore, Extended(in _beam[parent], label));
        }

        double score = LogAdd(blankScore, labelScore);
        if (_candidates.MayTake(score)) _candidates.Add(new CtcCandidate(score, place, -1, blankScore, labelScore));
    }

    /// <summary>A prefix grows by each label, unless that is a prefix of the beam, which has taken the same paths by staying.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Extend(int place)
    {
        ref readonly Hypothesis prefix = ref _beam[place];
        for (int label = 0; label < _frame.Length; label++)
        {
            if (!_candidates.MayTake(prefix.Score + _frame[label]) || label == Blank) continue;
            double score = Extended(in prefix, label);
            if (!_candidates.MayTake(score)) continue;
            int child = _prefixes.Find(prefix.Node, label);
            if (child >= 0 && _prefixes.Place(child) >= 0) continue;
            _candidates.Add(new CtcCandidate(score, place, label, double.NegativeInfinity, score));
        }
    }

    /// <summary>A prefix grows by its own last label only from paths that end in a blank: others merge the two.</summary>
    private double Extended(in Hypothesis prefix, int label) =>
        (label == _prefixes.Label(prefix.Node) ? prefix.BlankScore : prefix.Score) + _frame[label];

    private void TakeCandidates()
    {
        _candidates.Sort();
        for (int place = 0; place < Count; place++) _prefixes.Place(_beam[place].Node) = -1;
        for (int rank = 0; rank < _candidates.Count; rank++)
        {
            ref readonly CtcCandidate candidate = ref _candidates[rank];
            int node = _beam[candidate.Place].Node;
            if (candidate.Label >= 0) node = _prefixes.FindOrAdd(node, candidate.Label);
            _prefixes.Place(node) = rank;
            _next[rank] = new Hypothesis(node, candidate.BlankScore, candidate.LabelScore, candidate.Score);
        }

        (_beam, _next) = (_next, _beam);
        Count = _candidates.Count;
    }

    /// <summary>ln(eᵃ + eᵇ).</summary>
    private static double LogAdd(double a, double b)
    {
        double larger = a > b ? a : b;
        double smaller = a > b ? b : a;
        return double.IsNegativeInfinity(smaller) ? larger : larger + ExactMath.Log(1 + ExactMath.Exp(smaller - larger));
    }

    private static double LogSum(ReadOnlySpan<T> frame, out double maximum)
    {
        var work = new FrameWork { Frame = frame };
        Lanes.Run<T, FrameWork, int>(ref work, 0);
        maximum = ExactMath.Widen(work.Maximum);
        return ExactMath.Log(ExactMath.Widen(work.Sum));
    }

    private void Validate(ReadOnlySpan<T> logits, int steps, int batch, int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, batch);
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, MaxSteps);
        Check.AtLeast(logits.Length, checked(steps * batch * Classes), nameof(logits));
    }

    private int Checked(int rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Count);
        return rank;
    }

    /// <summary>A prefix in the beam, with ln of its probability and of the two shares of it.</summary>
    private readonly record struct Hypothesis(int Node, double BlankScore, double LabelScore, double Score);

    private ref struct FrameWork : ILaneWork<T, int>
    {
        public required ReadOnlySpan<T> Frame { get; init; }

        public T Maximum { get; private set; }

        public T Sum { get; private set; }

        public void Run<TLane>(int argument)
            where TLane : struct, ILane<TLane, T>
        {
            Block16<T> mask = SoftmaxKernel<T, TLane>.TailMask(Frame.Length);
            Sum = SoftmaxKernel<T, TLane>.SumOfExponentials(Frame, in mask, out T maximum);
            Maximum = maximum;
        }
    }
}
