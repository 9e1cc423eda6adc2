using HighPerfRnn.Reference;

namespace HighPerfRnn.PeerTests.Torch;

// What is assumed of libtorch's arithmetic: round to nearest, sums in any order, (1 - z)·n + z·h as a sum or a difference, and so
// for d - z·d, its gradient. TorchActivationTests holds tanh and sigmoid to the ulps and the error said here. tanh' is 1 - y² with
// y² rounded first: u of an error, whatever it is itself, and as much again for the difference.

/// <summary>libtorch in double: its vector functions, and the C library's, to a few ulp.</summary>
internal readonly struct TorchDouble : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } =
        ReferenceArithmetic.DoublePrecision(4) with { SlopeError = Math.ScaleB(1, -52) };
}

/// <summary>libtorch in float, whose LSTM may be oneDNN's: functions accurate in absolute terms.</summary>
internal readonly struct TorchFloat : IReferenceProduct
{
    public static ReferenceArithmetic Arithmetic { get; } =
        ReferenceArithmetic.SinglePrecision(4) with { ActivationError = Math.ScaleB(1, -23), SlopeError = Math.ScaleB(1, -23) };
}
