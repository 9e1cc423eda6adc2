using System.Numerics;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tests.Guards;

/// <summary>A public method, and how to call it. Creating the call may allocate, the call may not.</summary>
/// <param name="Member">Type, name and parameter types, as <see cref="AllocationTests"/> prints them.</param>
/// <param name="Create">Makes the call, with the given workers where the method takes any.</param>
internal sealed record HotPath(string Member, Func<WorkerGroup?, Action> Create);

/// <summary>Every public method of Layers, Models and Training: measured here, or excused with a reason.</summary>
internal static class HotPaths
{
    /// <summary>Calls a measurement, the first one included.</summary>
    public const int Repetitions = 200;

    private const string InsidePass = "only a cell can call it, within the layers' passes, which are measured";

    /// <summary>What is not called in a loop, with the reason.</summary>
    public static IReadOnlyDictionary<string, string> MayAllocate { get; } = new Dictionary<string, string>
    {
        ["RecurrentLayer.UseWeights(WeightFormat, Boolean)"] = "makes room for the weights in their new format",
        ["Sequential.CreateGradients()"] = "makes room for gradients",
        ["Sequential.Describe(Int32, Int32, Boolean)"] = "makes a table for people",
        ["Sequential.ToString()"] = "makes text for people",
        ["SequentialDescription.ToString()"] = "makes text for people",
        ["SequentialLayer.Residual(ReadOnlySpan<SequentialLayer>)"] = "makes a part of a network",
        ["RecurrentCells.Create(RecurrentCellKind, Int32, Int32, Nullable<Activation>, Boolean)"] = "makes a layer",
        ["RecurrentCells.NameOf(RecurrentCellKind)"] = "names a kind for people",
        ["Alphabet.FromText(String)"] = "makes an alphabet",
        ["Alphabet.Encode(String, ref Int64)"] = "makes an array of tokens",
        ["CharacterModelFile.Load(String, Boolean)"] = "reads a file",
        ["CharacterModelFile.Save(String, CharacterModel)"] = "writes a file",
        ["CharacterTrainer.Save(String)"] = "writes a file",
        ["CharacterTrainer.Resume(String)"] = "reads a file",
        ["CharacterTrainer.Initialize()"] = "runs once; orthogonal vectors need scratch",
        ["CharacterEvaluation.MeanLoss(CharacterModel, ReadOnlySpan<Int32>, WorkerGroup)"] = "makes the buffers of its pass",
        ["Initialization.Orthogonal(Span<T>, Int32, Int32, Double, ref CounterRandom)"] = "runs once; needs scratch",
        ["GradientCheck.Run(TCell, GradientCheckOptions)"] = "proves a cell, once; makes layers and reports",
        ["GradientCheck.Run(TCell, TSingle, GradientCheckOptions)"] = "proves a cell, once; makes layers and reports",
        ["GradientReport.ToString()"] = "makes a text",
        ["TensorGradientReport.ToString()"] = "makes a text",
        ["IRecurrentCell.BackwardSecond(ref CellBackward)"] = InsidePass,
        ["IRecurrentCell.ForwardSecond(ref CellForward)"] = InsidePass,
        ["CellBackward.AddPreviousStateGradient(TLane)"] = InsidePass,
        ["Initialization.OrthogonalGates(Span<T>, Int32, Int32, Double, ref CounterRandom)"] = "runs once; needs scratch",
        ["CellBackward.CellStateGradient(Int32)"] = InsidePass,
        ["CellBackward.Kept(Int32)"] = InsidePass,
        ["CellBackward.SetCellStateGradient(Int32, TLane)"] = InsidePass,
        ["CellBackward.SetGateGradient(Int32, TLane)"] = InsidePass,
        ["CellBackward.SetPreviousStateGradient(TLane)"] = InsidePass,
        ["CellBackward.SetRecurrentGateGradient(Int32, TLane)"] = InsidePass,
        ["CellBackward.SetVectorGradient(Int32, TLane)"] = InsidePass,
        ["CellBackward.Vector(Int32)"] = InsidePass,
        ["CellForward.CellState(Int32)"] = InsidePass,
        ["CellForward.Input(Int32)"] = InsidePass,
        ["CellForward.Keep(Int32, TLane)"] = InsidePass,
        ["CellForward.Kept(Int32)"] = InsidePass,
        ["CellForward.PreActivation(Int32)"] = InsidePass,
        ["CellForward.Recurrent(Int32)"] = InsidePass,
        ["CellForward.SetCellState(Int32, TLane)"] = InsidePass,
        ["CellForward.SetScratch(TLane)"] = InsidePass,
        ["CellForward.SetState(TLane)"] = InsidePass,
        ["CellForward.Vector(Int32)"] = InsidePass,
    };

    public static IReadOnlyList<HotPath> Of<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [
            .. LayerHotPaths<T>.All, .. NeighbourHotPaths<T>.All, .. NetworkHotPaths<T>.All, .. ModelHotPaths<T>.All,
            .. DecoderHotPaths<T>.All, .. ClassifierHotPaths<T>.All, .. TrainingHotPaths<T>.All, .. LossHotPaths<T>.All,
        ];
}
