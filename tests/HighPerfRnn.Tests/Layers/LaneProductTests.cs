using System.Numerics;
using System.Runtime.InteropServices;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Simd;
using HighPerfRnn.Tests.Generation;
using Xunit;

namespace HighPerfRnn.Tests.Layers;

/// <summary>Every lane gives the bits of a plain loop in the canonical order, and writes nothing beside its outputs.</summary>
[Trait("Category", "Width")]
public sealed class LaneProductTests
{
    [CaseProperty]
    public void EveryLaneMultipliesInTheCanonicalOrder(ProductCase shape) => OverLanes(shape, new StoreCheck());

    [CaseProperty]
    public void EveryLaneAddsIntoItsTarget(ProductCase shape) => OverLanes(shape, new AddCheck());

    [CaseProperty]
    public void EveryLaneSumsRowsTransposed(ProductCase shape) => OverLanes(shape, new WeightGradientCheck());

    [CaseProperty]
    public void EveryLaneSumsBiases(ProductCase shape) => OverLanes(shape, new BiasCheck());

    [CaseProperty]
    public void EveryLaneFinishesStates(ProductCase shape)
    {
        OverLanes(shape, new StateCheck());
        OverLanes(shape, new TokenStateCheck());
    }

    [CaseProperty]
    public void EveryLaneFinishesPreActivationGradients(ProductCase shape) => OverLanes(shape, new GradientCheck());

    [CaseProperty]
    public void EveryLaneScattersRows(ProductCase shape) => OverLanes(shape, new ScatterCheck());

    private static void OverLanes<TCheck>(ProductCase shape, TCheck check)
        where TCheck : ILaneCheck
    {
        var floats = new ProductData<float>(shape);
        check.Run<float, ScalarLane<float>>(floats);
        check.Run<float, VectorLane<float>>(floats);
        check.Run<float, Vector512Lane<float>>(floats);
        var doubles = new ProductData<double>(shape);
        check.Run<double, ScalarLane<double>>(doubles);
        check.Run<double, VectorLane<double>>(doubles);
        check.Run<double, Vector512Lane<double>>(doubles);
    }

    private interface ILaneCheck
    {
        void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>;
    }

    private readonly struct StoreCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            T[] expected = data.Framed((r, c) => data.Product[(r * shape.Columns) + c] + data.Bias[c]);
            T[] target = data.Framed((_, _) => T.NaN);
            var epilogue = new StoreEpilogue<T, TLane>(data.Inside(target), data.Stride, data.Bias, GateLayout.Of<T>(1, data.Shape.Columns));
            MatrixProduct<T, TLane>.RunRows(data.Left, shape.Depth, 0, shape.Rows, data.Packed<TLane>(), ref epilogue);
            Compare.Bits(expected, target, $"{typeof(TLane).Name}, {typeof(T).Name}, with bias");

