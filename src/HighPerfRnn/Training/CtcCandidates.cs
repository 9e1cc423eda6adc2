namespace HighPerfRnn.Training;

/// <summary>What a prefix of the beam may become in one frame.</summary>
/// <param name="Score">ln of its probability so far.</param>
/// <param name="Place">Where the prefix is in the beam.</param>
/// <param name="Label">The label that is added; -1 where the prefix stays as it is.</param>
/// <param name="BlankScore">ln of the share of Score whose paths end in a blank.</param>
/// <param name="LabelScore">ln of the share whose paths end in the last label.</param>
internal readonly record struct CtcCandidate(double Score, int Place, int Label, double BlankScore, double LabelScore)
{
    /// <summary>Equal scores stand in the order of place and label, so that which of them fall out is no accident.</summary>
    public bool IsBehind(in CtcCandidate other)
    {
        if (Score != other.Score) return Score < other.Score;
        return Place != other.Place ? Place > other.Place : Label > other.Label;
    }
}

/// <summary>The best candidates of a frame: a heap whose root is the last of them.</summary>
internal sealed class CtcCandidates(int capacity)
{
    private readonly CtcCandidate[] _heap = new CtcCandidate[capacity];

    public int Count { get; private set; }

    public ref readonly CtcCandidate this[int rank] => ref _heap[rank];

    public void Clear() => Count = 0;

    /// <summary>Whether a candidate with that score may be among the best; one with a score of -∞ or NaN never is.</summary>
    public bool MayTake(double score) => score > double.NegativeInfinity && (Count < _heap.Length || score >= _heap[0].Score);

    /// <summary>Takes a candidate that may be among the best, and drops the last one for it where there is no room.</summary>
    public void Add(in CtcCandidate candidate)
    {
        if (Count == _heap.Length)
        {
            if (candidate.IsBehind(in _heap[0])) return;
            SiftDown(candidate, Count);
            return;
        }

        int at = Count++;
        for (; at > 0 && candidate.IsBehind(in _heap[(at - 1) / 2]); at = (at - 1) / 2) _heap[at] = _heap[(at - 1) / 2];
        _heap[at] = candidate;
    }

    /// <summary>Puts them in order, the best first; then they are a heap no longer.</summary>
    public void Sort()
    {
        for (int end = Count - 1; end > 0; end--)
        {
            CtcCandidate last = _heap[0];
            SiftDown(_heap[end], end);
            _heap[end] = last;
        }
    }

    /// <summary>Puts a candidate at the root of the first <paramref name="count"/> and lets it sink to where it belongs.</summary>
    private void SiftDown(CtcCandidate candidate, int count)
    {
        int at = 0;
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= count) break;
            if (child + 1 < count && _heap[child + 1].IsBehind(in _heap[child])) child++;
            if (!_heap[child].IsBehind(in candidate)) break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = candidate;
    }
}
