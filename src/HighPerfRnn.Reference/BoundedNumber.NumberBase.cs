using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace HighPerfRnn.Reference;

/// <content>
/// What <see cref="INumberBase{TSelf}"/> asks for beside the operators. A definition uses 0, 1 and the conversion from double;
/// the questions are answered for the value, and text is refused, since a bound has none.
/// </content>
public readonly partial struct BoundedNumber<TProduct> : INumberBase<BoundedNumber<TProduct>>
{
    /// <inheritdoc/>
    public static BoundedNumber<TProduct> One => new(1);

    /// <inheritdoc/>
    public static BoundedNumber<TProduct> Zero => default;

    static int INumberBase<BoundedNumber<TProduct>>.Radix => 2;

    static BoundedNumber<TProduct> IAdditiveIdentity<BoundedNumber<TProduct>, BoundedNumber<TProduct>>.AdditiveIdentity => Zero;

    static BoundedNumber<TProduct> IMultiplicativeIdentity<BoundedNumber<TProduct>, BoundedNumber<TProduct>>.MultiplicativeIdentity =>
        One;

    /// <inheritdoc/>
    public static BoundedNumber<TProduct> operator +(BoundedNumber<TProduct> value) => value;

    /// <inheritdoc/>
    public static BoundedNumber<TProduct> operator ++(BoundedNumber<TProduct> value) => value + One;

    /// <inheritdoc/>
    public static BoundedNumber<TProduct> operator --(BoundedNumber<TProduct> value) => value - One;

    /// <summary>Whether value and bound are equal.</summary>
    public static bool operator ==(BoundedNumber<TProduct> left, BoundedNumber<TProduct> right) => left.Equals(right);

    /// <summary>Whether value or bound differ.</summary>
    public static bool operator !=(BoundedNumber<TProduct> left, BoundedNumber<TProduct> right) => !left.Equals(right);

    /// <inheritdoc/>
    public static BoundedNumber<TProduct> Abs(BoundedNumber<TProduct> value) => double.IsNegative(value.Value) ? -value : value;

    /// <inheritdoc/>
    public static bool IsFinite(BoundedNumber<TProduct> value) => double.IsFinite(value.Value);

    /// <inheritdoc/>
    public static bool IsInfinity(BoundedNumber<TProduct> value) => double.IsInfinity(value.Value);

    /// <inheritdoc/>
    public static bool IsNaN(BoundedNumber<TProduct> value) => double.IsNaN(value.Value);

    /// <inheritdoc/>
    public static bool IsNegative(BoundedNumber<TProduct> value) => double.IsNegative(value.Value);

    /// <inheritdoc/>
    public static bool IsPositive(BoundedNumber<TProduct> value) => double.IsPositive(value.Value);

    /// <inheritdoc/>
    public static bool IsZero(BoundedNumber<TProduct> value) => value.Value == 0;

    /// <inheritdoc/>
    public bool Equals(BoundedNumber<TProduct> other) => Value == other.Value && Error == other.Error;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is BoundedNumber<TProduct> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Value, Error);

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        string text = ToString();
        bool fits = text.TryCopyTo(destination);
        charsWritten = fits ? text.Length : 0;
        return fits;
    }

    static bool INumberBase<BoundedNumber<TProduct>>.IsCanonical(BoundedNumber<TProduct> value) => true;

    static bool INumberBase<BoundedNumber<TProduct>>.IsComplexNumber(BoundedNumber<TProduct> value) => false;

    static bool INumberBase<BoundedNumber<TProduct>>.IsEvenInteger(BoundedNumber<TProduct> value) => double.IsEvenInteger(value.Value);

    static bool INumberBase<BoundedNumber<TProduct>>.IsImaginaryNumber(BoundedNumber<TProduct> value) => false;

    static bool INumberBase<BoundedNumber<TProduct>>.IsInteger(BoundedNumber<TProduct> value) => double.IsInteger(value.Value);

    static bool INumberBase<BoundedNumber<TProduct>>.IsNegativeInfinity(BoundedNumber<TProduct> value) =>
        double.IsNegativeInfinity(value.Value);

    static bool INumberBase<BoundedNumber<TProduct>>.IsNormal(BoundedNumber<TProduct> value) => double.IsNormal(value.Value);

    static bool INumberBase<BoundedNumber<TProduct>>.IsOddInteger(BoundedNumber<TProduct> value) => double.IsOddInteger(value.Value);

    static bool INumberBase<BoundedNumber<TProduct>>.IsPositiveInfinity(BoundedNumber<TProduct> value) =>
        double.IsPositiveInfinity(value.Value);

    static bool INumberBase<BoundedNumber<TProduct>>.IsRealNumber(BoundedNumber<TProduct> value) => !double.IsNaN(value.Value);

    static bool INumberBase<BoundedNumber<TProduct>>.IsSubnormal(BoundedNumber<TProduct> value) => double.IsSubnormal(value.Value);

    static BoundedNumber<TProduct> INumberBase<BoundedNumber<TProduct>>.MaxMagnitude(
        BoundedNumber<TProduct> x, BoundedNumber<TProduct> y) => throw Comparison();

    static BoundedNumber<TProduct> INumberBase<BoundedNumber<TProduct>>.MaxMagnitudeNumber(
        BoundedNumber<TProduct> x, BoundedNumber<TProduct> y) => throw Comparison();

    static BoundedNumber<TProduct> INumberBase<BoundedNumber<TProduct>>.MinMagnitude(
        BoundedNumber<TProduct> x, BoundedNumber<TProduct> y) => throw Comparison();

    static BoundedNumber<TProduct> INumberBase<BoundedNumber<TProduct>>.MinMagnitudeNumber(
        BoundedNumber<TProduct> x, BoundedNumber<TProduct> y) => throw Comparison();

    static BoundedNumber<TProduct> INumberBase<BoundedNumber<TProduct>>.Parse(
        string s, NumberStyles style, IFormatProvider? provider) => throw Text();

    static BoundedNumber<TProduct> INumberBase<BoundedNumber<TProduct>>.Parse(
        ReadOnlySpan<char> s, NumberStyles style, IFormatProvider? provider) => throw Text();

    static BoundedNumber<TProduct> IParsable<BoundedNumber<TProduct>>.Parse(string s, IFormatProvider? provider) => throw Text();

    static BoundedNumber<TProduct> ISpanParsable<BoundedNumber<TProduct>>.Parse(
        ReadOnlySpan<char> s, IFormatProvider? provider) => throw Text();

    static bool INumberBase<BoundedNumber<TProduct>>.TryParse(
        [NotNullWhen(true)] string? s, NumberStyles style, IFormatProvider? provider, out BoundedNumber<TProduct> result) =>
        throw Text();

    static bool INumberBase<BoundedNumber<TProduct>>.TryParse(
        ReadOnlySpan<char> s, NumberStyles style, IFormatProvider? provider, out BoundedNumber<TProduct> result) => throw Text();

    static bool IParsable<BoundedNumber<TProduct>>.TryParse(
        [NotNullWhen(true)] string? s, IFormatProvider? provider, out BoundedNumber<TProduct> result) => throw Text();

    static bool ISpanParsable<BoundedNumber<TProduct>>.TryParse(
        ReadOnlySpan<char> s, IFormatProvider? provider, out BoundedNumber<TProduct> result) => throw Text();

    static bool INumberBase<BoundedNumber<TProduct>>.TryConvertFromChecked<TOther>(
        TOther value, out BoundedNumber<TProduct> result) => TryFrom(value, out result);

    static bool INumberBase<BoundedNumber<TProduct>>.TryConvertFromSaturating<TOther>(
        TOther value, out BoundedNumber<TProduct> result) => TryFrom(value, out result);

    static bool INumberBase<BoundedNumber<TProduct>>.TryConvertFromTruncating<TOther>(
        TOther value, out BoundedNumber<TProduct> result) => TryFrom(value, out result);

    static bool INumberBase<BoundedNumber<TProduct>>.TryConvertToChecked<TOther>(
        BoundedNumber<TProduct> value, [MaybeNullWhen(false)] out TOther result) => TryTo(value, out result);

    static bool INumberBase<BoundedNumber<TProduct>>.TryConvertToSaturating<TOther>(
        BoundedNumber<TProduct> value, [MaybeNullWhen(false)] out TOther result) => TryTo(value, out result);

    static bool INumberBase<BoundedNumber<TProduct>>.TryConvertToTruncating<TOther>(
        BoundedNumber<TProduct> value, [MaybeNullWhen(false)] out TOther result) => TryTo(value, out result);

    /// <summary>From double, and from float, which it holds: the numbers of both sides alike.</summary>
    private static bool TryFrom<TOther>(TOther value, out BoundedNumber<TProduct> result)
    {
        (bool known, result) = value switch
        {
            double number => (true, new BoundedNumber<TProduct>(number)),
            float number => (true, new BoundedNumber<TProduct>(number)),
            _ => (false, default),
        };
        return known;
    }

    /// <summary>To no type: whoever wants the value without its bound says so.</summary>
    private static bool TryTo<TOther>(BoundedNumber<TProduct> value, [MaybeNullWhen(false)] out TOther result)
    {
        result = default;
        return false;
    }

    private static NotSupportedException Comparison() =>
        new("A number with a bound is not compared; the product's may compare the other way.");

    private static NotSupportedException Text() => new("A number with a bound is not read from text.");
}
