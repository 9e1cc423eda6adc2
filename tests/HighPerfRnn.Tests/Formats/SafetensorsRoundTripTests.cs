using FsCheck;
using FsCheck.Xunit;
using HighPerfRnn.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Formats;

public sealed class SafetensorsRoundTripTests
{
    [Property(MaxTest = 200)]
    public void AnyTensorsComeBackAsTheyWere(DoNotSize<int> seed, byte count)
    {
        List<SafetensorsTensor> tensors = SafetensorsSamples.Tensors(seed.Item, count % 12);
        byte[] bytes = SafetensorsSamples.Serialize(tensors);

        using SafetensorsFile file = SafetensorsSamples.Read(bytes);

        Assert.Equal(tensors.Count, file.Tensors.Count);
        foreach (SafetensorsTensor tensor in tensors)
        {
            SafetensorsEntry entry = file.Find(tensor.Name, tensor.Shape);
            Assert.Equal(tensor.Dtype, entry.Dtype);
            byte[] data = new byte[entry.ByteLength];
            file.CopyBytesTo(tensor.Name, data);
            using MemoryStream written = new();
            tensor.WriteData(written);
            Assert.Equal(written.ToArray(), data);
        }
    }

    [Property(MaxTest = 200)]
    public void TheOrderInTheListChangesNoByte(DoNotSize<int> seed, byte count)
    {
        List<SafetensorsTensor> tensors = SafetensorsSamples.Tensors(seed.Item, count % 12);
        byte[] bytes = SafetensorsSamples.Serialize(tensors);

        new Random(seed.Item).Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tensors));

        Assert.Equal(bytes, SafetensorsSamples.Serialize(tensors));
    }

    [Property(MaxTest = 200)]
    public void EachTensorIsAlignedToItsElements(DoNotSize<int> seed, byte count)
    {
        byte[] bytes = SafetensorsSamples.Serialize(SafetensorsSamples.Tensors(seed.Item, count % 12));
        using SafetensorsFile file = SafetensorsSamples.Read(bytes);

        Assert.Equal(0UL, BitConverter.ToUInt64(bytes) % 8);
        foreach (SafetensorsEntry entry in file.Tensors)
        {
            int alignment = entry.Dtype == SafetensorsDtype.C64 ? 4 : SafetensorsSamples.SizeOf(entry.Dtype);
            Assert.Equal(0, entry.Begin % alignment);
        }
    }

    [Property(MaxTest = 200)]
    public void AnyMetadataComesBackAndItsOrderChangesNoByte(Dictionary<NonNull<string>, NonNull<string>> pairs)
    {
        KeyValuePair<string, string>[] texts = [.. pairs.Where(pair => IsUnicode(pair.Key.Get) && IsUnicode(pair.Value.Get))
            .Select(pair => KeyValuePair.Create(pair.Key.Get, pair.Value.Get))];
        byte[] bytes = SafetensorsSamples.Serialize([], new Dictionary<string, string>(texts));

        using SafetensorsFile file = SafetensorsSamples.Read(bytes);

        Assert.Equal(texts.OrderBy(pair => pair.Key, StringComparer.Ordinal), file.Metadata);
        Assert.Equal(bytes, SafetensorsSamples.Serialize([], new Dictionary<string, string>(texts.Reverse())));
    }

    [Fact]
    public void EveryElementTypeIsReadableAsItself()
    {
        byte[] bytes = SafetensorsSamples.Serialize(
        [
            SafetensorsTensor.Create("float", [1.5f, float.NaN, float.MinValue, -0f], 2, 2),
            SafetensorsTensor.Create("double", [Math.PI, double.Epsilon, double.NegativeInfinity], 3),
            SafetensorsTensor.Create("half", [(Half)0.5f, Half.MaxValue], 2),
            SafetensorsTensor.Create("int", [int.MinValue, 7], 2),
            SafetensorsTensor.Create("long", [long.MaxValue], 1),
            SafetensorsTensor.Create("byte", new byte[] { 0, 255 }, 2),
            SafetensorsTensor.Create("sbyte", new sbyte[] { -128, 127 }, 2),
            SafetensorsTensor.Create("short", new short[] { -2, 3 }, 2),
            SafetensorsTensor.Create("ushort", new ushort[] { 65535 }, 1),
            SafetensorsTensor.Create("uint", [uint.MaxValue], 1),
            SafetensorsTensor.Create("ulong", [ulong.MaxValue], 1),
            SafetensorsTensor.Create("bool", [true, false, true], 3),
            SafetensorsTensor.Create("scalar", [42.0]),
            SafetensorsTensor.Create("empty", Array.Empty<float>(), 0, 5),
        ]);
        using SafetensorsFile file = SafetensorsSamples.Read(bytes);

        Assert.Equal([1.5f, float.NaN, float.MinValue, -0f], file.ToArray<float>("float"));
        Assert.Equal([Math.PI, double.Epsilon, double.NegativeInfinity], file.ToArray<double>("double"));
        Assert.Equal([(Half)0.5f, Half.MaxValue], file.ToArray<Half>("half"));
        Assert.Equal([int.MinValue, 7], file.ToArray<int>("int"));
        Assert.Equal([long.MaxValue], file.ToArray<long>("long"));
        Assert.Equal([0, 255], file.ToArray<byte>("byte"));
        Assert.Equal([-128, 127], file.ToArray<sbyte>("sbyte"));
        Assert.Equal([-2, 3], file.ToArray<short>("short"));
        Assert.Equal([65535], file.ToArray<ushort>("ushort"));
        Assert.Equal([uint.MaxValue], file.ToArray<uint>("uint"));
        Assert.Equal([ulong.MaxValue], file.ToArray<ulong>("ulong"));
        Assert.Equal([true, false, true], file.ToArray<bool>("bool"));
        Assert.Equal([42.0], file.ToArray<double>("scalar"));
        Assert.Equal(0, file.Find("scalar", []).Shape.Length);
        Assert.Empty(file.ToArray<float>("empty"));
        Assert.Equal("empty: F32 [0, 5]", file.Find("empty").ToString());
    }

    /// <summary>Long enough that conversions pass several chunks, with a last one that is not full.</summary>
    [Fact]
    public void FloatingPointConvertsToFloatAndDouble()
    {
        const int Count = 70_001;
        double[] wide = new double[Count];
        for (int i = 0; i < Count; i++)
            wide[i] = (i - 35_000) / 7.0;
        Half[] halves = Array.ConvertAll(wide, value => (Half)value);
        float[] singles = Array.ConvertAll(wide, value => (float)value);
        byte[] upperHalves = [.. singles.SelectMany(value => BitConverter.GetBytes(value).AsSpan(2, 2).ToArray())];
        float[] cut = Array.ConvertAll(singles, value => BitConverter.UInt32BitsToSingle(
            BitConverter.SingleToUInt32Bits(value) & 0xffff0000));
        using SafetensorsFile file = SafetensorsSamples.Read(SafetensorsSamples.Serialize(
        [
            SafetensorsTensor.Create("F16", halves, Count),
            SafetensorsTensor.FromBytes("BF16", SafetensorsDtype.BF16, upperHalves, Count),
            SafetensorsTensor.Create("F32", singles, Count),
            SafetensorsTensor.Create("F64", wide, Count),
        ]));

        Assert.Equal(Array.ConvertAll(halves, value => (float)value), file.ToArray<float>("F16"));
        Assert.Equal(Array.ConvertAll(halves, value => (double)value), file.ToArray<double>("F16"));
        Assert.Equal(cut, file.ToArray<float>("BF16"));
        Assert.Equal(Array.ConvertAll(cut, value => (double)value), file.ToArray<double>("BF16"));
        Assert.Equal(Array.ConvertAll(singles, value => (double)value), file.ToArray<double>("F32"));
        Assert.Equal(singles, file.ToArray<float>("F64"));
    }

    [Fact]
    public void DoublesBeyondFloatBecomeInfinite()
    {
        using SafetensorsFile file = SafetensorsSamples.Read(SafetensorsSamples.Serialize(
            [SafetensorsTensor.Create("w", [1e300, -1e300, double.NaN, 1e-300], 4)]));

        Assert.Equal([float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0f], file.ToArray<float>("w"));
    }

    [Fact]
    public void DeferredTensorsAreFilledFromZeros()
    {
        float[] memory = [1, 2, 3, 4, 5, 6];
        byte[] bytes = SafetensorsSamples.Serialize(
        [
            SafetensorsTensor.CreateDeferred<float>("w", span => TensorLayout.CopyTransposed(memory, 2, 3, span), 3, 2),
            SafetensorsTensor.CreateDeferred<long>("untouched", _ => { }, 4),
        ]);
        using SafetensorsFile file = SafetensorsSamples.Read(bytes);

        Assert.Equal([1, 4, 2, 5, 3, 6], file.ToArray<float>("w"));
        Assert.Equal(new long[4], file.ToArray<long>("untouched"));
    }

    [Fact]
    public void FilesOnDiskAreReplacedAndRead()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("model.safetensors");
        Dictionary<string, string> metadata = new() { ["alphabet"] = "\n \"'+<é你😀\u2028" };
        SafetensorsFile.Write(path, null, [SafetensorsTensor.Create("old", [1], 1)]);
        SafetensorsFile.Write(path, metadata, [SafetensorsTensor.Create("w", [1f, 2f], 2)]);

        float[] values = new float[2];
        using (SafetensorsFile file = SafetensorsFile.Read(path))
        {
            file.CopyTo("w", values);
            Assert.Equal(metadata, file.Metadata);
            Assert.False(file.TryFind("old", out _));
        }

        Assert.Equal([1f, 2f], values);
        Assert.Equal(["model.safetensors"], folder.Names());
    }

    private static bool IsUnicode(string text)
    {
        for (int i = 0; i < text.Length; i += char.IsSurrogatePair(text, i) ? 2 : 1)
        {
            if (char.IsSurrogate(text[i]) && !char.IsSurrogatePair(text, i))
                return false;
        }

        return true;
    }
}
