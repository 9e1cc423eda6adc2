using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Definitions;

/// <summary>
/// States and gradients that decay end at +0 and not among the subnormal numbers: for each cell, a state that shrinks to about a
/// quarter at every step, and a gradient that shrinks alike on its way back.
/// </summary>
public sealed class FlushTests
{
    private const int Steps = 80;

    /// <summary>Parameters that make the unit decay by about 1/4 a step with nothing coming in.</summary>
    public static TheoryData<string> Cells { get; } = ["rnn", "lstm", "coupled lstm", "projected lstm", "gru", "gru before", "mingru", "minlstm", "lru"];

    [Theory]
    [MemberData(nameof(Cells))]
    public void WhatDecaysEndsAtZero(string name)
    {
        ReferenceCell<float> cell = Decaying(name);
        var sequence = new ReferenceSequence<float>(cell, 1, Steps);
        sequence.Forward(new float[Steps], [1f], cell.CellStateSize > 0 ? [1f] : []);
        AssertEndsAtZero(sequence.Output);

        // The cell state after every step, and the gradient of the last state, seen at every step before it: longer and longer ends.
        float[] gradients = new float[Steps];
        float[] cellStates = new float[Steps];
        for (int length = 1; length <= Steps; length++)
        {
            var end = new ReferenceSequence<float>(Decaying(name), 1, length);
            end.Forward(new float[length], [1f], cell.CellStateSize > 0 ? [1f] : []);
            if (cell.CellStateSize > 0) cellStates[length - 1] = end.FinalCellState[0];
            end.Backward([], [1f], cell.CellStateSize > 0 ? [1f] : []);
            gradients[length - 1] = name == "rnn" ? end.InputGradient[0] // dA itself; dh0 is a product, where nothing decays
                : cell.CellStateSize > 0 ? end.InitialCellStateGradient[0]
                : end.InitialStateGradient[0];
        }

        AssertEndsAtZero(gradients);
        if (cell.CellStateSize > 0) AssertEndsAtZero(cellStates);
    }

