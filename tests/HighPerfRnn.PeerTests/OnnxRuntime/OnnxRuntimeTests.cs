using HighPerfRnn.PeerTests.Generation;
using HighPerfRnn.Tests.Conformance;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.PeerTests.OnnxRuntime;

/// <summary>Every system of ours against ONNX Runtime's RNN, LSTM and GRU, within bounds that follow from float arithmetic.</summary>
public sealed class OnnxRuntimeTests(ITestOutputHelper log)
{
    [OnnxRuntimeProperty]
    public void Rnn(PeerCase drawn) => Agree("RNN", drawn);

    [OnnxRuntimeProperty]
    public void Lstm(PeerCase drawn) => Agree("LSTM", drawn);

    [OnnxRuntimeProperty]
    public void Gru(PeerCase drawn) => Agree("GRU", drawn);

    /// <summary>
    /// No agreement by saying nothing: in the middle of all tensors, the widest bound is below 2⁻¹³ of the largest number.
    /// </summary>
    [OnnxRuntimeTheory]
    [InlineData("RNN")]
    [InlineData("LSTM")]
    [InlineData("GRU")]
    public void TheBoundsSayMuch(string operatorName)
    {
        List<double> widths = [];
        for (int seed = 0; seed < 40; seed++)
        {
            PeerTraits traits = (PeerTraits)(seed * 409) & ~(PeerTraits.OtherActivations | PeerTraits.LargeInput);
            widths.AddRange(Agree(operatorName, new PeerCase(3, seed % 2 == 0 ? 1 : 20, 12, 16, 1, seed, traits)).Widths);
        }

        widths.Sort();
        double middle = widths[widths.Count / 2];
        log.WriteLine($"{operatorName}: in the middle of {widths.Count} tensors the widest bound is {middle:E1} of the largest number.");
        Assert.InRange(middle, 0, Math.ScaleB(1, -13));
    }

    private static Agreement Agree(string operatorName, PeerCase drawn)
    {
        // Functions without bounds make states that grow with every step; a few steps are enough of them.
        PeerCase shape = drawn.Has(PeerTraits.OtherActivations) ? drawn with { Steps = Math.Min(3, drawn.Steps) } : drawn;
        OperatorCase call = OnnxCases.Create(operatorName, shape);
        while (SoftplusArguments.Largest(OnnxBorder.Read(call)) > OnnxRuntimePeer.LargestSoftplusArgument || LeavesFloat(call))
        {
            // It gives infinity there: drawn again, with fewer steps and units to grow in.
            shape = shape with
            {
                Seed = (shape.Seed + 1) & int.MaxValue,
                Steps = (shape.Steps + 1) / 2,
                HiddenSize = (shape.HiddenSize + 1) / 2,
            };
            call = OnnxCases.Create(operatorName, shape);
        }

        Dictionary<string, OperatorTensor> outputs = OnnxRuntimePeer.Run(call, shape.Has(PeerTraits.WeightsAsInputs));
        if (shape.Has(PeerTraits.BatchFirst))
        {
            // ONNX Runtime does not load layout = 1, ours does.
            call = OnnxCases.BatchFirst(call);
            outputs = outputs.ToDictionary(output => output.Key, output => output.Value.WithAxisFirst(output.Key == "Y" ? 2 : 1));
        }

        RecurrentLayer layer = OnnxBorder.Read(call);
        var agreement = new Agreement(OnnxRuntimePeer.Name, Data(outputs), Bounds(call, layer, new RecurrentBounds<OnnxRuntimeFloat>(0)));
        agreement.WithTheDefinition();
        foreach (OwnSystem own in RecurrentSystems.All)
        {
            if (own.System.ReasonToSkip(layer) is not null) continue;
            Dictionary<string, OperatorTensor> ours = OnnxBorder.Run(call, own.System);
            foreach ((string name, OperatorTensor output) in outputs) Assert.Equal(output.Shape, ours[name].Shape);
            agreement.With(own.Name, Data(ours, outputs.Keys), Bounds(call, layer, own.Bounds));
        }

        return agreement;
    }

    /// <summary>Whether a number of the definition comes near the end of float's range, past which no bound follows from its arithmetic.</summary>
    private static bool LeavesFloat(OperatorCase call)
    {
        double most = Math.ScaleB(1, 110);
        RecurrentLayer layer = OnnxBorder.Read(call);
        return Bounds(call, layer, new RecurrentBounds<OnnxRuntimeFloat>(0)).Values.Any(bound => bound.Values.Any(value => !(Math.Abs(value) <= most)));
    }

    private static Dictionary<string, Bounded> Bounds(OperatorCase call, RecurrentLayer layer, IRecurrentBounds bounds)
    {
        BoundedResults<RecurrentResult> results = bounds.Run(layer);
        Dictionary<string, OperatorTensor> values = OnnxBorder.Write(call, layer, results.Values);
        Dictionary<string, OperatorTensor> errors = OnnxBorder.Write(call, layer, results.Errors);
        if (call.Operator != "LSTM") values.Remove("Y_c");
        return values.ToDictionary(value => value.Key, value => new Bounded(value.Value.Data, errors[value.Key].Data));
    }

    private static Dictionary<string, double[]> Data(
        Dictionary<string, OperatorTensor> tensors, IReadOnlyCollection<string>? names = null) =>
        tensors.Where(tensor => names?.Contains(tensor.Key) ?? true).ToDictionary(tensor => tensor.Key, tensor => tensor.Value.Data);
}
