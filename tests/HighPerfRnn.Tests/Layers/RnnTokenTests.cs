using System.Numerics;
using HighPerfRnn.Reference;
using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Layers;

/// <summary>One-hot input by its index equals the same input written out.</summary>
[Trait("Category", "Width")]
public sealed class RnnTokenTests(ITestOutputHelper log) : IDisposable
{
    [CaseProperty]
    public void TokensEqualDenseOneHotInput(RnnCase shape)
    {
        CheckTokens<float>(shape);
        CheckTokens<double>(shape);
    }

    [CaseProperty]
    public void TokenTableStandsForInputWeights(RnnCase shape)
    {
        CheckTokenTable<float>(shape);
        CheckTokenTable<double>(shape);
    }

    public void Dispose()
    {
        foreach (string line in Redraws.Report(nameof(TokensEqualDenseOneHotInput))) log.WriteLine(line);
    }

    /// <summary>
    /// Forward, dWh, db and dh0 bit for bit: in a dense product 1·w is added to zeros only, which rounds nothing. dWx sums the
    /// same rows in another order, one after the other, so it stays within the bound for sums in any order.
    /// </summary>
    private static void CheckTokens<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        shape = shape.Within(1_500_000);
        if (shape.Rows == 0) return;
        int[] tokens = new CaseRandom(shape.Seed, 3003).Indices(shape.Rows, shape.InputSize);
        T[] oneHot = new T[shape.Rows * shape.InputSize];
        for (int i = 0; i < tokens.Length; i++) oneHot[(i * shape.InputSize) + tokens[i]] = T.One;
        var data = new RnnData<T>(shape) { Input = oneHot };
        RnnRun<T> dense = RnnRun<T>.Both(data);
        var looked = new RnnRun<T>(data) { Tokens = tokens };
        looked.Forward();
        looked.Backward();
        Compare.Bits(dense.Output, looked.Output, "output");
        Compare.Bits(dense.FinalState, looked.FinalState, "final state");
        Compare.Bits(dense.InitialStateGradient, looked.InitialStateGradient, "dh0");
        Compare.Bits<T>(dense.Gradients["weight_hh"], looked.Gradients["weight_hh"], "dWh");
        Compare.Bits<T>(dense.Gradients["bias"], looked.Gradients["bias"], "db");

        ReferenceRun reference = ReferenceRun.Forward(data, arithmetic: Tolerances.AnyOrder<T>());
        if (reference.ForwardBound.UncertainMasks > 0)
        {
            CheckTokens<T>(Redraws.Smaller(nameof(TokensEqualDenseOneHotInput), shape));
            return;
        }

        Redraws.Keep(nameof(TokensEqualDenseOneHotInput));
        reference.Backward();
        Compare.Within<T>(reference.Gradients[2], looked.Gradients["weight_ih"], reference.BackwardBound!.DWx, "dWx");
    }

    private static void CheckTokenTable<T>(RnnCase shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (shape.Rows == 0) return;
        int vocabulary = 1 + (shape.Seed % 70);
        var random = new CaseRandom(shape.Seed, 3004);
        int[] tokens = random.Indices(shape.Rows, vocabulary);
        T[] table = random.Numbers<T>(vocabulary * shape.HiddenSize);
        var data = new RnnData<T>(shape);
        var wide = new RnnData<T>(shape with { InputSize = vocabulary })
        {
            InputWeights = table,
            RecurrentWeights = data.RecurrentWeights,
            Bias = data.Bias,
            InitialState = data.InitialState,
            OutputGradient = data.OutputGradient,
            FinalStateGradient = data.FinalStateGradient,
        };
        var own = new RnnRun<T>(wide) { Tokens = tokens };
        var lent = new RnnRun<T>(data)
        {
            Tokens = tokens,
            TokenTable = table,
            TokenTableGradient = own.Gradients["weight_ih"].ToArray(),
        };
        T[] untouched = lent.Gradients["weight_ih"].ToArray();
        own.Forward();
        own.Backward();
        lent.Forward();
        lent.Backward();
        Compare.Bits(own.Output, lent.Output, "output");
        Compare.Bits<T>(own.Gradients["weight_ih"], lent.TokenTableGradient, "gradient of the table");
        Compare.Bits<T>(own.Gradients["weight_hh"], lent.Gradients["weight_hh"], "dWh");
        Compare.Bits<T>(untouched, lent.Gradients["weight_ih"], "dWx, which the table replaces");
    }
}
