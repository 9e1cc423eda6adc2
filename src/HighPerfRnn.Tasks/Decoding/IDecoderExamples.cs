using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Sources and targets that an encoder-decoder learns from or is measured on.</summary>
public interface IDecoderExamples : ISourceExamples
{
    /// <summary>A target's tokens, without marks.</summary>
    ReadOnlySpan<int> Target(int example);
}
