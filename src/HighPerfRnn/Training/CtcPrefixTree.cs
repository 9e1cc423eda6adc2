namespace HighPerfRnn.Training;

/// <summary>The prefixes of a search as a tree: each is one node, however often the beam drops and finds it again.</summary>
internal sealed class CtcPrefixTree
{
    private readonly int[] _parents;
    private readonly int[] _labels;
    private readonly int[] _places;

    /// <summary>Nodes by parent and label, plus one, 0 where there is none; twice as many places as nodes, a power of two.</summary>
    private readonly int[] _table;
    private int _count;

    /// <param name="capacity">The most nodes, the root included.</param>
    public CtcPrefixTree(int capacity)
    {
        _parents = new int[capacity];
        _labels = new int[capacity];
        _places = new int[capacity];
        _table = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity * 2)];
    }

    /// <summary>The empty prefix.</summary>
    public static int Root => 0;

    public void Clear()
    {
        _table.AsSpan().Clear();
        _parents[Root] = -1;
        _labels[Root] = -1;
        _places[Root] = -1;
        _count = 1;
    }

    public int Parent(int node) => _parents[node];

    /// <summary>The prefix's last label; -1 for the root.</summary>
    public int Label(int node) => _labels[node];

    /// <summary>Where in the beam the prefix is; -1 where it is not.</summary>
    public ref int Place(int node) => ref _places[node];

    /// <summary>The prefix with one label more; -1 where no one has added it.</summary>
    public int Find(int parent, int label) => _table[Slot(parent, label)] - 1;

    public int FindOrAdd(int parent, int label)
    {
        ref int entry = ref _table[Slot(parent, label)];
        if (entry > 0) return entry - 1;
        int node = _count++;
        _parents[node] = parent;
        _labels[node] = label;
        _places[node] = -1;
        entry = node + 1;
        return node;
    }

    /// <summary>How many labels a prefix has.</summary>
    public int Length(int node)
    {
        int length = 0;
        for (; node != Root; node = _parents[node]) length++;
        return length;
    }

    /// <summary>Writes the labels of a prefix, as many as the span has places.</summary>
    public void CopyLabels(int node, Span<int> labels)
    {
        for (int i = labels.Length - 1; i >= 0; i--, node = _parents[node]) labels[i] = _labels[node];
    }

    private int Slot(int parent, int label)
    {
        ulong key = ((ulong)(uint)parent << 32) | (uint)label;
        int mask = _table.Length - 1;
        int slot = (int)(unchecked(key * 0x9E3779B97F4A7C15) >> 33) & mask;
        while (_table[slot] > 0 && (_parents[_table[slot] - 1] != parent || _labels[_table[slot] - 1] != label)) slot = (slot + 1) & mask;
        return slot;
    }
}
