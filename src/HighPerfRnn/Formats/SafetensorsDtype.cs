namespace HighPerfRnn.Formats;

/// <summary>
/// The element types of a safetensors file, from the narrowest to the widest: the order in which the format's own writer
/// sorts tensors, widest first, so that each starts at a multiple of its element's size.
/// </summary>
/// <remarks>The format's types of less than a byte (F4, F6) are not supported.</remarks>
public enum SafetensorsDtype
{
    /// <summary>Truth value in a byte, 0 or 1 (BOOL).</summary>
    Bool,

    /// <summary>Unsigned integer of 8 bits (U8).</summary>
    U8,

    /// <summary>Signed integer of 8 bits (I8).</summary>
    I8,

    /// <summary>Floating point of 8 bits, 5 of exponent, 2 of mantissa (F8_E5M2); as bytes only.</summary>
    F8E5M2,

    /// <summary>Floating point of 8 bits, 4 of exponent, 3 of mantissa (F8_E4M3); as bytes only.</summary>
    F8E4M3,

    /// <summary>Scale of 8 bits, all exponent (F8_E8M0); as bytes only.</summary>
    F8E8M0,

    /// <summary>Signed integer of 16 bits (I16).</summary>
    I16,

    /// <summary>Unsigned integer of 16 bits (U16).</summary>
    U16,

    /// <summary>IEEE 754 binary16 (F16).</summary>
    F16,

    /// <summary>The upper 16 bits of an IEEE 754 binary32 (BF16).</summary>
    BF16,

    /// <summary>Signed integer of 32 bits (I32).</summary>
    I32,

    /// <summary>Unsigned integer of 32 bits (U32).</summary>
    U32,

    /// <summary>IEEE 754 binary32 (F32).</summary>
    F32,

    /// <summary>Complex number of two binary32 (C64); as bytes only.</summary>
    C64,

    /// <summary>IEEE 754 binary64 (F64).</summary>
    F64,

    /// <summary>Signed integer of 64 bits (I64).</summary>
    I64,

    /// <summary>Unsigned integer of 64 bits (U64).</summary>
    U64,
}

/// <summary>Names, sizes and .NET types of <see cref="SafetensorsDtype"/>.</summary>
internal static class SafetensorsDtypes
{
    private static readonly string[] Names =
    [
        "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64",
        "I64", "U64",
    ];

    public static string AllNames { get; } = string.Join(", ", Names);

    public static string NameOf(SafetensorsDtype dtype) => Names[(int)dtype];

    public static bool TryParse(string name, out SafetensorsDtype dtype)
    {
        dtype = (SafetensorsDtype)Array.IndexOf(Names, name);
        return dtype >= 0;
    }

    public static int SizeOf(SafetensorsDtype dtype) => dtype switch
    {
        <= SafetensorsDtype.F8E8M0 => 1,
        <= SafetensorsDtype.BF16 => 2,
        <= SafetensorsDtype.F32 => 4,
        _ => 8,
    };

    /// <summary>The dtype whose elements are exactly T's.</summary>
    /// <exception cref="NotSupportedException">The format has no such type.</exception>
    public static SafetensorsDtype Of<T>()
    {
        if (typeof(T) == typeof(float)) return SafetensorsDtype.F32;
        if (typeof(T) == typeof(double)) return SafetensorsDtype.F64;
        if (typeof(T) == typeof(int)) return SafetensorsDtype.I32;
        if (typeof(T) == typeof(long)) return SafetensorsDtype.I64;
        if (typeof(T) == typeof(byte)) return SafetensorsDtype.U8;
        if (typeof(T) == typeof(bool)) return SafetensorsDtype.Bool;
        if (typeof(T) == typeof(Half)) return SafetensorsDtype.F16;
        if (typeof(T) == typeof(sbyte)) return SafetensorsDtype.I8;
        if (typeof(T) == typeof(short)) return SafetensorsDtype.I16;
        if (typeof(T) == typeof(ushort)) return SafetensorsDtype.U16;
        if (typeof(T) == typeof(uint)) return SafetensorsDtype.U32;
        if (typeof(T) == typeof(ulong)) return SafetensorsDtype.U64;
        throw new NotSupportedException(
            $"Found element type {typeof(T).Name}, expected bool, Half, float, double or an integer of 8 to 64 bits.");
    }
}
