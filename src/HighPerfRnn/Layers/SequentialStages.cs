using System.Globalization;
using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

internal sealed class EmbeddingStage<T>(Embedding<T> layer) : SequentialStage<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Embedding<T> _layer = layer ?? throw new ArgumentNullException(nameof(layer));

    public override object Layer => _layer;

    public override string Name => "Embedding";

    public override int InputSize => _layer.VocabularySize;

    public override int Vocabulary => _layer.VocabularySize;

    public override bool NeedsTokens => true;

    public override int SetCount => 1;

    public override int OutputSizeOf(int inputSize) => _layer.EmbeddingSize;

    public override ParameterSet<T> ParameterSet(int index) => _layer.Parameters;

    public override void Forward(in StageForward<T> pass, WorkerGroup? workers)
    {
        int size = _layer.EmbeddingSize;
        for (int from = 0; RaggedRows.Next(pass.Steps, pass.Batch, pass.Lengths, from, out int start, out int end); from = end)
        {
            _layer.Forward(pass.Tokens[start..end], pass.Output[(start * size)..(end * size)]);
        }
    }

    public override void Backward(in StageBackward<T> pass, WorkerGroup? workers)
    {
        int size = _layer.EmbeddingSize;
        for (int from = 0; RaggedRows.Next(pass.Steps, pass.Batch, pass.Lengths, from, out int start, out int end); from = end)
        {
            _layer.Backward(pass.Tokens[start..end], pass.OutputGradient[(start * size)..(end * size)], pass.Gradients[pass.FirstSet]);
        }
    }
}

internal sealed class LayerNormStage<T>(LayerNorm<T> layer) : SequentialStage<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly LayerNorm<T> _layer = layer ?? throw new ArgumentNullException(nameof(layer));

    public override object Layer => _layer;

    public override string Name => "LayerNorm";

    public override int InputSize => _layer.Size;

    public override int SetCount => 1;

    public override ParameterSet<T> ParameterSet(int index) => _layer.Parameters;

    /// <summary>A mean and a deviation a row.</summary>
    public override int KeptSize(int steps, int batch) => checked(2 * steps * batch);

    public override void Forward(in StageForward<T> pass, WorkerGroup? workers) =>
        _layer.Forward(pass.Steps * pass.Batch, pass.Input, pass.Output, pass.Kept, workers);

    public override void Backward(in StageBackward<T> pass, WorkerGroup? workers) => _layer.Backward(
        pass.Steps * pass.Batch, pass.Input, pass.Kept, pass.OutputGradient, pass.InputGradient, pass.Gradients[pass.FirstSet], workers);
}

internal sealed class DenseStage<T>(Dense<T> layer) : SequentialStage<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Dense<T> _layer = layer ?? throw new ArgumentNullException(nameof(layer));

    public override object Layer => _layer;

    public override string Name => "Dense";

    public override int InputSize => _layer.InputSize;

    public override int SetCount => 1;

    public override int OutputSizeOf(int inputSize) => _layer.OutputSize;

    public override ParameterSet<T> ParameterSet(int index) => _layer.Parameters;

    public override int WorkspaceSize(int steps, int batch, bool hasLengths) => Dense<T>.WorkspaceSize(checked(steps * batch), _layer.OutputSize);

    public override void Repack() => _layer.Repack();

    public override void ThrowIfNotTrainable() => _layer.ThrowIfNotTrainable();

    public override void Forward(in StageForward<T> pass, WorkerGroup? workers) =>
        _layer.Forward(pass.Steps * pass.Batch, pass.Input, pass.Output, workers);

    public override void Backward(in StageBackward<T> pass, WorkerGroup? workers) => _layer.Backward(
        pass.Steps * pass.Batch,
        pass.Input,
        pass.OutputGradient,
        pass.InputGradient,
        pass.Gradients[pass.FirstSet],
        pass.Workspace,
        workers);
}

internal sealed class DropoutStage<T>(Dropout<T> layer) : SequentialStage<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Dropout<T> _layer = layer ?? throw new ArgumentNullException(nameof(layer));

    public override object Layer => _layer;

    public override string Name => string.Create(
        CultureInfo.InvariantCulture, $"Dropout {_layer.Probability}{(_layer.Kind == DropoutKind.Variational ? ", variational" : "")}");

    public override void Forward(in StageForward<T> pass, WorkerGroup? workers)
    {
        if (pass.DropoutCall is not { } call) pass.Input.CopyTo(pass.Output);
        else _layer.Forward(PassOf(pass.Steps, pass.Batch, pass.Input.Length, call, pass.FirstStep, pass.RowKeys), pass.Input, pass.Output, workers);
    }

    public override void Backward(in StageBackward<T> pass, WorkerGroup? workers)
    {
        if (pass.InputGradient.IsEmpty) return;
        if (pass.DropoutCall is { } call)
        {
            _layer.Backward(
                PassOf(pass.Steps, pass.Batch, pass.OutputGradient.Length, call, pass.FirstStep, pass.RowKeys),
                pass.OutputGradient,
                pass.OutputGradient,
                workers);
        }

        Elementwise.Add(pass.InputGradient, pass.OutputGradient, pass.InputGradient);
    }

    private static DropoutPass PassOf(int steps, int batch, int length, ulong call, int firstStep, ReadOnlySpan<int> rowKeys) => new()
    {
        Steps = steps,
        Batch = batch,
        Size = Math.Max(1, length / Math.Max(1, steps * batch)),
        Call = call,
        FirstStep = firstStep,
        RowKeys = rowKeys,
    };
}

/// <summary>The end of a residual connection: the output of an earlier layer is added.</summary>
internal sealed class ResidualStage<T>(int source, int size) : SequentialStage<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What is added: 0 for the network's input, n for the output of the nth layer.</summary>
    public int Source { get; } = source;

    public override object Layer => this;

    public override string Name => Source == 0 ? "+ input" : $"+ output of layer {Source}";

    public override int InputSize { get; } = size;

    public override void Forward(in StageForward<T> pass, WorkerGroup? workers) => Elementwise.Add(pass.Source, pass.Input, pass.Output);

    public override void Backward(in StageBackward<T> pass, WorkerGroup? workers) =>
        Elementwise.AddBackward(pass.OutputGradient, pass.SourceGradient, pass.InputGradient);
}
