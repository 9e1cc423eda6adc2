using HighPerfRnn.Benchmarks.Setup;

namespace HighPerfRnn.Benchmarks.Recurrent;

/// <summary>The sizes at which layers are measured, for any cell and library.</summary>
public static class RecurrentSizes
{
    private static readonly (int Batch, int Steps, int Input, int Hidden)[] Sequences =
        [(32, 128, 256, 256), (64, 128, 128, 128), (32, 64, 512, 512)];

    private static readonly int[] StepSizes = [16, 32, 64, 128, 256, 512, 1024];

    /// <summary>Powers of two, their neighbours, and what lies between: from 8 to 1,024, a quarter of them odd.</summary>
    private static readonly int[] SweepSizes =
    [
        8, 11, 16, 23, 32, 33, 45, 64, 65, 91, 96, 127, 128, 130, 181, 192, 255, 256, 257, 362, 384, 511, 512, 513, 724, 768, 1000,
        1023, 1024,
    ];

    private static readonly int[] QuickSweepSizes = [8, 16, 33, 64, 128, 181, 256, 511, 1024];

    private static int[] Sweep => RunScope.IsQuick ? QuickSweepSizes : SweepSizes;

    /// <summary>1, and 2 where the machine has them.</summary>
    private static int[] ThreadCounts => Environment.ProcessorCount > 1 ? [1, 2] : [1];

    /// <summary>The sequences of everyday training and inference.</summary>
    public static IEnumerable<RecurrentCase> Everyday(string library, RecurrentCell cell, RecurrentMode mode) =>
        from size in Sequences
        from threads in ThreadCounts
        select new RecurrentCase(library, cell, mode, size.Batch, size.Steps, size.Input, size.Hidden, threads);

    /// <summary>Single steps of one row.</summary>
    public static IEnumerable<RecurrentCase> Steps(string library, RecurrentCell cell) =>
        from size in StepSizes
        from threads in ThreadCounts
        where threads == 1 || size >= 256
        select new RecurrentCase(library, cell, RecurrentMode.Step, 1, 1, size, size, threads);

    /// <summary>Single steps of one row at every size of the sweep.</summary>
    public static IEnumerable<RecurrentCase> StepSweep(string library, RecurrentCell cell) =>
        Sweep.Select(size => new RecurrentCase(library, cell, RecurrentMode.Step, 1, 1, size, size));

    /// <summary>Sequences of 32 rows at every size of the sweep.</summary>
    public static IEnumerable<RecurrentCase> ForwardSweep(string library, RecurrentCell cell) =>
        Sweep.Select(size => new RecurrentCase(library, cell, RecurrentMode.Forward, 32, 32, size, size));

    /// <summary>Few rows, and one row more than a whole number of tiles.</summary>
    public static IEnumerable<RecurrentCase> Batches(string library, RecurrentCell cell) =>
        from batch in (int[])[1, 2, 4, 8, 16, 32, 33]
        select new RecurrentCase(library, cell, RecurrentMode.Forward, batch, 64, 256, 256);

    /// <summary>A width that is no multiple of any tile beside one that is.</summary>
    public static IEnumerable<RecurrentCase> Widths(string library, RecurrentCell cell) =>
        from mode in (RecurrentMode[])[RecurrentMode.Forward, RecurrentMode.Training]
        from hidden in (int[])[128, 130]
        select new RecurrentCase(library, cell, mode, 64, 128, 128, hidden);
}
