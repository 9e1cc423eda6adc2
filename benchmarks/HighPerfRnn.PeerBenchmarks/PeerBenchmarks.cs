using BenchmarkDotNet.Attributes;
using HighPerfRnn.Benchmarks;
using HighPerfRnn.Benchmarks.Pointwise;
using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Peers;
using HighPerfRnn.PeerBenchmarks.Peers.Tensors;
using HighPerfRnn.PeerBenchmarks.Training;

namespace HighPerfRnn.PeerBenchmarks;

/// <summary>Recurrent layers of every library, each verified before it is timed.</summary>
public abstract class PeerBenchmark : RecurrentBenchmark
{
    /// <inheritdoc/>
    protected override IReadOnlyList<IRecurrentLibrary> Libraries => AllPeers.Libraries;
}

/// <summary>The vanilla layer over sequences.</summary>
public class PeerForward : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        AllPeers.Compare(RecurrentSizes.Everyday(OwnLibrary.LibraryName, RecurrentCell.Rnn, RecurrentMode.Forward));
}

/// <summary>Forward, backward and packing of the vanilla layer, and right before it forward alone.</summary>
public class PeerTraining : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        from training in RecurrentSizes.Everyday(OwnLibrary.LibraryName, RecurrentCell.Rnn, RecurrentMode.Training)
        from row in AllPeers.Compare([training]).Prepend(training with { Mode = RecurrentMode.Forward })
        select row;
}

/// <summary>Single steps of the vanilla layer.</summary>
public class PeerStep : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => AllPeers.Compare(RecurrentSizes.Steps(OwnLibrary.LibraryName, RecurrentCell.Rnn));
}

/// <summary>Single steps of the vanilla layer, size after size.</summary>
public class PeerStepSweep : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        AllPeers.CompareAtSome(RecurrentSizes.StepSweep(OwnLibrary.LibraryName, RecurrentCell.Rnn));
}

/// <summary>Sequences of the vanilla layer, size after size.</summary>
public class PeerForwardSweep : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        AllPeers.CompareAtSome(RecurrentSizes.ForwardSweep(OwnLibrary.LibraryName, RecurrentCell.Rnn));
}

/// <summary>The vanilla layer from one row to many.</summary>
public class PeerBatches : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        AllPeers.Compare(RecurrentSizes.Batches(OwnLibrary.LibraryName, RecurrentCell.Rnn));
}

/// <summary>The vanilla layer at row counts and widths beside those that fill tiles and vectors.</summary>
public class PeerNeighbours : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        RecurrentSizes.Rows(OwnLibrary.LibraryName, RecurrentCell.Rnn)
            .Concat(RecurrentSizes.Widths(OwnLibrary.LibraryName, RecurrentCell.Rnn));
}

/// <summary>Gated cells over sequences.</summary>
public class PeerGatedForward : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        AllPeers.CompareToPeers(RecurrentSizes.Gated(OwnLibrary.LibraryName, RecurrentMode.Forward));
}

/// <summary>Forward, backward and packing of gated cells.</summary>
public class PeerGatedTraining : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        AllPeers.CompareToPeers(RecurrentSizes.Gated(OwnLibrary.LibraryName, RecurrentMode.Training));
}

/// <summary>Single steps of gated cells.</summary>
public class PeerGatedStep : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => AllPeers.CompareToPeers(RecurrentSizes.GatedSteps(OwnLibrary.LibraryName));
}

/// <summary>Rows of all lengths, each right after rows of full length.</summary>
public class PeerRagged : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.Ragged(OwnLibrary.LibraryName);
}

/// <summary>A sequence whose gates do not look at h, and a step of it.</summary>
public class PeerMinimal : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.Minimal(OwnLibrary.LibraryName);
}

/// <summary>Single steps of the vanilla layer over weights of every kind.</summary>
public class PeerStepFormats : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        RecurrentSizes.StepFormats(OwnLibrary.LibraryName, RecurrentCell.Rnn).Where(new OwnLibrary().Supports);
}

/// <summary>The vanilla layer on one thread and on two.</summary>
public class PeerThreads : PeerBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.Threads(OwnLibrary.LibraryName, RecurrentCell.Rnn);
}

/// <summary>Functions over numbers.</summary>
public class PeerPointwise : WorkBenchmark<PointwiseCase>
{
    /// <inheritdoc/>
    public override IEnumerable<PointwiseCase> Cases => OwnPointwise.Cases.SelectMany(
        work => (PointwiseCase[])[work, work with { Library = TensorPrimitivesWork.LibraryName }]);

    /// <summary>One call.</summary>
    [Benchmark]
    public void Run() => Work!.Run();

    /// <inheritdoc/>
    protected override IWork Prepare(PointwiseCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        PointwiseWork created = work.Library == OwnLibrary.LibraryName ? OwnPointwise.Create(work) : new TensorPrimitivesWork(work);
        return created.Verified();
    }
}

/// <summary>Trainings of whole models; a peer's are timed where they reach the same losses.</summary>
/// <typeparam name="TCase">The kind of case.</typeparam>
public abstract class TrainingBenchmark<TCase> : WorkBenchmark<TCase>
    where TCase : WorkCase
{
    private const double LossTolerance = 1e-3;
    private const int IterationsToAgree = 5;

    /// <summary>One call.</summary>
    [Benchmark]
    public void Run() => Work!.Run();

    private protected static IWork Verified(WorkCase work, IModelTraining own, Func<IModelTraining> createPeer)
    {
        if (work.Library == OwnLibrary.LibraryName) return own;
        IModelTraining peer = createPeer();
        for (int i = 0; i < IterationsToAgree; i++)
        {
            own.Run();
            peer.Run();
            if (Math.Abs(own.LastLoss - peer.LastLoss) <= LossTolerance) continue;
            throw new InvalidOperationException($"{work}: loss {peer.LastLoss} at iteration {i + 1}; expected {own.LastLoss}.");
        }

        return peer;
    }
}

/// <summary>Training of the character model, everything included.</summary>
public class PeerCharacterTraining : TrainingBenchmark<CharacterTrainingCase>
{
    /// <inheritdoc/>
    public override IEnumerable<CharacterTrainingCase> Cases => CharacterTrainingCase.All;

    /// <inheritdoc/>
    protected override IWork Prepare(CharacterTrainingCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var own = new OwnCharacterTraining(work.Cell);
        return Verified(work, own, () => new TorchCharacterTraining(own.Model, work.Cell));
    }
}

/// <summary>Training of the four tasks' models, everything included.</summary>
public class PeerTaskTraining : TrainingBenchmark<TaskTrainingCase>
{
    /// <inheritdoc/>
    public override IEnumerable<TaskTrainingCase> Cases => TaskTrainingCase.All;

    /// <inheritdoc/>
    protected override IWork Prepare(TaskTrainingCase work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var own = new OwnTaskTraining(work);
        return Verified(work, own, () => new TorchTaskTraining(work, own));
    }
}
