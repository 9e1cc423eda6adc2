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
internal sealed class TorchCharacterTraining : ICharacterTraining
{
    private readonly Embedding _embedding;
    private readonly RNN _layer;
    private readonly Linear _output;
    private readonly Parameter[] _parameters;
    private readonly optim.Optimizer _optimizer;
    private readonly List<(Tensor Inputs, Tensor Targets)> _windows = [];
    private Tensor _state;
    private int _iteration;

    public TorchCharacterTraining(CharacterModel<float> model)
    {
        TorchRuntime.UseOneThread();
        CharacterModelOptions sizes = model.Options;
        int characters = model.Alphabet.Count;
        _embedding = nn.Embedding(characters, sizes.EmbeddingSize);
        _layer = nn.RNN(sizes.EmbeddingSize, sizes.HiddenSize);
        _output = nn.Linear(sizes.HiddenSize, characters);
        using (no_grad())
        {
            Set(_embedding.weight!, model.Embedding.Parameters["weight"].ToArray());
            ParameterSet<float> layer = model.Layers[0].Parameters;
            Set(_layer.get_parameter("weight_ih_l0")!, PeerWeights.Transposed(layer["weight_ih"], sizes.EmbeddingSize));
            Set(_layer.get_parameter("weight_hh_l0")!, PeerWeights.Transposed(layer["weight_hh"], sizes.HiddenSize));
            Set(_layer.get_parameter("bias_ih_l0")!, layer["bias"].ToArray());
            // The peer has two biases where one says it all: the second stays at zero and is not trained.
            Set(_layer.get_parameter("bias_hh_l0")!, new float[sizes.HiddenSize]);
            Set(_output.weight!, PeerWeights.Transposed(model.Output.Parameters["weight"], sizes.HiddenSize));
            Set(_output.bias!, model.Output.Parameters["bias"].ToArray());
        }

        _layer.get_parameter("bias_hh_l0")!.requires_grad = false;
        _parameters =
        [
            .. ((nn.Module[])[_embedding, _layer, _output])
                .SelectMany(module => module.parameters()).Where(parameter => parameter.requires_grad),
        ];
        _optimizer = optim.Adam(_parameters, CharacterTrainingCase.Options.LearningRate);
        CutWindows();
        _state = zeros(1, CharacterTrainingCase.Options.Batch, sizes.HiddenSize);
    }

    public double LastLoss { get; private set; }

    public void Run()
    {
        int window = _iteration++ % _windows.Count;
        (Tensor inputs, Tensor targets) = _windows[window];
        if (window == 0) _state.zero_();
        using DisposeScope scope = NewDisposeScope();
        _optimizer.zero_grad();
        (Tensor states, Tensor finalState) = _layer.forward(_embedding.forward(inputs), _state);
        Tensor logits = _output.forward(states);
        Tensor loss = nn.functional.cross_entropy(logits.view(-1, logits.shape[2]), targets.view(-1));
        loss.backward();
        nn.utils.clip_grad_norm_(_parameters, CharacterTrainingCase.Options.Clip);
        _optimizer.step();
        LastLoss = loss.item<float>();
        _state.Dispose();
        _state = finalState.detach().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach ((Tensor inputs, Tensor targets) in _windows)
        {
            inputs.Dispose();
            targets.Dispose();
        }

        _state.Dispose();
        _optimizer.Dispose();
        _embedding.Dispose();
        _layer.Dispose();
        _output.Dispose();
    }

    private static void Set(Tensor parameter, float[] values)
    {
        using Tensor source = tensor(values, parameter.shape);
        parameter.copy_(source);
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
