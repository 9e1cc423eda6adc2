using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Tests.Generation;

/// <summary>A network as a user would write it: layer after layer, each with arrays of its own, both directions by themselves.</summary>
internal sealed class NetworkByHand<T>(NetworkRun<T> run, ulong? dropoutCall)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Dictionary<object, ParameterSet<T>> _gradients = [];
    private int _state;

    private delegate void BackwardPass(T[] outputGradient, T[] inputGradient);

    public T[] Output { get; private set; } = [];

    public T[] FinalStates { get; } = new T[run.FinalStates.Length];

    public T[] InputGradient { get; } = new T[run.InputGradient.Length];

    public T[] InitialStatesGradient { get; } = new T[run.FinalStates.Length];

    public T[] Gradient(ParameterSet<T> parameters) => _gradients[parameters].Values.ToArray();

    private int Rows => run.Steps * run.Batch;

    public void Both()
    {
        (T[] output, BackwardPass backward) = Chain(run.Parts, run.Input, run.Tokens);
        Output = output;
        T[] outputGradient = run.OutputGradient.Length > 0 ? (T[])run.OutputGradient.Clone() : new T[output.Length];
        ClearPadding(outputGradient);
        backward(outputGradient, InputGradient);
    }

    private (T[] Output, BackwardPass Backward) Chain(object[] parts, T[] input, int[] tokens)
    {
        var passes = new List<(BackwardPass Pass, int InputLength)>();
        T[] x = input;
        foreach (object part in parts)
        {
            int length = x.Length;
            (x, BackwardPass backward) = Apply(part, x, passes.Count == 0 ? tokens : []);
            passes.Add((backward, length));
        }

        return (x, (dY, dX) =>
        {
            for (int i = passes.Count - 1; i >= 0; i--)
            {
                T[] below = i == 0 ? dX : new T[passes[i].InputLength];
                passes[i].Pass(dY, below);
                dY = below;
            }
        }
        );
    }

    private (T[] Output, BackwardPass Backward) Apply(object part, T[] x, int[] tokens) => part switch
    {
        Embedding<T> layer => Embed(layer, tokens),
        RecurrentLayer<T> layer => Recur(layer, x, tokens, isReverse: false, StatePlaces(layer, 1, 0)),
        Bidirectional<T> layer => BothWays(layer, x, tokens),
        LayerNorm<T> layer => Normalize(layer, x),
        Dropout<T> layer => Drop(layer, x),
        Dense<T> layer => Multiply(layer, x),
        object[] inner => Residual(inner, x),
        _ => throw new ArgumentException($"No layer: {part}.", nameof(part)),
    };

    private ParameterSet<T> GradientsOf(ParameterSet<T> parameters)
    {
        if (!_gradients.TryGetValue(parameters, out ParameterSet<T>? gradients)) _gradients[parameters] = gradients = parameters.CreateZeros();
        return gradients;
    }

    private (T[], BackwardPass) Residual(object[] parts, T[] x)
    {
        (T[] f, BackwardPass backward) = Chain(parts, x, []);
        T[] y = new T[f.Length];
        for (int i = 0; i < y.Length; i++) y[i] = x[i] + f[i];
        ClearPadding(y);
        return (y, (dY, dX) =>
        {
            if (dX.Length > 0) Elementwise.Add<T>(dX, dY, dX);
            backward((T[])dY.Clone(), dX);
        }
        );
    }

    private (T[], BackwardPass) Embed(Embedding<T> layer, int[] tokens)
    {
        int[] read = [.. tokens.Select((token, i) => IsPast(i) ? 0 : token)];
        T[] y = new T[Rows * layer.EmbeddingSize];
        layer.Forward(read, y);
        ClearPadding(y);
        return (y, (dY, _) => layer.Backward(read, dY, GradientsOf(layer.Parameters)));
    }

    private (T[], BackwardPass) Normalize(LayerNorm<T> layer, T[] x)
    {
        T[] y = new T[x.Length], statistics = new T[2 * Rows];
        layer.Forward(Rows, x, y, statistics);
        ClearPadding(y);
        return (y, (dY, dX) => layer.Backward(Rows, x, statistics, dY, dX, GradientsOf(layer.Parameters)));
    }

    private (T[], BackwardPass) Multiply(Dense<T> layer, T[] x)
    {
        T[] y = new T[Rows * layer.OutputSize], workspace = new T[Dense<T>.WorkspaceSize(Rows, layer.OutputSize)];
        layer.Forward(Rows, x, y);
        ClearPadding(y);
        return (y, (dY, dX) => layer.Backward(Rows, x, dY, dX, GradientsOf(layer.Parameters), workspace));
    }

    private (T[], BackwardPass) Drop(Dropout<T> layer, T[] x)
    {
        T[] y = (T[])x.Clone();
        if (dropoutCall is { } call) layer.Forward(PassOf(call), x, y);
        ClearPadding(y);
        return (y, (dY, dX) =>
        {
            T[] masked = (T[])dY.Clone();
            if (dropoutCall is { } call) layer.Backward(PassOf(call), dY, masked);
            Elementwise.Add<T>(dX, masked, dX);
        }
        );

        DropoutPass PassOf(ulong call) => new()
        {
            Steps = run.Steps,
            Batch = run.Batch,
            Size = Math.Max(1, x.Length / Math.Max(1, Rows)),
            Call = call,
            RowKeys = run.RowKeys,
        };
    }

    /// <summary>Where h and c of a direction lie among all states, and takes them off when all directions have theirs.</summary>
    private (Range State, Range CellState) StatePlaces(RecurrentLayer<T> layer, int directions, int direction)
    {
        int state = run.Batch * layer.OutputSize, cell = run.Batch * layer.Cell.CellStates * layer.HiddenSize;
        int h = _state + (direction * state), c = _state + (directions * state) + (direction * cell);
        if (direction == directions - 1) _state += directions * (state + cell);
        return (h..(h + state), c..(c + cell));
    }

    private (T[], BackwardPass) BothWays(Bidirectional<T> layer, T[] x, int[] tokens)
    {
        (Range, Range) first = StatePlaces(layer.ForwardLayer, 2, 0), second = StatePlaces(layer.ReverseLayer, 2, 1);
        (T[] h, BackwardPass forward) = Recur(layer.ForwardLayer, x, tokens, isReverse: false, first);
        (T[] g, BackwardPass reverse) = Recur(layer.ReverseLayer, x, tokens, isReverse: true, second);
        int size = layer.ForwardLayer.OutputSize;
        if (layer.Merge == BidirectionalMerge.Sum)
        {
            return ([.. h.Zip(g, (a, b) => a + b)], (dY, dX) =>
            {
                forward(dY, dX);
                reverse(dY, dX);
            }
            );
        }

        T[] y = new T[2 * h.Length];
        for (int i = 0; i < h.Length; i++) (y[(i / size * 2 * size) + (i % size)], y[(i / size * 2 * size) + size + (i % size)]) = (h[i], g[i]);
        return (y, (dY, dX) =>
        {
            forward([.. Enumerable.Range(0, h.Length).Select(i => dY[(i / size * 2 * size) + (i % size)])], dX);
            reverse([.. Enumerable.Range(0, h.Length).Select(i => dY[(i / size * 2 * size) + size + (i % size)])], dX);
        }
        );
    }

    private (T[], BackwardPass) Recur(RecurrentLayer<T> layer, T[] x, int[] tokens, bool isReverse, (Range State, Range CellState) states)
    {
        T[] y = new T[Rows * layer.OutputSize], reserve = new T[layer.ReserveSize(run.Steps, run.Batch)];
        T[] workspace = new T[layer.OrderedWorkspaceSize(run.Steps, run.Batch)];
        T[] Initial(Range range) => run.InitialStates.Length == 0 ? [] : run.InitialStates[range];
        layer.Forward(new RnnForward<T>
        {
            Steps = run.Steps,
            Batch = run.Batch,
            Input = x,
            Tokens = tokens,
            Lengths = run.Lengths,
            IsReverse = isReverse,
            InitialState = Initial(states.State),
            InitialCellState = Initial(states.CellState),
            Output = y,
            FinalState = FinalStates.AsSpan(states.State),
            FinalCellState = FinalStates.AsSpan(states.CellState),
            Reserve = reserve,
            Workspace = workspace,
        });
        return (y, (dY, dX) => layer.Backward(new RnnBackward<T>
        {
            Steps = run.Steps,
            Batch = run.Batch,
            Input = x,
            Tokens = tokens,
            Lengths = run.Lengths,
            IsReverse = isReverse,
            InitialState = Initial(states.State),
            Output = y,
            Reserve = reserve,
            OutputGradient = dY,
            FinalStateGradient = run.FinalStatesGradient.Length == 0 ? [] : run.FinalStatesGradient[states.State],
            FinalCellStateGradient = run.FinalStatesGradient.Length == 0 ? [] : run.FinalStatesGradient[states.CellState],
            InputGradient = dX,
            InitialStateGradient = InitialStatesGradient.AsSpan(states.State),
            InitialCellStateGradient = InitialStatesGradient.AsSpan(states.CellState),
            Gradients = GradientsOf(layer.Parameters),
            Workspace = workspace,
        }));
    }

    private bool IsPast(int row) => run.Lengths.Length > 0 && row / run.Batch >= run.Lengths[row % run.Batch];

    private void ClearPadding(T[] sequence)
    {
        for (int i = 0; i < sequence.Length; i++)
        {
            if (IsPast(i / (sequence.Length / Rows))) sequence[i] = T.Zero;
        }
    }
}
