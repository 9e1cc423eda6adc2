namespace HighPerfRnn.Tests.Guards;

/// <summary>Where the spans of a <see cref="LayerRound{T}"/> lie.</summary>
internal interface IRoom
{
    Memory<TItem> Take<TItem>(int length)
        where TItem : unmanaged;
}

/// <summary>Arrays.</summary>
internal sealed class HeapRoom : IRoom
{
    public Memory<TItem> Take<TItem>(int length)
        where TItem : unmanaged => new TItem[length];
}
