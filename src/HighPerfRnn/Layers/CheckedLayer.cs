using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <summary>A layer with all that its passes read and write, for <see cref="GradientCheck"/>. What a pass must set is NaN before.</summary>
internal sealed class CheckedLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _workspace, _reserve;

    public CheckedLayer(RecurrentLayer<T> layer, int steps, int batch)
    {
        (Layer, Steps, Batch) = (layer, steps, batch);
        int outputs = checked(steps * batch * layer.OutputSize);
        int states = batch * layer.OutputSize;
        int cellStates = checked(layer.Cell.CellStates * batch * layer.HiddenSize);
        Input = new T[checked(steps * batch * layer.InputSize)];
        (InitialState, InitialCellState) = (new T[states], new T[cellStates]);
        (OutputGradient, FinalStateGradient, FinalCellStateGradient) = (new T[outputs], new T[states], new T[cellStates]);
        (Output, FinalState, FinalCellState) = (Unset(outputs), Unset(states), Unset(cellStates));
        InputGradient = new T[Input.Length];
        (InitialStateGradient, InitialCellStateGradient) = (new T[states], new T[cellStates]);
        Gradients = layer.Parameters.CreateZeros();
        _reserve = Unset(layer.ReserveSize(steps, batch));
        _workspace = Unset(layer.WorkspaceSize(steps, batch));
    }

    public RecurrentLayer<T> Layer { get; }

    public int Steps { get; }

    public int Batch { get; }

    public T[] Input { get; }

    public T[] InitialState { get; }

    public T[] InitialCellState { get; }

    public T[] OutputGradient { get; }

    public T[] FinalStateGradient { get; }

    public T[] FinalCellStateGradient { get; }

    public T[] Output { get; }

    public T[] FinalState { get; }

    public T[] FinalCellState { get; }

    public T[] InputGradient { get; }

    public T[] InitialStateGradient { get; }

    public T[] InitialCellStateGradient { get; }

    public ParameterSet<T> Gradients { get; }

    public void Draw(ulong seed, Action<ParameterSet<T>>? initialize)
    {
        ulong stream = 0;
        foreach (Parameter parameter in Layer.Parameters.Parameters)
        {
            Fill(Layer.Parameters.Span(parameter), parameter.IsVector ? 0.5 : 1.5 / Math.Sqrt(parameter.Rows));
        }

        initialize?.Invoke(Layer.Parameters);
        Layer.Repack();
        foreach (T[] numbers in (T[][])
            [Input, InitialState, InitialCellState, OutputGradient, FinalStateGradient, FinalCellStateGradient])
        {
            Fill(numbers, 1);
        }

        void Fill(Span<T> numbers, double bound)
        {
            var random = new CounterRandom(seed, stream++);
            foreach (ref T number in numbers) number = T.CreateChecked(((2 * random.NextDouble()) - 1) * bound);
        }
    }

    public void Forward() => Layer.Forward(new RnnForward<T>
    {
        Steps = Steps,
        Batch = Batch,
        Input = Input,
        InitialState = InitialState,
        InitialCellState = InitialCellState,
        Output = Output,
        FinalState = FinalState,
        FinalCellState = FinalCellState,
        Reserve = _reserve,
        Workspace = _workspace,
    });

    public void Backward()
    {
        _workspace.AsSpan().Fill(T.NaN);
        Layer.Backward(new RnnBackward<T>
        {
            Steps = Steps,
            Batch = Batch,
            Input = Input,
            InitialState = InitialState,
            Output = Output,
            Reserve = _reserve,
            OutputGradient = OutputGradient,
            FinalStateGradient = FinalStateGradient,
            FinalCellStateGradient = FinalCellStateGradient,
            InputGradient = InputGradient,
            InitialStateGradient = InitialStateGradient,
            InitialCellStateGradient = InitialCellStateGradient,
            Gradients = Gradients,
            Workspace = _workspace,
        });
    }

    /// <summary>One row of it, with the same layer.</summary>
    public CheckedLayer<T> Row(int row)
    {
        var part = new CheckedLayer<T>(Layer, Steps, 1);
        CopyRow(Input, part.Input, row, Layer.InputSize);
        CopyRow(InitialState, part.InitialState, row, Layer.OutputSize);
        CopyRow(InitialCellState, part.InitialCellState, row, Layer.HiddenSize);
        CopyRow(OutputGradient, part.OutputGradient, row, Layer.OutputSize);
        CopyRow(FinalStateGradient, part.FinalStateGradient, row, Layer.OutputSize);
        CopyRow(FinalCellStateGradient, part.FinalCellStateGradient, row, Layer.HiddenSize);
        return part;
    }

    /// <summary>A row of what is [n, B, width], as [n, width].</summary>
    public void CopyRow(ReadOnlySpan<T> numbers, Span<T> part, int row, int width)
    {
        for (int i = 0; i < part.Length / width; i++) numbers.Slice(((i * Batch) + row) * width, width).CopyTo(part[(i * width)..]);
    }

    /// <summary>The same numbers for a layer of another type, gradients aside.</summary>
    public CheckedLayer<TOther> ConvertTo<TOther>(RecurrentLayer<TOther> layer)
        where TOther : unmanaged, IBinaryFloatingPointIeee754<TOther>
    {
        var run = new CheckedLayer<TOther>(layer, Steps, Batch);
        foreach (Parameter parameter in Layer.Parameters.Parameters) Convert(Layer.Parameters.Span(parameter), layer.Parameters[parameter.Name]);
        layer.Repack();
        Convert(Input, run.Input);
        Convert(InitialState, run.InitialState);
        Convert(InitialCellState, run.InitialCellState);
        Convert(OutputGradient, run.OutputGradient);
        Convert(FinalStateGradient, run.FinalStateGradient);
        Convert(FinalCellStateGradient, run.FinalCellStateGradient);
        return run;

        static void Convert(ReadOnlySpan<T> from, Span<TOther> into)
        {
            for (int i = 0; i < from.Length; i++) into[i] = TOther.CreateChecked(from[i]);
        }
    }

    private static T[] Unset(int length)
    {
        T[] numbers = new T[length];
        Array.Fill(numbers, T.NaN);
        return numbers;
    }
}
