using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Tests.Generation;

/// <content>Whole runs of the layer.</content>
internal static partial class Compare
{
    /// <summary>Every passed tensor of two runs, named as it was passed.</summary>
    public static void SameRun<T>(RnnRun<T> expected, RnnRun<T> actual, string what, [CallerMemberName] string caller = "")
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string prefix = $"{caller}, {what}: ";
        Bits(expected.Output, actual.Output, prefix + "output");
        Bits(expected.FinalState, actual.FinalState, prefix + "finalState");
        Bits(expected.InputGradient, actual.InputGradient, prefix + "dX");
        Bits(expected.InitialStateGradient, actual.InitialStateGradient, prefix + "dh0");
        foreach (string name in (string[])["weight_ih", "weight_hh", "bias"])
        {
            Bits<T>(expected.Gradients[name], actual.Gradients[name], prefix + "gradient of " + name);
        }
    }
}
