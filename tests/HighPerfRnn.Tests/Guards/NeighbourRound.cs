using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>
/// What stands between and beside recurrent layers: attention, layer normalisation, dropout and the residual sum, with everything
/// that their passes read and write, filled from a seed.
/// </summary>
internal sealed class NeighbourRound<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NeighbourSizes _sizes;
    private readonly Memory<int> _lengths, _rowKeys;
    private readonly Memory<T> _query, _memory, _keys, _context, _weights, _forwardWorkspace;
    private readonly Memory<T> _contextGradient, _queryGradient, _memoryGradient, _keysGradient, _backwardWorkspace, _prepareWorkspace;
    private readonly Memory<T> _normalized, _statistics, _normalizedGradient, _dropped, _variational, _sum, _branchGradient;

    public NeighbourRound(NeighbourSizes sizes, IRoom room)
    {
        _sizes = sizes;
        (int queries, int memories) = (sizes.QuerySteps * sizes.Batch, sizes.MemorySteps * sizes.Batch);
        int scoreSize = sizes.Score == AttentionScore.Additive ? sizes.ScoreSize : 0;
        Attention = new Attention<T>(sizes.Score, sizes.QuerySize, MemorySize, scoreSize);
        LayerNorm = new LayerNorm<T>(MemorySize);
        Ordinary = new Dropout<T>(0.25, seed: 1);
        Variational = new Dropout<T>(0.5, seed: 2, DropoutKind.Variational);
        AttentionGradients = Attention.Parameters.CreateZeros();
        LayerNormGradients = LayerNorm.Parameters.CreateZeros();
        _lengths = room.Take<int>(sizes.Batch);
        _rowKeys = room.Take<int>(sizes.Batch);
        _query = room.Take<T>(queries * sizes.QuerySize);
        _memory = room.Take<T>(memories * MemorySize);
        _keys = room.Take<T>(Attention.KeysSize(sizes.MemorySteps, sizes.Batch));
        _context = room.Take<T>(queries * MemorySize);
        _weights = room.Take<T>(queries * sizes.MemorySteps);
        _forwardWorkspace = room.Take<T>(Attention.ForwardWorkspaceSize(sizes.QuerySteps, sizes.Batch));
        _contextGradient = room.Take<T>(_context.Length);
        _queryGradient = room.Take<T>(_query.Length);
        _memoryGradient = room.Take<T>(_memory.Length);
        _keysGradient = room.Take<T>(_keys.Length);
        _backwardWorkspace = room.Take<T>(Attention.BackwardWorkspaceSize(sizes.QuerySteps, sizes.MemorySteps, sizes.Batch));
        _prepareWorkspace = room.Take<T>(Attention.PrepareWorkspaceSize(sizes.MemorySteps, sizes.Batch));
        _normalized = room.Take<T>(_context.Length);
        _statistics = room.Take<T>(2 * queries);
        _normalizedGradient = room.Take<T>(_context.Length);
        _dropped = room.Take<T>(_context.Length);
        _variational = room.Take<T>(_context.Length);
        _sum = room.Take<T>(_context.Length);
        _branchGradient = room.Take<T>(_context.Length);
        FillAll();
    }

    public Attention<T> Attention { get; }

    public LayerNorm<T> LayerNorm { get; }

    public Dropout<T> Ordinary { get; }

    public Dropout<T> Variational { get; }

    public ParameterSet<T> AttentionGradients { get; }

    public ParameterSet<T> LayerNormGradients { get; }

    private int MemorySize => _sizes.Score == AttentionScore.ScaledDot ? _sizes.QuerySize : _sizes.MemorySize;

    private int Queries => _sizes.QuerySteps * _sizes.Batch;

    private DropoutPass DropoutPass => new()
    {
        Steps = _sizes.QuerySteps,
        Batch = _sizes.Batch,
        Size = MemorySize,
        Call = 3,
        RowKeys = _rowKeys.Span,
    };

    public void Prepare(WorkerGroup? workers) => Attention.Prepare(_sizes.MemorySteps, _sizes.Batch, _memory.Span, _keys.Span, workers);

    public void Attend(WorkerGroup? workers) =>
        Attention.Forward(
            new AttentionForward<T>
            {
                QuerySteps = _sizes.QuerySteps,
                MemorySteps = _sizes.MemorySteps,
                Batch = _sizes.Batch,
                Query = _query.Span,
                Memory = _memory.Span,
                Keys = _keys.Span,
                Lengths = _lengths.Span,
                Context = _context.Span,
                Weights = _weights.Span,
                Workspace = _forwardWorkspace.Span,
            },
            workers);

    public void AttendBackward(WorkerGroup? workers) =>
        Attention.Backward(
            new AttentionBackward<T>
            {
                QuerySteps = _sizes.QuerySteps,
                MemorySteps = _sizes.MemorySteps,
                Batch = _sizes.Batch,
                Query = _query.Span,
                Memory = _memory.Span,
                Keys = _keys.Span,
                Lengths = _lengths.Span,
                Weights = _weights.Span,
                ContextGradient = _contextGradient.Span,
                QueryGradient = _queryGradient.Span,
                MemoryGradient = _memoryGradient.Span,
                KeysGradient = _keysGradient.Span,
                Gradients = AttentionGradients,
                Workspace = _backwardWorkspace.Span,
            },
            workers);

    public void PrepareBackward(WorkerGroup? workers) =>
        Attention.PrepareBackward(
            _sizes.MemorySteps,
            _sizes.Batch,
            _memory.Span,
            _keysGradient.Span,
            _memoryGradient.Span,
            AttentionGradients,
            _prepareWorkspace.Span,
            workers);

    public void Normalize(WorkerGroup? workers) => LayerNorm.Forward(Queries, _context.Span, _normalized.Span, _statistics.Span, workers);

    public void NormalizeBackward(WorkerGroup? workers) =>
        LayerNorm.Backward(
            Queries, _context.Span, _statistics.Span, _contextGradient.Span, _normalizedGradient.Span, LayerNormGradients, workers);

    public void Drop(WorkerGroup? workers)
    {
        Ordinary.Forward(DropoutPass, _normalized.Span, _dropped.Span, workers);
        Variational.Forward(DropoutPass, _normalized.Span, _variational.Span, workers);
    }

    public void DropBackward(WorkerGroup? workers)
    {
        Ordinary.Backward(DropoutPass, _dropped.Span, _dropped.Span, workers);
        Variational.Backward(DropoutPass, _variational.Span, _variational.Span, workers);
    }

    /// <summary>Everything, forward and backward.</summary>
    public void Run(WorkerGroup? workers)
    {
        Attention.Repack();
        Prepare(workers);
        Attend(workers);
        Normalize(workers);
        Drop(workers);
        Elementwise.Add<T>(_context.Span, _dropped.Span, _sum.Span);
        Elementwise.AddBackward(_sum.Span, _normalizedGradient.Span, _branchGradient.Span);
        DropBackward(workers);
        NormalizeBackward(workers);
        AttendBackward(workers);
        PrepareBackward(workers);
    }

    /// <summary>Gradients back to zeros, so that rounds without end stay finite.</summary>
    public void ClearGradients()
    {
        AttentionGradients.Values.Clear();
        LayerNormGradients.Values.Clear();
        foreach (Memory<T> gradient in (ReadOnlySpan<Memory<T>>)[_queryGradient, _memoryGradient, _keysGradient, _normalizedGradient, _branchGradient])
        {
            gradient.Span.Clear();
        }
    }

    /// <summary>Everything that the passes write, by name.</summary>
    public IEnumerable<(string Name, ReadOnlyMemory<T> Values)> Results()
    {
        yield return ("keys", _keys);
        yield return ("context", _context);
        yield return ("weights", _weights);
        yield return ("dQuery", _queryGradient);
        yield return ("dMemory", _memoryGradient);
        yield return ("dKeys", _keysGradient);
        yield return ("normalized", _normalized);
        yield return ("statistics", _statistics);
        yield return ("dNormalized", _normalizedGradient);
        yield return ("dropped", _dropped);
        yield return ("dropped for all steps", _variational);
        yield return ("sum", _sum);
        yield return ("dBranch", _branchGradient);
        foreach (ParameterSet<T> set in new[] { AttentionGradients, LayerNormGradients })
        {
            foreach (Parameter parameter in set.Parameters) yield return ("d" + parameter.Name, set.Span(parameter).ToArray());
        }
    }

    private void FillAll()
    {
        var random = new CounterRandom(5);
        foreach (ref int length in _lengths.Span) length = random.NextInt(_sizes.MemorySteps + 1);
        if (_lengths.Length > 0) _lengths.Span[0] = _sizes.MemorySteps;
        foreach (ref int key in _rowKeys.Span) key = random.NextInt(int.MaxValue);
        foreach (ParameterSet<T> set in new[] { Attention.Parameters, LayerNorm.Parameters })
        {
            foreach (Parameter parameter in set.Parameters) Fill(set.Span(parameter), ref random);
        }

        Fill(_query.Span, ref random);
        Fill(_memory.Span, ref random);
        Fill(_contextGradient.Span, ref random);
    }

    private static void Fill(Span<T> values, ref CounterRandom random)
    {
        foreach (ref T value in values) value = T.CreateChecked((2 * random.NextDouble()) - 1);
    }
}

/// <summary>The sizes of a <see cref="NeighbourRound{T}"/>; the scaled product takes the query's size for the memory's.</summary>
internal readonly record struct NeighbourSizes(
    AttentionScore Score, int QuerySteps, int MemorySteps, int Batch, int QuerySize, int MemorySize, int ScoreSize)
{
    /// <summary>Every score at sizes on both sides of vectors, blocks of sixteen and canonical blocks.</summary>
    public static IEnumerable<NeighbourSizes> Every =>
        from score in Enum.GetValues<AttentionScore>()
        from sizes in (NeighbourSizes[])
        [
            new(score, 1, 1, 1, 1, 1, 1),
            new(score, 2, 7, 3, 17, 15, 9),
            new(score, 3, 33, 2, 31, 65, 16),
            new(score, 5, 70, 4, 16, 32, 47),
        ]
        select sizes;
}
