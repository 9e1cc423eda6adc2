using HighPerfRnn.Kernels;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Layers;

/// <content>The entry for those whose data lies batch first.</content>
public abstract partial class RecurrentLayer<T>
{
    /// <summary>
    /// As <see cref="Forward"/>, but Input [B, T, I], Tokens [B, T] and Output [B, T, P] lie batch first. The same bits; they are
    /// copied into time-major order and back, so that whoever can choose lays them out time first.
    /// </summary>
    /// <param name="pass">Spans and sizes; the workspace has at least <see cref="OrderedWorkspaceSize"/> elements.</param>
    /// <param name="workers">Threads to split rows over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Forward"/>; nothing has been written then.</exception>
    public void ForwardBatchMajor(in RnnForward<T> pass, WorkerGroup? workers = null)
    {
        RnnShape shape = Validate(pass);
        Check.AtLeast(pass.Workspace.Length, OrderedWorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        ForwardOrdered(shape, pass, isBatchFirst: true, workers);
    }

    /// <summary>
    /// As <see cref="Backward"/>, but Input, Tokens, Output, OutputGradient and InputGradient lie batch first. Parameter gradients
    /// have the same bits. An input gradient is summed first and then added, so that it has the same bits where it was zero before.
    /// </summary>
    /// <param name="pass">Spans and sizes; the workspace has at least <see cref="OrderedWorkspaceSize"/> elements.</param>
    /// <param name="workers">Threads to split outputs over; null for the caller's alone.</param>
    /// <exception cref="ArgumentException">As for <see cref="Backward"/>; nothing has been written then.</exception>
    /// <exception cref="InvalidOperationException">The layer was made with isTrainable false, or is not in <see cref="WeightFormat.Full"/>.</exception>
    public void BackwardBatchMajor(in RnnBackward<T> pass, WorkerGroup? workers = null)
    {
        ThrowIfNotTrainable();
        RnnShape shape = Validate(pass);
        Check.AtLeast(pass.Workspace.Length, OrderedWorkspaceSize(pass.Steps, pass.Batch), nameof(pass.Workspace));
        BackwardOrdered(shape, pass, isBatchFirst: true, workers);
    }
}
