using HighPerfRnn.Tests.Generation;
using Xunit;
using Xunit.Abstractions;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>
/// Published outputs of recurrent operators that no one here computed: ONNX's backend node tests, and the literals of ONNX
/// Runtime's unit tests.
/// </summary>
/// <remarks>
/// The absolute tolerances are those that the collection states: ONNX's to 1e-6, ONNX Runtime's to 1e-5, two of its cases, whose
/// literals have fewer digits, to 1e-4. ONNX's own LSTM cases have equal weights in all gates and pass with the gates in a wrong
/// order, so that they are never relied on alone.
/// </remarks>
public sealed class ConformanceTests(ITestOutputHelper log)
{
    /// <summary>Stands in for all cases where there are none.</summary>
    private const string None = "no cases";

    private static readonly Dictionary<string, int> Counts = new() { ["onnx-node"] = 18, ["ort"] = 79, ["ort-invalid"] = 3 };

    public static TheoryData<string, string> Valid => Cases("onnx-node", "ort");

    public static TheoryData<string, string> Invalid => Cases("ort-invalid");

    [Theory]
    [MemberData(nameof(Valid))]
    public void GivesThePublishedOutputs(string set, string name)
    {
        if (Skips(name)) return;
        OperatorCase call = Read(set, name);
        double tolerance = set == "onnx-node" ? 1e-6
            : name is "lstm_shorter_seq_in_middle" or "lstm_zero_seq_in_middle" ? 1e-4
            : 1e-5;
        Assert.NotEmpty(call.Outputs);
        foreach ((string system, IRecurrentSystem runner, _) in RecurrentSystems.All)
        {
            if (runner.ReasonToSkip(OnnxBorder.Read(call)) is { } reason)
            {
                log.WriteLine($"SKIPPED {system}: {reason}.");
                continue;
            }

            Dictionary<string, OperatorTensor> outputs = OnnxBorder.Run(call, runner);
            foreach ((string output, OperatorTensor expected) in call.Outputs)
            {
                Assert.Equal(expected.Shape, outputs[output].Shape);
                double[] bound = new double[expected.Data.Length];
                Array.Fill(bound, tolerance);
                Compare.Within<double>(expected.Data, outputs[output].Data, bound, $"{system}: {output}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void RefusesWhatIsNotAllowed(string set, string name)
    {
        if (Skips(name)) return;
        OperatorCase call = Read(set, name);
        foreach ((string system, IRecurrentSystem runner, _) in RecurrentSystems.All)
        {
            ArgumentException refusal = Assert.ThrowsAny<ArgumentException>(() => OnnxBorder.Run(call, runner));
            log.WriteLine($"{system}: {refusal.Message}");
        }
    }

    /// <summary>A folder that is there holds all of its cases: none falls out of the tests in silence.</summary>
    [Fact]
    public void EveryCaseIsRead()
    {
        if (Skips(ConformanceFolder.Path is null ? None : "")) return;
        foreach ((string set, int count) in Counts)
        {
            OperatorCase[] calls = [.. Names(set).Select(name => Read(set, name))];
            Assert.Equal(count, calls.Length);
            string[] operators = [.. calls.Select(call => call.Operator).Order().Distinct()];
            Assert.Equal(set == "ort-invalid" ? ["RNN"] : ["GRU", "LSTM", "RNN"], operators);
        }
    }

    private static TheoryData<string, string> Cases(params string[] sets)
    {
        var cases = new TheoryData<string, string>();
        foreach (string set in sets)
        {
            foreach (string name in Names(set)) cases.Add(set, name);
        }

        if (ConformanceFolder.Path is null) cases.Add(sets[0], None);
        return cases;
    }

    private static IEnumerable<string> Names(string set) => ConformanceFolder.Names(set);

    private static OperatorCase Read(string set, string name)
    {
        string folder = Path.Combine(ConformanceFolder.Path!, set, name);
        return set == "onnx-node" ? OnnxCaseReader.Read(folder) : JsonCaseReader.Read(folder);
    }

    private bool Skips(string name)
    {
        if (name == None) log.WriteLine($"SKIPPED: {ConformanceFolder.ReasonToSkip}.");
        return name == None;
    }
}
