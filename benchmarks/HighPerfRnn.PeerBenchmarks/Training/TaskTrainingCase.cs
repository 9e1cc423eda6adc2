using HighPerfRnn.Benchmarks;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Layers;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Labelling;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>The models of the four tasks that are compared.</summary>
public enum TrainedTask
{
    /// <summary>Characters of a sentence to one of 40 classes.</summary>
    Classify,

    /// <summary>Letters to phonemes.</summary>
    Pronounce,

    /// <summary>Words to words.</summary>
    Translate,

    /// <summary>Features of an image to words.</summary>
    Caption,

    /// <summary>Pixels of a frame to a label, for each frame.</summary>
    Tag,
}

/// <summary>
/// An iteration of a task's training as its command does it, dropout aside: forward, loss, backward, clipping, Adam, packing. All rows
/// of a batch have the same length, which spares the peer its padding.
/// </summary>
/// <param name="Library">Who trains.</param>
/// <param name="Task">What.</param>
public sealed record TaskTrainingCase(string Library, TrainedTask Task) : WorkCase(Library, 1)
{
    /// <summary>Of each task this library, and TorchSharp where it is present.</summary>
    public static IEnumerable<TaskTrainingCase> All
    {
        get
        {
            bool hasTorch = new TorchLibrary().Missing is null;
            foreach (TrainedTask task in Enum.GetValues<TrainedTask>())
            {
                yield return new TaskTrainingCase(OwnLibrary.LibraryName, task);
                if (hasTorch) yield return new TaskTrainingCase(TorchLibrary.LibraryName, task);
            }
        }
    }

    /// <summary>Whether targets are written token by token; else there are labels.</summary>
    public bool Writes => Task is TrainedTask.Pronounce or TrainedTask.Translate or TrainedTask.Caption;

    /// <summary>B.</summary>
    public int Batch => Task is TrainedTask.Pronounce or TrainedTask.Translate ? 64 : 32;

    /// <summary>Steps of what is read.</summary>
    public int SourceSteps => Task switch
    {
        TrainedTask.Classify => 128,
        TrainedTask.Pronounce => 8,
        TrainedTask.Translate => 13,
        TrainedTask.Caption => 1,
        _ => 64,
    };

    /// <summary>Tokens of a target, its end counted; 0 where nothing is written.</summary>
    public int TargetSteps => Task switch
    {
        TrainedTask.Pronounce => 8,
        TrainedTask.Translate => 13,
        TrainedTask.Caption => 4,
        _ => 0,
    };

    /// <summary>Numbers of a step; 0 for tokens.</summary>
    public int InputSize => Task switch { TrainedTask.Caption => 768, TrainedTask.Tag => 256, _ => 0 };

    /// <summary>Tokens that are read; 0 for numbers.</summary>
    public int SourceVocabulary => Task switch { TrainedTask.Classify => 400, TrainedTask.Pronounce => 30, TrainedTask.Translate => 5000, _ => 0 };

    /// <summary>Tokens that are written, or labels.</summary>
    public int Outputs => Task switch
    {
        TrainedTask.Classify => 40,
        TrainedTask.Pronounce => 43,
        TrainedTask.Translate => 5000,
        TrainedTask.Caption => 1700,
        _ => 13,
    };

    /// <summary>E.</summary>
    public int EmbeddingSize => Task switch { TrainedTask.Pronounce => 128, TrainedTask.Translate => 256, _ => 64 };

    /// <summary>H.</summary>
    public int HiddenSize => Task switch
    {
        TrainedTask.Classify => 128,
        TrainedTask.Pronounce or TrainedTask.Caption => 256,
        TrainedTask.Translate => 512,
        _ => 192,
    };

    /// <summary>The sizes of a network that writes.</summary>
    internal DecoderSettings Decoder => new()
    {
        HiddenSize = HiddenSize,
        EmbeddingSize = EmbeddingSize,
        IsBidirectional = InputSize == 0,
        Dropout = 0,
        LabelSmoothing = 0,
    };

    /// <summary>The sizes of a network that labels.</summary>
    internal LabelSettings Labels => new()
    {
        HiddenSize = HiddenSize,
        EmbeddingSize = EmbeddingSize,
        Dropout = 0,
        Pooling = Task == TrainedTask.Classify ? PoolingKind.Mean : null,
    };

    /// <summary>Numbers of what a decoder looks at, a step.</summary>
    internal int MemorySize => Task == TrainedTask.Caption ? InputSize : HiddenSize;

    /// <summary>What a speed counts: tokens read and written, or frames.</summary>
    public int UnitsOfIteration => Batch * (SourceSteps + TargetSteps);

    /// <inheritdoc/>
    /// <remarks>Three times the products of the forward pass; a lookup is none.</remarks>
    public override double Operations => 3 * 2.0 * Batch * ((SourceSteps * EncoderProducts) + (TargetSteps * DecoderProducts) + LabelProducts);

    /// <inheritdoc/>
    public override long WorkingSetBytes => 0;

    /// <inheritdoc/>
    public override double LoadedBytes => 0;

    private double EncoderProducts
    {
        get
        {
            // Of a vector there are the attention's keys and the decoder's first state.
            if (Task == TrainedTask.Caption) return 2.0 * InputSize * HiddenSize;
            int units = HiddenSize / 2, input = InputSize == 0 ? EmbeddingSize : InputSize;
            return (2.0 * 3 * units * (input + units)) + (Writes ? (double)HiddenSize * HiddenSize : 0);
        }
    }

    /// <summary>The cell, two sums over the memory, the combination and the output.</summary>
    private double DecoderProducts =>
        (3.0 * HiddenSize * (EmbeddingSize + HiddenSize + HiddenSize)) + ((double)SourceSteps * (HiddenSize + MemorySize))
            + ((double)(HiddenSize + MemorySize) * HiddenSize) + ((double)OutputInputs * Outputs);

    private int OutputInputs => Task == TrainedTask.Caption ? HiddenSize + MemorySize : HiddenSize;

    private double LabelProducts => Writes ? 0 : (double)HiddenSize * Outputs * (Task == TrainedTask.Tag ? SourceSteps : 1);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Library} {Task} I={InputSize} E={EmbeddingSize} H={HiddenSize} V={Outputs} B={Batch} S={SourceSteps} T={TargetSteps}";
}
