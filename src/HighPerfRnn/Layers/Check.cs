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

    /// <summary>None, or one for each row, none longer than the sequence.</summary>
    public static void Lengths(ReadOnlySpan<int> lengths, int batch, int steps, string name)
    {
        ShapeOrEmpty(lengths.Length, name, "[B]", batch);
        for (int row = 0; row < lengths.Length; row++)
        {
            if ((uint)lengths[row] > (uint)steps)
            {
                throw new ArgumentException($"{name}[{row}] is {lengths[row]}; expected 0 to {steps}.", name);
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
