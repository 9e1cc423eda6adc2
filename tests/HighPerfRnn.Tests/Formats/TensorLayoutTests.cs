using FsCheck.Xunit;
using HighPerfRnn.Formats;
using Xunit;

namespace HighPerfRnn.Tests.Formats;

public sealed class TensorLayoutTests
{
    [Property(MaxTest = 200)]
    public void EveryElementGoesToItsMirrorPlace(byte rows, byte columns)
    {
        int[] source = [.. Enumerable.Range(0, rows * columns)];
        int[] destination = new int[source.Length];

        TensorLayout.CopyTransposed(source, rows, columns, destination);

        int[] expected = [.. Enumerable.Range(0, columns)
            .SelectMany(column => Enumerable.Range(0, rows).Select(row => source[(row * columns) + column]))];
        Assert.True(expected.AsSpan().SequenceEqual(destination), $"{rows} rows, {columns} columns");
    }

    [Fact]
    public void TwiceIsAsBefore()
    {
        double[] source = [1, 2, 3, 4, 5, 6];
        double[] once = new double[6];
        double[] twice = new double[6];

        TensorLayout.CopyTransposed<double>(source, 2, 3, once);
        TensorLayout.CopyTransposed<double>(once, 3, 2, twice);

        Assert.Equal([1, 4, 2, 5, 3, 6], once);
        Assert.Equal(source, twice);
    }

    [Fact]
    public void EmptyMatricesOfAnySizeEndAtOnce()
    {
        TensorLayout.CopyTransposed<float>([], int.MaxValue, 0, []);
        TensorLayout.CopyTransposed<float>([], 0, int.MaxValue, []);
    }

    [Fact]
    public void WrongLengthsAreNamedBeforeAnythingIsWritten()
    {
        float[] destination = [9, 9, 9, 9, 9, 9];

        ArgumentException source = Assert.Throws<ArgumentException>(
            () => TensorLayout.CopyTransposed<float>(new float[5], 2, 3, destination));
        ArgumentException target = Assert.Throws<ArgumentException>(
            () => TensorLayout.CopyTransposed<float>(new float[4], 2, 2, destination));
        ArgumentException wrapped = Assert.Throws<ArgumentException>(
            () => TensorLayout.CopyTransposed<float>([], 1 << 16, 1 << 16, []));
        ArgumentException overlap = Assert.Throws<ArgumentException>(
            () => TensorLayout.CopyTransposed<float>(destination, 2, 3, destination));

        Assert.StartsWith(
            "source holds 5 elements, expected rows * columns = 2 * 3 = 6.", source.Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "destination holds 6 elements, expected rows * columns = 2 * 2 = 4.", target.Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "source holds 0 elements, expected rows * columns = 65536 * 65536 = 4294967296.",
            wrapped.Message,
            StringComparison.Ordinal);
        Assert.StartsWith("destination overlaps source", overlap.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorLayout.CopyTransposed<float>([], -1, 0, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorLayout.CopyTransposed<float>([], 0, -1, []));
        Assert.Equal([9, 9, 9, 9, 9, 9], destination);
    }
}
