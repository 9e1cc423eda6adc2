using HighPerfRnn.Reference;

namespace HighPerfRnn.Tests.Conformance;

/// <summary>The activations attribute of ONNX's recurrent operators, as ONNX Runtime reads it.</summary>
internal static class OnnxActivations
{
    /// <summary>
    /// The functions in order, all of the first direction first. Alpha and beta are taken in order, only by functions that use
    /// them, across directions. LSTM and GRU take names in any case, RNN only the exact ones.
    /// </summary>
    /// <exception cref="ArgumentException">A name is none of ONNX's, or there are not enough of them.</exception>
    public static ReferenceActivation[] Read(OperatorCase call, int directions)
    {
        string[] usual = call.Operator switch
        {
            "RNN" => ["Tanh"],
            "GRU" => ["Sigmoid", "Tanh"],
            _ => ["Sigmoid", "Tanh", "Tanh"],
        };
        string[] names = call.Texts("activations");
        if (names.Length == 0) names = [.. Enumerable.Repeat(usual, directions).SelectMany(functions => functions)];
        if (names.Length != usual.Length * directions) throw new ArgumentException($"{names.Length} activations are given.");
        var alphas = new Queue<double>(call.Numbers("activation_alpha"));
        var betas = new Queue<double>(call.Numbers("activation_beta"));
        return Array.ConvertAll(names, name => Find(name, ignoreCase: call.Operator != "RNN", alphas, betas));
    }

    private static ReferenceActivation Find(string name, bool ignoreCase, Queue<double> alphas, Queue<double> betas)
    {
        // Our names are ONNX's, but for the identity, which it lacks.
        StringComparison comparison = ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        string[] names = [.. Enum.GetNames<ReferenceActivationKind>().Where(known => known.Equals(name, comparison))];
        ReferenceActivationKind kind = names is [var own] && own != nameof(ReferenceActivationKind.Identity)
            ? Enum.Parse<ReferenceActivationKind>(own)
            : throw new ArgumentException($"'{name}' is none of ONNX's activations.");

        // What is not given: ONNX's defaults. It has none for Affine and ScaledTanh, for which ONNX Runtime takes zeros.
        return kind switch
        {
            ReferenceActivationKind.LeakyRelu => ReferenceActivation.LeakyRelu(Next(alphas, (float)0.01)),
            ReferenceActivationKind.ThresholdedRelu => ReferenceActivation.ThresholdedRelu(Next(alphas, 1)),
            ReferenceActivationKind.Elu => ReferenceActivation.Elu(Next(alphas, 1)),
            ReferenceActivationKind.HardSigmoid => ReferenceActivation.HardSigmoid(Next(alphas, (float)0.2), Next(betas, 0.5)),
            ReferenceActivationKind.Affine => ReferenceActivation.Affine(Next(alphas, null), Next(betas, null)),
            ReferenceActivationKind.ScaledTanh => ReferenceActivation.ScaledTanh(Next(alphas, null), Next(betas, null)),
            _ => new ReferenceActivation(kind),
        };

        double Next(Queue<double> given, double? otherwise) => given.TryDequeue(out double value) ? value
            : otherwise ?? throw new ArgumentException($"'{name}' wants its alpha and beta.");
    }
}
