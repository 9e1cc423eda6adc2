namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Sources and targets that an encoder-decoder learns from or is measured on.</summary>
public interface IDecoderExamples
{
    /// <summary>How many there are.</summary>
    int Count { get; }

    /// <summary>The steps of a source.</summary>
    int SourceSteps(int example);

    /// <summary>A target's tokens, without marks.</summary>
    ReadOnlySpan<int> Target(int example);

    /// <summary>Puts a source into a row of a batch, past whose end nothing is read.</summary>
    /// <param name="example">Which.</param>
    /// <param name="draw">What changes of the source that training may draw follow from; null for the source as it is.</param>
    /// <param name="row">The row.</param>
    /// <param name="batch">B.</param>
    /// <param name="tokens">[S, B] for sources of tokens, else empty.</param>
    /// <param name="numbers">[S, B, I] for sources of numbers, else empty.</param>
    void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers);
}
