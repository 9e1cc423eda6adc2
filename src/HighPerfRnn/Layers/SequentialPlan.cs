using System.Numerics;

namespace HighPerfRnn.Layers;

/// <summary>
/// The layers of a network in a row, and where what they hand on lies. Place 0 is the network's input, place i the output of the ith
/// layer. Numbers that are read no more make room for others: a place has a slot, which it shares with others. Gradients live as long
/// as what they belong to, from the other end: the same slots serve them.
/// </summary>
internal sealed class SequentialPlan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Of the constructor's argument, which a user sees.
    private const string LayersName = "layers";

    private readonly int[] _slots;
    private readonly int[] _slotSizes;
    private readonly int[] _slotSizesWithOutput;

    public SequentialPlan(ReadOnlySpan<SequentialLayer<T>> layers)
    {
        var stages = new List<SequentialStage<T>>();
        var sizes = new List<int> { FirstSize(layers) };
        Append(layers, stages, sizes);
        Stages = [.. stages];
        Sizes = [.. sizes];
        LastUse = new int[Sizes.Length];
        for (int i = 0; i <= Stages.Length; i++) LastUse[i] = i;
        for (int i = 0; i < Stages.Length; i++)
        {
            if (Stages[i] is ResidualStage<T> residual) LastUse[residual.Source] = i;
        }

        _slots = AssignSlots();
        _slotSizes = SizesOfSlots(Stages.Length - 1);
        _slotSizesWithOutput = SizesOfSlots(Stages.Length);
    }

    public SequentialStage<T>[] Stages { get; }

    /// <summary>Numbers of a row at each place.</summary>
    public int[] Sizes { get; }

    /// <summary>The last layer that reads each place: the first one from which its gradient comes.</summary>
    public int[] LastUse { get; }

    /// <summary>Numbers of all slots; of the output's too where it is not the caller's.</summary>
    public int SlotsLength(int rows, bool withOutput)
    {
        int length = 0;
        foreach (int size in withOutput ? _slotSizesWithOutput : _slotSizes) length = checked(length + LengthOf(rows, size));
        return length;
    }

    /// <summary>The numbers of a place in its slot.</summary>
    public Span<T> InSlot(Span<T> slots, int rows, int place, bool withOutput)
    {
        int offset = 0;
        int[] sizes = withOutput ? _slotSizesWithOutput : _slotSizes;
        for (int slot = 0; slot < _slots[place]; slot++) offset += LengthOf(rows, sizes[slot]);
        return slots.Slice(offset, rows * Sizes[place]);
    }

    /// <summary>Numbers that all layers but the last hand on, and that they keep.</summary>
    public int ReserveLength(int steps, int batch) => ReserveOffset(Stages.Length, steps, batch);

    /// <summary>Where in the reserve the output of a layer lies. The last one's is the caller's.</summary>
    public (int Offset, int Length) KeptOutput(int stage, int steps, int batch) =>
        (ReserveOffset(stage, steps, batch), steps * batch * Sizes[stage + 1]);

    /// <summary>Where in the reserve lies what a layer keeps.</summary>
    public (int Offset, int Length) KeptValues(int stage, int steps, int batch) =>
        (ReserveOffset(stage, steps, batch) + HandedOn(stage, steps, batch), Stages[stage].KeptSize(steps, batch));

    private static int LengthOf(int rows, int size) => RecurrentWorkspace.Stride<T>(checked(rows * size));

    private int ReserveOffset(int stage, int steps, int batch)
    {
        int offset = 0;
        for (int i = 0; i < stage; i++)
        {
            offset = checked(offset + HandedOn(i, steps, batch) + RecurrentWorkspace.Stride<T>(Stages[i].KeptSize(steps, batch)));
        }

        return offset;
    }

    private int HandedOn(int stage, int steps, int batch) =>
        stage == Stages.Length - 1 ? 0 : LengthOf(checked(steps * batch), Sizes[stage + 1]);

    /// <summary>What the first layer that asks for a size asks for: those before it take any.</summary>
    private static int FirstSize(ReadOnlySpan<SequentialLayer<T>> layers)
    {
        foreach (SequentialLayer<T> layer in layers)
        {
            int size = layer is ResidualLayers<T> residual ? FirstSize(residual.Layers) : (layer as SequentialStage<T>)?.InputSize ?? 0;
            if (size > 0) return size;
        }

        return 0;
    }

    private static void Append(ReadOnlySpan<SequentialLayer<T>> layers, List<SequentialStage<T>> stages, List<int> sizes)
    {
        foreach (SequentialLayer<T> layer in layers)
        {
            ArgumentNullException.ThrowIfNull(layer, nameof(layers));
            if (layer is not ResidualLayers<T> residual)
            {
                Append((SequentialStage<T>)layer, stages, sizes);
                continue;
            }

            int source = stages.Count;
            Append(residual.Layers, stages, sizes);
            if (stages[source].NeedsTokens)
            {
                throw new ArgumentException("A residual connection starts at an embedding; tokens cannot be added.", nameof(layers));
            }

            Append(new ResidualStage<T>(source, sizes[source]), stages, sizes);
        }
    }

    private static void Append(SequentialStage<T> stage, List<SequentialStage<T>> stages, List<int> sizes)
    {
        int number = stages.Count + 1;
        if (stage.NeedsTokens && number > 1)
        {
            Check.Refuse($"Layer {number} is an embedding; expected one only as the first layer.", LayersName);
        }

        int twin = stages.FindIndex(other => other.Layer == stage.Layer);
        if (twin >= 0) Check.Refuse($"Layer {number}, {stage.Name}, is layer {twin + 1} again; expected different ones.", LayersName);
        if (stage.InputSize > 0 && stage.InputSize != sizes[^1])
        {
            Check.Refuse(
                $"Layer {number}, {stage.Name}, takes {stage.InputSize} numbers; expected {sizes[^1]}, as many as there are before it.", LayersName);
        }

        stages.Add(stage);
        sizes.Add(stage.OutputSizeOf(sizes[^1]));
    }

    private int[] AssignSlots()
    {
        int[] slots = new int[Sizes.Length];
        for (int place = 1; place < slots.Length; place++)
        {
            int slot = 0;
            while (IsTaken(slot)) slot++;
            slots[place] = slot;

            // By what the layer that writes this place, or a later one, still reads.
            bool IsTaken(int candidate)
            {
                for (int earlier = 1; earlier < place; earlier++)
                {
                    if (slots[earlier] == candidate && LastUse[earlier] >= place - 1) return true;
                }

                return false;
            }
        }

        return slots;
    }

    private int[] SizesOfSlots(int lastPlace)
    {
        int[] sizes = new int[Stages.Length + 1];
        for (int place = 1; place <= lastPlace; place++) sizes[_slots[place]] = Math.Max(sizes[_slots[place]], Sizes[place]);
        return sizes;
    }
}
