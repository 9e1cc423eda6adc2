using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.Memory;
using HighPerfRnn.Models;
using HighPerfRnn.PeerBenchmarks.Peers;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;
using HighPerfRnn.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace HighPerfRnn.PeerBenchmarks.Training;

/// <summary>The same training by TorchSharp: same parameters, windows, optimizer and clipping.</summary>
internal sealed class TorchCharacterTraining : IModelTraining
{
    private readonly Embedding _embedding;
    private readonly TorchModule _layer;
    private readonly Linear _output;
    private readonly Parameter _recurrentBias;
    private readonly bool _trainsCandidateBias;
    private readonly Parameter[] _parameters;
    private readonly optim.Optimizer _optimizer;
    private readonly List<(Tensor Inputs, Tensor Targets)> _windows = [];
    private Tensor _state;
    private Tensor _cellState;
    private int _iteration;

    public TorchCharacterTraining(CharacterModel<float> model, RecurrentCell cell)
    {
        TorchRuntime.UseOneThread();
        CharacterModelOptions sizes = model.Options;
        int characters = model.Alphabet.Count;
        _embedding = nn.Embedding(characters, sizes.EmbeddingSize);
        _layer = new TorchModule(cell, sizes.EmbeddingSize, sizes.HiddenSize);
        _output = nn.Linear(sizes.HiddenSize, characters);
        using (no_grad())
        {
            TorchParameters.Set(_embedding.weight!, model.Embedding.Parameters["weight"].ToArray());
            ParameterSet<float> layer = model.Layers[0].Parameters;
            // The peer has two biases where one says it all: the second stays at zero and is not trained, but for the GRU's candidate.
            float[] recurrentBias = new float[layer["bias"].Length];
            if (cell == RecurrentCell.Gru) layer["bias_hn"].CopyTo(recurrentBias.AsSpan(2 * sizes.HiddenSize));
            _layer.Load(layer["weight_ih"], layer["weight_hh"], layer["bias"].ToArray(), recurrentBias);
            TorchParameters.Set(_output.weight!, PeerWeights.Transposed(model.Output.Parameters["weight"], sizes.HiddenSize));
            TorchParameters.Set(_output.bias!, model.Output.Parameters["bias"].ToArray());
        }

        _recurrentBias = _layer.Parameter("bias_hh_l0");
        _trainsCandidateBias = cell == RecurrentCell.Gru;
        _recurrentBias.requires_grad = _trainsCandidateBias;
        _parameters =
        [
            .. ((nn.Module[])[_embedding, _layer.Module, _output])
                .SelectMany(module => module.parameters()).Where(parameter => parameter.requires_grad),
        ];
        _optimizer = optim.Adam(_parameters, CharacterTrainingCase.Options.LearningRate);
        CutWindows();
        _state = zeros(1, CharacterTrainingCase.Options.Batch, sizes.HiddenSize);
        _cellState = zeros(1, CharacterTrainingCase.Options.Batch, sizes.HiddenSize);
    }

    public double LastLoss { get; private set; }

    public void Run()
    {
        int window = _iteration++ % _windows.Count;
        (Tensor inputs, Tensor targets) = _windows[window];
        if (window == 0)
        {
            _state.zero_();
            _cellState.zero_();
        }

        using DisposeScope scope = NewDisposeScope();
        _optimizer.zero_grad();
        (Tensor states, Tensor finalState, Tensor finalCellState) = _layer.Forward(_embedding.forward(inputs), _state, _cellState);
        Tensor logits = _output.forward(states);
        Tensor loss = nn.functional.cross_entropy(logits.view(-1, logits.shape[2]), targets.view(-1));
        loss.backward();
        if (_trainsCandidateBias) _recurrentBias.grad!.narrow(0, 0, _recurrentBias.shape[0] / 3 * 2).zero_();
        nn.utils.clip_grad_norm_(_parameters, CharacterTrainingCase.Options.Clip);
        _optimizer.step();
        LastLoss = loss.item<float>();
        _state.Dispose();
        _state = finalState.detach().MoveToOuterDisposeScope();
        if (!_layer.HasCellState) return;
        _cellState.Dispose();
        _cellState = finalCellState.detach().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach ((Tensor inputs, Tensor targets) in _windows)
        {
            inputs.Dispose();
            targets.Dispose();
        }

        _state.Dispose();
        _cellState.Dispose();
        _optimizer.Dispose();
        _embedding.Dispose();
        _layer.Dispose();
        _output.Dispose();
    }

    /// <summary>The windows in the order in which the trainer of this library takes them, [T, B], cut before the clock starts.</summary>
    private void CutWindows()
    {
        int[] tokens = CharacterText.Tokens;
        (int batch, int steps) = (CharacterTrainingCase.Options.Batch, CharacterTrainingCase.Options.Window);
        int streamLength = tokens.Length / batch;
        for (int start = 0; start + steps < streamLength; start += steps)
        {
            long[] inputs = new long[steps * batch];
            long[] targets = new long[steps * batch];
            for (int i = 0; i < inputs.Length; i++)
            {
                int position = (i % batch * streamLength) + start + (i / batch);
                (inputs[i], targets[i]) = (tokens[position], tokens[position + 1]);
            }

            _windows.Add((tensor(inputs, [steps, batch]), tensor(targets, [steps, batch])));
        }
    }
}
