using System.Text;
using HighPerfRnn.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Formats;

/// <summary>Each way of being wrong, with the line that the user reads.</summary>
public sealed class SafetensorsMalformedTests
{
    private const string W = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    private const string Dtypes =
        "BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64";

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void FilesShorterThanTheLength(int length) =>
        Refuses(new byte[length], $"file: found {length} bytes, expected at least 8");

    [Theory]
    [InlineData(1UL << 62, "4611686018427387904")]
    [InlineData(ulong.MaxValue, "18446744073709551615")]
    [InlineData(1UL << 63, "9223372036854775808")]
    [InlineData(25, "25")]
    public void HeadersLongerThanTheFileAllocateNothing(ulong length, string described)
    {
        byte[] bytes = [.. BitConverter.GetBytes(length), .. new byte[24]];
        Refuses(bytes, $"header length: found {described}, expected at most 24 in a file of 32 bytes");

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ModelFormatException>(() => SafetensorsSamples.Read(bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    /// <summary>A file with holes on disk: as long as it says, while it takes no room.</summary>
    [Fact]
    public void HeadersPastTheFormatsLimitAreRefusedInHugeFilesToo()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("huge.safetensors");
        using (FileStream stream = File.Create(path))
        {
            stream.Write(BitConverter.GetBytes(100_000_001UL));
            stream.SetLength(1L << 32);
        }

        ModelFormatException error = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(path));

        Assert.Equal($"'{path}', header length: found 100000001, expected at most 100000000.", error.Message);
    }

    [Fact]
    public void AHeaderOfNothing() => Refuses(
        new byte[8], "first byte of the header: found an empty header, expected '{'");

    [Theory]
    [InlineData("[]", "first byte of the header: found byte 0x5b, expected '{'")]
    [InlineData(" {}", "first byte of the header: found byte 0x20, expected '{'")]
    [InlineData("{", "byte 9: found a header that is not JSON, expected JSON")]
    [InlineData("{\"a\" 1}", "byte 13: found a header that is not JSON, expected JSON")]
    [InlineData("{}x", "byte 10: found a header that is not JSON, expected JSON")]
    [InlineData("{}{}", "byte 10: found a header that is not JSON, expected JSON")]
    [InlineData("{}/**/", "byte 10: found a header that is not JSON, expected JSON")]
    [InlineData("{\"w\":{},}", "tensor 'w': found no dtype, expected the fields dtype, shape and data_offsets")]
    [InlineData("{\"w\":1}", "tensor 'w': found 1, expected an object")]
    [InlineData("{\"w\":[]}", "tensor 'w': found an array, expected an object")]
    [InlineData("{\"w\":null}", "tensor 'w': found null, expected an object")]
    [InlineData("{\"\\ud800\":1}", "byte 9: found half of a surrogate pair, expected a string of Unicode characters")]
    [InlineData("{\"__metadata__\":[]}", "__metadata__: found an array, expected an object")]
    [InlineData("{\"__metadata__\":{\"k\":1}}", "__metadata__ 'k': found 1, expected a string")]
    [InlineData("{\"__metadata__\":{\"k\":true}}", "__metadata__ 'k': found a truth value, expected a string")]
    [InlineData("{\"__metadata__\":{\"k\":{}}}", "__metadata__ 'k': found an object, expected a string")]
    [InlineData("{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", "__metadata__ 'k': found the key twice, expected unique keys")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__: found it twice, expected it once")]
    [InlineData("{\"a\\nb\\u001b[1m\":1}", "tensor 'a\\u000ab\\u001b[1m': found 1, expected an object")]
    public void Headers(string header, string message) => Refuses(SafetensorsSamples.File(header), message);

    [Theory]
    [InlineData("\"shape\":[2],\"data_offsets\":[0,8]", ": found no dtype, expected the fields dtype, shape and data_offsets")]
    [InlineData("\"dtype\":\"F32\",\"data_offsets\":[0,8]",
        ": found no shape, expected the fields dtype, shape and data_offsets")]
    [InlineData("\"dtype\":\"F32\",\"shape\":[2]",
        ": found no data_offsets, expected the fields dtype, shape and data_offsets")]
    [InlineData("\"strides\":[1]", ": found field 'strides', expected the fields dtype, shape and data_offsets")]
    [InlineData("\"dtype\":\"F32\",\"dtype\":\"F32\"", ", dtype: found it twice, expected it once")]
    [InlineData("\"shape\":[],\"shape\":[]", ", shape: found it twice, expected it once")]
    [InlineData("\"dtype\":\"f32\"", ", dtype: found 'f32', expected one of " + Dtypes)]
    [InlineData("\"dtype\":12", ", dtype: found 12, expected a string")]
    [InlineData("\"shape\":2", ", shape: found 2, expected an array")]
    [InlineData("\"shape\":[-1]", ", shape: found -1, expected whole numbers from 0 to 2^63 - 1")]
    [InlineData("\"shape\":[1.5]", ", shape: found 1.5, expected whole numbers from 0 to 2^63 - 1")]
    [InlineData("\"shape\":[9223372036854775808]",
        ", shape: found 9223372036854775808, expected whole numbers from 0 to 2^63 - 1")]
    [InlineData("\"shape\":[\"2\"]", ", shape: found a string, expected whole numbers from 0 to 2^63 - 1")]
    [InlineData("\"shape\":[[2]]", ", shape: found an array, expected whole numbers from 0 to 2^63 - 1")]
    [InlineData("\"data_offsets\":[0,4,8]", ", data_offsets: found more than 2 numbers, expected at most 2")]
    [InlineData("\"data_offsets\":[8],\"dtype\":\"F32\",\"shape\":[2]",
        ", data_offsets: found [8], expected [begin, end] with begin not after end")]
    [InlineData("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]",
        ", data_offsets: found [8, 0], expected [begin, end] with begin not after end")]
    [InlineData("\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]",
        ", data_offsets: found [0, 8], 8 bytes, expected 12 bytes for F32 [3]")]
    [InlineData("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]",
        ", data_offsets: found [0, 8], 8 bytes, expected 16 bytes for F64 [2]")]
    [InlineData("\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]",
        ", shape: found F32 [4294967296, 4294967296], expected a size in bytes below 2^63")]
    [InlineData("\"dtype\":\"F32\",\"shape\":[4611686018427387906],\"data_offsets\":[0,8]",
        ", shape: found F32 [4611686018427387906], expected a size in bytes below 2^63")]
    [InlineData("\"dtype\":\"U8\",\"shape\":[9223372036854775807],\"data_offsets\":[0,9223372036854775807]",
        ", data_offsets: found [0, 9223372036854775807], expected an end within the 8 bytes of data")]
    public void Entries(string fields, string message) =>
        Refuses(SafetensorsSamples.File($"{{\"w\":{{{fields}}}}}", dataBytes: 8), $"tensor 'w'{message}");

    [Fact]
    public void ShapesOfTooManySizes() => Refuses(
        SafetensorsSamples.File($"{{\"w\":{{\"shape\":[{string.Join(',', Enumerable.Repeat(1, 65))}]}}}}"),
        "tensor 'w', shape: found more than 64 numbers, expected at most 64");

    [Fact]
    public void NamesThatOccurTwice() => Refuses(
        SafetensorsSamples.File($"{{\"w\":{W},\"\\u0077\":{W}}}", dataBytes: 8),
        "tensor 'w': found the name twice, expected unique names");

    [Theory]
    [InlineData(7, "tensor 'w', data_offsets: found [0, 8], expected an end within the 7 bytes of data")]
    [InlineData(0, "tensor 'w', data_offsets: found [0, 8], expected an end within the 0 bytes of data")]
    [InlineData(9, "end of the last tensor: found 1 more bytes, expected the end of the file")]
    public void DataOfAnotherLength(int dataBytes, string message) =>
        Refuses(SafetensorsSamples.File($"{{\"w\":{W}}}", dataBytes), message);

    [Theory]
    [InlineData(4, "'x', data_offsets: found [4, 8], expected a begin of 8, without overlap or hole")]
    [InlineData(0, "'w', data_offsets: found [0, 8], expected a begin of 4, without overlap or hole")]
    [InlineData(9, "'x', data_offsets: found [9, 13], expected a begin of 8, without overlap or hole")]
    public void TensorsThatDoNotTouch(int begin, string message) => Refuses(
        SafetensorsSamples.File(
            $"{{\"w\":{W},\"x\":{{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[{begin},{begin + 4}]}}}}", dataBytes: 13),
        $"tensor {message}");

    [Fact]
    public void AHeaderInAnotherEncoding()
    {
        byte[] bytes = SafetensorsSamples.File("{\"é\":{}}");
        bytes[11] = 0xff;
        Refuses(bytes, "header: found bytes that are not UTF-8, expected JSON in UTF-8");
    }

    [Fact]
    public void LongNamesAreCutInMessages()
    {
        string name = new('n', 10_000);
        Refuses(
            SafetensorsSamples.File($"{{\"{name}\":1}}"), $"tensor '{new string('n', 120)}…': found 1, expected an object");
    }

    [Fact]
    public void AskingForWhatTheFileDoesNotHold()
    {
        using SafetensorsFile file = SafetensorsSamples.Read(SafetensorsSamples.File($"{{\"w\":{W}}}", dataBytes: 8));

        Refuses(() => file.Find("v"), "header: found 1 tensors without 'v', expected a tensor of that name");
        Refuses(() => file.Find("w", 1, 2), "tensor 'w': found shape [2], expected [1, 2]");
        Refuses(() => file.ToArray<int>("w"), "tensor 'w': found dtype F32, expected I32");
        Refuses(() => file.CopyTo("w", new float[3]), "tensor 'w': found 2 elements, [2], expected 3");
        Refuses(() => file.CopyTo("w", new double[1]), "tensor 'w': found 2 elements, [2], expected 1");
        Refuses(() => file.CopyBytesTo("w", new byte[2]), "tensor 'w': found 8 bytes, expected 2");
        Assert.Throws<NotSupportedException>(() => file.ToArray<char>("w"));
    }

    [Fact]
    public void IntegersDoNotBecomeFloats()
    {
        using SafetensorsFile file = SafetensorsSamples.Read(SafetensorsSamples.Serialize(
            [SafetensorsTensor.Create("w", [1, 2], 2)]));
        Refuses(() => file.ToArray<float>("w"), "tensor 'w': found dtype I32, expected F32");
    }

    [Fact]
    public void TruthValuesOtherThanZeroAndOne()
    {
        using SafetensorsFile file = SafetensorsSamples.Read(SafetensorsSamples.File(
            "{\"w\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}", dataBytes: 3));
        Refuses(() => file.ToArray<bool>("w"), "tensor 'w': found a BOOL of 2, expected 0 or 1");
    }

    [Fact]
    public void FilesThatBecomeShorterAfterTheyWereOpened()
    {
        MemoryStream stream = new();
        stream.Write(SafetensorsSamples.File($"{{\"w\":{W}}}", dataBytes: 8));
        using SafetensorsFile file = SafetensorsFile.Read(stream, "m.safetensors");
        long data = stream.Length - 8;
        stream.SetLength(data + 3);

        Refuses(() => file.ToArray<float>("w"), $"byte {data}: found the end of the file, expected 8 more bytes");
        Refuses(() => file.ToArray<double>("w"), $"byte {data}: found the end of the file, expected 8 more bytes");
    }

    [Fact]
    public void FilesThatCannotBeOpened()
    {
        using TemporaryFolder folder = new();
        Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Read(folder.File("absent.safetensors")));
        IOException error = Assert.Throws<IOException>(() => SafetensorsFile.Read(folder.Root));
        Assert.StartsWith($"Cannot read '{folder.Root}': ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WritersMistakes()
    {
        SafetensorsTensor w = SafetensorsTensor.Create("w", [1f], 1);

        Says("tensors hold the name 'w' twice, expected unique names.", () => SafetensorsSamples.Serialize([w, w]));
        Says("data holds 2 elements, expected 6 for shape [2, 3].", () => SafetensorsTensor.Create("w", [1f, 2f], 2, 3));
        Says("data holds 2 elements, expected 1 for shape [].", () => SafetensorsTensor.Create("w", [1f, 2f]));
        Says(
            "littleEndianData holds 3 elements, expected 4 for shape [2].",
            () => SafetensorsTensor.FromBytes("w", SafetensorsDtype.BF16, new byte[3], 2));
        Says(
            "shape is [-1], expected sizes from 0 and less than 2^63 bytes.",
            () => SafetensorsTensor.Create("w", [1f], -1));
        Says(
            "name is __metadata__, which the format keeps for metadata; expected another.",
            () => SafetensorsTensor.Create("__metadata__", [1f], 1));
        Says(
            "tensor name holds half of a surrogate pair at 1, expected Unicode characters.",
            () => SafetensorsSamples.Serialize([SafetensorsTensor.Create("x\ud83d", [1f], 1)]));
        Says(
            "value of 'k' holds half of a surrogate pair at 0, expected Unicode characters.",
            () => SafetensorsSamples.Serialize([], new Dictionary<string, string> { ["k"] = "\ude00" }));
        Says(
            "shape holds 4294967296 elements, expected at most 2147483591.",
            () => SafetensorsTensor.CreateDeferred<byte>("w", _ => { }, 1L << 32));
        Assert.Throws<NotSupportedException>(() => SafetensorsTensor.Create("w", ['c'], 1));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SafetensorsTensor.FromBytes("w", (SafetensorsDtype)17, Array.Empty<byte>(), 0));
    }

    private static void Says(string message, Action action)
    {
        ArgumentException error = Assert.ThrowsAny<ArgumentException>(action);
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    private static void Refuses(byte[] bytes, string message) => Refuses(() => SafetensorsSamples.Read(bytes), message);

    private static void Refuses(Action action, string message)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(action);
        Assert.Equal($"'m.safetensors', {message}.", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }
}
