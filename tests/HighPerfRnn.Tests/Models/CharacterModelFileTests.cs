using System.Numerics;
using HighPerfRnn.Formats;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tests.Formats;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Models;

/// <summary>Models in and out of files; files that lie.</summary>
public sealed class CharacterModelFileTests
{
    private const int Vocabulary = 11;

    private static readonly int[] Tokens = ModelSamples.Tokens(12);

    [Theory]
    [InlineData(1, ActivationKind.Tanh)]
    [InlineData(3, ActivationKind.Relu)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.Lstm)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.Gru)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.MinGru)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.MinLstm)]
    [InlineData(2, ActivationKind.Tanh, RecurrentCellKind.Lru)]
    public void AModelComesBackBitForBit(int layers, ActivationKind activation, RecurrentCellKind cell = RecurrentCellKind.Rnn)
    {
        CheckRoundTrip<float>(layers, new Activation(activation), cell);
        CheckRoundTrip<double>(layers, new Activation(activation), cell);
    }

    [Fact]
    public void AFileThatNamesNoCellIsOfVanillaLayers()
    {
        using var folder = new TemporaryFolder();
        CharacterModel<float> model = ModelSamples.Model<float>();
        Rewrite(folder, model, metadata: metadata => Assert.True(metadata.Remove("hprnn.cell")));
        CharacterModel<float> loaded = CharacterModelFile.Load<float>(folder.File("m"));
        Assert.Equal(model.Options, loaded.Options);
        Assert.Equal(ModelSamples.Values(model.ParameterSets), ModelSamples.Values(loaded.ParameterSets));
    }

    [Theory]
    [InlineData(RecurrentCellKind.Lstm, 4, true)]
    [InlineData(RecurrentCellKind.Gru, 3, true)]
    [InlineData(RecurrentCellKind.MinGru, 2, false)]
    [InlineData(RecurrentCellKind.MinLstm, 3, false)]
    [InlineData(RecurrentCellKind.Lru, 1, false)]
    public void GatesStandSideBySideAsInPyTorch(RecurrentCellKind cell, int gates, bool isRecurrent)
    {
        using var folder = new TemporaryFolder();
        CharacterModelFile.Save(folder.File("m"), ModelSamples.Model<float>(cell: cell));
        using SafetensorsFile file = SafetensorsFile.Read(folder.File("m"));
        file.Find("rnn.weight_ih_l0", gates * 13, 5);
        file.Find("rnn.weight_ih_l1", gates * 13, 13);
        file.Find("rnn.bias_ih_l1", gates * 13);
        Assert.False(file.Metadata.ContainsKey("hprnn.activation"));
        if (cell == RecurrentCellKind.Lru) file.Find("rnn.nu_l1", 13);
        if (isRecurrent)
        {
            file.Find("rnn.weight_hh_l1", gates * 13, 13);
            file.Find("rnn.bias_hh_l1", gates * 13);
        }
        else
        {
            Assert.DoesNotContain(file.Tensors, tensor => tensor.Name.Contains("_hh_", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(RecurrentCellKind.Lstm, 4 * 13)]
    [InlineData(RecurrentCellKind.Gru, 2 * 13)]
    public void OfTheSecondBiasAResetGatesPartStaysApart(RecurrentCellKind cell, int added)
    {
        using var folder = new TemporaryFolder();
        CharacterModel<double> model = ModelSamples.Model<double>(cell: cell);
        int length = model.Layers[0].Parameters["bias"].Length;
        double[] second = [.. Enumerable.Range(1, length).Select(i => (double)i)];
        Rewrite(folder, model, tensors: tensors =>
        {
            Assert.Equal(1, tensors.RemoveAll(tensor => tensor.Name == "rnn.bias_hh_l0"));
            tensors.Add(SafetensorsTensor.Create("rnn.bias_hh_l0", second, length));
        });
        ParameterSet<double> expected = model.Layers[0].Parameters, actual = CharacterModelFile.Load<double>(folder.File("m")).Layers[0].Parameters;
        for (int i = 0; i < length; i++) Assert.Equal(expected["bias"][i] + (i < added ? second[i] : 0), actual["bias"][i]);
        if (cell == RecurrentCellKind.Gru) Assert.Equal(second[added..], actual["bias_hn"].ToArray());
    }

    [Fact]
    public void FloatsAreReadAsDoublesExactlyAndBackRounded()
    {
        using var folder = new TemporaryFolder();
        CharacterModel<float> model = ModelSamples.Model<float>();
        CharacterModelFile.Save(folder.File("float"), model);
        CharacterModel<double> wide = CharacterModelFile.Load<double>(folder.File("float"));
        CharacterModelFile.Save(folder.File("double"), wide);
        CharacterModel<float> narrow = CharacterModelFile.Load<float>(folder.File("double"));
        for (int set = 0; set < model.ParameterSets.Count; set++)
        {
            float[] expected = [.. model.ParameterSets[set].Values];
            foreach (Parameter parameter in model.ParameterSets[set].Parameters)
            {
                double[] doubles = [.. model.ParameterSets[set].Span(parameter).ToArray().Select(value => (double)value)];
                Compare.Bits<double>(doubles, wide.ParameterSets[set][parameter.Name], parameter.Name);
            }

            Compare.Bits<float>(expected, narrow.ParameterSets[set].Values, $"set {set}");
        }
    }

    [Fact]
    public void NamesAndShapesArePyTorchs()
    {
        using var folder = new TemporaryFolder();
        CharacterModel<float> model = ModelSamples.Model<float>();
        CharacterModelFile.Save(folder.File("m"), model);
        using SafetensorsFile file = SafetensorsFile.Read(folder.File("m"));
        file.Find("embedding.weight", Vocabulary, 5);
        file.Find("rnn.weight_ih_l0", 13, 5);
        file.Find("rnn.weight_ih_l1", 13, 13);
        file.Find("rnn.weight_hh_l1", 13, 13);
        file.Find("rnn.bias_ih_l1", 13);
        file.Find("rnn.bias_hh_l1", 13);
        file.Find("output.weight", Vocabulary, 13);
        file.Find("output.bias", Vocabulary);
        Assert.Equal(model.Layers[0].Parameters["weight_ih"][(2 * 13) + 7], file.ToArray<float>("rnn.weight_ih_l0")[(7 * 5) + 2]);
    }

    [Fact]
    public void BothBiasesAreAdded()
    {
        using var folder = new TemporaryFolder();
        CharacterModel<double> model = ModelSamples.Model<double>();
        Rewrite(folder, model, tensors: tensors =>
        {
            tensors.RemoveAll(tensor => tensor.Name == "rnn.bias_hh_l1");
            double[] second = [.. Enumerable.Range(1, 13).Select(i => (double)i)];
            tensors.Add(SafetensorsTensor.Create("rnn.bias_hh_l1", second, 13));
        });
        double[] actual = [.. CharacterModelFile.Load<double>(folder.File("m")).Layers[1].Parameters["bias"]];
        Span<double> bias = model.Layers[1].Parameters["bias"];
        for (int i = 0; i < 13; i++) Assert.Equal(bias[i] + i + 1, actual[i]);
    }

    [Theory]
    [InlineData("hprnn.model", "character-lstm", "'character-rnn'")]
    [InlineData("hprnn.model", null, "no hprnn.model")]
    [InlineData("hprnn.activation", "gelu", "'tanh' or 'relu'")]
    [InlineData("hprnn.cell", "elman", "one of rnn, lstm, gru, mingru, minlstm, lru")]
    [InlineData("hprnn.cell", "lstm", "[52, 5]")]
    [InlineData("hprnn.cell", "lru", "'rnn.nu_l0'")]
    [InlineData("hprnn.hidden_size", "0", "a whole number from 1 to 16777216")]
    [InlineData("hprnn.hidden_size", "-13", "a whole number from 1 to 16777216")]
    [InlineData("hprnn.hidden_size", "13.0", "a whole number from 1 to 16777216")]
    [InlineData("hprnn.hidden_size", "99999999999999999999", "a whole number from 1 to 16777216")]
    [InlineData("hprnn.hidden_size", "16777216", "shape [13, 5]")]
    [InlineData("hprnn.hidden_size", "12", "shape [13, 5]")]
    [InlineData("hprnn.layers", "16777216", "'rnn.weight_ih_l2'")]
    [InlineData("hprnn.layers", "1", null)]
    [InlineData("hprnn.layers", "", "a whole number")]
    [InlineData("hprnn.embedding_size", "16777216", "shape [11, 5]")]
    [InlineData("hprnn.embedding_size", null, "no hprnn.embedding_size")]
    [InlineData("hprnn.alphabet", "", "distinct characters")]
    [InlineData("hprnn.alphabet", "abca", "distinct characters")]
    [InlineData("hprnn.alphabet", "abc", "shape [11, 5]")]
    [InlineData("hprnn.alphabet", null, "no hprnn.alphabet")]
    public void MetadataThatLiesIsRefusedWithoutMuchMemory(string key, string? value, string? expected)
    {
        using var folder = new TemporaryFolder();
        Rewrite(folder, ModelSamples.Model<float>(), metadata: metadata =>
        {
            metadata.Remove(key);
            if (value is not null) metadata[key] = value;
        });
        if (expected is null)
        {
            // Fewer layers than the file has: a smaller model stands in it too.
            Assert.Single(CharacterModelFile.Load<float>(folder.File("m")).Layers);
            return;
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<ModelFormatException>(() => CharacterModelFile.Load<float>(folder.File("m")));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 500_000);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(folder.File("m"), error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("embedding.weight")]
    [InlineData("rnn.weight_hh_l1")]
    [InlineData("rnn.bias_hh_l0")]
    [InlineData("output.bias")]
    public void TensorsThatAreAbsentOrOfAnotherKindAreNamed(string name)
    {
        using var folder = new TemporaryFolder();
        CharacterModel<float> model = ModelSamples.Model<float>();
        Rewrite(folder, model, tensors: tensors => tensors.RemoveAll(tensor => tensor.Name == name));
        Assert.Contains(name, Assert.Throws<ModelFormatException>(Load).Message, StringComparison.Ordinal);
        Rewrite(folder, model, tensors: tensors =>
        {
            int index = tensors.FindIndex(tensor => tensor.Name == name);
            int length = 1;
            foreach (long size in tensors[index].Shape) length *= (int)size;
            tensors[index] = SafetensorsTensor.Create(name, new int[length], tensors[index].Shape);
        });
        Assert.Contains("I32", Assert.Throws<ModelFormatException>(Load).Message, StringComparison.Ordinal);

        CharacterModel<float> Load() => CharacterModelFile.Load<float>(folder.File("m"));
    }

    private static void CheckRoundTrip<T>(int layers, Activation activation, RecurrentCellKind cell)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var folder = new TemporaryFolder();
        CharacterModel<T> model = ModelSamples.Model<T>(seed: 9, layers, activation, cell: cell);
        CharacterModelFile.Save(folder.File("a"), model);
        foreach (bool isTrainable in (bool[])[false, true])
        {
            CharacterModel<T> loaded = CharacterModelFile.Load<T>(folder.File("a"), isTrainable);
            Assert.Equal(model.Options, loaded.Options);
            Assert.Equal(model.Alphabet.Scalars, loaded.Alphabet.Scalars);
            Assert.Equal(isTrainable, loaded.IsTrainable);
            Assert.Equal(model.ParameterCount, loaded.ParameterCount);
            CharacterModelPass<T> expected = new(model, Tokens.Length, 1), actual = new(loaded, Tokens.Length, 1);
            expected.Forward(Tokens);
            actual.Forward(Tokens);
            Compare.Bits<T>(expected.Logits, actual.Logits, "logits");
            CharacterModelFile.Save(folder.File("b"), loaded);
            Assert.Equal(File.ReadAllBytes(folder.File("a")), File.ReadAllBytes(folder.File("b")));
        }
    }

    /// <summary>Writes a model's file with a change.</summary>
    private static void Rewrite<T>(
        TemporaryFolder folder,
        CharacterModel<T> model,
        Action<Dictionary<string, string>>? metadata = null,
        Action<List<SafetensorsTensor>>? tensors = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterModelFile.Save(folder.File("m"), model);
        FileEdit.Rewrite(folder.File("m"), metadata, tensors);
    }
}
