namespace HighPerfRnn.Tests.Conformance;

/// <summary>A tensor as a case holds it; float and int32 fit into double.</summary>
internal sealed record OperatorTensor(int[] Shape, double[] Data)
{
    public float[] Floats => Array.ConvertAll(Data, number => (float)number);

    /// <summary>The same numbers with one axis, say that of the batch, moved to the front.</summary>
    public OperatorTensor WithAxisFirst(int axis)
    {
        int length = Shape[axis];
        int before = Shape[..axis].Aggregate(1, (product, size) => product * size);
        int width = Data.Length / before / length;
        double[] turned = new double[Data.Length];
        for (int i = 0; i < before * length; i++)
        {
            Array.Copy(Data, i * width, turned, ((i % length * before) + (i / length)) * width, width);
        }

        return new OperatorTensor([length, .. Shape[..axis], .. Shape[(axis + 1)..]], turned);
    }
}

/// <summary>One call of ONNX's RNN, GRU or LSTM with its published outputs.</summary>
internal sealed class OperatorCase
{
    public required string Name { get; init; }

    /// <summary>RNN, GRU or LSTM.</summary>
    public required string Operator { get; init; }

    /// <summary>Numbers as double[], texts as string[]; one where the attribute is no list.</summary>
    public required IReadOnlyDictionary<string, Array> Attributes { get; init; }

    /// <summary>By the operator's own names: X, W, R, B, sequence_lens, initial_h, initial_c, P.</summary>
    public required IReadOnlyDictionary<string, OperatorTensor> Inputs { get; init; }

    /// <summary>By the operator's own names: Y, Y_h, Y_c.</summary>
    public required IReadOnlyDictionary<string, OperatorTensor> Outputs { get; init; }

    public double Number(string attribute, double otherwise) =>
        Attributes.TryGetValue(attribute, out Array? values) ? ((double[])values)[0] : otherwise;

    public double[] Numbers(string attribute) =>
        Attributes.TryGetValue(attribute, out Array? values) ? (double[])values : [];

    public string[] Texts(string attribute) =>
        Attributes.TryGetValue(attribute, out Array? values) ? (string[])values : [];
}
