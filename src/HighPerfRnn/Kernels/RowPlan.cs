using System.Numerics;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Kernels;

/// <summary>Panels that end together.</summary>
/// <param name="Calls">What multiplies a lone row by them.</param>
/// <param name="FirstColumn">Their first column.</param>
/// <param name="Columns">How many of the matrix's columns they have.</param>
internal readonly record struct PlannedRound(RowCall[] Calls, int FirstColumn, int Columns);

/// <summary>
/// The calls that multiply a lone row by all of a matrix, listed once: to list them takes as long as a product of 16 units.
/// </summary>
internal sealed class RowPlan
{
    private readonly PlannedRound[] _rounds;

    private RowPlan(PlannedRound[] rounds) => _rounds = rounds;

    /// <summary>Lists the calls for a matrix of the machine's lane; null for a format that has other tiles.</summary>
    /// <param name="shape">The matrix.</param>
    /// <param name="isBackwards">Whether the last panels come first.</param>
    public static RowPlan? Of<T>(in PackedShape shape, bool isBackwards)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (shape.Format == WeightFormat.Int8) return null;
        var lister = new Lister<T> { Shape = shape, IsBackwards = isBackwards };
        Lanes.Run<T, Lister<T>, int>(ref lister, 0);
        return new RowPlan([.. lister.Rounds]);
    }

    /// <summary>How often panels end together.</summary>
    public int Rounds => _rounds.Length;

    /// <summary>The panels that end together, by their order.</summary>
    public ref readonly PlannedRound Round(int round) => ref _rounds[round];

    private struct Lister<T> : ILaneWork<T, int>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public PackedShape Shape;
        public bool IsBackwards;
        public List<PlannedRound> Rounds;

        public void Run<TLane>(int argument)
            where TLane : struct, ILane<TLane, T>
        {
            if (Shape.Format == WeightFormat.Full) Run<TLane, FullRows<T, TLane>>();
            else Run<TLane, HalfRows<T, TLane>>();
        }

        private void Run<TLane, TPanelRows>()
            where TLane : struct, ILane<TLane, T>
            where TPanelRows : struct, IPanelRows<T, TLane>
        {
            var rounds = new PanelRounds(Shape, 0, Shape.GroupCount, Shape.GroupsTogether, IsBackwards);
            var calls = new RowCall[RowCalls<T, TLane>.MaxCount(Shape.GroupsTogether * Shape.PanelsPerGroup)];
            Rounds = [];
            while (rounds.Next(out int firstPanel, out int endPanel))
            {
                int count = RowCalls<T, TLane>.List<TPanelRows, Size1>(Shape, firstPanel, endPanel, IsBackwards, calls);
                int column = Shape.FirstColumn(firstPanel);
                Rounds.Add(new PlannedRound(calls[..count], column, Math.Min(Shape.FirstColumn(endPanel), Shape.Columns) - column));
            }
        }
    }
}
