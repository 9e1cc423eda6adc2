using System.Numerics;

namespace HighPerfRnn.Models;

/// <summary>One running text: give it a character, get the logits of the next. Nothing is allocated after construction.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <param name="model">The model.</param>
public sealed class CharacterSession<T>(CharacterModel<T> model)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly CharacterModelPass<T> _pass = new(model, maxSteps: 1, batch: 1, isTrainable: false);

    /// <summary>The scores [V] of what follows the token; they hold until the next call.</summary>
    /// <exception cref="ArgumentException">The token is out of range.</exception>
    public ReadOnlySpan<T> Next(int token)
    {
        _pass.Forward(new ReadOnlySpan<int>(in token));
        _pass.CarryState();
        return _pass.Logits;
    }

    /// <summary>Starts anew from zeros.</summary>
    public void Reset() => _pass.ResetState();
}
