using System.Text;
using HighPerfRnn.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Formats;

/// <summary>Bytes put together by hand from the format's description, in both directions.</summary>
public sealed class SafetensorsFormatTests
{
    [Fact]
    public void OneTensorWithAHeaderThatNeedsNoPadding()
    {
        byte[] expected =
        [
            64, 0, 0, 0, 0, 0, 0, 0,
            .. "{\"attn.0\":{\"dtype\":\"F32\",\"shape\":[1,2,3],\"data_offsets\":[0,24]}}"u8,
            0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40, 0, 0, 0xa0, 0x40,
        ];

        Assert.Equal(expected, SafetensorsSamples.Serialize([SafetensorsTensor.Create("attn.0", [0f, 1, 2, 3, 4, 5], 1, 2, 3)]));
        using SafetensorsFile file = SafetensorsSamples.Read(expected);
        Assert.Equal([0f, 1, 2, 3, 4, 5], file.ToArray<float>("attn.0"));
        Assert.Equal([1L, 2, 3], file.Find("attn.0").Shape.ToArray());
    }

    [Fact]
    public void PaddingIsSpacesToAMultipleOfEight()
    {
        byte[] expected =
        [
            56, 0, 0, 0, 0, 0, 0, 0,
            .. "{\"w\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}   "u8,
            7, 9,
        ];

        Assert.Equal(expected, SafetensorsSamples.Serialize([SafetensorsTensor.Create("w", new byte[] { 7, 9 }, 2)]));
        Assert.Equal([7, 9], SafetensorsSamples.Read(expected).ToArray<byte>("w"));
    }

    [Fact]
    public void NothingAtAll()
    {
        byte[] expected = [8, 0, 0, 0, 0, 0, 0, 0, .. "{}      "u8];

        Assert.Equal(expected, SafetensorsSamples.Serialize([]));
        Assert.Empty(SafetensorsSamples.Read(expected).Tensors);
        Assert.Empty(SafetensorsSamples.Read(expected).Metadata);
    }

    [Fact]
    public void MetadataComesFirstInOrdinalOrder()
    {
        byte[] expected =
        [
            56, 0, 0, 0, 0, 0, 0, 0,
            .. "{\"__metadata__\":{\"B\":\"+<é\",\"a\":\"\\\"\\\\\\n\",\"format\":\"pt\"}}"u8,
        ];
        Dictionary<string, string> metadata = new() { ["format"] = "pt", ["a"] = "\"\\\n", ["B"] = "+<é" };

        byte[] actual = SafetensorsSamples.Serialize([], metadata);

        Assert.Equal(Encoding.UTF8.GetString(expected), Encoding.UTF8.GetString(actual));
        Assert.Equal(expected, actual);
        Assert.Equal(metadata, SafetensorsSamples.Read(expected).Metadata);
    }

    [Fact]
    public void WidestDtypeComesFirstThenName()
    {
        byte[] bytes = SafetensorsSamples.Serialize(
        [
            SafetensorsTensor.Create("b", [1f], 1),
            SafetensorsTensor.Create("c", [true], 1),
            SafetensorsTensor.Create("a", [2f], 1),
            SafetensorsTensor.Create("z", [3L], 1),
            SafetensorsTensor.Create("y", [4.0], 1),
        ]);

        Assert.Equal(["z", "y", "a", "b", "c"], SafetensorsSamples.Read(bytes).Tensors.Select(entry => entry.Name));
    }

    /// <summary>Other writers leave blanks, put metadata last, sort by name, escape, and pad to no multiple.</summary>
    [Fact]
    public void OtherWritersHabitsAreRead()
    {
        byte[] bytes = SafetensorsSamples.File(
            "{ \"b\" : {\"shape\":[2], \"data_offsets\":[4,6], \"dtype\":\"U8\"},\n \"a\\u00e9\": {\"data_offsets\":[0,4],"
            + "\"dtype\":\"F32\",\"shape\":[]}, \"e\":{\"dtype\":\"F64\",\"shape\":[3,0],\"data_offsets\":[4,4]},"
            + "\"__metadata__\":{}}\t\n ",
            dataBytes: 6);

        using SafetensorsFile file = SafetensorsSamples.Read(bytes);

        Assert.Equal(["aé", "e", "b"], file.Tensors.Select(entry => entry.Name));
        Assert.Equal([4, 5], file.ToArray<byte>("b"));
        Assert.Equal([BitConverter.ToSingle([0, 1, 2, 3])], file.ToArray<float>("aé"));
    }
}
