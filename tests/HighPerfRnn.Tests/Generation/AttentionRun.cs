using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The passes of an attention over a case's numbers, with NaN wherever something is to be overwritten.</summary>
internal sealed class AttentionRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AttentionData<T> _data;
    private readonly Attention<T> _layer;

    public AttentionRun(AttentionData<T> data)
    {
        _data = data;
        AttentionCase shape = data.Case;
        _layer = data.CreateLayer();
        Keys = RnnRun<T>.Filled(_layer.KeysSize(shape.MemorySteps, shape.Batch));
        Context = RnnRun<T>.Filled(shape.Queries * shape.MemorySize);
        Weights = RnnRun<T>.Filled(shape.Queries * shape.MemorySteps);
        QueryGradient = (T[])data.QueryStart.Clone();
        MemoryGradient = (T[])data.MemoryStart.Clone();
        KeysGradient = new T[Keys.Length];
        Gradients = _layer.Parameters.CreateZeros();
    }

    public T[] Keys { get; }

    public T[] Context { get; }

    public T[] Weights { get; }

    public T[] QueryGradient { get; }

    public T[] MemoryGradient { get; }

    public T[] KeysGradient { get; }

    public ParameterSet<T> Gradients { get; }

    /// <summary>Everything, the query steps in calls of so many.</summary>
    public static AttentionRun<T> Both(AttentionData<T> data, WorkerGroup? workers = null, int stepsPerCall = int.MaxValue)
    {
        var run = new AttentionRun<T>(data);
        run.Forward(workers, stepsPerCall);
        run.Backward(workers, stepsPerCall);
        return run;
    }

    public void Forward(WorkerGroup? workers = null, int stepsPerCall = int.MaxValue)
    {
        AttentionCase shape = _data.Case;
        _data.Load(_layer);
        _layer.Prepare(shape.MemorySteps, shape.Batch, _data.Memory, Keys, workers);
        for (int first = 0; first < Math.Max(1, shape.QuerySteps); first += Math.Min(stepsPerCall, Math.Max(1, shape.QuerySteps)))
        {
            int steps = Math.Min(stepsPerCall, shape.QuerySteps - first);
            _layer.Forward(
                new AttentionForward<T>
                {
                    QuerySteps = steps,
                    MemorySteps = shape.MemorySteps,
                    Batch = shape.Batch,
                    Query = Steps(_data.Query, first, steps, shape.QuerySize),
                    Memory = _data.Memory,
                    Keys = Keys,
                    Lengths = _data.GivenLengths,
                    Context = Steps(Context, first, steps, shape.MemorySize),
                    Weights = Steps(Weights, first, steps, shape.MemorySteps),
                    Workspace = RnnRun<T>.Filled(_layer.ForwardWorkspaceSize(steps, shape.Batch)),
                },
                workers);
        }
    }

    public void Backward(WorkerGroup? workers = null, int stepsPerCall = int.MaxValue)
    {
        AttentionCase shape = _data.Case;
        for (int end = shape.QuerySteps; end > 0;)
        {
            int steps = Math.Min(stepsPerCall, end);
            int first = end - steps;
            _layer.Backward(
                new AttentionBackward<T>
                {
                    QuerySteps = steps,
                    MemorySteps = shape.MemorySteps,
                    Batch = shape.Batch,
                    Query = Steps(_data.Query, first, steps, shape.QuerySize),
                    Memory = _data.Memory,
                    Keys = Keys,
                    Lengths = _data.GivenLengths,
                    Weights = Steps(Weights, first, steps, shape.MemorySteps),
                    ContextGradient = Steps(_data.ContextGradient, first, steps, shape.MemorySize),
                    QueryGradient = Steps(QueryGradient, first, steps, shape.QuerySize),
                    MemoryGradient = MemoryGradient,
                    KeysGradient = KeysGradient,
                    Gradients = Gradients,
                    Workspace = RnnRun<T>.Filled(_layer.BackwardWorkspaceSize(steps, shape.MemorySteps, shape.Batch)),
                },
                workers);
            end = first;
        }

        T[] workspace = RnnRun<T>.Filled(_layer.PrepareWorkspaceSize(shape.MemorySteps, shape.Batch));
        _layer.PrepareBackward(shape.MemorySteps, shape.Batch, _data.Memory, KeysGradient, MemoryGradient, Gradients, workspace, workers);
    }

    private Span<T> Steps(T[] source, int first, int steps, int width) =>
        source.AsSpan(first * _data.Case.Batch * width, steps * _data.Case.Batch * width);
}
