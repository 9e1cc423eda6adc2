using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>Layers by the kind of their cell, and what is known of a kind before there is a layer.</summary>
public static class RecurrentCells
{
    /// <summary>A layer in its usual variant.</summary>
    /// <param name="kind">Its cell.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="hiddenSize">H.</param>
    /// <param name="activation">φ of <see cref="Rnn{T}"/>, null for tanh; of no meaning to others.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or there is no such kind.</exception>
    public static RecurrentLayer<T> Create<T>(
        RecurrentCellKind kind, int inputSize, int hiddenSize, Activation? activation = null, bool isTrainable = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => kind switch
        {
            RecurrentCellKind.Rnn => new Rnn<T>(inputSize, hiddenSize, activation, isTrainable),
            RecurrentCellKind.Lstm => new Lstm<T>(inputSize, hiddenSize, options: null, isTrainable),
            RecurrentCellKind.Gru => new Gru<T>(inputSize, hiddenSize, options: null, isTrainable),
            RecurrentCellKind.MinGru => new MinGru<T>(inputSize, hiddenSize, candidate: null, isTrainable),
            RecurrentCellKind.MinLstm => new MinLstm<T>(inputSize, hiddenSize, candidate: null, isTrainable),
            RecurrentCellKind.Lru => new Lru<T>(inputSize, hiddenSize, isTrainable),
            _ => throw NoSuchKind(kind),
        };

    /// <summary>The layout of the cell that <see cref="Create"/> gives its layer, with tanh where φ is free.</summary>
    internal static CellLayout LayoutOf(RecurrentCellKind kind) => kind switch
    {
        RecurrentCellKind.Rnn => RnnCell<float, TanhActivation<float>>.Layout,
        RecurrentCellKind.Lstm => LstmCell<float, UsualFunctions<float>, Without, Without>.Layout,
        RecurrentCellKind.Gru => GruCell<float, UsualFunctions<float>>.Layout,
        RecurrentCellKind.MinGru => MinGruCell<float, UsualFunctions<float>>.Layout,
        RecurrentCellKind.MinLstm => MinLstmCell<float, UsualFunctions<float>>.Layout,
        RecurrentCellKind.Lru => LruCell<float>.Layout,
        _ => throw NoSuchKind(kind),
    };

    /// <summary>The word for a kind in files and on command lines.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such kind.</exception>
    public static string NameOf(RecurrentCellKind kind) => kind switch
    {
        RecurrentCellKind.Rnn => "rnn",
        RecurrentCellKind.Lstm => "lstm",
        RecurrentCellKind.Gru => "gru",
        RecurrentCellKind.MinGru => "mingru",
        RecurrentCellKind.MinLstm => "minlstm",
        RecurrentCellKind.Lru => "lru",
        _ => throw NoSuchKind(kind),
    };

    private static ArgumentOutOfRangeException NoSuchKind(RecurrentCellKind kind) =>
        new(nameof(kind), kind, "expected Rnn, Lstm, Gru, MinGru, MinLstm or Lru");
}