            target = data.Framed((_, _) => T.NaN);
            epilogue = new StoreEpilogue<T, TLane>(data.Inside(target), data.Stride, default, GateLayout.Of<T>(1, data.Shape.Columns));
            // In two parts, as two workers would.
            int middle = shape.Rows / 2;
            MatrixProduct<T, TLane>.RunRows(data.Left, shape.Depth, 0, middle, data.Packed<TLane>(), ref epilogue);
            MatrixProduct<T, TLane>.RunRows(data.Left, shape.Depth, middle, shape.Rows, data.Packed<TLane>(), ref epilogue);
            expected = data.Framed((r, c) => data.Product[(r * shape.Columns) + c]);
            Compare.Bits(expected, target, $"{typeof(TLane).Name}, {typeof(T).Name}, without bias");
        }
    }

    private readonly struct AddCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            T[] expected = data.Framed((r, c) => data.Start[(r * shape.Columns) + c] + data.Product[(r * shape.Columns) + c]);
            T[] target = data.Framed((r, c) => data.Start[(r * shape.Columns) + c]);
            var epilogue = new AddEpilogue<T, TLane>(data.Inside(target), data.Stride);
            MatrixProduct<T, TLane>.RunRows(data.Left, shape.Depth, 0, shape.Rows, data.Packed<TLane>(), ref epilogue);
            Compare.Bits(expected, target, $"{typeof(TLane).Name}, {typeof(T).Name}");
        }
    }

    /// <summary>Here the sum's length is the number of rows of both factors, and its block 256 of them.</summary>
    private readonly struct WeightGradientCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            T[] transposed = new T[data.Left.Length];
            for (int r = 0; r < shape.Rows; r++)
            {
                for (int k = 0; k < shape.Depth; k++) transposed[(k * shape.Rows) + r] = data.Left[(r * shape.Depth) + k];
            }

            T[] product = CanonicalProduct.Multiply(data.Left, data.Right, shape, CanonicalSum.RowBlock);
            T[] expected = new T[product.Length];
            for (int i = 0; i < expected.Length; i++) expected[i] = data.Start[i] + product[i];
            T[] target = (T[])data.Start.Clone();
            WeightGradient<T, TLane>.AddWeights(transposed, shape.Rows, data.Packed<TLane>(), 0, shape.Rows, target);
            Compare.Bits(expected, target, $"{typeof(TLane).Name}, {typeof(T).Name}");
        }
    }

    private readonly struct BiasCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            T[] target = (T[])data.Bias.Clone();
            PackedMatrix<T> packed = data.Packed<TLane>();
            WeightGradient<T, TLane>.AddBias(packed, 0, packed.PanelCount, target);
            for (int c = 0; c < shape.Columns; c++)
            {
                T sum = T.Zero;
                for (int k = 0; k < shape.Depth; k++) sum += data.Right[(k * shape.Columns) + c];
                if (!Compare.SameBits(data.Bias[c] + sum, target[c])) Assert.Fail($"{typeof(TLane).Name}: [{c}] is {target[c]:R}.");
            }
        }
    }

    private readonly struct StateCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            int inputStride = RecurrentWorkspace.Stride<T>(shape.Columns);
            T[] inputParts = RnnRun<T>.Filled(shape.Rows * inputStride);
            T[] expected = new T[shape.Rows * shape.Columns];
            for (int r = 0; r < shape.Rows; r++)
            {
                data.Start.AsSpan(r * shape.Columns, shape.Columns).CopyTo(inputParts.AsSpan(r * inputStride));
            }

            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] = ScalarState<T>(data.Start[i] + data.Bias[i % shape.Columns] + data.Product[i]);
            }

            // One number more than the states: nothing may be written behind them.
            T[] target = RnnRun<T>.Filled(expected.Length + 1);
            T behind = target[^1];
            var epilogue = new CellForwardEpilogue<T, TLane, RnnCell<T, TanhActivation<T>>, FirstPhase>(default, WeightsOf(data, new T[inputStride]))
            {
                InputParts = ref MemoryMarshal.GetArrayDataReference(inputParts),
                InputStride = inputStride,
            };
            epilogue.Units.PreviousStates = ref MemoryMarshal.GetArrayDataReference(data.Start);
            epilogue.Units.NextStates = ref MemoryMarshal.GetArrayDataReference(target);
            epilogue.Units.StateStride = epilogue.Units.NextStateStride = shape.Columns;
            MatrixProduct<T, TLane>.RunRows(data.Left, shape.Depth, 0, shape.Rows, data.Packed<TLane>(), ref epilogue);
            Compare.Bits(expected, target[..^1], $"{typeof(TLane).Name}, {typeof(T).Name}");
            Assert.True(Compare.SameBits(behind, target[^1]));
        }
    }

    private readonly struct TokenStateCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            int[] tokens = new CaseRandom(shape.Seed, 3006).Indices(shape.Rows, shape.Rows);
            T[] expected = new T[shape.Rows * shape.Columns];
            for (int i = 0; i < expected.Length; i++)
            {
                int c = i % shape.Columns;
                T inputPart = data.Start[(tokens[i / shape.Columns] * shape.Columns) + c] + data.Bias[c];
                expected[i] = ScalarState<T>(inputPart + data.Product[i]);
            }

            T[] target = RnnRun<T>.Filled(expected.Length);
            T[] bias = new T[RecurrentWorkspace.Stride<T>(shape.Columns)];
            var epilogue = new CellForwardEpilogue<T, TLane, RnnCell<T, TanhActivation<T>>, FirstPhase>(default, WeightsOf(data, bias))
            {
                Tokens = tokens,
                TokenTable = ref MemoryMarshal.GetArrayDataReference(data.Start),
            };
            epilogue.Units.PreviousStates = ref MemoryMarshal.GetArrayDataReference(data.Start);
            epilogue.Units.NextStates = ref MemoryMarshal.GetArrayDataReference(target);
            epilogue.Units.StateStride = epilogue.Units.NextStateStride = shape.Columns;
            MatrixProduct<T, TLane>.RunRows(data.Left, shape.Depth, 0, shape.Rows, data.Packed<TLane>(), ref epilogue);
            Compare.Bits(expected, target, $"{typeof(TLane).Name}, {typeof(T).Name}, tokens");
        }
    }

    private readonly struct GradientCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            var sizes = new RnnShape(1, shape.Rows, 1, shape.Columns);
            var cell = new LayerLayout(RnnCell<T, TanhActivation<T>>.Layout, shape.Columns, ProjectionSize: 0);
            var room = new BackwardRoom<T>(RnnRun<T>.Filled(RecurrentWorkspace.BackwardSize<T>(sizes, cell)), sizes, cell);
            T[] outputGradient = data.Product;
            RecurrentWeights<T> weights = WeightsOf(data, new T[RecurrentWorkspace.Stride<T>(shape.Columns)]);
            var epilogue = new CellBackwardEpilogue<T, TLane, RnnCell<T, TanhActivation<T>>, FirstPhase>(default, weights, room)
            {
                States = ref MemoryMarshal.GetArrayDataReference(data.Start),
                PreviousStates = ref MemoryMarshal.GetArrayDataReference(data.Start),
                PreviousStateStride = shape.Columns,
                StateGradients = ref MemoryMarshal.GetArrayDataReference(outputGradient),
                HasStateGradients = true,
                Gradients = ref MemoryMarshal.GetReference(room.Gradients),
            };
            MatrixProduct<T, TLane>.RunRows(data.Left, shape.Depth, 0, shape.Rows, data.Packed<TLane>(), ref epilogue);
            for (int i = 0; i < data.Product.Length; i++)
            {
                T h = data.Start[i];
                T gradient = (data.Product[i] + outputGradient[i]) * ((T.One - h) * (T.One + h));
                T actual = room.Gradients[(i / shape.Columns * room.GradientStride) + (i % shape.Columns)];
                if (T.Abs(gradient) < T.CreateChecked(Tolerances.FlushBelow<T>())) gradient = T.Zero;
                if (!Compare.SameBits(gradient, actual))
                {
                    Assert.Fail($"{typeof(TLane).Name}: [{i}] is {actual:R}, expected {gradient:R}.");
                }
            }
        }
    }

    /// <summary>Weights of which an epilogue reads the bias alone; it is copied into the given room.</summary>
    private static RecurrentWeights<T> WeightsOf<T>(ProductData<T> data, T[] bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        data.Bias.AsSpan(0, data.Shape.Columns).CopyTo(bias);
        return new RecurrentWeights<T>
        {
            Layer = new LayerLayout(RnnCell<T, TanhActivation<T>>.Layout, data.Shape.Columns, ProjectionSize: 0),
            Gates = GateLayout.Of<T>(1, data.Shape.Columns),
            Bias = ref MemoryMarshal.GetArrayDataReference(bias),
        };
    }

    private readonly struct ScatterCheck : ILaneCheck
    {
        public void Run<T, TLane>(ProductData<T> data)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
            where TLane : struct, ILane<TLane, T>
        {
            ProductCase shape = data.Shape;
            var random = new CaseRandom(shape.Seed, 3007);
            int[] indices = random.Indices(shape.Rows, 1 + random.Below(shape.Rows));
            int first = random.Below(shape.Columns + 1);
            int end = first + random.Below(shape.Columns - first + 1);
            T[] expected = (T[])data.Start.Clone();
            for (int r = 0; r < shape.Rows; r++)
            {
                for (int c = first; c < end; c++)
                {
                    expected[(indices[r] * shape.Columns) + c] += data.Product[(r * shape.Columns) + c];
                }
            }

            T[] table = (T[])data.Start.Clone();
            RowScatter<T, TLane>.Add(indices, data.Product, shape.Columns, first, end, table, shape.Columns);
            Compare.Bits(expected, table, $"{typeof(TLane).Name}, {typeof(T).Name}");
        }
    }

    private static T ScalarState<T>(T a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T result = default;
        Activations<T, ScalarLane<T>>.FlushTiny(Activations<T, ScalarLane<T>>.Tanh(new ScalarLane<T>(a))).Store(ref result);
        return result;
    }
}
