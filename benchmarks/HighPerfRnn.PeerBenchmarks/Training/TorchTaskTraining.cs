using HighPerfRnn.Data.Text;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;
using HighPerfRnn.Tasks.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>The same training by TorchSharp: same parameters, batch, optimizer and clipping.</summary>
internal sealed class TorchTaskTraining : IModelTraining
{
    private readonly TaskTrainingCase _work;
    private readonly List<nn.Module> _modules = [];
    private readonly Func<Tensor> _scores;
    private readonly Tensor _source;
    private readonly Tensor _targets;
    private readonly Parameter[] _parameters;
    private readonly Tensor[] _recurrentBiases;
    private readonly optim.Optimizer _optimizer;
    private readonly double _clip;

    public TorchTaskTraining(TaskTrainingCase work, OwnTaskTraining own)
    {
        TorchRuntime.UseOneThread();
        _work = work;
        _source = Source(own.Problem);
        _targets = Targets(own.Problem);
        using (no_grad())
        {
            _scores = work.Writes ? Writer(own.Decoder!, own.Problem) : Labeller(own.Classifier!);
        }

        _parameters = [.. _modules.SelectMany(module => module.parameters())];
        _recurrentBiases =
        [
            .. from module in _modules
               where module is GRU or GRUCell
               from parameter in module.named_parameters()
               where parameter.name.StartsWith("bias_hh", StringComparison.Ordinal)
               select parameter.parameter,
        ];
        TaskTrainingOptions options = OwnTaskTraining.Options(work);
        _clip = options.Clip;
        _optimizer = optim.Adam(_parameters, options.LearningRate);
    }

    public double LastLoss { get; private set; }

    public void Run()
    {
        using DisposeScope scope = NewDisposeScope();
        _optimizer.zero_grad();
        Tensor loss = nn.functional.cross_entropy(_scores(), _targets);
        loss.backward();
        TorchParameters.KeepZero(_recurrentBiases);
        nn.utils.clip_grad_norm_(_parameters, _clip);
        _optimizer.step();
        LastLoss = loss.item<float>();
    }

    public void Dispose()
    {
        foreach (nn.Module module in _modules) module.Dispose();
        _source.Dispose();
        _targets.Dispose();
        _optimizer.Dispose();
    }

    /// <summary>Tokens [S, B] or numbers [S, B, I].</summary>
    private Tensor Source(TaskTrainingProblem problem)
    {
        int steps = _work.SourceSteps, batch = _work.Batch, size = _work.InputSize;
        long[] tokens = new long[size > 0 ? 0 : steps * batch];
        float[] numbers = new float[steps * batch * size];
        for (int row = 0; row < batch; row++)
        {
            for (int step = 0; step < steps; step++)
            {
                if (size == 0) tokens[(step * batch) + row] = problem.Sources[row][step];
                else problem.Numbers[row].AsSpan(step * size, size).CopyTo(numbers.AsSpan(((step * batch) + row) * size));
            }
        }

        return size == 0 ? tensor(tokens, [steps, batch]) : tensor(numbers, [steps, batch, size]);
    }

    /// <summary>Step after step, the rows of each: with an end where something is written.</summary>
    private Tensor Targets(TaskTrainingProblem problem)
    {
        int labels = problem.Targets[0].Length, steps = _work.Writes ? labels + 1 : labels;
        long[] targets = new long[steps * _work.Batch];
        for (int i = 0; i < targets.Length; i++)
        {
            (int step, int row) = Math.DivRem(i, _work.Batch);
            targets[i] = step < labels ? problem.Targets[row][step] : Vocabulary.End;
        }

        return tensor(targets);
    }

    private T Keep<T>(T module)
        where T : nn.Module
    {
        _modules.Add(module);
        return module;
    }

    private Embedding Lookup(ParameterSet<float> parameters, int vocabulary)
    {
        Embedding embedding = Keep(nn.Embedding(vocabulary, _work.EmbeddingSize));
        TorchParameters.Set(embedding.weight!, parameters["weight"].ToArray());
        return embedding;
    }

