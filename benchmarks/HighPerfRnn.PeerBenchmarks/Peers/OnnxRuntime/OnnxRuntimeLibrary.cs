using HighPerfRnn.Benchmarks;
using HighPerfRnn.Benchmarks.Recurrent;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;

/// <summary>ONNX Runtime: weights as constants, which it packs; one thread that does not spin; memory bound once.</summary>
internal sealed class OnnxRuntimeLibrary : IRecurrentLibrary
{
    public string Name => "ONNX Runtime";

    public string Version => OrtEnv.Instance().GetVersionString();

    public string? Missing => null;

    public bool Supports(RecurrentCase work) => work is { Mode: not RecurrentMode.Training, Threads: 1, Cell: not RecurrentCell.MinGru, IsRagged: false };

    public IRecurrentWork Create(RecurrentCase work, RecurrentProblem problem) => new OnnxRuntimeLayer(work, problem);
}

/// <summary>A session over a layer. A state is always bound: without one its RNN skips the first step's recurrent product.</summary>
internal sealed class OnnxRuntimeLayer : IRecurrentWork
{
    private readonly RecurrentCase _case;
    private readonly SessionOptions _options = new();
    private readonly RunOptions _runOptions = new();
    private readonly InferenceSession _session;
    private readonly NativeBuffer _input;
    private readonly NativeBuffer _states;
    private readonly List<OrtValue> _values = [];
    private readonly NativeBuffer _cellState;
    private readonly NativeBuffer _nextCellState;
    private OrtIoBinding _binding;
    private OrtIoBinding _nextBinding;
    private NativeBuffer _state;
    private NativeBuffer _nextState;

    public OnnxRuntimeLayer(RecurrentCase work, RecurrentProblem problem)
    {
        _case = work;
        _options.IntraOpNumThreads = 1;
        _options.InterOpNumThreads = 1;
        _options.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;
        _options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        _options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new InferenceSession(OnnxLayer.Create(work, problem), _options);
        _input = new NativeBuffer(problem.Input);
        _states = new NativeBuffer(work.Mode == RecurrentMode.Step ? 0 : work.Steps * work.Batch * work.HiddenSize);
        _state = new NativeBuffer(problem.InitialState);
        _nextState = new NativeBuffer(problem.InitialState.Length);
        _cellState = new NativeBuffer(problem.InitialCellState);
        _nextCellState = new NativeBuffer(problem.InitialCellState.Length);
        _binding = Bind(_state, _nextState, _cellState, _nextCellState);
        _nextBinding = Bind(_nextState, _state, _nextCellState, _cellState);
    }

    public void Run()
    {
        _session.RunWithBinding(_runOptions, _binding);
        if (_case.Mode != RecurrentMode.Step) return;
        (_binding, _nextBinding) = (_nextBinding, _binding);
        (_state, _nextState) = (_nextState, _state);
    }

    public IReadOnlyDictionary<string, float[]> Results() => _case.Mode == RecurrentMode.Step
        ? new Dictionary<string, float[]> { ["state"] = _state.Span.ToArray() }
        : new Dictionary<string, float[]> { ["states"] = _states.Span.ToArray() };

    public void Dispose()
    {
        _binding.Dispose();
        _nextBinding.Dispose();
        foreach (OrtValue value in _values) value.Dispose();
        _session.Dispose();
        _runOptions.Dispose();
        _options.Dispose();
        foreach (NativeBuffer buffer in (NativeBuffer[])[_input, _states, _state, _nextState, _cellState, _nextCellState]) buffer.Dispose();
    }

    private OrtIoBinding Bind(NativeBuffer state, NativeBuffer nextState, NativeBuffer cellState, NativeBuffer nextCellState)
    {
        OrtIoBinding binding = _session.CreateIoBinding();
        binding.BindInput("X", Value(_input, _case.Steps, _case.Batch, _case.InputSize));
        binding.BindInput("initial_h", Value(state, 1, _case.Batch, _case.HiddenSize));
        bool hasCellState = _case.Cell == RecurrentCell.Lstm;
        if (hasCellState) binding.BindInput("initial_c", Value(cellState, 1, _case.Batch, _case.HiddenSize));
        if (hasCellState && _case.Mode == RecurrentMode.Step) binding.BindOutput("Y_c", Value(nextCellState, 1, _case.Batch, _case.HiddenSize));
        if (_case.Mode == RecurrentMode.Step) binding.BindOutput("Y_h", Value(nextState, 1, _case.Batch, _case.HiddenSize));
        else binding.BindOutput("Y", Value(_states, _case.Steps, 1, _case.Batch, _case.HiddenSize));
        return binding;
    }

    private OrtValue Value(NativeBuffer buffer, params long[] shape)
    {
        OrtValue value = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, buffer.Address, (long)buffer.Length * sizeof(float));
        _values.Add(value);
        return value;
    }
}
