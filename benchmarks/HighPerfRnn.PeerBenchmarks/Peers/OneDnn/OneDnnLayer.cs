using System.Runtime.InteropServices;
using HighPerfRnn.Benchmarks;
using HighPerfRnn.Benchmarks.Recurrent;

namespace HighPerfRnn.PeerBenchmarks.Peers.OneDnn;

/// <summary>A forward primitive of oneDNN with its memory.</summary>
internal sealed unsafe class OneDnnLayer : IRecurrentWork
{
    // dnnl_rnn_desc_t has 15,344 bytes in version 2.6; other versions of 2 differ a little.
    private const nuint LayerDescriptionBytes = 32 * 1024;

    private readonly RecurrentCase _case;
    private readonly nint _engine;
    private readonly nint _stream;
    private readonly nint _primitive;
    private readonly NativeBuffer _input;
    private readonly NativeBuffer _states;
    private readonly NativeBuffer _bias;
    private readonly NativeBuffer _cellState;
    private readonly NativeBuffer _nextCellState;
    private readonly List<nint> _memories = [];
    private DnnlArgument[] _arguments;
    private DnnlArgument[] _nextArguments;
    private NativeBuffer _state;
    private NativeBuffer _nextState;

    public OneDnnLayer(RecurrentCase work, RecurrentProblem problem)
    {
        _case = work;
        Dnnl.omp_set_num_threads(1);
        Dnnl.Check(Dnnl.dnnl_engine_create(out _engine, Dnnl.Cpu, 0));
        Dnnl.Check(Dnnl.dnnl_stream_create(out _stream, _engine, Dnnl.DefaultStream));
        (int batch, int steps, int input, int hidden, int gates) = (work.Batch, work.Steps, work.InputSize, work.HiddenSize, work.Gates);
        bool isGru = work.Cell == RecurrentCell.Gru;
        var descriptions = new LayerDescriptions
        {
            Input = Describe(Dnnl.Tag3, steps, batch, input),
            Output = Describe(Dnnl.Tag3, steps, batch, hidden),
            State = Describe(Dnnl.Tag4, 1, 1, batch, hidden),
            Bias = Describe(Dnnl.Tag4, 1, 1, isGru ? gates + 1 : gates, hidden),
            InputWeights = Describe(Dnnl.AnyTag, 1, 1, input, gates, hidden),
            RecurrentWeights = Describe(Dnnl.AnyTag, 1, 1, hidden, gates, hidden),
        };
        nint description = DescribeLayer(work.Cell, descriptions);
        Dnnl.Check(Dnnl.dnnl_primitive_create(out _primitive, description));
        _input = new NativeBuffer(problem.Input);
        _states = new NativeBuffer(steps * batch * hidden);
        // Its GRU has gates u, r, o, which are our z, r, n, and the candidate's recurrent bias behind them.
        int[] order = isGru ? [1, 0, 2] : [.. Enumerable.Range(0, gates)];
        float[] bias = PeerWeights.Reordered(problem.Bias, hidden, order);
        _bias = new NativeBuffer(isGru ? [.. bias, .. new float[hidden]] : bias);
        _cellState = new NativeBuffer(problem.InitialCellState);
        _nextCellState = new NativeBuffer(problem.InitialCellState.Length);
        _state = new NativeBuffer(problem.InitialState);
        _nextState = new NativeBuffer(problem.InitialState.Length);
        nint state = Memory(descriptions.State, _state.Address);
        nint nextState = Memory(descriptions.State, _nextState.Address);
        DnnlArgument[] shared =
        [
            new() { Index = Dnnl.SourceLayer, Memory = Memory(descriptions.Input, _input.Address) },
            new() { Index = Dnnl.DestinationLayer, Memory = Memory(descriptions.Output, _states.Address) },
            new() { Index = Dnnl.Bias, Memory = Memory(descriptions.Bias, _bias.Address) },
            Reordered(description, Dnnl.WeightsLayer, PeerWeights.Reordered(problem.InputWeights, hidden, order), input),
            Reordered(description, Dnnl.WeightsState, PeerWeights.Reordered(problem.RecurrentWeights, hidden, order), hidden),
        ];
        Dnnl.Check(Dnnl.dnnl_primitive_desc_destroy(description));
        _arguments = [.. shared, .. StateArguments(state, nextState)];
        _nextArguments = [.. shared, .. StateArguments(nextState, state)];
        if (work.Cell != RecurrentCell.Lstm) return;
        nint cellState = Memory(descriptions.State, _cellState.Address);
        nint nextCellState = Memory(descriptions.State, _nextCellState.Address);
        _arguments = [.. _arguments, .. CellStateArguments(cellState, nextCellState)];
        _nextArguments = [.. _nextArguments, .. CellStateArguments(nextCellState, cellState)];
    }

    public void Run()
    {
        fixed (DnnlArgument* arguments = _arguments)
        {
            Dnnl.Check(Dnnl.dnnl_primitive_execute(_primitive, _stream, _arguments.Length, arguments));
        }

        Dnnl.Check(Dnnl.dnnl_stream_wait(_stream));
        if (_case.Mode != RecurrentMode.Step) return;
        (_arguments, _nextArguments) = (_nextArguments, _arguments);
        (_state, _nextState) = (_nextState, _state);
    }

    public IReadOnlyDictionary<string, float[]> Results() => _case.Mode == RecurrentMode.Step
        ? new Dictionary<string, float[]> { ["state"] = _state.Span.ToArray() }
        : new Dictionary<string, float[]> { ["states"] = _states.Span.ToArray() };