    /// <summary>What encodes tokens or frames: an embedding where there are tokens, then a GRU in both directions.</summary>
    private Func<Tensor> Encoder(IReadOnlyList<ParameterSet<float>> sets)
    {
        int input = _work.InputSize, units = _work.HiddenSize / 2;
        if (input > 0)
        {
            GRU frames = Keep(TorchParameters.Gru(input, units, sets[0], sets[1]));
            return () => frames.forward(_source).Item1;
        }

        Embedding embedding = Lookup(sets[0], _work.SourceVocabulary);
        GRU layer = Keep(TorchParameters.Gru(_work.EmbeddingSize, units, sets[1], sets[2]));
        return () => layer.forward(embedding.forward(_source)).Item1;
    }

    private Func<Tensor> Labeller(SequenceClassifier<float> network)
    {
        Func<Tensor> encoder = Encoder(network.Encoder.ParameterSets);
        Linear output = Dense(network.Output.Parameters, _work.HiddenSize);
        bool pools = network.Pooling is not null;
        return () => output.forward(pools ? encoder().mean([0]) : encoder()).view(-1, _work.Outputs);
    }

    private Linear Dense(ParameterSet<float> parameters, int inputSize) =>
        Keep(TorchParameters.Linear(parameters["weight"], parameters["bias"], inputSize));

    private Func<Tensor> Writer(EncoderDecoder<float> network, TaskTrainingProblem problem)
    {
        int hidden = _work.HiddenSize, size = _work.EmbeddingSize, memorySize = _work.MemorySize;
        bool readsContext = network.Options.OutputReadsContext;
        Func<Tensor> encoder;
        if (_work.InputSize > 0)
        {
            LayerNorm norm = Keep(nn.LayerNorm(_work.InputSize));
            encoder = () => norm.forward(_source);
        }
        else
        {
            encoder = Encoder(network.Encoder.ParameterSets);
        }

        Linear keys = Keep(TorchParameters.Linear(network.Attention.Parameters["weight_memory"], default, memorySize));
        Linear bridge = Dense(network.Bridge.Parameters, memorySize);
        Embedding embedding = Lookup(network.Embedding.Parameters, _work.Outputs);
        GRUCell cell = Keep(TorchParameters.GruCell(size + hidden, hidden, network.Decoder.ParameterSets[0]));
        Linear combination = Dense(network.Combination.Parameters, hidden + memorySize);
        Linear output = Dense(network.Output.Parameters, readsContext ? hidden + memorySize : hidden);
        Tensor read = Read(problem);
        return () =>
        {
            Tensor memory = encoder().transpose(0, 1).contiguous();
            Tensor met = keys.forward(memory);
            Tensor state = bridge.forward(memory.mean([1])).tanh();
            Tensor fed = zeros(_work.Batch, hidden);
            Tensor embedded = embedding.forward(read);
            var outputs = new Tensor[_work.TargetSteps];
            for (int step = 0; step < outputs.Length; step++)
            {
                state = cell.forward(cat([embedded[step], fed], 1), state);
                Tensor weights = met.bmm(state.unsqueeze(2)).squeeze(2).softmax(1);
                Tensor context = weights.unsqueeze(1).bmm(memory).squeeze(1);
                fed = combination.forward(cat([state, context], 1)).tanh();
                outputs[step] = readsContext ? cat([fed, context], 1) : fed;
            }

            return output.forward(cat(outputs, 0));
        };
    }

    /// <summary>What the decoder reads [T, B]: the token that begins, then the targets.</summary>
    private Tensor Read(TaskTrainingProblem problem)
    {
        long[] tokens = new long[_work.TargetSteps * _work.Batch];
        for (int i = 0; i < tokens.Length; i++)
        {
            (int step, int row) = Math.DivRem(i, _work.Batch);
            tokens[i] = step == 0 ? Vocabulary.Begin : problem.Targets[row][step - 1];
        }

        return tensor(tokens, [_work.TargetSteps, _work.Batch]);
    }
}
