using System.Numerics;
using System.Runtime.InteropServices;
using HighPerfRnn.Formats;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Models;

/// <summary>
/// Where a parameter stands in a file: under PyTorch's name and in its shape. Weights that act on rows stand transposed,
/// [outputs, inputs].
/// </summary>
/// <param name="Set">The index of the parameter's set in the model.</param>
/// <param name="Name">The parameter's name in its set.</param>
/// <param name="Rows">Its rows in memory; 0 for a vector.</param>
/// <param name="Columns">Its columns in memory.</param>
/// <param name="FileName">Its name in the file.</param>
/// <param name="IsTransposed">Whether the file has it transposed.</param>
/// <param name="Before">How many numbers stand before those of a vector in the file; they are written as zeros.</param>
internal readonly record struct ParameterPlace(
    int Set, string Name, int Rows, int Columns, string FileName, bool IsTransposed, int Before = 0)
{
    public long[] FileShape => Rows == 0 ? [Before + (long)Columns] : IsTransposed ? [Columns, Rows] : [Rows, Columns];
}

/// <summary>Parameter sets in and out of files.</summary>
internal static class ParameterTensors
{
    /// <summary>One tensor a parameter, named prefix + its name in the file. The data is read when the file is written.</summary>
    public static void Add<T>(
        List<SafetensorsTensor> tensors, string prefix, IEnumerable<ParameterPlace> places, IReadOnlyList<ParameterSet<T>> sets)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (ParameterPlace place in places)
        {
            tensors.Add(SafetensorsTensor.CreateDeferred<T>(
                prefix + place.FileName,
                target =>
                {
                    Span<T> values = sets[place.Set][place.Name];
                    target[..place.Before].Clear();
                    if (place.IsTransposed) TensorLayout.CopyTransposed<T>(values, place.Rows, place.Columns, target);
                    else values.CopyTo(target[place.Before..]);
                },
                place.FileShape));
        }
    }

    /// <summary>Reads what <see cref="Add"/> wrote.</summary>
    /// <exception cref="ModelFormatException">A tensor is missing or has another shape or type.</exception>
    public static void Read<T>(
        SafetensorsFile file, string prefix, IEnumerable<ParameterPlace> places, IReadOnlyList<ParameterSet<T>> sets)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (ParameterPlace place in places)
        {
            string name = prefix + place.FileName;
            file.Find(name, place.FileShape);
            Span<T> values = sets[place.Set][place.Name];
            if (!place.IsTransposed && place.Before == 0)
            {
                file.CopyTo(name, values);
                continue;
            }

            T[] stored = new T[place.Before + values.Length];
            file.CopyTo<T>(name, stored);
            if (place.IsTransposed) TensorLayout.CopyTransposed<T>(stored, place.Columns, place.Rows, values);
            else stored.AsSpan(place.Before).CopyTo(values);
        }
    }
}
