namespace HighPerfRnn.Cli.LanguageModel;

/// <summary>What train lm --json prints.</summary>
/// <param name="Cell">Of the recurrent layers.</param>
/// <param name="Iterations">Done, with those before --resume.</param>
/// <param name="Tokens">Characters trained on in this run.</param>
/// <param name="Seconds">In iterations of this run: without validation, saving and display.</param>
/// <param name="TokensPerSecond">Their quotient.</param>
/// <param name="TrainLoss">Nats a character, the mean of the last 20 iterations.</param>
/// <param name="ValidationLoss">Nats a character at the end; null without a validation part.</param>
/// <param name="Parameters">Numbers in the model.</param>
/// <param name="AllocatedBytesPerIteration">On the training thread, after the first iteration.</param>
/// <param name="VectorBits">The width of the vectors used; 0 without vector instructions.</param>
/// <param name="Threads">Workers.</param>
/// <param name="Model">The file.</param>
internal sealed record LmTrainingReport(
    string Cell,
    long Iterations,
    long Tokens,
    double Seconds,
    double TokensPerSecond,
    double TrainLoss,
    double ValidationLoss,
    long Parameters,
    double AllocatedBytesPerIteration,
    int VectorBits,
    int Threads,
    string Model);

/// <summary>What eval lm --json prints.</summary>
/// <param name="Characters">Of the text.</param>
/// <param name="Unknown">Those among them that the model does not know; they are left out.</param>
/// <param name="Nats">Mean of -ln p(next character).</param>
/// <param name="Bits">The same to base 2.</param>
/// <param name="Perplexity">e to the nats.</param>
internal sealed record LmEvaluationReport(long Characters, long Unknown, double Nats, double Bits, double Perplexity);

/// <summary>What generate --json prints.</summary>
/// <param name="Prompt">What was asked to be continued.</param>
/// <param name="Text">What follows it.</param>
/// <param name="Characters">Of the text.</param>
/// <param name="Unknown">Characters of the prompt that the model does not know; they are left out.</param>
/// <param name="Seconds">For the text.</param>
internal sealed record GenerationReport(string Prompt, string Text, int Characters, long Unknown, double Seconds);
