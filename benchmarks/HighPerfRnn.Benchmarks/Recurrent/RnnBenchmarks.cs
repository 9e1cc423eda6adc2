namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>The vanilla layer over sequences.</summary>
public class RnnForward : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        WithNaive(RecurrentSizes.Everyday(OwnLibrary.LibraryName, RecurrentCell.Rnn, RecurrentMode.Forward));
}

/// <summary>Forward, backward and packing of the vanilla layer.</summary>
public class RnnTraining : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        WithNaive(RecurrentSizes.Everyday(OwnLibrary.LibraryName, RecurrentCell.Rnn, RecurrentMode.Training));
}

/// <summary>Single steps of the vanilla layer.</summary>
public class RnnStep : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => WithNaive(RecurrentSizes.Steps(OwnLibrary.LibraryName, RecurrentCell.Rnn));
}

/// <summary>Single steps of the vanilla layer, size after size.</summary>
public class RnnStepSweep : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.StepSweep(OwnLibrary.LibraryName, RecurrentCell.Rnn);
}

/// <summary>Sequences of the vanilla layer, size after size.</summary>
public class RnnForwardSweep : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.ForwardSweep(OwnLibrary.LibraryName, RecurrentCell.Rnn);
}

/// <summary>The vanilla layer from one row to many.</summary>
public class RnnBatches : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.Batches(OwnLibrary.LibraryName, RecurrentCell.Rnn);
}

/// <summary>The vanilla layer at row counts around a whole number of tiles.</summary>
public class RnnRows : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.Rows(OwnLibrary.LibraryName, RecurrentCell.Rnn);
}

/// <summary>The vanilla layer at widths around one that fills its vectors.</summary>
public class RnnWidths : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.Widths(OwnLibrary.LibraryName, RecurrentCell.Rnn);
}

/// <summary>Single steps of the vanilla layer over weights of every kind.</summary>
public class RnnStepFormats : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases =>
        RecurrentSizes.StepFormats(OwnLibrary.LibraryName, RecurrentCell.Rnn).Where(new OwnLibrary().Supports);
}

/// <summary>The vanilla layer on one thread and on two.</summary>
public class RnnThreads : RecurrentBenchmark
{
    /// <inheritdoc/>
    public override IEnumerable<RecurrentCase> Cases => RecurrentSizes.Threads(OwnLibrary.LibraryName, RecurrentCell.Rnn);
}
