using FsCheck;
using FsCheck.Xunit;
using HighPerfRnn.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Formats;

/// <summary>Any bytes give tensors that tile the file, or a <see cref="ModelFormatException"/>; nothing else.</summary>
public sealed class SafetensorsHostileTests
{
    private static readonly byte[] Valid = SafetensorsSamples.Serialize(
        [
            SafetensorsTensor.Create("w", [1f, 2f, 3f, 4f], 2, 2),
            SafetensorsTensor.Create("b", [true, false], 2),
            SafetensorsTensor.Create("s", [5.0]),
        ],
        new Dictionary<string, string> { ["k"] = "v" });

    [Fact]
    public void EveryTruncationIsRefused()
    {
        for (int length = 0; length < Valid.Length; length++)
            Assert.Throws<ModelFormatException>(() => SafetensorsSamples.Read(Valid[..length]));
    }

    [Fact]
    public void EveryChangeOfOneByteIsReadOrRefused()
    {
        int accepted = 0;
        for (int position = 0; position < Valid.Length; position++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] bytes = [.. Valid];
                bytes[position] ^= (byte)(1 << bit);
                accepted += IsReadable(bytes) ? 1 : 0;
            }
        }

        // Data and names may change freely, so both outcomes must occur.
        Assert.InRange(accepted, 100, (Valid.Length * 8) - 100);
    }

    [Property(MaxTest = 1000)]
    public void SomeBytesReplaced(DoNotSize<int> seed) => Mutate(seed.Item, static (random, bytes) =>
    {
        for (int i = random.Next(1, 5); i > 0; i--)
            bytes[random.Next(bytes.Count)] = Interesting(random);
    });

    [Property(MaxTest = 1000)]
    public void PartsRemovedDoubledOrInserted(DoNotSize<int> seed) => Mutate(seed.Item, static (random, bytes) =>
    {
        int begin = random.Next(8, bytes.Count);
        int count = random.Next(bytes.Count - begin);
        List<byte> part = bytes.GetRange(begin, count);
        if (random.Next(2) == 0)
            bytes.RemoveRange(begin, count);
        else
            bytes.InsertRange(random.Next(8, bytes.Count), part);
        bytes.Insert(random.Next(8, bytes.Count), Interesting(random));

        // A length that fits, so that the damage gets past the first check.
        if (random.Next(2) == 0)
            bytes[0] = (byte)(bytes.Count - 8 - random.Next(20));
    });

    [Property(MaxTest = 1000)]
    public void AnyHeader(string text)
    {
        byte[] bytes = SafetensorsSamples.File("{" + text);
        IsReadable(bytes);
    }

    [Property(MaxTest = 1000)]
    public void AnyBytes(byte[] bytes) => IsReadable(bytes);

    private static byte Interesting(Random random)
    {
        ReadOnlySpan<byte> often = "{}[]\",:\\0129eE-.ntf \n\u0000"u8;
        return random.Next(2) == 0 ? often[random.Next(often.Length)] : (byte)random.Next(256);
    }

    private static void Mutate(int seed, Action<Random, List<byte>> mutate)
    {
        Random random = new(seed);
        List<byte> bytes = [.. random.Next(2) == 0
            ? Valid
            : SafetensorsSamples.Serialize(SafetensorsSamples.Tensors(seed, random.Next(1, 5)))];
        mutate(random, bytes);
        IsReadable([.. bytes]);
    }

    /// <summary>True when the bytes read as a file that says what is so of itself; false when refused as they must be.</summary>
    private static bool IsReadable(byte[] bytes)
    {
        try
        {
            using SafetensorsFile file = SafetensorsSamples.Read(bytes);
            long end = 0;
            foreach (SafetensorsEntry entry in file.Tensors)
            {
                Assert.Equal(end, entry.Begin);
                end = entry.End;
            }

            Assert.Equal((ulong)bytes.Length, 8 + BitConverter.ToUInt64(bytes) + (ulong)end);
            SafetensorsSamples.ReadAll(file);
            return true;
        }
        catch (ModelFormatException error)
        {
            Assert.StartsWith("'m.safetensors', ", error.Message, StringComparison.Ordinal);
            Assert.Equal(-1, error.Message.IndexOfAny(['\n', '\r']));
            Assert.InRange(error.Message.Length, 1, 1000);
            return false;
        }
    }
}
