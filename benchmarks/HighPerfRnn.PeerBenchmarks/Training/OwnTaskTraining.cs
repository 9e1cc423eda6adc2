using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;
using HighPerfRnn.Training;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>A task in training, by this library.</summary>
internal sealed class OwnTaskTraining : IModelTraining
{
    private readonly TaskTrainer _trainer;

    public OwnTaskTraining(TaskTrainingCase work)
    {
        Problem = new TaskTrainingProblem(work);
        ITrainableTask task = work.Writes ? Writer(work) : Labeller(work);
        TaskInitialization.Initialize(task.ParameterSets, 1);
        _trainer = new TaskTrainer(task, Options(work));
    }

    /// <summary>What is learned.</summary>
    public TaskTrainingProblem Problem { get; }

    /// <summary>The network where targets are written.</summary>
    public EncoderDecoder<float>? Decoder { get; private set; }

    /// <summary>The network where there are labels.</summary>
    public SequenceClassifier<float>? Classifier { get; private set; }

    public double LastLoss { get; private set; }

    /// <summary>Adam at a constant rate, clipping at 1.</summary>
    public static TaskTrainingOptions Options(TaskTrainingCase work) =>
        new() { Batch = work.Batch, Iterations = long.MaxValue, Schedule = ScheduleKind.Constant };

    public void Run() => LastLoss = _trainer.Step().Loss;

    public void Dispose()
    {
    }

    private DecoderTask Writer(TaskTrainingCase work)
    {
        Decoder = work.InputSize > 0
            ? DecoderNetworks.OfVectors(work.Decoder, work.InputSize, work.Outputs)
            : DecoderNetworks.OfTokens(work.Decoder, work.SourceVocabulary, work.Outputs);
        return new DecoderTask(Decoder, work.Decoder, work.InputSize, Problem, new TokenPairs([], []), work.Batch);
    }

    private LabelTask Labeller(TaskTrainingCase work)
    {
        Classifier = work.InputSize > 0
            ? LabelNetworks.OfNumbers(work.Labels, work.InputSize, work.Outputs)
            : LabelNetworks.OfTokens(work.Labels, work.SourceVocabulary, work.Outputs);
        ILabelExamples examples = work.InputSize > 0
            ? new NumberSequences([.. Problem.Numbers.Select(numbers => (ReadOnlyMemory<float>)numbers)], work.InputSize, Problem.Targets, [])
            : new TokenClasses(Problem.Sources, [.. Problem.Targets.Select(target => target[0])]);
        return new LabelTask(Classifier, work.Labels, work.InputSize, examples, new TokenClasses([], []), work.Batch);
    }
}
