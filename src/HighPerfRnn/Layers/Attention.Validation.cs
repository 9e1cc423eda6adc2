namespace HighPerfRnn.Layers;

/// <content>The checks at the public door: nothing is written before all of them have passed.</content>
public sealed partial class Attention<T>
{
    private static int RowsOf(int steps, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return checked(steps * batch);
    }

    private int Validate(in AttentionForward<T> pass)
    {
        CheckSizes(pass.QuerySteps, pass.MemorySteps, pass.Batch);
        CheckQuery(pass.Query.Length, nameof(pass.Query), pass.QuerySteps, pass.Batch);
        CheckMemory(pass.Memory.Length, nameof(pass.Memory), pass.MemorySteps, pass.Batch);
        CheckKeys(pass.Keys.Length, nameof(pass.Keys), pass.MemorySteps, pass.Batch);
        CheckLengths(pass.Lengths, nameof(pass.Lengths), pass.MemorySteps, pass.Batch);
        Check.Shape(pass.Context.Length, nameof(pass.Context), "[Q, B, M]", pass.QuerySteps, pass.Batch, MemorySize);
        Check.Shape(pass.Weights.Length, nameof(pass.Weights), "[Q, B, S]", pass.QuerySteps, pass.Batch, pass.MemorySteps);
        // After the spans: their lengths show that the sizes, and so the workspace's, are possible ones.
        Check.AtLeast(pass.Workspace.Length, ForwardWorkspaceSize(pass.QuerySteps, pass.Batch), nameof(pass.Workspace));
        CheckWritten(pass, pass.Context, nameof(pass.Context));
        CheckWritten(pass, pass.Weights, nameof(pass.Weights));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        Check.NoOverlap<T>(pass.Weights, pass.Context, nameof(pass.Weights), nameof(pass.Context));
        Check.NoOverlap<T>(pass.Workspace, pass.Context, nameof(pass.Workspace), nameof(pass.Context));
        Check.NoOverlap<T>(pass.Workspace, pass.Weights, nameof(pass.Workspace), nameof(pass.Weights));
        return pass.QuerySteps * pass.Batch;
    }

    private int Validate(in AttentionBackward<T> pass)
    {
        CheckSizes(pass.QuerySteps, pass.MemorySteps, pass.Batch);
        Check.Layout(pass.Gradients, Parameters);
        CheckQuery(pass.Query.Length, nameof(pass.Query), pass.QuerySteps, pass.Batch);
        CheckMemory(pass.Memory.Length, nameof(pass.Memory), pass.MemorySteps, pass.Batch);
        CheckKeys(pass.Keys.Length, nameof(pass.Keys), pass.MemorySteps, pass.Batch);
        CheckLengths(pass.Lengths, nameof(pass.Lengths), pass.MemorySteps, pass.Batch);
        Check.Shape(pass.Weights.Length, nameof(pass.Weights), "[Q, B, S]", pass.QuerySteps, pass.Batch, pass.MemorySteps);
        Check.Shape(pass.ContextGradient.Length, nameof(pass.ContextGradient), "[Q, B, M]", pass.QuerySteps, pass.Batch, MemorySize);
        if (!pass.QueryGradient.IsEmpty) CheckQuery(pass.QueryGradient.Length, nameof(pass.QueryGradient), pass.QuerySteps, pass.Batch);
        if (!pass.MemoryGradient.IsEmpty) CheckMemory(pass.MemoryGradient.Length, nameof(pass.MemoryGradient), pass.MemorySteps, pass.Batch);
        CheckKeys(pass.KeysGradient.Length, nameof(pass.KeysGradient), pass.MemorySteps, pass.Batch);
        int workspace = BackwardWorkspaceSize(pass.QuerySteps, pass.MemorySteps, pass.Batch);
        Check.AtLeast(pass.Workspace.Length, workspace, nameof(pass.Workspace));
        CheckWritten(pass, pass.QueryGradient, nameof(pass.QueryGradient));
        CheckWritten(pass, pass.MemoryGradient, nameof(pass.MemoryGradient));
        CheckWritten(pass, pass.KeysGradient, nameof(pass.KeysGradient));
        CheckWritten(pass, pass.Gradients.Values, nameof(pass.Gradients));
        CheckWritten(pass, pass.Workspace, nameof(pass.Workspace));
        return pass.QuerySteps * pass.Batch;
    }

    /// <summary>What is written is none of what is read.</summary>
    private static void CheckWritten(in AttentionForward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Query, name, nameof(pass.Query));
        Check.NoOverlap(written, pass.Memory, name, nameof(pass.Memory));
        Check.NoOverlap(written, pass.Keys, name, nameof(pass.Keys));
    }

    /// <summary>What is written is none of what is read, nor of what else is written.</summary>
    private static void CheckWritten(in AttentionBackward<T> pass, ReadOnlySpan<T> written, string name)
    {
        Check.NoOverlap(written, pass.Query, name, nameof(pass.Query));
        Check.NoOverlap(written, pass.Memory, name, nameof(pass.Memory));
        Check.NoOverlap(written, pass.Keys, name, nameof(pass.Keys));
        Check.NoOverlap(written, pass.Weights, name, nameof(pass.Weights));
        Check.NoOverlap(written, pass.ContextGradient, name, nameof(pass.ContextGradient));
        Check.NoOtherOverlap(written, pass.QueryGradient, name, nameof(pass.QueryGradient));
        Check.NoOtherOverlap(written, pass.MemoryGradient, name, nameof(pass.MemoryGradient));
        Check.NoOtherOverlap(written, pass.KeysGradient, name, nameof(pass.KeysGradient));
        Check.NoOtherOverlap(written, pass.Gradients.Values, name, nameof(pass.Gradients));
    }

    private static void CheckSizes(int querySteps, int memorySteps, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(querySteps);
        ArgumentOutOfRangeException.ThrowIfNegative(memorySteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
    }

    /// <summary>Of a prepared memory or its gradient; returns its rows.</summary>
    private int CheckPrepare(int memorySteps, int batch, ReadOnlySpan<T> memory, ReadOnlySpan<T> keys, string keysName)
    {
        CheckSizes(0, memorySteps, batch);
        CheckMemory(memory.Length, nameof(memory), memorySteps, batch);
        CheckKeys(keys.Length, keysName, memorySteps, batch);
        Check.NoOverlap(keys, memory, keysName, nameof(memory));
        return memorySteps * batch;
    }

    private void CheckQuery(int length, string name, int querySteps, int batch) =>
        Check.Shape(length, name, "[Q, B, H]", querySteps, batch, QuerySize);

    private void CheckMemory(int length, string name, int memorySteps, int batch) =>
        Check.Shape(length, name, "[S, B, M]", memorySteps, batch, MemorySize);

    private void CheckKeys(int length, string name, int memorySteps, int batch)
    {
        if (HasKeys) Check.Shape(length, name, "[S, B, K]", memorySteps, batch, KeySize);
        else Check.Empty(length, name, "since the memory itself is the keys");
    }

    private static void CheckLengths(ReadOnlySpan<int> lengths, string name, int memorySteps, int batch)
    {
        Check.ShapeOrEmpty(lengths.Length, name, "[B]", batch);
        for (int i = 0; i < lengths.Length; i++)
        {
            if ((uint)lengths[i] > (uint)memorySteps)
            {
                throw new ArgumentException($"{name}[{i}] is {lengths[i]}; expected 0 to {memorySteps}.", name);
            }
        }
    }

    private void ThrowIfNotTrainable()
    {
        if (!_isTrainable) throw new InvalidOperationException("The layer was made with isTrainable: false, so it has no backward pass.");
    }
}
