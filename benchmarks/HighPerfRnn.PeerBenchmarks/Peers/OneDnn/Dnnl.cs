using System.Runtime.InteropServices;

namespace HighPerfRnn.PeerBenchmarks.Peers.OneDnn;

/// <summary>As much of oneDNN's C interface, version 2, as a recurrent layer needs.</summary>
internal static unsafe partial class Dnnl
{
    public const string LibraryFile = "libdnnl.so.2";
    public const int Success = 0;
    public const int Cpu = 1;
    public const uint DefaultStream = 1;
    public const int Float = 3;
    public const int ForwardInference = 96;
    public const int Tanh = 0x2f;
    public const int LeftToRight = 0;
    public const int QueryExecutionArgument = 255;

    public const int AnyTag = 1;
    public const int Tag3 = 4;
    public const int Tag4 = 5;
    public const int Tag5 = 7;

    public const int SourceLayer = 1;
    public const int SourceState = 2;
    public const int SourceCellState = 3;
    public const int DestinationLayer = 17;
    public const int DestinationState = 18;
    public const int DestinationCellState = 19;
    public const int WeightsLayer = 33;
    public const int WeightsState = 34;
    public const int Bias = 41;
    public const int From = 1;
    public const int To = 17;

    /// <summary>Lets the library allocate a memory object's storage.</summary>
    public static nint Allocate => -1;

    /// <exception cref="InvalidOperationException">A call failed.</exception>
    public static void Check(int status)
    {
        if (status != Success) throw new InvalidOperationException($"oneDNN returned status {status}; expected {Success}.");
    }

    [LibraryImport("libgomp.so.1")]
    public static partial void omp_set_num_threads(int count);

    [LibraryImport(LibraryFile)]
    public static partial DnnlVersion* dnnl_version();

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_engine_create(out nint engine, int kind, nuint index);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_engine_destroy(nint engine);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_stream_create(out nint stream, nint engine, uint flags);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_stream_wait(nint stream);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_stream_destroy(nint stream);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_memory_desc_init_by_tag(
        DnnlMemoryDescription* description, int dimensions, long* sizes, int type, int tag);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_memory_create(out nint memory, DnnlMemoryDescription* description, nint engine, nint handle);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_memory_destroy(nint memory);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_vanilla_rnn_forward_desc_init(
        void* layer,
        int propagation,
        int activation,
        int direction,
        DnnlMemoryDescription* sourceLayer,
        DnnlMemoryDescription* sourceState,
        DnnlMemoryDescription* weightsLayer,
        DnnlMemoryDescription* weightsState,
        DnnlMemoryDescription* bias,
        DnnlMemoryDescription* destinationLayer,
        DnnlMemoryDescription* destinationState,
        uint flags,
        float alpha,
        float beta);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_lstm_forward_desc_init(
        void* layer,
        int propagation,
        int direction,
        DnnlMemoryDescription* sourceLayer,
        DnnlMemoryDescription* sourceState,
        DnnlMemoryDescription* sourceCellState,
        DnnlMemoryDescription* weightsLayer,
        DnnlMemoryDescription* weightsState,
        DnnlMemoryDescription* bias,
        DnnlMemoryDescription* destinationLayer,
        DnnlMemoryDescription* destinationState,
        DnnlMemoryDescription* destinationCellState,
        uint flags);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_lbr_gru_forward_desc_init(
        void* layer,
        int propagation,
        int direction,
        DnnlMemoryDescription* sourceLayer,
        DnnlMemoryDescription* sourceState,
        DnnlMemoryDescription* weightsLayer,
        DnnlMemoryDescription* weightsState,
        DnnlMemoryDescription* bias,
        DnnlMemoryDescription* destinationLayer,
        DnnlMemoryDescription* destinationState,
        uint flags);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_primitive_desc_create(out nint description, void* operation, nint attributes, nint engine, nint hint);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_primitive_desc_destroy(nint description);

    [LibraryImport(LibraryFile)]
    public static partial DnnlMemoryDescription* dnnl_primitive_desc_query_md(nint description, int what, int index);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_reorder_primitive_desc_create(
        out nint description,
        DnnlMemoryDescription* source,
        nint sourceEngine,
        DnnlMemoryDescription* destination,
        nint destinationEngine,
        nint attributes);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_primitive_create(out nint primitive, nint description);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_primitive_execute(nint primitive, nint stream, int count, DnnlArgument* arguments);

    [LibraryImport(LibraryFile)]
    public static partial int dnnl_primitive_destroy(nint primitive);
}

/// <summary>dnnl_version_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DnnlVersion
{
    public int Major;
    public int Minor;
    public int Patch;
}

/// <summary>dnnl_memory_desc_t, which the library alone looks into.</summary>
[StructLayout(LayoutKind.Sequential, Size = 696)]
internal struct DnnlMemoryDescription;

/// <summary>dnnl_exec_arg_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DnnlArgument
{
    public int Index;
    public nint Memory;
}
