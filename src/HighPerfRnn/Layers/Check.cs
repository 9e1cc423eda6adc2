using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <summary>Checks at the public door: each names the argument, what was given and what was expected.</summary>
internal static class Check
{
    /// <summary>The length is the product of the sizes. No text is made unless it is not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Shape(int length, string name, string axes, int first, int second = 1, int third = 1)
    {
        // Sizes are not negative, so a product of two fits in a long, and one that no span can have stays too large.
        long product = (long)first * second;
        long expected = product > int.MaxValue && third > 0 ? product : product * third;
        if (length != expected) ThrowShape(length, expected, name, axes, first, second, third);
    }

    /// <summary>As <see cref="Shape"/>, where empty stands for absent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ShapeOrEmpty(int length, string name, string axes, int first, int second = 1, int third = 1)
    {
        if (length != 0) Shape(length, name, axes, first, second, third);
    }

    /// <summary>Nothing was given.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Empty(int length, string name, string reason)
    {
        if (length != 0) throw new ArgumentException($"{name} has length {length}; expected 0, {reason}.", name);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AtLeast(int length, int expected, string name)
    {
        if (length < expected) ThrowTooShort(length, expected, name);
    }

    /// <summary>Every token is an index below <paramref name="vocabulary"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tokens(ReadOnlySpan<int> tokens, int vocabulary, string name)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)vocabulary)
            {
                throw new ArgumentException($"{name}[{i}] is {tokens[i]}; expected 0 to {vocabulary - 1}.", name);
            }
        }
    }

    /// <summary>As <see cref="Tokens"/>, where a token may also be the one that is passed over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TokensOr(int passedOver, ReadOnlySpan<int> tokens, int vocabulary, string name)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)vocabulary && tokens[i] != passedOver)
            {
                throw new ArgumentException($"{name}[{i}] is {tokens[i]}; expected 0 to {vocabulary - 1} or {passedOver}.", name);
            }
        }
    }

    /// <summary>As <see cref="Tokens"/> for [T, B], but for those past their rows' ends; empty lengths are all T.</summary>
    public static void RaggedTokens(ReadOnlySpan<int> tokens, int batch, ReadOnlySpan<int> lengths, int vocabulary, string name)
    {
        if (lengths.IsEmpty)
        {
            Tokens(tokens, vocabulary, name);
            return;
        }

        for (int i = 0; i < tokens.Length; i++)
        {
            if (i / batch < lengths[i % batch] && (uint)tokens[i] >= (uint)vocabulary)
            {
                throw new ArgumentException($"{name}[{i}] is {tokens[i]}; expected 0 to {vocabulary - 1}.", name);
            }
        }
    }

    /// <summary>No token is a certain one.</summary>
    public static void NotAmong(int excluded, ReadOnlySpan<int> tokens, string name, string excludedName)
    {
        int at = tokens.IndexOf(excluded);
        if (at >= 0) throw new ArgumentException($"{name}[{at}] is {excluded}, {excludedName}.", name);
    }

    /// <summary>Every length is in 0 to the largest.</summary>
    public static void Lengths(ReadOnlySpan<int> lengths, int largest, string name)
    {
        for (int i = 0; i < lengths.Length; i++)
        {
            if ((uint)lengths[i] > (uint)largest)
            {
                throw new ArgumentException($"{name}[{i}] is {lengths[i]}; expected 0 to {largest}.", name);
            }
        }
    }

    /// <summary>The length is the sum of the lengths of rows.</summary>
    public static void TotalLength(int length, long expected, string name, string lengthsName)
    {
        if (length != expected) throw new ArgumentException($"{name} has length {length}; expected {expected}, the sum of {lengthsName}.", name);
    }

    /// <summary>Nothing, or as many as divide the length of what they are for.</summary>
    public static void Divides(int length, int count, string name, string countName)
    {
        if (length > 0 && count % length != 0)
        {
            throw new ArgumentException($"{name} has length {length}; expected a divisor of {count}, the length of {countName}.", name);
        }
    }

    /// <summary>Every weight is finite and not negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Weights<T>(ReadOnlySpan<T> weights, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < weights.Length; i++)
        {
            if (!(weights[i] >= T.Zero && T.IsFinite(weights[i])))
            {
                throw new ArgumentException($"{name}[{i}] is {weights[i]}; expected a finite number, not negative.", name);
            }
        }
    }

    /// <summary>Gradients have the layout of their parameters.</summary>
    public static void Layout<T>(ParameterSet<T> gradients, ParameterSet<T> parameters)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (gradients is null || !gradients.HasLayoutOf(parameters))
        {
            throw new ArgumentException(
                "The gradients have another layout than the parameters; make them with Parameters.CreateZeros().", nameof(gradients));
        }

        if (gradients == parameters) throw new ArgumentException("The gradients are the parameters themselves.", nameof(gradients));
    }

    /// <summary>Whether two spans, none of them empty, have an element in common. Beside a small step a call takes long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Overlap<T>(ReadOnlySpan<T> first, ReadOnlySpan<T> second)
        where T : unmanaged
    {
        nint offset = Unsafe.ByteOffset(ref MemoryMarshal.GetReference(first), ref MemoryMarshal.GetReference(second));
        nuint size = (nuint)Unsafe.SizeOf<T>();
        return (nuint)offset < (nuint)first.Length * size || (nuint)(-offset) < (nuint)second.Length * size;
    }

    public static void NoOverlap<T>(ReadOnlySpan<T> written, ReadOnlySpan<T> read, string writtenName, string readName)
    {
        if (written.Overlaps(read)) throw new ArgumentException($"{writtenName} overlaps {readName}.", writtenName);
    }

    /// <summary>As <see cref="NoOverlap"/>, where the names are those of the properties that are passed.</summary>
    public static void Apart<T>(
        ReadOnlySpan<T> written,
        ReadOnlySpan<T> other,
        [CallerArgumentExpression(nameof(written))] string writtenName = "",
        [CallerArgumentExpression(nameof(other))] string otherName = "")
    {
        if (!written.Overlaps(other)) return;
        string name = writtenName[(writtenName.LastIndexOf('.') + 1)..];
        throw new ArgumentException($"{name} overlaps {otherName[(otherName.LastIndexOf('.') + 1)..]}.", name);
    }

    /// <summary>Both are the same span, or they have nothing in common.</summary>
    public static void SameOrNoOverlap<T>(ReadOnlySpan<T> written, ReadOnlySpan<T> read, string writtenName, string readName)
    {
        if (written != read) NoOverlap(written, read, writtenName, readName);
    }

    /// <summary>As <see cref="NoOverlap"/>, where both may be the one argument of that name.</summary>
    public static void NoOtherOverlap<T>(ReadOnlySpan<T> written, ReadOnlySpan<T> other, string writtenName, string otherName)
    {
        if (writtenName != otherName) NoOverlap(written, other, writtenName, otherName);
    }

    /// <summary>Refuses the argument of that name.</summary>
    [DoesNotReturn]
    public static void Refuse(string message, string name) => throw new ArgumentException(message, name);

    [DoesNotReturn]
    private static void ThrowShape(int length, long expected, string name, string axes, int first, int second, int third)
    {
        int rank = axes.Count(c => c == ',') + 1;
        string sizes = rank == 1 ? $"{first}" : rank == 2 ? $"{first}, {second}" : $"{first}, {second}, {third}";
        string count = expected > int.MaxValue ? "more than a span can hold" : $"{expected}";
        throw new ArgumentException($"{name} has length {length}; expected {count}, {axes} = [{sizes}].", name);
    }

    [DoesNotReturn]
    private static void ThrowTooShort(int length, int expected, string name) =>
        throw new ArgumentException($"{name} has length {length}; expected at least {expected}.", name);
}
