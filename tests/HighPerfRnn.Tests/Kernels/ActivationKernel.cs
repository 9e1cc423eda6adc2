using System.Numerics;
using HighPerfRnn.Kernels;
using HighPerfRnn.Simd;

namespace HighPerfRnn.Tests.Kernels;

/// <summary>One of the library's functions over an array, by a lane of the caller's choice.</summary>
internal sealed class ActivationKernel
{
    private readonly int _function;

    private ActivationKernel(int function) => _function = function;

    public static ActivationKernel Tanh { get; } = new(0);

    public static ActivationKernel Exp { get; } = new(1);

    public static ActivationKernel Relu { get; } = new(2);

    public static ActivationKernel Sigmoid { get; } = new(3);

    public static ActivationKernel Flush { get; } = new(4);

    public T[] Run<T, TLane>(T[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TLane : struct, ILane<TLane, T>
    {
        T[] result = new T[x.Length];
        for (int i = 0; i < x.Length; i += TLane.Count)
        {
            int count = x.Length - i;
            TLane value = PartialLane<T, TLane>.Load(ref x[i], count);
            TLane f = _function switch
            {
                0 => Activations<T, TLane>.Tanh(value),
                1 => Activations<T, TLane>.ExpOfNonPositive(value),
                2 => Activations<T, TLane>.FlushedRelu(value),
                3 => Activations<T, TLane>.Sigmoid(value),
                _ => Activations<T, TLane>.FlushTiny(value),
            };
            PartialLane<T, TLane>.Store(f, ref result[i], count);
        }

        return result;
    }
}
