using System.Runtime.CompilerServices;

namespace HighPerfRnn.Training;

/// <summary>
/// Cuts a text into B streams of equal length that run side by side, and those into windows of T steps: each stream's next
/// window goes on where its last one ended, so that the state can be carried.
/// </summary>
/// <param name="tokens">The text.</param>
/// <param name="steps">T.</param>
/// <param name="batch">B.</param>
internal readonly struct CharacterWindows(ReadOnlyMemory<int> tokens, int steps, int batch)
{
    private readonly int _streamLength = tokens.Length / batch;

    /// <summary>How many windows there are before the text starts anew; each needs one character beyond it as a target.</summary>
    public int Count => (_streamLength - 1) / steps;

    /// <summary>Writes a window's characters and those that follow each of them, [T, B].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void CopyTo(int window, Span<int> inputs, Span<int> targets)
    {
        ReadOnlySpan<int> text = tokens.Span;
        for (int t = 0; t < steps; t++)
        {
            for (int row = 0; row < batch; row++)
            {
                int position = (row * _streamLength) + (window * steps) + t;
                inputs[(t * batch) + row] = text[position];
                targets[(t * batch) + row] = text[position + 1];
            }
        }
    }
}
