using System.Text.Json;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>Reads case.json: op, attributes, inputs and outputs with dtype, shape and data.</summary>
internal static class JsonCaseReader
{
    public static OperatorCase Read(string folder)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        JsonElement root = document.RootElement;
        return new OperatorCase
        {
            Name = Path.GetFileName(folder),
            Operator = root.GetProperty("op").GetString()!,
            Attributes = root.GetProperty("attributes").EnumerateObject().ToDictionary(entry => entry.Name, entry => Attribute(entry.Value)),
            Inputs = Tensors(root.GetProperty("inputs")),
            Outputs = Tensors(root.GetProperty("outputs")),
        };
    }

    private static Array Attribute(JsonElement value)
    {
        JsonElement[] values = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return values is [{ ValueKind: JsonValueKind.String }, ..]
            ? Array.ConvertAll(values, text => text.GetString()!)
            : Array.ConvertAll(values, number => (double)(float)number.GetDouble());
    }

    private static Dictionary<string, OperatorTensor> Tensors(JsonElement tensors) =>
        tensors.EnumerateObject().ToDictionary(entry => entry.Name, entry => new OperatorTensor(
            [.. entry.Value.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32())],
            [.. entry.Value.GetProperty("data").EnumerateArray().Select(number => (double)(float)number.GetDouble())]));
}
