using System.Numerics;
using System.Runtime.CompilerServices;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Layers;

/// <summary>How the workspace of a recurrent layer is cut.</summary>
internal static class RnnWorkspace
{
    /// <summary>A group's pre-activations stay in the second-level cache beside the weights: half of the 512 KB that small cores have.</summary>
    private const int GroupBytes = 256 * 1024;

    /// <summary>Rows of H numbers that each start on a cache line.</summary>
    public static int Stride<T>(int hiddenSize)
    {
        int line = AlignedBlock<byte>.AlignmentBytes / Unsafe.SizeOf<T>();
        return checked(hiddenSize + line - 1) / line * line;
    }

    /// <summary>For how many steps the input part is summed at once. It decides no bit.</summary>
    public static int StepsInGroup<T>(in RnnShape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long bytesOfStep = (long)shape.Batch * Stride<T>(shape.HiddenSize) * Unsafe.SizeOf<T>();
        return (int)Math.Clamp(GroupBytes / bytesOfStep, 1, Math.Max(1, shape.Steps));
    }
}
