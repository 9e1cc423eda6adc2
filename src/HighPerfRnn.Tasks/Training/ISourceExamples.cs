namespace HighPerfRnn.Tasks.Training;

/// <summary>Sequences that a network reads.</summary>
public interface ISourceExamples
{
    /// <summary>How many there are.</summary>
    int Count { get; }

    /// <summary>The steps of a sequence, one at least.</summary>
    int SourceSteps(int example);

    /// <summary>Puts a sequence into a row of a batch, past whose end nothing is read.</summary>
    /// <param name="example">Which.</param>
    /// <param name="draw">What changes of the sequence that training may draw follow from; null for the sequence as it is.</param>
    /// <param name="row">The row.</param>
    /// <param name="batch">B.</param>
    /// <param name="tokens">[S, B] for sequences of tokens, else empty.</param>
    /// <param name="numbers">[S, B, I] for sequences of numbers, else empty.</param>
    void CopySource(int example, ulong? draw, int row, int batch, Span<int> tokens, Span<float> numbers);
}
