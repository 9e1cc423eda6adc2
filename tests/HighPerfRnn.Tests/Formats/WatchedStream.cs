namespace HighPerfRnn.Tests.Formats;

/// <summary>Passes writes on to another stream, and calls back before each: to look, or to throw.</summary>
/// <param name="inner">Takes what is written.</param>
/// <param name="beforeWrite">Gets the number of the write, from 0, and its length in bytes.</param>
internal sealed class WatchedStream(Stream inner, Action<int, int> beforeWrite) : Stream
{
    public int Writes { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        beforeWrite(Writes++, buffer.Length);
        inner.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
