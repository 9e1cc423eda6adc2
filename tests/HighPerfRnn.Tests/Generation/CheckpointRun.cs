using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Generation;

/// <summary>How the outputs' gradients come about.</summary>
internal enum OutputGradients
{
    /// <summary>There are none: only final states have gradients.</summary>
    None,

    /// <summary>They are there for all steps.</summary>
    Given,

    /// <summary>A loss makes them from the outputs.</summary>
    FromLoss,
}

/// <summary>A layer of any cell with a case's numbers, and everything that its passes write, whole or with gradient checkpointing.</summary>
/// <remarks>What a pass overwrites holds NaN before it, the workspace too; where gradients start follows the case's options.</remarks>
internal sealed class CheckpointRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Vocabulary = 7;

    private readonly RnnCase _shape;
    private readonly OutputGradients _outputGradients;

    public CheckpointRun(RecurrentLayer<T> layer, RnnCase shape, OutputGradients outputGradients, bool hasTokens)
    {
        Layer = layer;
        _shape = shape;
        _outputGradients = outputGradients;
        var random = new CaseRandom(shape.Seed, 4000);
        int states = shape.Batch * layer.HiddenSize;
        int cellStates = layer.Cell.CellStates * states;
        // A spectral norm below 1: gradients stay finite over thousands of steps, so that each segment's part of them counts.
        foreach (Parameter parameter in layer.Parameters.Parameters)
        {
            random.Numbers<T>(parameter.Length, 1 / Math.Sqrt(Math.Max(1, parameter.Rows))).CopyTo(layer.Parameters.Span(parameter));
        }

        layer.Repack();
        Input = hasTokens ? [] : random.Numbers<T>(shape.Rows * layer.InputSize);
        Tokens = hasTokens ? random.Indices(shape.Rows, Vocabulary) : [];
        TokenTable = hasTokens ? random.Numbers<T>(Vocabulary * layer.Cell.Gates * layer.HiddenSize) : [];
        bool startsAnywhere = shape.Has(CaseOptions.InitialState);
        InitialState = startsAnywhere ? random.Numbers<T>(states) : [];
        InitialCellState = startsAnywhere ? random.Numbers<T>(cellStates) : [];
        Targets = random.Numbers<T>(shape.Rows * layer.HiddenSize);
        bool hasFinal = shape.Has(CaseOptions.FinalGradient) || outputGradients == OutputGradients.None;
        FinalStateGradient = hasFinal ? random.Numbers<T>(states) : [];
        FinalCellStateGradient = hasFinal ? random.Numbers<T>(cellStates) : [];
        Output = RnnRun<T>.Filled(Targets.Length);
        FinalState = RnnRun<T>.Filled(states);
        FinalCellState = RnnRun<T>.Filled(cellStates);
        InputGradient = Start(Input.Length);
        TokenTableGradient = Start(TokenTable.Length);
        InitialStateGradient = Start(states);
        InitialCellStateGradient = Start(cellStates);
        Gradients = layer.Parameters.CreateZeros();
        foreach (Parameter parameter in Gradients.Parameters) Start(parameter.Length).CopyTo(Gradients.Span(parameter));

        T[] Start(int length) => shape.Has(CaseOptions.GradientsStart) ? random.Numbers<T>(length) : new T[length];
    }

    public RecurrentLayer<T> Layer { get; }

    public T[] Input { get; set; }

    public int[] Tokens { get; }

    public T[] TokenTable { get; }

    public T[] InitialState { get; set; }

    public T[] InitialCellState { get; set; }

    /// <summary>The outputs' gradients where they are given, and what the loss takes from the outputs.</summary>
    public T[] Targets { get; set; }

    public T[] FinalStateGradient { get; set; }

    public T[] FinalCellStateGradient { get; set; }

    public T[] Output { get; }

    public T[] FinalState { get; private set; }

    public T[] FinalCellState { get; private set; }

    public T[] InputGradient { get; }

    public T[] TokenTableGradient { get; }

    public T[] InitialStateGradient { get; }

    public T[] InitialCellStateGradient { get; }

    public ParameterSet<T> Gradients { get; }

    /// <summary>One forward pass over all steps, and so many backward passes.</summary>
    public void Whole(int backwards = 1)
    {
        T[] workspace = RnnRun<T>.Filled(Layer.WorkspaceSize(_shape.Steps, _shape.Batch));
        T[] reserve = RnnRun<T>.Filled(Layer.ReserveSize(_shape.Steps, _shape.Batch));
        Layer.Forward(new RnnForward<T>
        {
            Steps = _shape.Steps,
            Batch = _shape.Batch,
            Input = Input,
            Tokens = Tokens,
            TokenTable = TokenTable,
            InitialState = InitialState,
            InitialCellState = InitialCellState,
            Output = Output,
            FinalState = FinalState,
            FinalCellState = FinalCellState,
            Reserve = reserve,
            Workspace = workspace,
        });
        T[] outputGradient = _outputGradients switch
        {
            OutputGradients.None => [],
            OutputGradients.Given => Targets,
            _ => new T[Output.Length],
        };
        if (_outputGradients == OutputGradients.FromLoss) Loss().Gradient(0, Output, outputGradient);
        for (int i = 0; i < backwards; i++)
        {
            Layer.Backward(new RnnBackward<T>
            {
                Steps = _shape.Steps,
                Batch = _shape.Batch,
                Input = Input,
                Tokens = Tokens,
                InitialState = InitialState,
                Output = Output,
                Reserve = reserve,
                OutputGradient = outputGradient,
                FinalStateGradient = FinalStateGradient,
                FinalCellStateGradient = FinalCellStateGradient,
                InputGradient = InputGradient,
                TokenTableGradient = TokenTableGradient,
                InitialStateGradient = InitialStateGradient,
                InitialCellStateGradient = InitialCellStateGradient,
                Gradients = Gradients,
                Workspace = workspace,
            });
        }
    }

    /// <summary>The same with checkpoints.</summary>
    public void Checkpointed(
        in CheckpointPlan plan, WorkerGroup? workers = null, bool keepsOutput = true, bool inPlace = false, int backwards = 1)
    {
        // Not one element more than is asked for.
        T[] workspace = RnnRun<T>.Filled(Layer.CheckpointedWorkspaceSize(plan));
        inPlace &= InitialState.Length > 0;
        if (inPlace) (FinalState, FinalCellState) = ((T[])InitialState.Clone(), (T[])InitialCellState.Clone());
        Layer.ForwardCheckpointed(
            new CheckpointedForward<T>
            {
                Plan = plan,
                Input = Input,
                Tokens = Tokens,
                TokenTable = TokenTable,
                InitialState = inPlace ? FinalState : InitialState,
                InitialCellState = inPlace ? FinalCellState : InitialCellState,
                Output = keepsOutput ? Output : [],
                FinalState = FinalState,
                FinalCellState = FinalCellState,
                Workspace = workspace,
            },
            workers);
        for (int i = 0; i < backwards; i++) Backward(plan, workspace, workers);
    }

    public void AssertSame(CheckpointRun<T> actual, string what)
    {
        Compare.Bits(Output, actual.Output, what + ": output");
        AssertSameButOutput(actual, what);
    }

    public void AssertSameButOutput(CheckpointRun<T> actual, string what)
    {
        Compare.Bits(FinalState, actual.FinalState, what + ": final state");
        Compare.Bits(FinalCellState, actual.FinalCellState, what + ": final cell state");
        Compare.Bits(InputGradient, actual.InputGradient, what + ": dX");
        Compare.Bits(TokenTableGradient, actual.TokenTableGradient, what + ": dTable");
        Compare.Bits(InitialStateGradient, actual.InitialStateGradient, what + ": dh0");
        Compare.Bits(InitialCellStateGradient, actual.InitialCellStateGradient, what + ": dc0");
        foreach (Parameter parameter in Gradients.Parameters)
        {
            Compare.Bits<T>(Gradients.Span(parameter), actual.Gradients.Span(parameter), $"{what}: d{parameter.Name}");
        }
    }

    private void Backward(in CheckpointPlan plan, T[] workspace, WorkerGroup? workers)
    {
        var pass = new CheckpointedBackward<T>
        {
            Plan = plan,
            Input = Input,
            Tokens = Tokens,
            TokenTable = TokenTable,
            OutputGradient = _outputGradients == OutputGradients.Given ? Targets : [],
            FinalStateGradient = FinalStateGradient,
            FinalCellStateGradient = FinalCellStateGradient,
            InputGradient = InputGradient,
            TokenTableGradient = TokenTableGradient,
            InitialStateGradient = InitialStateGradient,
            InitialCellStateGradient = InitialCellStateGradient,
            Gradients = Gradients,
            Workspace = workspace,
        };
        if (_outputGradients != OutputGradients.FromLoss)
        {
            Layer.BackwardCheckpointed(pass, workers);
            return;
        }

        TargetLoss<T> loss = Loss();
        Layer.BackwardCheckpointed(pass, ref loss, workers);
        if (loss.Calls != (_shape.Steps == 0 ? 0 : plan.SegmentCount) || loss.StepsLeft != 0)
        {
            throw new Xunit.Sdk.XunitException($"The loss was asked {loss.Calls} times and has {loss.StepsLeft} steps left.");
        }
    }

    private TargetLoss<T> Loss() => new(Targets, _shape.Batch * Layer.HiddenSize, _shape.Steps);
}

/// <summary>½·Σ(h_t - target_t)² over the even steps; throws unless segments come from the last to the first, with zeros in the gradient.</summary>
internal ref struct TargetLoss<T>(ReadOnlySpan<T> targets, int stepLength, int steps) : ISegmentLoss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ReadOnlySpan<T> _targets = targets;

    public int Calls { get; private set; }

    public int StepsLeft { get; private set; } = steps;

    public void Gradient(int firstStep, ReadOnlySpan<T> output, Span<T> outputGradient)
    {
        Calls++;
        int count = output.Length / stepLength;
        bool isNext = firstStep + count == StepsLeft && output.Length == outputGradient.Length;
        if (!isNext || outputGradient.ContainsAnyExcept(T.Zero))
        {
            throw new Xunit.Sdk.XunitException($"Steps {firstStep} to {firstStep + count - 1} came when {StepsLeft} were left.");
        }

        StepsLeft = firstStep;
        for (int i = 0; i < output.Length; i++)
        {
            if ((firstStep + (i / stepLength)) % 2 == 0) outputGradient[i] = output[i] - _targets[(firstStep * stepLength) + i];
        }
    }
}
