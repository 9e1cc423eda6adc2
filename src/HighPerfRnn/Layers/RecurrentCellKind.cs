namespace HighPerfRnn.Layers;

/// <summary>The library's recurrent layers, each in its usual variant.</summary>
public enum RecurrentCellKind
{
    /// <summary><see cref="Rnn{T}"/>.</summary>
    Rnn,

    /// <summary><see cref="Lstm{T}"/>.</summary>
    Lstm,

    /// <summary><see cref="Gru{T}"/>, whose reset gate acts after the product.</summary>
    Gru,

    /// <summary><see cref="MinGru{T}"/>.</summary>
    MinGru,

    /// <summary><see cref="MinLstm{T}"/>.</summary>
    MinLstm,

    /// <summary><see cref="Lru{T}"/>.</summary>
    Lru,
}
