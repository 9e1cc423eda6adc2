using System.Numerics;
using HighPerfRnn.Memory;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <summary>What a <see cref="Sequential{T}"/> is made of: any layer, or layers with a residual connection around them.</summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract class SequentialLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private protected SequentialLayer()
    {
    }

    /// <summary>Rows of a table; only as the first layer.</summary>
    public static implicit operator SequentialLayer<T>(Embedding<T> layer) => new EmbeddingStage<T>(layer);

    /// <summary>A recurrent layer in one direction.</summary>
    public static implicit operator SequentialLayer<T>(RecurrentLayer<T> layer) => new RecurrentStage<T>(layer);

    /// <summary>Two recurrent layers.</summary>
    public static implicit operator SequentialLayer<T>(Bidirectional<T> layer) => new BidirectionalStage<T>(layer);

    /// <summary>Layer normalisation of each row of each step.</summary>
    public static implicit operator SequentialLayer<T>(LayerNorm<T> layer) => new LayerNormStage<T>(layer);

    /// <summary>Dropout in training.</summary>
    public static implicit operator SequentialLayer<T>(Dropout<T> layer) => new DropoutStage<T>(layer);

    /// <summary>A linear layer over each row of each step.</summary>
    public static implicit operator SequentialLayer<T>(Dense<T> layer) => new DenseStage<T>(layer);

    /// <summary>y = x + f(x), f being the given layers one after the other, of as many outputs as inputs.</summary>
    /// <exception cref="ArgumentException">There are no layers.</exception>
    public static SequentialLayer<T> Residual(params ReadOnlySpan<SequentialLayer<T>> layers)
    {
        if (layers.IsEmpty) throw new ArgumentException("There are no layers; expected at least one.", nameof(layers));
        return new ResidualLayers<T>(layers.ToArray());
    }
}

/// <summary>Layers with a residual connection around them.</summary>
internal sealed class ResidualLayers<T>(SequentialLayer<T>[] layers) : SequentialLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public SequentialLayer<T>[] Layers { get; } = layers;
}

/// <summary>One layer as a network sees it: sizes, and passes over whole sequences.</summary>
internal abstract class SequentialStage<T> : SequentialLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The layer itself; no network has one twice.</summary>
    public abstract object Layer { get; }

    /// <summary>What it is called in a description.</summary>
    public abstract string Name { get; }

    /// <summary>0 for any.</summary>
    public virtual int InputSize => 0;

    /// <summary>How many tokens there are, for a layer that takes them; 0 for one that does not.</summary>
    public virtual int Vocabulary => 0;

    /// <summary>Whether it takes nothing else.</summary>
    public virtual bool NeedsTokens => false;

    /// <summary>Whether it computes each row of each step by itself, and so does not care for rows' ends.</summary>
    public virtual bool IsRowWise => true;

    /// <summary>Whether its output follows from the steps so far.</summary>
    public virtual bool IsCausal => true;

    public virtual int SetCount => 0;

    public virtual int OutputSizeOf(int inputSize) => inputSize;

    public virtual ParameterSet<T> ParameterSet(int index) => throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>
    /// What its states are made of, each [B, size]: h, then the cell states one by one; of two directions one after the other in each.
    /// </summary>
    public virtual ReadOnlySpan<int> StatePartSizes => default;

    /// <summary>Numbers of one row's states.</summary>
    public int RowStateSize
    {
        get
        {
            int sum = 0;
            foreach (int part in StatePartSizes) sum = checked(sum + part);
            return sum;
        }
    }

    public virtual int KeptSize(int steps, int batch) => 0;

    public virtual int ForwardWorkspaceSize(int steps, int batch, bool hasLengths) => 0;

    public virtual int WorkspaceSize(int steps, int batch, bool hasLengths) => 0;

    public virtual void Repack()
    {
    }

    public virtual void ThrowIfNotTrainable()
    {
    }

    public abstract void Forward(in StageForward<T> pass, WorkerGroup? workers);

    public abstract void Backward(in StageBackward<T> pass, WorkerGroup? workers);

    /// <summary>"Lstm" of Lstm{T}; of a layer of another's cell the cell's name.</summary>
    protected static string NameOf(RecurrentLayer<T> layer)
    {
        Type type = layer.GetType();
        Type named = type.GetGenericTypeDefinition() == typeof(CellLayer<,>) ? type.GetGenericArguments()[1] : type;
        return named.Name.Split('`')[0];
    }
}
