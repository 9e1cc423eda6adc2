using System.Text;
using HighPerfRnn.Formats;

namespace HighPerfRnn.Tests.Formats;

/// <summary>Tensors and files to test with; everything follows from a seed.</summary>
internal static class SafetensorsSamples
{
    private static readonly long[] Sizes = [0, 1, 1, 2, 3, 4, 5, 7, 8];

    /// <summary>Tensors of any dtype, rank 0 to 4, random bytes.</summary>
    public static List<SafetensorsTensor> Tensors(int seed, int count)
    {
        Random random = new(seed);
        List<SafetensorsTensor> tensors = [];
        for (int i = 0; i < count; i++)
        {
            SafetensorsDtype dtype = (SafetensorsDtype)random.Next((int)SafetensorsDtype.U64 + 1);
            long[] shape = new long[random.Next(5)];
            for (int axis = 0; axis < shape.Length; axis++)
                shape[axis] = Sizes[random.Next(Sizes.Length)];
            byte[] data = new byte[shape.Aggregate(1L, (product, size) => product * size) * SizeOf(dtype)];
            random.NextBytes(data);
            if (dtype == SafetensorsDtype.Bool)
                data = Array.ConvertAll(data, value => (byte)(value & 1));
            string name = $"{(char)('a' + random.Next(26))}.{i}{(random.Next(4) == 0 ? "\"\\\n\u00e9\u4f60\U0001f600" : "")}";
            tensors.Add(SafetensorsTensor.FromBytes(name, dtype, data, shape));
        }

        return tensors;
    }

    /// <summary>Bytes of an element, from the digits of the dtype's name: the format's own convention.</summary>
    public static int SizeOf(SafetensorsDtype dtype)
    {
        string name = dtype.ToString();
        return name == "Bool" || name.StartsWith("F8", StringComparison.Ordinal)
            ? 1
            : int.Parse(name.AsSpan(name.IndexOfAnyInRange('0', '9')), provider: null) / 8;
    }

    public static byte[] Serialize(
        IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using MemoryStream stream = new();
        SafetensorsFile.Write(stream, metadata, tensors);
        return stream.ToArray();
    }

    /// <summary>A file by hand: the header as it is given, without padding, and bytes of data: 0, 1, 2 and so on.</summary>
    public static byte[] File(string header, int dataBytes = 0)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. Enumerable.Range(0, dataBytes).Select(i => (byte)i)];
    }

    public static SafetensorsFile Read(byte[] bytes) => SafetensorsFile.Read(new MemoryStream(bytes), "m.safetensors");

    /// <summary>Reads all that a file holds, as bytes and as every type that its dtype allows.</summary>
    public static void ReadAll(SafetensorsFile file)
    {
        foreach (SafetensorsEntry entry in file.Tensors)
        {
            file.CopyBytesTo(entry.Name, new byte[entry.ByteLength]);
            if (entry.Dtype is SafetensorsDtype.F16 or SafetensorsDtype.BF16 or SafetensorsDtype.F32 or SafetensorsDtype.F64)
            {
                file.ToArray<float>(entry.Name);
                file.ToArray<double>(entry.Name);
            }
            else if (entry.Dtype == SafetensorsDtype.Bool)
            {
                file.ToArray<bool>(entry.Name);
            }
            else if (entry.Dtype == SafetensorsDtype.I64)
            {
                file.ToArray<long>(entry.Name);
            }
        }
    }
}
