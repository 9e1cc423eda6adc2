using System.Numerics;
using System.Runtime.CompilerServices;

namespace HighPerfRnn.Memory;

/// <summary>One named matrix or vector of a <see cref="ParameterSet{T}"/>, row-major.</summary>
/// <param name="Name">Its name, unique in the set.</param>
/// <param name="Rows">Rows; 1 for a vector.</param>
/// <param name="Columns">Columns; the length of a vector.</param>
/// <param name="IsVector">Whether files give it one dimension.</param>
/// <param name="Offset">Where it starts in <see cref="ParameterSet{T}.Values"/>.</param>
public readonly record struct Parameter(string Name, int Rows, int Columns, bool IsVector, int Offset)
{
    /// <summary>Rows · columns.</summary>
    public int Length => Rows * Columns;
}

/// <summary>
/// The parameters of a layer, or their gradients, by name, in one block: an optimizer walks <see cref="Values"/> from end
/// to end, a reader asks by name. Each starts on a cache line; the gaps between are zeros and stay so.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ParameterSet<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedBlock<T> _block;
    private readonly Parameter[] _parameters;

    /// <summary>Parameters of the given names and sizes, all zeros.</summary>
    /// <param name="parameters">Name, rows and columns; 0 rows stand for a vector.</param>
    /// <exception cref="ArgumentException">A name comes twice or a size is negative.</exception>
    public ParameterSet(params ReadOnlySpan<(string Name, int Rows, int Columns)> parameters)
    {
        _parameters = new Parameter[parameters.Length];
        int alignment = AlignedBlock<T>.AlignmentBytes / Unsafe.SizeOf<T>();
        int offset = 0;
        for (int i = 0; i < parameters.Length; i++)
        {
            (string name, int rows, int columns) = parameters[i];
            ArgumentOutOfRangeException.ThrowIfNegative(rows);
            ArgumentOutOfRangeException.ThrowIfNegative(columns);
            for (int j = 0; j < i; j++)
            {
                if (_parameters[j].Name == name) throw new ArgumentException($"Parameter '{name}' comes twice.", nameof(parameters));
            }

            _parameters[i] = new Parameter(name, Math.Max(1, rows), columns, rows == 0, offset);
            int length = checked(Math.Max(1, rows) * columns);
            offset = checked(offset + length + alignment - 1) / alignment * alignment;
        }

        _block = new AlignedBlock<T>(offset);
    }

    private ParameterSet(Parameter[] parameters, int length)
    {
        _parameters = parameters;
        _block = new AlignedBlock<T>(length);
    }

    /// <summary>Names and sizes, in order.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>All values, with the zeros between parameters.</summary>
    public Span<T> Values => _block.Span;

    /// <summary>How many numbers the parameters have, the gaps left out.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            foreach (Parameter parameter in _parameters) count += parameter.Length;
            return count;
        }
    }

    /// <summary>The values of one parameter, row-major.</summary>
    /// <exception cref="KeyNotFoundException">The set has no such name.</exception>
    public Span<T> this[string name]
    {
        get
        {
            foreach (ref readonly Parameter parameter in _parameters.AsSpan())
            {
                if (parameter.Name == name) return Span(parameter);
            }

            throw new KeyNotFoundException($"No parameter '{name}'; there are {string.Join(", ", _parameters.Select(p => p.Name))}.");
        }
    }

    /// <summary>The values of one parameter of this set or of one with the same layout.</summary>
    public Span<T> Span(in Parameter parameter) => _block.Span.Slice(parameter.Offset, parameter.Length);

    /// <summary>Zeros of the same names and layout: room for gradients, or for an optimizer's moments.</summary>
    public ParameterSet<T> CreateZeros() => new(_parameters, _block.Length);

    /// <summary>Whether both sets have the same names, sizes and layout.</summary>
    public bool HasLayoutOf(ParameterSet<T> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (_parameters == other._parameters) return true;
        if (_parameters.Length != other._parameters.Length) return false;
        for (int i = 0; i < _parameters.Length; i++)
        {
            // Field by field: the default comparer of a struct is made on its first use, and that allocates.
            ref readonly Parameter a = ref _parameters[i];
            ref readonly Parameter b = ref other._parameters[i];
            if (a.Name != b.Name || a.Rows != b.Rows || a.Columns != b.Columns || a.IsVector != b.IsVector) return false;
        }

        return true;
    }
}
