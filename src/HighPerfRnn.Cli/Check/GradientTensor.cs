namespace HighPerfRnn.Cli.Check;

/// <summary>A gradient that the library computed, with all that can prove or refute it.</summary>
internal sealed class GradientTensor
{
    /// <summary>Whose gradient: "rnn.weight_hh".</summary>
    public required string Parameter { get; init; }

    /// <summary>float or double.</summary>
    public required string Precision { get; init; }

    /// <summary>The library's gradient.</summary>
    public required double[] Gradient { get; init; }

    /// <summary>The reference formula's, computed in double from the same numbers.</summary>
    public required double[] Reference { get; init; }

    /// <summary>How far rounding alone may put each entry of the two apart.</summary>
    public required double[] RoundingBound { get; init; }

    /// <summary>L as a function of <see cref="Memory"/> as it is now, by the library's forward pass in double.</summary>
    public required Func<double> Loss { get; init; }

    /// <summary>Σ|terms| of L, for the roundoff of differences.</summary>
    public required double LossMagnitude { get; init; }

    /// <summary>The parameter's memory that <see cref="Loss"/> reads.</summary>
    public required ParameterMemory Memory { get; init; }
}

/// <summary>Gives the memory of a parameter.</summary>
internal delegate Span<double> ParameterMemory();
