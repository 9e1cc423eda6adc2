using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>One direction of a layer, in the library's own order of gates and layout.</summary>
/// <param name="Cell">The cell and its variant.</param>
/// <param name="Parameters">By name, shaped as the reference's cell of that kind states them.</param>
/// <param name="InitialState">h, [B, H]; empty for zeros.</param>
/// <param name="InitialCellState">c, [B, H]; empty for zeros.</param>
/// <param name="IsReverse">Whether it runs backwards in time.</param>
internal sealed record RecurrentDirection(
    ReferenceCellOptions Cell,
    IReadOnlyDictionary<string, float[]> Parameters,
    float[] InitialState,
    float[] InitialCellState,
    bool IsReverse);

/// <summary>A layer of one or two directions with its input.</summary>
/// <param name="Batch">B.</param>
/// <param name="Steps">T.</param>
/// <param name="InputSize">I.</param>
/// <param name="HiddenSize">H.</param>
/// <param name="Input">[T, B, I].</param>
/// <param name="Lengths">The steps of each row, not yet checked; null for all T.</param>
/// <param name="Directions">One or two.</param>
internal sealed record RecurrentLayer(
    int Batch, int Steps, int InputSize, int HiddenSize, float[] Input, int[]? Lengths, IReadOnlyList<RecurrentDirection> Directions);

/// <summary>What a direction gives: output [T, B, H], final h and c [B, H]; c is empty where there is none.</summary>
internal sealed record RecurrentResult(double[] Output, double[] FinalState, double[] FinalCellState);

/// <summary>Something that runs recurrent layers, and has to give what is published.</summary>
internal interface IRecurrentSystem
{
    /// <summary>Why it cannot run such a layer; null where it can.</summary>
    string? ReasonToSkip(RecurrentLayer layer);

    /// <summary>One result a direction.</summary>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    IReadOnlyList<RecurrentResult> Run(RecurrentLayer layer);
}

/// <summary>The gradients that reach a direction's output [T, B, H] and final h and c [B, H]; c is empty where there is none.</summary>
internal sealed record RecurrentOutputGradients(float[] Output, float[] FinalState, float[] FinalCellState);

/// <summary>The gradients of a direction's input [T, B, I], initial h and c [B, H] and parameters, shaped as these.</summary>
internal sealed record RecurrentGradients(
    double[] Input, double[] InitialState, double[] InitialCellState, IReadOnlyDictionary<string, double[]> Parameters);

/// <summary>A system that has gradients too.</summary>
internal interface IRecurrentGradientSystem : IRecurrentSystem
{
    /// <summary>Forward and back again: one result a direction.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="outputGradients">One a direction.</param>
    IReadOnlyList<RecurrentGradients> RunBackward(RecurrentLayer layer, IReadOnlyList<RecurrentOutputGradients> outputGradients);
}
