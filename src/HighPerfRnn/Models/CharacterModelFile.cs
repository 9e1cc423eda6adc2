using System.Globalization;
using System.Numerics;
using HighPerfRnn.Formats;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Models;

/// <summary>
/// Character models as safetensors files: parameters under PyTorch's names (<c>rnn.weight_ih_l0</c> [G·H, I], …) and in its order of
/// gates, cell, sizes and alphabet in the metadata; what PyTorch does not have stands under like names (<c>rnn.nu_l0</c> [H]).
/// A file is written beside its target, flushed and renamed: a crash leaves the old one or the new.
/// </summary>
public static class CharacterModelFile
{
    private const string KindKey = "hprnn.model";
    private const string Kind = "character-rnn";
    private const string CellKey = "hprnn.cell";
    private const string ActivationKey = "hprnn.activation";
    private const string HiddenSizeKey = "hprnn.hidden_size";
    private const string LayersKey = "hprnn.layers";
    private const string EmbeddingSizeKey = "hprnn.embedding_size";
    private const string AlphabetKey = "hprnn.alphabet";

    /// <summary>Writes a model.</summary>
    /// <exception cref="IOException">The file cannot be written; what stood there before still does.</exception>
    public static void Save<T>(string path, CharacterModel<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Save(path, model, [], []);

    /// <summary>Reads a model, in float or double as asked, and packs it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs.</param>
    /// <exception cref="ModelFormatException">The file is not such a model; the message names the place, found and expected.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static CharacterModel<T> Load<T>(string path, bool isTrainable = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        return Load<T>(path, file, isTrainable);
    }

    /// <summary>Writes a model with what a trainer wants to find again.</summary>
    internal static void Save<T>(
        string path,
        CharacterModel<T> model,
        IEnumerable<KeyValuePair<string, string>> moreMetadata,
        IEnumerable<SafetensorsTensor> moreTensors)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CharacterModelOptions options = model.Options;
        var metadata = new Dictionary<string, string>(Sizes(options))
        {
            [KindKey] = Kind,
            [AlphabetKey] = model.Alphabet.Scalars,
        };
        foreach ((string key, string value) in moreMetadata) metadata.Add(key, value);
        var tensors = new List<SafetensorsTensor>();
        ParameterTensors.Add(tensors, string.Empty, Places(options, model.Alphabet.Count), model.ParameterSets);
        // PyTorch has two biases, which it adds; all of ours stands in the first, but for what a GRU's reset gate acts on.
        int second = HasVector(options, GruVectors.Bias) ? 0 : SecondBiasSize(options);
        for (int layer = 0; second > 0 && layer < options.Layers; layer++)
        {
            tensors.Add(SafetensorsTensor.Create(SecondBiasName(layer), new T[second], second));
        }

