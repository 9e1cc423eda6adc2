using System.Numerics;
using HighPerfRnn.Tests.Generation;
using HighPerfRnn.Training;

namespace HighPerfRnn.Tests.Training.Losses;

/// <summary>A batch of sequences and targets that a case decides, and both passes over it. What a pass overwrites holds NaN before it.</summary>
internal sealed class CtcCase<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <param name="shape">B, T and as many classes as H, two at least.</param>
    /// <param name="largest">The largest magnitude of a logit.</param>
    public CtcCase(RnnCase shape, double largest)
    {
        var random = new CaseRandom(shape.Seed, 1);
        Steps = shape.Steps;
        Classes = Math.Max(2, shape.HiddenSize);
        Blank = random.Below(Classes);
        Logits = random.Numbers<T>(Steps * shape.Batch * Classes, largest);
        InputLengths = new int[shape.Batch];
        TargetLengths = new int[shape.Batch];
        var targets = new List<int>();
        for (int b = 0; b < shape.Batch; b++)
        {
            InputLengths[b] = random.Below(4) == 0 ? random.Below(Steps + 1) : Steps;
            TargetLengths[b] = random.Below((InputLengths[b] / (random.Below(5) == 0 ? 1 : 2)) + 1);
            for (int i = 0; i < TargetLengths[b]; i++)
            {
                // Repetitions, which need a blank between them, more often than chance gives them.
                int label = random.Below(Classes - 1);
                targets.Add(i > 0 && random.Below(4) == 0 ? targets[^1] : label < Blank ? label : label + 1);
            }
        }

        Targets = [.. targets];
    }

    public int Steps { get; }

    public int Classes { get; }

    public int Blank { get; init; }

    public T[] Logits { get; init; }

    public int[] InputLengths { get; init; }

    public int[] TargetLengths { get; init; }

    public int[] Targets { get; init; }

    public CtcReduction Reduction { get; set; } = CtcReduction.Sum;

    public bool ZeroInfinity { get; set; }

    public double? Scale { get; set; }

    public int Batch => TargetLengths.Length;

    public int LongestTarget => TargetLengths.DefaultIfEmpty().Max();

    public int[] TargetOf(int row) => Targets[TargetLengths[..row].Sum()..TargetLengths[..(row + 1)].Sum()];

    /// <summary>The logits of a row's frames that count, [T, C], in double.</summary>
    public double[] LogitsOf(int row) => Wide(FramesOf(Logits, row)[..(InputLengths[row] * Classes)]);

    /// <summary>A row of [T, B, C] as [T, C].</summary>
    public T[] FramesOf(T[] all, int row) =>
        [.. Enumerable.Range(0, Steps).SelectMany(t => all[(((t * Batch) + row) * Classes)..(((t * Batch) + row + 1) * Classes)])];

    /// <summary>A row alone.</summary>
    public CtcCase<T> Alone(int row) => new(new RnnCase(1, Steps, 1, Classes, 1, CaseOptions.None), 1, this)
    {
        Logits = FramesOf(Logits, row),
        InputLengths = [InputLengths[row]],
        TargetLengths = [TargetLengths[row]],
        Targets = TargetOf(row),
        Scale = Scale,
        ZeroInfinity = ZeroInfinity,
    };

    public CtcBatch<T> Pass(T[] losses, T[] gradient, T[] workspace) => new()
    {
        Steps = Steps,
        Classes = Classes,
        Logits = Logits,
        InputLengths = InputLengths,
        Targets = Targets,
        TargetLengths = TargetLengths,
        Blank = Blank,
        RowLosses = losses,
        LogitsGradient = gradient,
        Workspace = workspace,
        Reduction = Reduction,
        ZeroInfinity = ZeroInfinity,
        Scale = Scale,
    };

    public (double Loss, T[] Losses, T[] Gradient) Run(HighPerfRnn.Threading.WorkerGroup? workers = null)
    {
        T[] losses = RnnRun<T>.Filled(Batch), gradient = RnnRun<T>.Filled(Logits.Length);
        T[] workspace = RnnRun<T>.Filled(CtcLoss<T>.WorkspaceSize(Steps, Batch, LongestTarget));
        return (CtcLoss<T>.ForwardBackward(Pass(losses, gradient, workspace), workers), losses, gradient);
    }

    public (double Loss, T[] Losses) Forward(HighPerfRnn.Threading.WorkerGroup? workers = null)
    {
        T[] losses = RnnRun<T>.Filled(Batch);
        T[] workspace = RnnRun<T>.Filled(CtcLoss<T>.ForwardWorkspaceSize(Batch, LongestTarget));
        return (CtcLoss<T>.Forward(Pass(losses, [], workspace), workers), losses);
    }

    public static double[] Wide(T[] values) => Array.ConvertAll(values, double.CreateChecked);

    private CtcCase(RnnCase shape, double largest, CtcCase<T> other)
        : this(shape, largest)
    {
        Steps = other.Steps;
        Classes = other.Classes;
        Blank = other.Blank;
    }
}
