using System.Numerics;
using HighPerfRnn.Memory;

namespace HighPerfRnn.Training;

/// <summary>What an optimizer remembers of one set of parameters, such as a running mean of its gradients.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <param name="Name">PyTorch's name for it, such as exp_avg.</param>
/// <param name="SetIndex">Which of the optimizer's sets it belongs to.</param>
/// <param name="Values">The values, by the names of the parameters; a checkpoint reads them and writes them back.</param>
public readonly record struct OptimizerState<T>(string Name, int SetIndex, ParameterSet<T> Values)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