    /// <summary>
    /// A gradient so far below the threshold that no candidate of these sizes lifts it above: nothing is left of it in any
    /// gradient, but in those that no pre-activation stands before.
    /// </summary>
    [CaseProperty]
    public void GradientsOfPreActivationsAreFlushed(CellCase drawn)
    {
        CellTraits unwanted = CellTraits.OtherActivations | CellTraits.LargeInput | CellTraits.FinalGradient | CellTraits.GradientsStart | CellTraits.Projection;
        CellTraits wanted = CellTraits.OutputGradient | CellTraits.InitialState;
        var data = new CellData(drawn with { Steps = 1, Traits = (drawn.Traits & ~unwanted) | wanted });
        Array.Fill(data.OutputGradient, ReferenceRnn.FlushBelowFloat / 64);
        var run = CellRun<float>.Both(data, new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat));
        foreach ((string name, float[] gradient) in run.Tensors)
        {
            // -0 is the product of a zero gradient and a negative number.
            if (name[0] == 'd' && name != "dnu") Assert.All(gradient, entry => Assert.Equal(0, Math.Abs(entry)));
        }
    }

    /// <summary>Where the candidate's gradient is not flushed, but the reset gate makes something smaller of it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GradientsBehindTheResetGateAreFlushed(bool resetBefore)
    {
        var math = new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat);
        ReferenceCell<float> cell = new ReferenceGruOptions { ResetBefore = resetBefore }.Create(math, 1, 1);
        cell.Parameters["bias"][0] = -3; // r = 0.05
        cell.Parameters["bias"][1] = -5; // z = 0.007
        cell.Parameters["weight_hh"][2] = 1; // q = h, and ds = dAn
        var sequence = new ReferenceSequence<float>(cell, 1, 1);
        sequence.Forward([0f], [1f]);
        sequence.Backward([MathF.ScaleB(1, -99)]);
        Assert.True(sequence.Gradients["bias"][2] > ReferenceRnn.FlushBelowFloat);
        Assert.Equal(0, sequence.Gradients["bias"][0]);
        if (!resetBefore) Assert.Equal(0, sequence.Gradients["bias_hn"][0]);
    }

    /// <summary>Where both gates are 0, their shares are halves, as where both are equal, and not 0/0.</summary>
    [Fact]
    public void GatesThatVanishShareAlike()
    {
        ReferenceCell<float> cell = new ReferenceMinLstmOptions().Create(new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat), 1, 1);
        (cell.Parameters["bias"][0], cell.Parameters["bias"][1], cell.Parameters["bias"][2]) = (-200, -300, 3);
        var sequence = new ReferenceSequence<float>(cell, 1, 1);
        sequence.Forward([0f], [1f]);
        Assert.Equal(2, sequence.Output[0]);
        sequence.Backward([1f]);
        Assert.Equal([-0.5f, 0.5f, 0.5f], sequence.Gradients["bias"]);
    }

    /// <summary>The initial state is taken as it is, however small.</summary>
    [Fact]
    public void InitialStatesAreNotFlushed()
    {
        var cell = new ReferenceVanillaRnn<float>(
            new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat), 1, 1, new ReferenceVanillaRnnOptions());
        cell.Parameters["weight_hh"][0] = MathF.ScaleB(1, 100);
        var sequence = new ReferenceSequence<float>(cell, 1, 1);
        sequence.Forward([0f], [MathF.ScaleB(1, -101)]);
        Assert.Equal(MathF.Tanh(0.5f), sequence.Output[0]);
    }

    private static ReferenceCell<float> Decaying(string name)
    {
        var math = new ReferenceFloatingPoint<float>(ReferenceRnn.FlushBelowFloat);
        ReferenceCellOptions options = name switch
        {
            "rnn" => new ReferenceVanillaRnnOptions(),
            "lstm" => new ReferenceLstmOptions { CandidateActivation = ReferenceActivation.Identity },
            "coupled lstm" => new ReferenceLstmOptions { CoupledForget = true },
            "projected lstm" => new ReferenceLstmOptions { ProjectionSize = 1 },
            "gru" => new ReferenceGruOptions(),
            "gru before" => new ReferenceGruOptions { ResetBefore = true },
            "mingru" => new ReferenceMinGruOptions(),
            "minlstm" => new ReferenceMinLstmOptions(),
            _ => new ReferenceLruOptions(),
        };
        ReferenceCell<float> cell = options.Create(math, 1, 1);
        switch (name)
        {
            case "rnn":
                cell.Parameters["weight_hh"][0] = 0.25f;
                cell.Parameters["weight_ih"][0] = 1;
                break;
            case "lstm" or "projected lstm":
                cell.Parameters["bias"][1] = -1.1f; // f = 1/4
                if (name == "projected lstm") cell.Parameters["weight_hr"][0] = 0.5f;
                break;
            case "coupled lstm":
                cell.Parameters["bias"][0] = 1.1f; // i = 3/4
                break;
            case "gru" or "gru before":
                cell.Parameters["bias"][1] = -1.1f; // z = 1/4
                break;
            case "mingru":
                cell.Parameters["bias"][0] = 1.1f; // z = 3/4
                break;
            case "minlstm":
                cell.Parameters["bias"][0] = -3; // f' = about 1/10
                break;
            default:
                cell.Parameters["nu"][0] = 0.3f; // λ = 0.26
                break;
        }

        return cell;
    }

    /// <summary>Starts with numbers, ends with +0, and holds nothing between 0 and 2⁻¹⁰⁰.</summary>
    private static void AssertEndsAtZero(float[] values)
    {
        Assert.NotEqual(0, values[0]);
        Assert.Equal(0, values[^1]);
        Assert.False(float.IsNegative(values[^1]));
        Assert.All(values, value => Assert.True(value == 0 || Math.Abs(value) >= ReferenceRnn.FlushBelowFloat, $"{value:R} is not flushed."));
    }
}
