using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Generation;

/// <summary>What a pass of a cell reads, made from a case: numbers that every type in question holds, to compute on the same.</summary>
internal sealed class CellData
{
    private readonly bool _isHalf;

    /// <param name="shape">The case.</param>
    /// <param name="draw">Another number gives other data of the same shape.</param>
    /// <param name="isHalf">Whether Half is to hold the numbers, not float.</param>
    public CellData(CellCase shape, int draw = 0, bool isHalf = false)
    {
        (Case, _isHalf) = (shape, isHalf);
        Options = shape.Options();
        var random = new CaseRandom(shape.Seed, draw);
        ReferenceCell<double> cell = Options.Create(new ReferenceFloatingPoint<double>(0), shape.InputSize, shape.HiddenSize);
        (OutputSize, CellStateSize) = (cell.OutputSize, cell.CellStateSize);
        Shapes = cell.Parameters.Shapes;
        Parameters = [.. Shapes.Select(parameter => Draw(random, parameter))];
        int rows = shape.Batch * shape.Steps;
        Input = Numbers(random, rows * shape.InputSize, shape.Has(CellTraits.LargeInput) ? 8 : 1);
        InitialState = Given(CellTraits.InitialState, shape.Batch * OutputSize);
        InitialCellState = Given(CellTraits.InitialState, shape.Batch * CellStateSize);
        OutputGradient = Given(CellTraits.OutputGradient, rows * OutputSize);
        FinalStateGradient = Given(CellTraits.FinalGradient, shape.Batch * OutputSize);
        FinalCellStateGradient = Given(CellTraits.FinalGradient, shape.Batch * CellStateSize);
        if (shape.Has(CellTraits.Ragged)) Lengths = random.Indices(shape.Batch, shape.Steps + 1);
        double[] Given(CellTraits trait, int length) => shape.Has(trait) ? Numbers(random, length, 1) : [];
    }

    /// <summary>The same weights for a case of other rows or steps; what a pass reads beside them is the caller's to set.</summary>
    /// <param name="other">Whose weights.</param>
    /// <param name="shape">The case.</param>
    public CellData(CellData other, CellCase shape)
    {
        (Case, Options, Shapes, Parameters) = (shape, other.Options, other.Shapes, other.Parameters);
        (OutputSize, CellStateSize) = (other.OutputSize, other.CellStateSize);
        Input = InitialState = InitialCellState = OutputGradient = FinalStateGradient = FinalCellStateGradient = [];
    }

    public CellCase Case { get; }

    public ReferenceCellOptions Options { get; }

    public int OutputSize { get; }

    public int CellStateSize { get; }

    public IReadOnlyList<ReferenceParameterShape> Shapes { get; }

    /// <summary>In the order of <see cref="Shapes"/>.</summary>
    public double[][] Parameters { get; }

    public double[] Input { get; set; }

    public double[] InitialState { get; set; }

    public double[] InitialCellState { get; set; }

    public double[] OutputGradient { get; set; }

    public double[] FinalStateGradient { get; set; }

    public double[] FinalCellStateGradient { get; set; }

    /// <summary>Null for rows of full length.</summary>
    public int[]? Lengths { get; set; }

    /// <summary>What gradients hold before a pass adds to them.</summary>
    public double[] GradientsStart(int length, int tensor)
    {
        double[] start = new double[length];
        if (Case.Has(CellTraits.GradientsStart)) start = Rounded(new CaseRandom(Case.Seed, 1000 + tensor).Numbers<double>(length));
        return start;
    }

    private double[] Draw(CaseRandom random, ReferenceParameterShape parameter)
    {
        int length = parameter.Rows * parameter.Columns;
        bool arbitrary = Case.Steps <= CellCase.LongestArbitrary;
        return parameter.Name switch
        {
            "nu" => Rounded([.. Numbers(random, length, 2).Select(nu => nu - 1)]),
            "weight_ih" => Numbers(random, length, arbitrary ? 1 : 2 / Math.Sqrt(Case.InputSize)),
            "weight_hh" or "weight_hr" => Numbers(
                random, length, !arbitrary ? 1.0 / parameter.Rows : random.Below(2) == 0 ? 1 : 2 / Math.Sqrt(parameter.Rows)),
            _ => Numbers(random, length, 0.5),
        };
    }

    private double[] Numbers(CaseRandom random, int length, double scale) =>
        Rounded(random.Numbers<double>(length, scale, Case.Has(CellTraits.Spread)));

    private double[] Rounded(double[] numbers) =>
        Array.ConvertAll(numbers, number => _isHalf ? (double)(Half)number : (float)number);
}
