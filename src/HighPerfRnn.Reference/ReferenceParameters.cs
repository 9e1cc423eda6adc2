using System.Numerics;

namespace HighPerfRnn.Reference;

/// <summary>A parameter's name and its shape, row-major; a vector has one row.</summary>
/// <param name="Name">The name, as the library and PyTorch have it where they have one.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns; gates stand side by side, all units of the first gate first.</param>
public readonly record struct ReferenceParameterShape(string Name, int Rows, int Columns);

/// <summary>The parameters of a cell by name, or their gradients.</summary>
/// <typeparam name="T">The type computed in.</typeparam>
public sealed class ReferenceParameters<T>
    where T : struct, INumberBase<T>
{
    private readonly ReferenceParameterShape[] _shapes;
    private readonly T[][] _values;

    internal ReferenceParameters(ReadOnlySpan<ReferenceParameterShape> shapes)
    {
        _shapes = shapes.ToArray();
        _values = Array.ConvertAll(_shapes, shape => new T[checked(shape.Rows * shape.Columns)]);
    }

    /// <summary>Names and shapes, in the order in which the cell states them.</summary>
    public IReadOnlyList<ReferenceParameterShape> Shapes => _shapes;

    /// <summary>The numbers of one parameter.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentException">There is no such parameter.</exception>
    public T[] this[string name]
    {
        get
        {
            int index = Array.FindIndex(_shapes, shape => shape.Name == name);
            return index >= 0 ? _values[index] : throw new ArgumentException(
                $"There is no parameter '{name}' here, but {string.Join(", ", _shapes.Select(shape => shape.Name))}.", nameof(name));
        }
    }

    /// <summary>Zeros of the same shapes.</summary>
    public ReferenceParameters<T> Zeros() => new(_shapes);
}
