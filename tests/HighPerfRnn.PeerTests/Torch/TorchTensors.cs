using HighPerfRnn.PeerBenchmarks.Peers.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace HighPerfRnn.PeerTests.Torch;

/// <summary>Numbers to tensors of a type and back.</summary>
internal sealed class TorchTensors(ScalarType type)
{
    public ScalarType Type => type;

    /// <summary>A tensor; one that gradients are asked of is a leaf.</summary>
    public Tensor From(float[] numbers, bool needsGradient, params long[] shape)
    {
        TorchRuntime.UseOneThread();
        return tensor(numbers, shape).to(type).requires_grad_(needsGradient);
    }

    /// <summary>[rows, columns] of ours as [columns, rows] of PyTorch.</summary>
    public Tensor Transposed(float[] numbers, int rows) => From(numbers, false, rows, numbers.Length / rows).t().contiguous();

    /// <summary>All numbers in order.</summary>
    public double[] Numbers(Tensor values)
    {
        if (values.numel() == 0) return [];
        Tensor flat = values.detach().contiguous();
        return type == ScalarType.Float64
            ? flat.data<double>().ToArray()
            : Array.ConvertAll(flat.data<float>().ToArray(), number => (double)number);
    }

    /// <summary>[columns, rows] of PyTorch as [rows, columns] of ours.</summary>
    public double[] TransposedNumbers(Tensor values) => Numbers(values.t());
}
