using System.Text;
using HighPerfRnn.Kernels;
using HighPerfRnn.Layers;
using HighPerfRnn.Memory;
using HighPerfRnn.Training;

namespace HighPerfRnn.Cli.Hello;

/// <summary>What the network shows at one step.</summary>
/// <param name="Input">The letter it reads.</param>
/// <param name="State">h, [3].</param>
/// <param name="Scores">y, [4], a number for each of h, e, l, o.</param>
/// <param name="Predicted">The letter with the highest score.</param>
/// <param name="Target">The letter that follows in the word.</param>
internal sealed record HelloStep(string Input, double[] State, double[] Scores, string Predicted, string Target);

/// <summary>
/// The lecture's example (CS231n, the character-level network that reads "hell" and should say "ello"): one-hot letters
/// h, e, l, o, three hidden units, h_t = tanh(x_t·Wx + h_{t-1}·Wh + b), y_t = h_t·Why + by.
/// </summary>
internal sealed class HelloNetwork
{
    private const string Letters = "helo";
    private const string Word = "hello";
    private const int Steps = 4;
    private const int HiddenSize = 3;

    // A seed whose network is wrong in some places at first, as the lecture's is.
    private const ulong Seed = 7;
    private const double LearningRate = 0.05;

    private static readonly int[] Inputs = Tokens(Word[..^1]);
    private static readonly int[] Targets = Tokens(Word[1..]);

    private readonly Rnn<double> _rnn = new(Letters.Length, HiddenSize);
    private readonly Dense<double> _dense = new(HiddenSize, Letters.Length);
    private readonly ParameterSet<double>[] _parameters;
    private readonly ParameterSet<double>[] _gradients;
    private readonly Adam<double> _optimizer;
    private readonly double[] _states = new double[Steps * HiddenSize];
    private readonly double[] _stateGradients = new double[Steps * HiddenSize];
    private readonly double[] _scores = new double[Steps * 4];
    private readonly double[] _scoreGradients = new double[Steps * 4];
    private readonly double[] _losses = new double[Steps];
    private readonly double[] _workspace;

    /// <summary>The untrained network.</summary>
    public HelloNetwork()
    {
        _parameters = [_rnn.Parameters, _dense.Parameters];
        _gradients = [.. _parameters.Select(set => set.CreateZeros())];
        _optimizer = new Adam<double>(_parameters);
        int workspace = _rnn.WorkspaceSize(Steps, 1);
        _workspace = new double[Math.Max(workspace, Dense<double>.WorkspaceSize(Steps, Letters.Length))];
        var random = new CounterRandom(Seed);
        foreach (string name in (string[])["weight_ih", "weight_hh"]) Initialization.Normal(_rnn.Parameters[name], 0, 1, ref random);
        Initialization.Normal(_dense.Parameters["weight"], 0, 1, ref random);
        Repack();
    }

    /// <summary>Runs the word. The mean loss is in nats a letter.</summary>
    public double Run(out HelloStep[] steps)
    {
        double loss = Forward();
        steps = new HelloStep[Steps];
        for (int t = 0; t < Steps; t++)
        {
            double[] scores = _scores[(t * Letters.Length)..((t + 1) * Letters.Length)];
            int best = scores.AsSpan().IndexOf(scores.Max());
            steps[t] = new HelloStep(
                Letter(Inputs[t]), _states[(t * HiddenSize)..((t + 1) * HiddenSize)], scores, Letter(best), Letter(Targets[t]));
        }

        return loss;
    }

    /// <summary>One update on the whole word; the loss before it.</summary>
    public double Train()
    {
        double loss = Forward();
        foreach (ParameterSet<double> set in _gradients) set.Values.Clear();
        _stateGradients.AsSpan().Clear();
        _dense.Backward(Steps, _states, _scoreGradients, _stateGradients, _gradients[1], _workspace);
        _rnn.Backward(new RnnBackward<double>
        {
            Steps = Steps,
            Batch = 1,
            Tokens = Inputs,
            Output = _states,
            OutputGradient = _stateGradients,
            Gradients = _gradients[0],
            Workspace = _workspace,
        });
        _optimizer.Step(_gradients, LearningRate);
        Repack();
        return loss;
    }

    private static int[] Tokens(string text) => [.. text.Select(letter => Letters.IndexOf(letter, StringComparison.Ordinal))];

    private static string Letter(int token) => new Rune(Letters[token]).ToString();

    private double Forward()
    {
        _rnn.Forward(new RnnForward<double> { Steps = Steps, Batch = 1, Tokens = Inputs, Output = _states, Workspace = _workspace });
        _dense.Forward(Steps, _states, _scores);
        return SoftmaxCrossEntropy<double>.ForwardBackward(_scores, Targets, Letters.Length, _scoreGradients, _losses);
    }

    private void Repack()
    {
        _rnn.Repack();
        _dense.Repack();
    }
}
