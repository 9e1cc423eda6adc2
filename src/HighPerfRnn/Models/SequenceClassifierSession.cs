using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Models;

/// <summary>
/// Labels a stream step by step: each call takes the next step and gives its logits, with the bits of the whole sequence at once. All that
/// it needs is allocated here, once.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>An object belongs to one thread at a time.</remarks>
public sealed class SequenceClassifierSession<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SequenceClassifier<T> _model;
    private readonly AlignedBlock<T> _states;
    private readonly AlignedBlock<T> _encoded;
    private readonly AlignedBlock<T> _logits;
    private readonly AlignedBlock<T> _workspace;
    private readonly int[] _token = new int[1];

    /// <summary>A stream that begins now.</summary>
    /// <param name="model">A network that is causal.</param>
    /// <exception cref="ArgumentException">A label of the network waits for the end of its sequence.</exception>
    public SequenceClassifierSession(SequenceClassifier<T> model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!model.IsCausal) throw new ArgumentException("The network pools or is bidirectional; expected one whose logits follow each step.", nameof(model));
        _model = model;
        _states = new AlignedBlock<T>(model.Encoder.StateSize(1));
        _encoded = new AlignedBlock<T>(model.Encoder.OutputSize);
        _logits = new AlignedBlock<T>(model.OutputSize);
        _workspace = new AlignedBlock<T>(model.Encoder.ForwardWorkspaceSize(1, 1));
        Reset();
    }

    /// <summary>The next step.</summary>
    /// <param name="input">x [I].</param>
    /// <returns>Logits [V], which hold until the next call.</returns>
    /// <exception cref="ArgumentException">The length is not I.</exception>
    public ReadOnlySpan<T> Step(ReadOnlySpan<T> input) => Run(input, default);

    /// <summary>The next step of tokens.</summary>
    /// <param name="token">Its number.</param>
    /// <returns>Logits [V], which hold until the next call.</returns>
    /// <exception cref="ArgumentException">The token is out of range.</exception>
    public ReadOnlySpan<T> Step(int token)
    {
        _token[0] = token;
        return Run(default, _token);
    }

    /// <summary>Begins a new stream.</summary>
    public void Reset() => _states.Span.Clear();

    private Span<T> Run(ReadOnlySpan<T> input, ReadOnlySpan<int> tokens)
    {
        _model.Encoder.Step(new SequentialStep<T>
        {
            Batch = 1,
            Input = input,
            Tokens = tokens,
            States = _states.Span,
            Output = _encoded.Span,
            Workspace = _workspace.Span,
        });
        _model.Output.Forward(1, _encoded.Span, _logits.Span);
        return _logits.Span;
    }
}
