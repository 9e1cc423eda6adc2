using System.Globalization;
using HighPerfRnn.Data;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Formats;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Labelling;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Classification;

/// <summary>What a classifier of texts reads.</summary>
/// <param name="Tokenizer">How texts become tokens.</param>
/// <param name="Vocabulary">The tokens that are known.</param>
public sealed record TextInput(TextTokenizer Tokenizer, Vocabulary Vocabulary);

/// <summary>What a forecast is made of and what it tells.</summary>
/// <param name="Targets">The columns that it tells, with their scales.</param>
/// <param name="Window">How many rows it reads.</param>
/// <param name="Horizon">How many rows after the last of them; 0 for the last row's own, which then are no input.</param>
public sealed record ForecastTarget(NumberScaling Targets, int Window, int Horizon);

/// <summary>
/// A model from a sequence to one answer: the class of a text, the class of a series of numbers, or numbers that a series leads to.
/// </summary>
public sealed class ClassificationModel
{
    /// <summary>What its files are called.</summary>
    public const string Kind = "classification";

    private const string ClassSeparator = "\n";

    /// <summary>A classifier of texts; its parameters are zeros.</summary>
    /// <param name="text">Tokeniser and vocabulary.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="settings">Sizes of the network.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public ClassificationModel(TextInput text, IReadOnlyList<string> classes, LabelSettings settings, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(settings);
        Text = text;
        Classes = classes;
        Settings = settings with { Loss = LabelLoss.Classes };
        Network = LabelNetworks.OfTokens(Settings, text.Vocabulary.Count, classes.Count, isTrainable);
    }

    /// <summary>A classifier of series; its parameters are zeros.</summary>
    /// <param name="series">Columns that are read, with their scales.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="settings">Sizes of the network.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public ClassificationModel(NumberScaling series, IReadOnlyList<string> classes, LabelSettings settings, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(settings);
        Series = series;
        Classes = classes;
        Settings = settings with { Loss = LabelLoss.Classes };
        Network = LabelNetworks.OfNumbers(Settings, series.Columns.Count, classes.Count, isTrainable);
    }

    /// <summary>A forecast or regression; its parameters are zeros.</summary>
    /// <param name="series">Columns that are read, with their scales.</param>
    /// <param name="forecast">What is told.</param>
    /// <param name="settings">Sizes of the network.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public ClassificationModel(NumberScaling series, ForecastTarget forecast, LabelSettings settings, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentNullException.ThrowIfNull(forecast);
        ArgumentNullException.ThrowIfNull(settings);
        Series = series;
        Forecast = forecast;
        Classes = [];
        Settings = settings with { Loss = LabelLoss.Numbers };
        Network = LabelNetworks.OfNumbers(Settings, series.Columns.Count, forecast.Targets.Columns.Count, isTrainable);
    }

    /// <summary>Null where series are read.</summary>
    public TextInput? Text { get; }

    /// <summary>Null where texts are read.</summary>
    public NumberScaling? Series { get; }

    /// <summary>Null where classes are told.</summary>
    public ForecastTarget? Forecast { get; }

    /// <summary>Names of the classes; none where numbers are told.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>Sizes of the network.</summary>
    public LabelSettings Settings { get; }

    /// <summary>The network.</summary>
    public SequenceClassifier<float> Network { get; }

    /// <summary>Numbers of a step; 0 for tokens.</summary>
    public int InputSize => Series?.Columns.Count ?? 0;

    /// <summary>A name for each of the network's sets of parameters.</summary>
    public IReadOnlyList<string> SetNames => LabelFile.SetNames(Network);

    /// <summary>What a file of the model says beside parameters.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata
    {
        get
        {
            var texts = new List<KeyValuePair<string, string>>(LabelFile.Metadata(Settings)) { new("input", Text is null ? "series" : "text") };
            if (Text is not null)
            {
                texts.Add(new("tokens", Text.Tokenizer.Describe()));
                texts.Add(new("vocabulary", Text.Vocabulary.Save()));
            }

            if (Series is not null) texts.Add(new("series", Series.Save()));
            if (Forecast is null)
            {
                texts.Add(new("classes", string.Join(ClassSeparator, Classes)));
                return texts;
            }

            texts.Add(new("targets", Forecast.Targets.Save()));
            texts.Add(new("window", Forecast.Window.ToString(CultureInfo.InvariantCulture)));
            texts.Add(new("horizon", Forecast.Horizon.ToString(CultureInfo.InvariantCulture)));
            return texts;
        }
    }

    /// <summary>First parameters that the settings' seed decides.</summary>
    public void Initialize()
    {
        TaskInitialization.Initialize(Network.ParameterSets, Settings.Seed);
        Network.Repack();
    }

    /// <summary>Takes vectors of words that were learned elsewhere as first parameters of the words that both know.</summary>
    /// <param name="path">A file as <see cref="WordVectors"/> reads it, of as many numbers a word as the settings' embedding size.</param>
    /// <returns>How many of the vocabulary's words were found.</returns>
    /// <exception cref="DataException">The file cannot be read as such, or has none of the words.</exception>
    /// <exception cref="InvalidOperationException">The model reads series.</exception>
    public int TakeVectors(string path)
    {
        Vocabulary vocabulary = Text?.Vocabulary ?? throw new InvalidOperationException("The model reads series; expected one that reads texts.");
        int found = 0;
        WordVectors.Read(path, Settings.EmbeddingSize, (word, vector) =>
        {
            if (!vocabulary.Contains(word)) return;
            vector.CopyTo(Network.ParameterSets[0]["weight"].Slice(vocabulary.IndexOf(word) * vector.Length, vector.Length));
            found++;
        });
        Network.Repack();
        return found > 0 ? found : throw DataException.At(path, "no word of the training's", "vectors of some of them");
    }

    /// <summary>Reads a model for use.</summary>
    /// <exception cref="ModelFormatException">The file is no such model.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ClassificationModel Load(string path)
    {
        using TaskModelFile file = TaskModelFile.Open(path, Kind);
        ClassificationModel model = Create(file, LabelFile.Settings(file));
        file.Read(LabelFile.Sets(model.Network));
        model.Network.Repack();
        return model;
    }

    private static ClassificationModel Create(TaskModelFile file, LabelSettings settings)
    {
        if (settings.Loss == LabelLoss.Numbers)
        {
            NumberScaling inputs = file.Parse("series", NumberScaling.Parse), targets = file.Parse("targets", NumberScaling.Parse);
            var forecast = new ForecastTarget(targets, file.Whole("window", 1, int.MaxValue), file.Whole("horizon", 0, int.MaxValue));
            LabelFile.RequireSizes(file, settings, 0, targets.Columns.Count);
            return new ClassificationModel(inputs, forecast, settings, isTrainable: false);
        }

        string[] classes = file.Text("classes").Split(ClassSeparator);
        if (file.Text("input") == "series")
        {
            LabelFile.RequireSizes(file, settings, 0, classes.Length);
            return new ClassificationModel(file.Parse("series", NumberScaling.Parse), classes, settings, isTrainable: false);
        }

        var text = new TextInput(file.Parse("tokens", TextTokenizer.Parse), file.Parse("vocabulary", Vocabulary.Parse));
        LabelFile.RequireSizes(file, settings, text.Vocabulary.Count, classes.Length);
        return new ClassificationModel(text, classes, settings, isTrainable: false);
    }
}
