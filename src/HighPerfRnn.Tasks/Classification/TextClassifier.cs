using HighPerfRnn.Data;
using HighPerfRnn.Data.Metrics;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Threading;

namespace HighPerfRnn.Tasks.Classification;

/// <summary>A class and how likely it is.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Probability">By the softmax of the logits.</param>
public sealed record ClassProbability(string Label, double Probability);

/// <summary>Makes examples of texts, and classes of texts.</summary>
public static class TextClassifier
{
    /// <summary>A new model of the words and classes of these texts, with first parameters that the settings' seed decides.</summary>
    /// <param name="texts">What it will be trained on.</param>
    /// <param name="tokenizer">How texts become tokens.</param>
    /// <param name="minimumCount">How often a token must come to be known.</param>
    /// <param name="maximumVocabulary">How many tokens are known at most.</param>
    /// <param name="settings">Sizes.</param>
    public static ClassificationModel Create(
        IReadOnlyList<LabelledText> texts, TextTokenizer tokenizer, int minimumCount, int maximumVocabulary, LabelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var vocabulary = Vocabulary.Build(texts.Select(text => tokenizer.Split(text.Text)), minimumCount, maximumVocabulary);
        string[] classes = [.. texts.Select(text => text.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var model = new ClassificationModel(new TextInput(tokenizer, vocabulary), classes, settings);
        model.Initialize();
        return model;
    }

    /// <summary>Texts as numbers; texts without a token, with more than the most and of classes unseen in training are skipped and counted.</summary>
    /// <param name="model">A model that reads texts.</param>
    /// <param name="texts">Texts and their classes.</param>
    /// <param name="mostTokens">Of a text.</param>
    /// <param name="skips">Takes what is passed over.</param>
    public static TokenClasses Encode(ClassificationModel model, IReadOnlyList<LabelledText> texts, int mostTokens, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(skips);
        TextInput input = InputOf(model);
        var sources = new List<int[]>(texts.Count);
        var classes = new List<int>(texts.Count);
        var numbers = model.Classes.Select((name, number) => (name, number)).ToDictionary(pair => pair.name, pair => pair.number, StringComparer.Ordinal);
        for (int i = 0; i < texts.Count; i++)
        {
            int[] tokens = input.Vocabulary.Encode(input.Tokenizer.Split(texts[i].Text));
            string place = $"text {i + 1}";
            if (!numbers.TryGetValue(texts[i].Label, out int number)) skips.Add($"label unseen in training, '{texts[i].Label}'", place);
            else if (tokens.Length == 0) skips.Add("text without a token", place);
            else if (tokens.Length > mostTokens) skips.Add($"text of more than {mostTokens} tokens", place);
            else
            {
                sources.Add(tokens);
                classes.Add(number);
            }
        }

        return new TokenClasses(sources, classes, model.Settings.TokenDropout, unchecked(model.Settings.Seed + 3));
    }

    /// <summary>All classes of a text, the likeliest first; none for a text without a token.</summary>
    /// <param name="model">A model that reads texts.</param>
    /// <param name="text">The text.</param>
    /// <param name="mostTokens">How many of its tokens are read; what follows is left out.</param>
    public static IReadOnlyList<ClassProbability> Classify(ClassificationModel model, string text, int mostTokens = 1000)
    {
        TextInput input = InputOf(model);
        int[] tokens = input.Vocabulary.Encode([.. input.Tokenizer.Split(text).Take(mostTokens)]);
        if (tokens.Length == 0) return [];
        ClassProbability[] found = [];
        LabelPredictor.Run(model.Network, new TokenClasses([tokens], [0]), 0, (_, logits) => found = Probabilities(model.Classes, logits));
        return found;
    }

    /// <summary>Counts right and predicted classes.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">What is classified.</param>
    /// <param name="workers">Threads; null for the caller's alone.</param>
    public static ClassificationMetrics Measure(ClassificationModel model, ILabelExamples examples, WorkerGroup? workers = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        var metrics = new ClassificationMetrics(model.Classes.Count);
        LabelPredictor.Run(
            model.Network,
            examples,
            model.InputSize,
            (example, logits) => metrics.Add(examples.Labels(example)[0], LabelPredictor.IndexOfLargest(logits)),
            workers: workers);
        return metrics;
    }

    /// <summary>The softmax of logits by name, the likeliest first.</summary>
    internal static ClassProbability[] Probabilities(IReadOnlyList<string> classes, ReadOnlySpan<float> logits)
    {
        double[] shares = new double[logits.Length];
        float largest = logits[LabelPredictor.IndexOfLargest(logits)];
        for (int i = 0; i < shares.Length; i++) shares[i] = Math.Exp((double)logits[i] - largest);
        double sum = shares.Sum();
        return [.. classes.Zip(shares, (name, share) => new ClassProbability(name, share / sum)).OrderByDescending(found => found.Probability)];
    }

    private static TextInput InputOf(ClassificationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Text ?? throw new ArgumentException("The model reads series; expected one that reads texts.", nameof(model));
    }
}