    public void Dispose()
    {
        foreach (nint memory in _memories) Dnnl.Check(Dnnl.dnnl_memory_destroy(memory));
        Dnnl.Check(Dnnl.dnnl_primitive_destroy(_primitive));
        Dnnl.Check(Dnnl.dnnl_stream_destroy(_stream));
        Dnnl.Check(Dnnl.dnnl_engine_destroy(_engine));
        foreach (NativeBuffer buffer in (NativeBuffer[])[_input, _states, _bias, _state, _nextState, _cellState, _nextCellState]) buffer.Dispose();
    }

    private static DnnlArgument[] StateArguments(nint from, nint to) =>
        [new() { Index = Dnnl.SourceState, Memory = from }, new() { Index = Dnnl.DestinationState, Memory = to }];

    private static DnnlArgument[] CellStateArguments(nint from, nint to) =>
        [new() { Index = Dnnl.SourceCellState, Memory = from }, new() { Index = Dnnl.DestinationCellState, Memory = to }];

    private static DnnlMemoryDescription Describe(int tag, params ReadOnlySpan<long> sizes)
    {
        DnnlMemoryDescription description;
        fixed (long* start = sizes)
        {
            Dnnl.Check(Dnnl.dnnl_memory_desc_init_by_tag(&description, sizes.Length, start, Dnnl.Float, tag));
        }

        return description;
    }

    private nint DescribeLayer(RecurrentCell cell, LayerDescriptions d)
    {
        void* layer = NativeMemory.AllocZeroed(LayerDescriptionBytes);
        try
        {
            Dnnl.Check(cell switch
            {
                RecurrentCell.Rnn => Dnnl.dnnl_vanilla_rnn_forward_desc_init(
                    layer,
                    Dnnl.ForwardInference,
                    Dnnl.Tanh,
                    Dnnl.LeftToRight,
                    &d.Input,
                    &d.State,
                    &d.InputWeights,
                    &d.RecurrentWeights,
                    &d.Bias,
                    &d.Output,
                    &d.State,
                    0,
                    0,
                    0),
                RecurrentCell.Lstm => Dnnl.dnnl_lstm_forward_desc_init(
                    layer,
                    Dnnl.ForwardInference,
                    Dnnl.LeftToRight,
                    &d.Input,
                    &d.State,
                    &d.State,
                    &d.InputWeights,
                    &d.RecurrentWeights,
                    &d.Bias,
                    &d.Output,
                    &d.State,
                    &d.State,
                    0),
                RecurrentCell.Gru => Dnnl.dnnl_lbr_gru_forward_desc_init(
                    layer,
                    Dnnl.ForwardInference,
                    Dnnl.LeftToRight,
                    &d.Input,
                    &d.State,
                    &d.InputWeights,
                    &d.RecurrentWeights,
                    &d.Bias,
                    &d.Output,
                    &d.State,
                    0),
                _ => throw new NotSupportedException($"{cell} has no primitive here."),
            });
            Dnnl.Check(Dnnl.dnnl_primitive_desc_create(out nint description, layer, 0, _engine, 0));
            return description;
        }
        finally
        {
            NativeMemory.Free(layer);
        }
    }

    private nint Memory(DnnlMemoryDescription description, nint handle)
    {
        Dnnl.Check(Dnnl.dnnl_memory_create(out nint memory, &description, _engine, handle));
        _memories.Add(memory);
        return memory;
    }

    /// <summary>Weights [K, G·H] in the layout that the primitive asks for.</summary>
    private DnnlArgument Reordered(nint layer, int argument, float[] weights, int rows)
    {
        DnnlMemoryDescription source = Describe(Dnnl.Tag5, 1, 1, rows, _case.Gates, _case.HiddenSize);
        DnnlMemoryDescription* wanted = Dnnl.dnnl_primitive_desc_query_md(layer, Dnnl.QueryExecutionArgument, argument);
        using var buffer = new NativeBuffer(weights);
        Dnnl.Check(Dnnl.dnnl_memory_create(out nint from, &source, _engine, buffer.Address));
        nint to = Memory(*wanted, Dnnl.Allocate);
        Dnnl.Check(Dnnl.dnnl_reorder_primitive_desc_create(out nint description, &source, _engine, wanted, _engine, 0));
        Dnnl.Check(Dnnl.dnnl_primitive_create(out nint reorder, description));
        DnnlArgument* arguments = stackalloc DnnlArgument[]
        {
            new DnnlArgument { Index = Dnnl.From, Memory = from },
            new DnnlArgument { Index = Dnnl.To, Memory = to },
        };
        Dnnl.Check(Dnnl.dnnl_primitive_execute(reorder, _stream, 2, arguments));
        Dnnl.Check(Dnnl.dnnl_stream_wait(_stream));
        Dnnl.Check(Dnnl.dnnl_primitive_destroy(reorder));
        Dnnl.Check(Dnnl.dnnl_primitive_desc_destroy(description));
        Dnnl.Check(Dnnl.dnnl_memory_destroy(from));
        return new DnnlArgument { Index = argument, Memory = to };
    }

    private struct LayerDescriptions
    {
        public DnnlMemoryDescription Input;
        public DnnlMemoryDescription Output;
        public DnnlMemoryDescription State;
        public DnnlMemoryDescription Bias;
        public DnnlMemoryDescription InputWeights;
        public DnnlMemoryDescription RecurrentWeights;
    }
}
