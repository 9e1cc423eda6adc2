using System.Numerics;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Training;

/// <summary>How well a character model predicts a text.</summary>
public static class CharacterEvaluation
{
    private const int Window = 256;

    /// <summary>
    /// The mean of -log p(next character), in nats, over the text as one stream from a zero state; the first character is not
    /// predicted.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens">The text, two characters at least.</param>
    /// <param name="workers">Threads to use; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">The text is too short, or a token out of range.</exception>
    public static double MeanLoss<T>(CharacterModel<T> model, ReadOnlySpan<int> tokens, WorkerGroup? workers = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(model);
        int predicted = tokens.Length - 1;
        if (predicted < 1) throw new ArgumentException($"The text has {tokens.Length} characters; expected at least 2.", nameof(tokens));
        Check.Tokens(tokens, model.Alphabet.Count, nameof(tokens));
        var pass = new CharacterModelPass<T>(model, Math.Min(Window, predicted), batch: 1, isTrainable: false);
        var losses = new T[Window];
        double sum = 0;
        for (int start = 0; start < predicted; start += Window)
        {
            int count = Math.Min(Window, predicted - start);
            pass.Forward(tokens.Slice(start, count), workers);
            ReadOnlySpan<int> targets = tokens.Slice(start + 1, count);
            sum += SoftmaxCrossEntropy<T>.Forward(pass.Logits, targets, model.Alphabet.Count, losses.AsSpan(0, count), 1, workers);
            pass.CarryState();
        }

        return sum / predicted;
    }
}
