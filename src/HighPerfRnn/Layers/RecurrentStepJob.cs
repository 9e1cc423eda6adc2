using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>
/// One step of one row, the shortest way: for a few panels at a time the input part, the recurrent part, and the cell over both
/// while they are in the first-level cache. The same sums in the same order as <see cref="RecurrentForwardJob{T, TCell}"/> takes them.
/// </summary>
/// <remarks>
/// Workers split units. References instead of spans, and fields that are set one by one: a step of 16 units takes as long as a few
/// copies of a structure, whose wide loads would wait for the narrow stores before them.
/// </remarks>
internal ref struct RecurrentStepJob<T, TCell> : ITeamJob, ILaneWork<T, WorkerTeam>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TCell : struct, IRecurrentCell<T>
{
    public PackedParameters<T> Parameters;
    public ref T Input;
    public ref T State;
    public ref T NextState;
    public ref T CellState;
    public ref T NextCellState;
    public TCell Cell;

    /// <summary>Whether panels are read from the last to the first.</summary>
    public bool IsBackwards;

    public void Execute(WorkerTeam team) => Lanes.Run<T, RecurrentStepJob<T, TCell>, WorkerTeam>(ref this, team);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run<TLane>(WorkerTeam team)
        where TLane : struct, ILane<TLane, T>
    {
        ref T weights = ref Parameters.Start;
        ref readonly PackedShape shape = ref Parameters.RecurrentShape;
        int firstGroup = 0, endGroup = shape.GroupCount;
        if (team.Count > 1) (firstGroup, endGroup) = team.Share(endGroup);
        scoped StepEpilogue<T, TLane, TCell> epilogue;
        epilogue.Units.Cell = Cell;
        epilogue.Units.HiddenSize = Parameters.Gates.HiddenSize;
        epilogue.Units.VectorStride = Parameters.VectorStride;
        epilogue.Units.StateStride = Parameters.Gates.HiddenSize;
        epilogue.Units.NextStateStride = Parameters.Gates.HiddenSize;
        epilogue.Units.KeptStride = 0;
        epilogue.Units.Keeps = false;
        epilogue.Units.KeepsTiny = false;
        epilogue.Units.Bias = ref Unsafe.Add(ref weights, Parameters.BiasOffset);
        epilogue.Units.Vectors = ref Unsafe.Add(ref weights, Parameters.VectorsOffset);
        epilogue.Units.Kept = ref Unsafe.NullRef<T>();
        epilogue.Units.Scratch = ref Unsafe.NullRef<T>();
        epilogue.Units.PreviousStates = ref State;
        epilogue.Units.NextStates = ref NextState;
        epilogue.Units.CellStates = ref CellState;
        epilogue.Units.NextCellStates = ref NextCellState;
        epilogue.Units.CellStateStride = Parameters.Gates.HiddenSize;
        RowProduct<T, TLane>.RunPair(
            ref Input,
            ref weights,
            Parameters.InputShape,
            ref State,
            ref Unsafe.Add(ref weights, Parameters.RecurrentOffset),
            shape,
            firstGroup,
            endGroup,
            IsBackwards,
            ref epilogue);
    }
}

/// <summary>Hands both sums of a few units of a lone row to the cell.</summary>
internal ref struct StepEpilogue<T, TLane, TCell> : IPairEpilogue<T, TLane>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TLane : struct, ILane<TLane, T>
    where TCell : struct, IRecurrentCell<T>
{
    public CellUnits<T, TLane, TCell, FirstPhase> Units;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Finish(ref T first, ref T second, int column, int columns) =>
        Units.Forward<InputTile>(ref first, 0, default, ref second, 0, 0, 1, column, columns);
}
