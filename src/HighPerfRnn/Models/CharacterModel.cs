using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Models;

/// <summary>
/// A language model over characters: embedding, recurrent layers, and a linear layer whose scores are the logits of the next
/// character.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <remarks>
/// The embedding is multiplied by the first layer's Wx once for all characters (<see cref="Repack"/>), so that neither training
/// nor generation multiplies an input: x·Wx is a row of that table. Passes over a model are made by
/// <see cref="CharacterModelPass{T}"/> and may run at the same time, not while Repack runs.
/// </remarks>
public sealed class CharacterModel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly RecurrentLayer<T>[] _layers;
    private readonly ParameterSet<T>[] _parameterSets;
    private readonly AlignedBlock<T> _tokenTable;

    /// <summary>A model whose parameters are zeros.</summary>
    /// <param name="alphabet">The characters.</param>
    /// <param name="options">The cell and the sizes.</param>
    /// <param name="isTrainable">Whether to hold what the backward pass needs.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, there is no such cell, or it cannot have this activation.</exception>
    public CharacterModel(Alphabet alphabet, CharacterModelOptions options, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(alphabet);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Alphabet = alphabet;
        Options = options;
        IsTrainable = isTrainable;
        Embedding = new Embedding<T>(alphabet.Count, options.EmbeddingSize);
        _layers = new RecurrentLayer<T>[options.Layers];
        for (int i = 0; i < _layers.Length; i++)
        {
            int inputSize = i == 0 ? options.EmbeddingSize : options.HiddenSize;
            _layers[i] = RecurrentCells.Create<T>(options.Cell, inputSize, options.HiddenSize, options.Activation, isTrainable);
        }

        Output = new Dense<T>(options.HiddenSize, alphabet.Count, isTrainable);
        _parameterSets = [Embedding.Parameters, .. _layers.Select(layer => layer.Parameters), Output.Parameters];
        _tokenTable = new AlignedBlock<T>(checked(alphabet.Count * _layers[0].Cell.Gates * options.HiddenSize));
    }

    /// <summary>The characters.</summary>
    public Alphabet Alphabet { get; }

    /// <summary>The cell and the sizes.</summary>
    public CharacterModelOptions Options { get; }

    /// <summary>Whether the model can be trained.</summary>
    public bool IsTrainable { get; }

    /// <summary>The embedding.</summary>
    public Embedding<T> Embedding { get; }

    /// <summary>The recurrent layers, the first one nearest to the characters.</summary>
    public IReadOnlyList<RecurrentLayer<T>> Layers => _layers;

    /// <summary>The linear layer.</summary>
    public Dense<T> Output { get; }

    /// <summary>All parameters: the embedding's, each layer's, the linear layer's. Call <see cref="Repack"/> after writing to them.</summary>
    public IReadOnlyList<ParameterSet<T>> ParameterSets => _parameterSets;

    /// <summary>How many numbers the parameters are.</summary>
    public long ParameterCount => _parameterSets.Sum(set => set.Count);

    /// <summary>The input part of every character, embedding·Wx [V, G·H].</summary>
    internal ReadOnlySpan<T> TokenTable => _tokenTable.Span;

    /// <summary>Takes the parameters as they are now for the passes that follow. Allocates nothing.</summary>
    public void Repack(WorkerGroup? workers = null)
    {
        foreach (RecurrentLayer<T> layer in _layers) layer.Repack();
        Output.Repack();
        _layers[0].ProjectInput(Alphabet.Count, Embedding.Parameters["weight"], _tokenTable.Span, workers);
    }
}
