using HighPerfRnn.Benchmarks.Setup;
using HighPerfRnn.Kernels;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>
/// The sizes at which layers are measured, for any cell and library. What the library cannot do yet may be listed too: its rows are
/// left out, and the report, whose goals are asked of the same lists, says that they were not measured.
/// </summary>
public static class RecurrentSizes
{
    private static readonly (int Batch, int Steps, int Input, int Hidden)[] Sequences =
        [(32, 128, 256, 256), (64, 128, 128, 128), (32, 64, 512, 512)];

    // One more, of the fewest rows at which backward has to keep pace with forward.
    private static readonly (int Batch, int Steps, int Input, int Hidden)[] TrainedSequences = [.. Sequences, (16, 64, 256, 256)];

    private static readonly RecurrentCell[] GatedCells = [RecurrentCell.Lstm, RecurrentCell.Gru];

    private static readonly int[] SampleSizes = [8, 16, 32, 40, 64];

    private static readonly int[] GatedStepSizes = [64, 128, 256];

    private static readonly int[] StepSizes = [16, 32, 64, 128, 256, 512, 1024];

    // Layers whose weights come from the third level of the cache or from memory: there fewer bytes are less time.
    private static readonly int[] FormatSizes = [512, 1024];

    // What a vector, a panel and a canonical block are multiples of; what lies one below, one above, and between.
    private static readonly int[] SweepSizes =
    [
        8, 12, 16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 80, 96, 100, 127, 128, 129, 130, 160, 192, 200, 255, 256, 257, 320, 384,
        400, 511, 512, 513, 640, 768, 900, 1000, 1024,
    ];

    private static readonly int[] ComparedSweepSizes = [8, 16, 24, 33, 48, 64, 100, 128, 130, 192, 256, 384, 511, 512, 768, 1024];

    private static readonly int[] UnevenBatches = [31, 32, 33];

    private static readonly int[] UnevenWidths = [127, 128, 129, 130];

    /// <summary>1, and 2 where the machine has them.</summary>
    private static int[] ThreadCounts => Environment.ProcessorCount > 1 ? [1, 2] : [1];

    /// <summary>The sequences of everyday training and inference.</summary>
    public static IEnumerable<RecurrentCase> Everyday(string library, RecurrentCell cell, RecurrentMode mode) =>
        from size in mode == RecurrentMode.Training ? TrainedSequences : Sequences
        select new RecurrentCase(library, cell, mode, size.Batch, size.Steps, size.Input, size.Hidden);

    /// <summary>The sequences at which gated cells are compared.</summary>
    public static IEnumerable<RecurrentCase> Gated(string library, RecurrentMode mode) =>
        from cell in GatedCells
        from size in RunScope.IsQuick ? Sequences.Take(1) : Sequences
        select new RecurrentCase(library, cell, mode, size.Batch, size.Steps, size.Input, size.Hidden);

    /// <summary>Single steps of gated cells: of one number, as audio has them, and of as many as there are units.</summary>
    public static IEnumerable<RecurrentCase> GatedSteps(string library) =>
        from cell in GatedCells
        from size in SampleSizes.Select(hidden => (Input: 1, Hidden: hidden)).Concat(GatedStepSizes.Select(hidden => (Input: hidden, Hidden: hidden)))
        select new RecurrentCase(library, cell, RecurrentMode.Step, 1, 1, size.Input, size.Hidden);

    /// <summary>Rows of all lengths, and right before them as many of full length.</summary>
    public static IEnumerable<RecurrentCase> Ragged(string library) =>
        from cell in GatedCells
        from mode in (RecurrentMode[])[RecurrentMode.Forward, RecurrentMode.Training]
        from isRagged in (bool[])[false, true]
        select new RecurrentCase(library, cell, mode, 32, 128, 256, 256, IsRagged: isRagged);

    /// <summary>A long sequence of one row whose gates do not look at h, and a step of it.</summary>
    public static IEnumerable<RecurrentCase> Minimal(string library) =>
    [
        new(library, RecurrentCell.MinGru, RecurrentMode.Forward, 1, 4096, 256, 256),
        new(library, RecurrentCell.MinGru, RecurrentMode.Step, 1, 1, 256, 256),
    ];

    /// <summary>Single steps of one row.</summary>
    public static IEnumerable<RecurrentCase> Steps(string library, RecurrentCell cell) =>
        StepSizes.Select(size => Step(library, cell, size));

    /// <summary>Single steps of one row over weights of every kind, those of a size right after each other.</summary>
    public static IEnumerable<RecurrentCase> StepFormats(string library, RecurrentCell cell) =>
        from size in FormatSizes
        from weights in Enum.GetValues<WeightFormat>()
        select Step(library, cell, size) with { Weights = weights };

    /// <summary>Single steps of one row at every size of the sweep.</summary>
    public static IEnumerable<RecurrentCase> StepSweep(string library, RecurrentCell cell) =>
        SweepSizes.Select(size => Step(library, cell, size));

    /// <summary>Sequences of 32 rows at every size of the sweep.</summary>
    public static IEnumerable<RecurrentCase> ForwardSweep(string library, RecurrentCell cell) =>
        SweepSizes.Select(size => new RecurrentCase(library, cell, RecurrentMode.Forward, 32, 32, size, size));

    /// <summary>Whether others run at this size of a sweep too: at some, and in a quick run at none.</summary>
    public static bool IsCompared(RecurrentCase sweep)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        return !RunScope.IsQuick && ComparedSweepSizes.Contains(sweep.HiddenSize);
    }

    /// <summary>From one row to as many as fill every tile.</summary>
    public static IEnumerable<RecurrentCase> Batches(string library, RecurrentCell cell) =>
        from batch in (int[])[1, 2, 4, 8, 16, 32]
        select new RecurrentCase(library, cell, RecurrentMode.Forward, batch, 64, 256, 256);

    /// <summary>A row less and a row more than a whole number of tiles, beside it.</summary>
    public static IEnumerable<RecurrentCase> Rows(string library, RecurrentCell cell) =>
        from mode in (RecurrentMode[])[RecurrentMode.Forward, RecurrentMode.Training]
        from batch in UnevenBatches
        select new RecurrentCase(library, cell, mode, batch, 64, 256, 256);

    /// <summary>Widths that are no multiple of any vector beside one that is.</summary>
    public static IEnumerable<RecurrentCase> Widths(string library, RecurrentCell cell) =>
        from mode in Enum.GetValues<RecurrentMode>()
        from hidden in UnevenWidths
        let isStep = mode == RecurrentMode.Step
        select new RecurrentCase(library, cell, mode, isStep ? 1 : 64, isStep ? 1 : 128, 128, hidden);

    /// <summary>Work that threads share, on one and right after it on two.</summary>
    public static IEnumerable<RecurrentCase> Threads(string library, RecurrentCell cell) =>
        from work in Everyday(library, cell, RecurrentMode.Forward).Take(RunScope.IsQuick ? 1 : Sequences.Length)
            .Concat(Everyday(library, cell, RecurrentMode.Training).Take(RunScope.IsQuick ? 1 : Sequences.Length))
            .Concat(FormatSizes.Take(RunScope.IsQuick ? 1 : FormatSizes.Length).Select(size => Step(library, cell, size)))
        from threads in ThreadCounts
        select work with { Threads = threads };

    private static RecurrentCase Step(string library, RecurrentCell cell, int size) =>
        new(library, cell, RecurrentMode.Step, 1, 1, size, size);
}
