using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Tests.Generation;

namespace HighPerfRnn.Tests.Guards;

/// <summary>A recurrent layer other than the plain one.</summary>
/// <param name="Name">For people.</param>
/// <param name="Create">Makes one of the sizes I and H.</param>
/// <param name="IsOwn">Whether its cell is the tests' own.</param>
internal sealed record CellVariant<T>(string Name, Func<int, int, RecurrentLayer<T>> Create, bool IsOwn = false)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>Every cell of the library with every kind of option, and cells of one's own, of one phase and of two.</summary>
internal static class CellVariants<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static IReadOnlyList<CellVariant<T>> All { get; } =
    [
        .. OtherActivations().Select(activation => new CellVariant<T>($"rnn {activation.Kind}", (i, h) => new Rnn<T>(i, h, activation))),
        new("rnn clipped", (i, h) => new Rnn<T>(i, h, clip: 0.5)),
        new("lstm", (i, h) => new Lstm<T>(i, h)),
        new("lstm peepholes", (i, h) => new Lstm<T>(i, h, new LstmOptions { HasPeepholes = true })),
        new("lstm coupled", (i, h) => new Lstm<T>(i, h, new LstmOptions { IsCoupled = true })),
        new("lstm projection", (i, h) => new Lstm<T>(i, h, new LstmOptions { ProjectionSize = 1 + (h / 2) })),
        new("lstm wide projection", (i, h) => new Lstm<T>(i, h, new LstmOptions { ProjectionSize = h + 3, HasPeepholes = true, Clip = 0.75 })),
        new("lstm of other functions", (i, h) => new Lstm<T>(i, h, new LstmOptions
        {
            HasPeepholes = true,
            IsCoupled = true,
            InputActivation = Activation.HardSigmoid(),
            CandidateActivation = Activation.Elu(),
            OutputActivation = Activation.Softsign,
            StateActivation = Activation.Identity,
        })),
        new("gru", (i, h) => new Gru<T>(i, h)),
        new("gru reset before", (i, h) => new Gru<T>(i, h, new GruOptions { ResetsBefore = true })),
        new("gru clipped", (i, h) => new Gru<T>(i, h, new GruOptions { Clip = 0.5 })),
        new("gru of other functions", (i, h) => new Gru<T>(i, h, new GruOptions
        {
            ResetsBefore = true,
            ResetActivation = Activation.HardSigmoid(),
            UpdateActivation = Activation.Softsign,
            CandidateActivation = Activation.LeakyRelu(),
        })),
        new("mingru", (i, h) => new MinGru<T>(i, h)),
        new("mingru of another function", (i, h) => new MinGru<T>(i, h, Activation.Tanh)),
        new("minlstm", (i, h) => new MinLstm<T>(i, h)),
        new("minlstm of another function", (i, h) => new MinLstm<T>(i, h, Activation.Softplus)),
        new("lru", (i, h) => new Lru<T>(i, h)),
        new("mingru scan", (i, h) => new MinGru<T>(i, h) { Order = RecurrenceOrder.BlockedScan }),
        new("minlstm scan", (i, h) => new MinLstm<T>(i, h) { Order = RecurrenceOrder.BlockedScan }),
        new("lru scan", (i, h) => new Lru<T>(i, h) { Order = RecurrenceOrder.BlockedScan }),
        new("own cell", (i, h) => new CellLayer<T, BlendCell<T>>(i, h), IsOwn: true),
        new("own cell of two phases", (i, h) => new CellLayer<T, TwoPhaseCell<T>>(i, h), IsOwn: true),
    ];

    public static RecurrentLayer<T> Create(string name, int inputSize, int hiddenSize) =>
        All.Single(variant => variant.Name == name).Create(inputSize, hiddenSize);

    /// <summary>All that there are but tanh and ReLU, which other rounds have.</summary>
    private static Activation[] OtherActivations() =>
    [
        Activation.Sigmoid, Activation.LeakyRelu(0.25), Activation.ThresholdedRelu(0.125), Activation.ScaledTanh(1.5, 0.75),
        Activation.HardSigmoid(), Activation.Elu(), Activation.Softsign, Activation.Softplus, Activation.Affine(0.5, 0.125), Activation.Identity,
    ];
}
