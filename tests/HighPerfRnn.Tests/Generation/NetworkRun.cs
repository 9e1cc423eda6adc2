using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A network of <see cref="NetworkParts"/> on numbers that follow from a case, and everything that its passes write.</summary>
internal sealed class NetworkRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <param name="shape">B, T, seed, and whether lengths, states and gradients are given.</param>
    /// <param name="kind">Which network.</param>
    /// <param name="drops">p of all dropout; null for networks without.</param>
    /// <param name="hasGarbage">Whether the input holds past rows' ends what must not be read.</param>
    public NetworkRun(CellCase shape, int kind, double? drops = 0.25, bool hasGarbage = false)
    {
        (Kind, Steps, Batch) = (kind, Math.Min(shape.Steps, 7), shape.Batch);
        int inputs = 1 + (shape.InputSize % 9), hidden = 1 + (shape.HiddenSize % 9);
        Parts = NetworkParts.Create<T>(kind, inputs, hidden, drops);
        Network = NetworkParts.Network<T>(Parts);
        NetworkParts.Fill(Network, shape.Seed);
        var random = new CaseRandom(shape.Seed, 4001);
        int rows = Steps * Batch;
        Lengths = shape.Has(CellTraits.Ragged) ? random.Indices(Batch, Steps + 1) : [];
        Tokens = NetworkParts.TakesTokens(kind) ? random.Indices(rows, Network.InputSize) : [];
        Input = NetworkParts.TakesTokens(kind) ? [] : Numbers(rows * Network.InputSize);
        InitialStates = shape.Has(CellTraits.InitialState) ? Numbers(Network.StateSize(Batch)) : [];
        OutputGradient = shape.Has(CellTraits.OutputGradient) ? Numbers(rows * Network.OutputSize) : [];
        FinalStatesGradient = shape.Has(CellTraits.FinalGradient) ? Numbers(Network.StateSize(Batch)) : [];
        RowKeys = random.Indices(Batch, 1000);
        Output = RnnRun<T>.Filled(rows * Network.OutputSize);
        FinalStates = RnnRun<T>.Filled(Network.StateSize(Batch));
        Reserve = RnnRun<T>.Filled(Network.ReserveSize(Steps, Batch));
        Workspace = RnnRun<T>.Filled(Network.WorkspaceSize(Steps, Batch, Lengths.Length > 0));
        InputGradient = new T[Input.Length];
        InitialStatesGradient = new T[FinalStates.Length];
        Gradients = Network.CreateGradients();
        if (hasGarbage) FillPadding();
        T[] Numbers(int length) => [.. random.Numbers<float>(length).Select(T.CreateChecked)];
    }

    public int Kind { get; }

    public int Steps { get; }

    public int Batch { get; }

    public object[] Parts { get; }

    public Sequential<T> Network { get; }

    public int[] Lengths { get; }

    public int[] Tokens { get; }

    public T[] Input { get; }

    public T[] InitialStates { get; }

    public T[] OutputGradient { get; }

    public T[] FinalStatesGradient { get; }

    public int[] RowKeys { get; }

    public T[] Output { get; }

    public T[] FinalStates { get; }

    public T[] Reserve { get; }

    public T[] Workspace { get; }

    public T[] InputGradient { get; }

    public T[] InitialStatesGradient { get; }

    public IReadOnlyList<ParameterSet<T>> Gradients { get; }

    public IEnumerable<(string Name, T[] Numbers)> Results =>
    [
        ("output", Output), ("final states", FinalStates), ("dX", InputGradient), ("d initial states", InitialStatesGradient),
        .. Gradients.Select((set, i) => ($"gradients {i}", set.Values.ToArray())),
    ];

    public NetworkRun<T> Both(ulong? dropoutCall, WorkerGroup? workers = null)
    {
        Forward(dropoutCall, workers);
        Backward(dropoutCall, workers);
        return this;
    }

    public void Forward(ulong? dropoutCall, WorkerGroup? workers = null) => Network.Forward(
        new SequentialForward<T>
        {
            Steps = Steps,
            Batch = Batch,
            Input = Input,
            Tokens = Tokens,
            Lengths = Lengths,
            InitialStates = InitialStates,
            Output = Output,
            FinalStates = FinalStates,
            Reserve = Reserve,
            Workspace = Workspace,
            DropoutCall = dropoutCall,
            RowKeys = RowKeys,
        },
        workers);

    public void Backward(ulong? dropoutCall, WorkerGroup? workers = null) => Network.Backward(
        new SequentialBackward<T>
        {
            Steps = Steps,
            Batch = Batch,
            Input = Input,
            Tokens = Tokens,
            Lengths = Lengths,
            InitialStates = InitialStates,
            Output = Output,
            Reserve = Reserve,
            OutputGradient = OutputGradient,
            FinalStatesGradient = FinalStatesGradient,
            InputGradient = InputGradient,
            InitialStatesGradient = InitialStatesGradient,
            Gradients = Gradients,
            Workspace = Workspace,
            DropoutCall = dropoutCall,
            RowKeys = RowKeys,
        },
        workers);

    /// <summary>The steps from the first to before the last, by themselves, without a reserve: outputs, and states in place.</summary>
    public T[] Chunk(int first, int last, T[] states, ulong? dropoutCall)
    {
        int steps = last - first, inputs = Tokens.Length > 0 ? 0 : Batch * Network.InputSize;
        T[] output = RnnRun<T>.Filled(steps * Batch * Network.OutputSize);
        Network.Forward(new SequentialForward<T>
        {
            Steps = steps,
            Batch = Batch,
            Input = Input.AsSpan(first * inputs, steps * inputs),
            Tokens = Tokens.Length > 0 ? Tokens.AsSpan(first * Batch, steps * Batch) : default,
            InitialStates = states,
            FinalStates = states,
            Output = output,
            Workspace = RnnRun<T>.Filled(Network.ForwardWorkspaceSize(steps, Batch)),
            DropoutCall = dropoutCall,
            FirstStep = first,
            RowKeys = RowKeys,
        });
        return output;
    }

    private void FillPadding()
    {
        T garbage = NetworkParts.ReadsPadding(Kind) ? T.CreateChecked(1000) : T.NaN;
        for (int i = 0; i < Steps * Batch && Lengths.Length > 0; i++)
        {
            if (i / Batch < Lengths[i % Batch]) continue;
            if (Tokens.Length > 0) Tokens[i] = -1;
            else Input.AsSpan(i * Network.InputSize, Network.InputSize).Fill(garbage);
            if (OutputGradient.Length > 0) OutputGradient.AsSpan(i * Network.OutputSize, Network.OutputSize).Fill(T.NaN);
        }
    }
}
