using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>The reference on a case's numbers, in any type that it computes in.</summary>
internal sealed class CellRun<T>
    where T : struct, INumberBase<T>
{
    private readonly CellData _data;
    private readonly ReferenceCell<T> _cell;

    public CellRun(CellData data, ReferenceMath<T> math)
    {
        _data = data;
        _cell = data.Options.Create(math, data.Case.InputSize, data.Case.HiddenSize);
        LoadWeights();
        Sequence = new ReferenceSequence<T>(
            _cell,
            data.Case.Batch,
            data.Case.Steps,
            data.Lengths,
            data.Case.Has(CellTraits.Reverse),
            data.Case.IsScan ? LinearRecurrentLayer<float>.ScanBlockSteps : 0);
        for (int i = 0; i < Tensors.Count; i++)
        {
            (string name, T[] tensor) = Tensors[i];
            if (name[0] == 'd') Convert(data.GradientsStart(tensor.Length, i)).CopyTo(tensor, 0);
        }
    }

    public ReferenceSequence<T> Sequence { get; }

    /// <summary>All results by name; those of gradients begin with d.</summary>
    public IReadOnlyList<(string Name, T[] Numbers)> Tensors =>
    [
        ("output", Sequence.Output), ("finalState", Sequence.FinalState), ("finalCellState", Sequence.FinalCellState),
        ("dX", Sequence.InputGradient), ("dh0", Sequence.InitialStateGradient), ("dc0", Sequence.InitialCellStateGradient),
        .. _data.Shapes.Select(shape => ("d" + shape.Name, Sequence.Gradients[shape.Name])),
    ];

    public static CellRun<T> Both(CellData data, ReferenceMath<T> math)
    {
        var run = new CellRun<T>(data, math);
        run.Forward();
        run.Backward();
        return run;
    }

    public void LoadWeights()
    {
        for (int i = 0; i < _data.Shapes.Count; i++)
        {
            Convert(_data.Parameters[i]).CopyTo(_cell.Parameters[_data.Shapes[i].Name], 0);
        }
    }

    public void Forward() => Sequence.Forward(
        Convert(_data.Input), Convert(_data.InitialState), Convert(_data.InitialCellState));

    public void Backward() => Sequence.Backward(
        Convert(_data.OutputGradient), Convert(_data.FinalStateGradient), Convert(_data.FinalCellStateGradient));

    private static T[] Convert(double[] numbers) => Array.ConvertAll(numbers, T.CreateChecked);
}