        tensors.AddRange(moreTensors);
        SafetensorsFile.Write(path, metadata, tensors);
    }

    internal static CharacterModel<T> Load<T>(string path, SafetensorsFile file, bool isTrainable)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string kind = Text(path, file, KindKey);
        if (kind != Kind) throw ModelFormatException.At(path, $"metadata {KindKey}", ModelFormatException.Quote(kind), $"'{Kind}'");
        RecurrentCellKind cell = ReadCell(path, file);
        var options = new CharacterModelOptions
        {
            Cell = cell,
            HiddenSize = Size(path, file, HiddenSizeKey),
            Layers = Size(path, file, LayersKey),
            EmbeddingSize = Size(path, file, EmbeddingSizeKey),
            Activation = cell == RecurrentCellKind.Rnn ? ReadActivation(path, file) : Activation.Tanh,
        };
        Alphabet alphabet = ReadAlphabet(path, file);

        // Every tensor is found in its shape before a model of that shape is made: sizes that lie allocate nothing.
        foreach (ParameterPlace place in Places(options, alphabet.Count)) file.Find(place.FileName, place.FileShape);
        int second = SecondBiasSize(options);
        for (int layer = 0; second > 0 && layer < options.Layers; layer++) file.Find(SecondBiasName(layer), second);

        var model = new CharacterModel<T>(alphabet, options, isTrainable);
        ParameterTensors.Read(file, string.Empty, Places(options, alphabet.Count), model.ParameterSets);
        for (int layer = 0; second > 0 && layer < options.Layers; layer++)
        {
            T[] more = file.ToArray<T>(SecondBiasName(layer));
            Span<T> bias = model.Layers[layer].Parameters["bias"];
            // What a GRU's reset gate acts on was read as a parameter of its own.
            int added = HasVector(options, GruVectors.Bias) ? second - options.HiddenSize : second;
            for (int i = 0; i < added; i++) bias[i] += more[i];
        }

        model.Repack();
        return model;
    }

    /// <summary>Where each parameter stands, in the order of the model's sets; read lazily, so that absurd sizes cost nothing.</summary>
    internal static IEnumerable<ParameterPlace> Places(CharacterModelOptions options, int vocabulary)
    {
        int hidden = options.HiddenSize;
        CellLayout cell = RecurrentCells.LayoutOf(options.Cell);
        yield return new(0, "weight", vocabulary, options.EmbeddingSize, "embedding.weight", false);
        for (int layer = 0; layer < options.Layers; layer++)
        {
            int inputSize = layer == 0 ? options.EmbeddingSize : hidden;
            int gates = cell.Gates * hidden;
            yield return new(layer + 1, "weight_ih", inputSize, gates, $"rnn.weight_ih_l{layer}", true);
            if (cell.AllRecurrentGates > 0)
            {
                yield return new(layer + 1, "weight_hh", hidden, cell.AllRecurrentGates * hidden, $"rnn.weight_hh_l{layer}", true);
            }

            yield return new(layer + 1, "bias", 0, gates, $"rnn.bias_ih_l{layer}", false);
            foreach (string vector in cell.Vectors ?? [])
            {
                yield return vector == GruVectors.Bias
                    ? new(layer + 1, vector, 0, hidden, SecondBiasName(layer), false, Before: gates - hidden)
                    : new(layer + 1, vector, 0, hidden, $"rnn.{vector}_l{layer}", false);
            }
        }

        yield return new(options.Layers + 1, "weight", hidden, vocabulary, "output.weight", true);
        yield return new(options.Layers + 1, "bias", 0, vocabulary, "output.bias", false);
    }

    /// <summary>What the metadata says of the cell and the sizes.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Sizes(CharacterModelOptions options)
    {
        yield return new(CellKey, RecurrentCells.NameOf(options.Cell));
        if (options.Cell == RecurrentCellKind.Rnn) yield return new(ActivationKey, options.Activation == Activation.Tanh ? "tanh" : "relu");
        yield return new(HiddenSizeKey, options.HiddenSize.ToString(CultureInfo.InvariantCulture));
        yield return new(LayersKey, options.Layers.ToString(CultureInfo.InvariantCulture));
        yield return new(EmbeddingSizeKey, options.EmbeddingSize.ToString(CultureInfo.InvariantCulture));
    }

    internal static string Text(string path, SafetensorsFile file, string key)
    {
        if (file.Metadata.TryGetValue(key, out string? value)) return value;
        // Files from before there was a choice.
        if (key == CellKey) return RecurrentCells.NameOf(RecurrentCellKind.Rnn);
        throw ModelFormatException.At(path, "metadata", $"no {key}", "a model that hprnn saved");
    }

    private static string SecondBiasName(int layer) => $"rnn.bias_hh_l{layer}";

    /// <summary>The length of PyTorch's second bias; 0 where its cell has none, or there is no such cell.</summary>
    private static int SecondBiasSize(CharacterModelOptions options) =>
        RecurrentCells.LayoutOf(options.Cell).AllRecurrentGates * options.HiddenSize;

    private static bool HasVector(CharacterModelOptions options, string name) =>
        RecurrentCells.LayoutOf(options.Cell).Vectors?.Contains(name) ?? false;

    private static RecurrentCellKind ReadCell(string path, SafetensorsFile file)
    {
        string name = Text(path, file, CellKey);
        RecurrentCellKind[] kinds = Enum.GetValues<RecurrentCellKind>();
        foreach (RecurrentCellKind kind in kinds)
        {
            if (RecurrentCells.NameOf(kind) == name) return kind;
        }

        string expected = $"one of {string.Join(", ", kinds.Select(RecurrentCells.NameOf))}";
        throw ModelFormatException.At(path, $"metadata {CellKey}", ModelFormatException.Quote(name), expected);
    }

    private static Activation ReadActivation(string path, SafetensorsFile file) => Text(path, file, ActivationKey) switch
    {
        "tanh" => Activation.Tanh,
        "relu" => Activation.Relu,
        string other => throw ModelFormatException.At(
            path, $"metadata {ActivationKey}", ModelFormatException.Quote(other), "'tanh' or 'relu'"),
    };

    private static int Size(string path, SafetensorsFile file, string key)
    {
        string text = Text(path, file, key);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is > 0 and <= 1 << 24
            ? value
            : throw ModelFormatException.At(path, $"metadata {key}", ModelFormatException.Quote(text), "a whole number from 1 to 16777216");
    }

    private static Alphabet ReadAlphabet(string path, SafetensorsFile file)
    {
        string text = Text(path, file, AlphabetKey);
        try
        {
            return new Alphabet(text);
        }
        catch (ArgumentException error)
        {
            throw ModelFormatException.At(path, $"metadata {AlphabetKey}", ModelFormatException.Quote(text), "distinct characters", error);
        }
    }
}
