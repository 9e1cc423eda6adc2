using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// Attention of an encoder-decoder: scores of each query with every step of a memory, their softmax, and
/// context = Σ weights·memory, row by row.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// <para>Parameters, row-major, all zeros at first: of <see cref="AttentionScore.General"/> <c>weight_memory</c> Wk [M, H]; of
/// <see cref="AttentionScore.Additive"/> <c>weight_query</c> Wq [H, A], <c>bias</c> b [A], <c>weight_memory</c> Wk [M, A] and
/// <c>score</c> v [A]; of <see cref="AttentionScore.ScaledDot"/> none. The passes read packed copies of the matrices: call
/// <see cref="Repack"/> after writing to them.</para>
/// <para>A sequence: <see cref="Prepare"/> once, <see cref="Forward"/> for all query steps at once or for one after the other with the
/// same memory, <see cref="Backward"/> likewise but from the last step to the first, <see cref="PrepareBackward"/> once. Context, weights,
/// dQuery, dMemory and dKeys have the same bits in either way, whatever the width, the workers and the batch that a row travels in, and
/// however much longer the batch's memory is than the row's own.</para>
/// <para>To first order a weight w is off by at most w·(δ + Σ w·δ + (⌈S / 16⌉ + 12)·u), where δ is what a score is off by, the rounding of its difference
/// to the largest score included; a context adds the rounding of one sum of S products. A NaN or +∞ among a row's scores makes its weights
/// NaN; a score of -∞ is a weight of 0.</para>
/// </remarks>
public sealed partial class Attention<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PackedLinear<T>? _queryWeights;
    private readonly PackedLinear<T>? _memoryWeights;
    private readonly T _scale;
    private readonly bool _isTrainable;

    /// <summary>Attention of queries of <paramref name="querySize"/> numbers to a memory of <paramref name="memorySize"/> a step.</summary>
    /// <param name="score">How scores are made.</param>
    /// <param name="querySize">H.</param>
    /// <param name="memorySize">M; H for <see cref="AttentionScore.ScaledDot"/>.</param>
    /// <param name="scoreSize">A of <see cref="AttentionScore.Additive"/>, else 0.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs: transposed copies of the matrices.</param>
    /// <exception cref="ArgumentException">A size is not what the score asks for.</exception>
    public Attention(AttentionScore score, int querySize, int memorySize, int scoreSize = 0, bool isTrainable = true)
    {
        if (!Enum.IsDefined(score)) throw new ArgumentOutOfRangeException(nameof(score), score, "expected ScaledDot, General or Additive");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(querySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(memorySize);
        if (score == AttentionScore.Additive) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(scoreSize);
        else ArgumentOutOfRangeException.ThrowIfNotEqual(scoreSize, 0);
        if (score == AttentionScore.ScaledDot) ArgumentOutOfRangeException.ThrowIfNotEqual(memorySize, querySize);
        Score = score;
        QuerySize = querySize;
        MemorySize = memorySize;
        KeySize = score == AttentionScore.Additive ? scoreSize : querySize;
        _isTrainable = isTrainable;
        _scale = score == AttentionScore.ScaledDot ? ExactMath.Narrow<T>(1 / Math.Sqrt(querySize)) : T.One;
        Parameters = score switch
        {
            AttentionScore.ScaledDot => new ParameterSet<T>(),
            AttentionScore.General => new ParameterSet<T>(("weight_memory", memorySize, KeySize)),
            _ => new ParameterSet<T>(
                ("weight_query", querySize, KeySize), ("bias", 0, KeySize), ("weight_memory", memorySize, KeySize), ("score", 0, KeySize)),
        };
        if (HasKeys) _memoryWeights = new PackedLinear<T>(memorySize, KeySize, isTrainable);
        if (score == AttentionScore.Additive) _queryWeights = new PackedLinear<T>(querySize, KeySize, isTrainable);
    }

    /// <summary>How scores are made.</summary>
    public AttentionScore Score { get; }

    /// <summary>H.</summary>
    public int QuerySize { get; }

    /// <summary>M.</summary>
    public int MemorySize { get; }

    /// <summary>K, numbers that a query meets in each memory step: A of <see cref="AttentionScore.Additive"/>, else H.</summary>
    public int KeySize { get; }

    /// <summary>The parameters by name; see the remarks above.</summary>
    public ParameterSet<T> Parameters { get; }

    /// <summary>Whether keys are made of the memory; else the memory itself is the keys.</summary>
    private bool HasKeys => Score != AttentionScore.ScaledDot;

    /// <summary>How many elements the keys of so many memory steps and rows have: S·B·K, or 0 for <see cref="AttentionScore.ScaledDot"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The steps are negative or the batch is not positive.</exception>
    /// <exception cref="OverflowException">No span can have as many.</exception>
    public int KeysSize(int memorySteps, int batch) => HasKeys ? checked(RowsOf(memorySteps, batch) * KeySize) : 0;

    /// <summary>How many elements <see cref="Forward"/> needs as workspace: Q·B·A of <see cref="AttentionScore.Additive"/>, else none.</summary>
    /// <inheritdoc cref="KeysSize"/>
    public int ForwardWorkspaceSize(int querySteps, int batch)
    {
        int rows = RowsOf(querySteps, batch);
        return Score == AttentionScore.Additive ? checked(rows * KeySize) : 0;
    }

    /// <summary>
    /// How many elements <see cref="Backward"/> needs as workspace: S·B, and of <see cref="AttentionScore.Additive"/> 3·Q·B·A and
    /// <see cref="Dense{T}.WorkspaceSize"/>(Q·B, A) beside.
    /// </summary>
    /// <inheritdoc cref="KeysSize"/>
    public int BackwardWorkspaceSize(int querySteps, int memorySteps, int batch)
    {
        int rows = RowsOf(querySteps, batch);
        int scores = RowsOf(memorySteps, batch);
        return Score == AttentionScore.Additive
            ? checked(scores + (3 * rows * KeySize) + Dense<T>.WorkspaceSize(rows, KeySize))
            : scores;
    }

    /// <summary>
    /// How many elements <see cref="PrepareBackward"/> needs as workspace: <see cref="Dense{T}.WorkspaceSize"/>(S·B, K), or 0 for
    /// <see cref="AttentionScore.ScaledDot"/>.
    /// </summary>
    /// <inheritdoc cref="KeysSize"/>
    public int PrepareWorkspaceSize(int memorySteps, int batch)
    {
        int rows = RowsOf(memorySteps, batch);
        return HasKeys ? Dense<T>.WorkspaceSize(rows, KeySize) : 0;
    }

    /// <summary>Takes the parameters as they are now for the passes that follow. Allocates nothing.</summary>
    public void Repack()
    {
        _queryWeights?.Pack(Parameters["weight_query"]);
        _memoryWeights?.Pack(Parameters["weight_memory"]);
    }

    /// <summary>keys = memory·Wk, once for a sequence; nothing for <see cref="AttentionScore.ScaledDot"/>.</summary>
    /// <param name="memorySteps">S.</param>
    /// <param name="batch">B.</param>
    /// <param name="memory">[S, B, M].</param>
    /// <param name="keys">[S, B, K], overwritten, or empty for <see cref="AttentionScore.ScaledDot"/>; it may not overlap the memory.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap; nothing has been written then.</exception>
    public void Prepare(int memorySteps, int batch, ReadOnlySpan<T> memory, Span<T> keys, WorkerGroup? workers = null)
    {
        int rows = CheckPrepare(memorySteps, batch, memory, keys, nameof(keys));
        if (_memoryWeights is null) return;
        var job = new LinearForwardJob<T>
        {
            Rows = rows,
            Input = memory,
            Output = keys,
            Weights = _memoryWeights.Weights,
            Gates = _memoryWeights.Gates,
            Bias = default,
        };
        WorkerGroup.Run(workers, ref job, (long)rows * MemorySize * KeySize);
    }

    /// <summary>weights = softmax(scores of the query with each memory step of its row), context = Σ weights·memory.</summary>
    /// <param name="pass">Sizes and spans.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a length is out of range, or what is written
    /// overlaps what is read; nothing has been written then.</exception>
    public void Forward(in AttentionForward<T> pass, WorkerGroup? workers = null)
    {
        int rows = Validate(pass);
        Span<T> projected = pass.Workspace[..(_queryWeights is null ? 0 : rows * KeySize)];
        ProjectQuery(rows, pass.Query, projected, workers);
        if (_queryWeights is null) RunForward<DotScore<T>>(pass, pass.Query, workers);
        else RunForward<AdditiveScore<T>>(pass, projected, workers);
    }

    /// <summary>
    /// Through context and scores: dQuery, dMemory (the part of the context; of <see cref="AttentionScore.ScaledDot"/> all of it), dKeys,
    /// dWq, db and dv, all added. Query steps run from the last to the first, and each adds to dMemory and dKeys by itself: calls for
    /// single steps give the bits of one call if the last step comes first.
    /// </summary>
    /// <param name="pass">Sizes and spans.</param>
    /// <param name="workers">Threads to split rows of the batch over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, a length is out of range, or what is written
    /// overlaps anything else; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false.</exception>
    public void Backward(in AttentionBackward<T> pass, WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        int rows = Validate(pass);
        int scores = pass.MemorySteps * pass.Batch;
        if (_queryWeights is null)
        {
            RunBackward<DotScore<T>>(pass, pass.Query, pass.QueryGradient, vectorParts: default, workers);
            return;
        }

        int part = rows * KeySize;
        Span<T> projected = pass.Workspace.Slice(scores, part);
        Span<T> projectedGradient = pass.Workspace.Slice(scores + part, part);
        ProjectQuery(rows, pass.Query, projected, workers);
        RunBackward<AdditiveScore<T>>(pass, projected, projectedGradient, pass.Workspace.Slice(scores + (2 * part), part), workers);
        var job = new LinearBackwardJob<T>
        {
            Rows = rows,
            Input = pass.Query,
            OutputGradient = projectedGradient,
            InputGradient = pass.QueryGradient,
            WeightsTransposed = _queryWeights.Transposed,
            WeightsGradient = pass.Gradients["weight_query"],
            BiasGradient = pass.Gradients["bias"],
            Workspace = pass.Workspace[(scores + (3 * part))..],
        };
        WorkerGroup.Run(workers, ref job, 2L * rows * QuerySize * KeySize);
    }

    /// <summary>
    /// dMemory += dKeys·Wkᵀ and dWk += memoryᵀ·dKeys, once for a sequence, after its last <see cref="Backward"/>; nothing for
    /// <see cref="AttentionScore.ScaledDot"/>.
    /// </summary>
    /// <param name="memorySteps">S.</param>
    /// <param name="batch">B.</param>
    /// <param name="memory">[S, B, M]. Past a row's length it is multiplied by the zeros that dKeys has there, and so must be finite.</param>
    /// <param name="keysGradient">dKeys [S, B, K]; empty for <see cref="AttentionScore.ScaledDot"/>.</param>
    /// <param name="memoryGradient">dMemory [S, B, M], added to; empty when it is not wanted. It may not overlap what is read.</param>
    /// <param name="gradients">dWk, added to; the others are left as they are.</param>
    /// <param name="workspace">At least <see cref="PrepareWorkspaceSize"/> elements.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">A span has another length than its shape, or they overlap; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false.</exception>
    public void PrepareBackward(
        int memorySteps,
        int batch,
        ReadOnlySpan<T> memory,
        ReadOnlySpan<T> keysGradient,
        Span<T> memoryGradient,
        ParameterSet<T> gradients,
        Span<T> workspace,
        WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        int rows = CheckPrepare(memorySteps, batch, memory, keysGradient, nameof(keysGradient));
        Check.Layout(gradients, Parameters);
        Check.ShapeOrEmpty(memoryGradient.Length, nameof(memoryGradient), "[S, B, M]", memorySteps, batch, MemorySize);
        if (_memoryWeights is null) return;
        LinearPass.Backward(
            rows,
            memory,
            keysGradient,
            memoryGradient,
            _memoryWeights.Transposed,
            gradients,
            gradients["weight_memory"],
            biasGradient: default,
            workspace,
            nameof(memory),
            nameof(keysGradient),
            nameof(memoryGradient),
            workers);
    }

    /// <summary>q·Wq + b of the additive score.</summary>
    private void ProjectQuery(int rows, ReadOnlySpan<T> query, Span<T> projected, WorkerGroup? workers)
    {
        if (_queryWeights is null) return;
        var job = new LinearForwardJob<T>
        {
            Rows = rows,
            Input = query,
            Output = projected,
            Weights = _queryWeights.Weights,
            Gates = _queryWeights.Gates,
            Bias = Parameters["bias"],
        };
        WorkerGroup.Run(workers, ref job, (long)rows * QuerySize * KeySize);
    }

    private void RunForward<TScore>(in AttentionForward<T> pass, ReadOnlySpan<T> queries, WorkerGroup? workers)
        where TScore : struct, IAttentionScore<T>
    {
        var job = new AttentionForwardJob<T, TScore>
        {
            Pass = pass,
            Queries = queries,
            Keys = HasKeys ? pass.Keys : pass.Memory,
            KeySize = KeySize,
            MemorySize = MemorySize,
            Scale = _scale,
            Vector = _queryWeights is null ? default : Parameters["score"],
        };
        WorkerGroup.Run(workers, ref job, Work(pass.QuerySteps, pass.MemorySteps, pass.Batch));
    }

    private void RunBackward<TScore>(
        in AttentionBackward<T> pass, ReadOnlySpan<T> queries, Span<T> queriesGradient, Span<T> vectorParts, WorkerGroup? workers)
        where TScore : struct, IAttentionScore<T>
    {
        var job = new AttentionBackwardJob<T, TScore>
        {
            Pass = pass,
            Queries = queries,
            QueriesGradient = queriesGradient,
            AddsToQueries = _queryWeights is null,
            Keys = HasKeys ? pass.Keys : pass.Memory,
            KeysGradient = HasKeys ? pass.KeysGradient : pass.MemoryGradient,
            KeySize = KeySize,
            MemorySize = MemorySize,
            Scale = _scale,
            Vector = _queryWeights is null ? default : Parameters["score"],
            VectorParts = vectorParts,
            VectorGradient = _queryWeights is null ? default : pass.Gradients["score"],
        };
        WorkerGroup.Run(workers, ref job, 2 * Work(pass.QuerySteps, pass.MemorySteps, pass.Batch));
    }

    /// <summary>Multiply-adds of a forward pass, roughly: a tanh is worth some sixteen.</summary>
    private long Work(int querySteps, int memorySteps, int batch) =>
        (long)querySteps * batch * memorySteps * (MemorySize + (_queryWeights is null ? KeySize : 16L * KeySize));
}
