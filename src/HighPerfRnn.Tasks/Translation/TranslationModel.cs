using HighPerfRnn.Data;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Formats;
using HighPerfRnn.Models;
using HighPerfRnn.Tasks.Decoding;
using HighPerfRnn.Tasks.Training;

namespace HighPerfRnn.Tasks.Translation;

/// <summary>How texts of a translation become tokens.</summary>
public sealed record TranslationTokens
{
    /// <summary>Of sources.</summary>
    public TextTokenizer Source { get; init; } = new() { Unit = TextUnit.Word };

    /// <summary>Of targets.</summary>
    public TextTokenizer Target { get; init; } = new() { Unit = TextUnit.Word };

    /// <summary>How often a token must come to be known.</summary>
    public int MinimumCount { get; init; } = 1;

    /// <summary>How many tokens are known at most, on either side.</summary>
    public int MaximumVocabulary { get; init; } = 50_000;
}

/// <summary>A model that makes one text of another: tokenisers, vocabularies and an encoder-decoder.</summary>
public sealed class TranslationModel
{
    /// <summary>What its files are called.</summary>
    public const string Kind = "translation";

    private const int MostTokens = 1 << 24;

    /// <summary>A model of these parts; its parameters are zeros.</summary>
    /// <param name="tokens">Tokenisers.</param>
    /// <param name="sourceVocabulary">Of sources.</param>
    /// <param name="targetVocabulary">Of targets.</param>
    /// <param name="settings">Sizes of the network.</param>
    /// <param name="isTrainable">Whether there is a backward pass.</param>
    public TranslationModel(
        TranslationTokens tokens, Vocabulary sourceVocabulary, Vocabulary targetVocabulary, DecoderSettings settings, bool isTrainable = true)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(sourceVocabulary);
        ArgumentNullException.ThrowIfNull(targetVocabulary);
        ArgumentNullException.ThrowIfNull(settings);
        Tokens = tokens;
        SourceVocabulary = sourceVocabulary;
        TargetVocabulary = targetVocabulary;
        Settings = settings;
        Network = DecoderNetworks.OfTokens(settings, sourceVocabulary.Count, targetVocabulary.Count, isTrainable);
    }

    /// <summary>Tokenisers.</summary>
    public TranslationTokens Tokens { get; }

    /// <summary>Of sources.</summary>
    public Vocabulary SourceVocabulary { get; }

    /// <summary>Of targets.</summary>
    public Vocabulary TargetVocabulary { get; }

    /// <summary>Sizes of the network.</summary>
    public DecoderSettings Settings { get; }

    /// <summary>The network.</summary>
    public EncoderDecoder<float> Network { get; }

    /// <summary>A name for each of the network's sets of parameters.</summary>
    public IReadOnlyList<string> SetNames => DecoderFile.SetNames(Network);

    /// <summary>What a file of the model says beside parameters.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata =>
    [
        .. DecoderFile.Metadata(Settings),
        new("source_tokens", Tokens.Source.Describe()),
        new("target_tokens", Tokens.Target.Describe()),
        new("source_vocabulary", SourceVocabulary.Save()),
        new("target_vocabulary", TargetVocabulary.Save()),
    ];

    /// <summary>A new model of the tokens of these pairs, with first parameters that the settings' seed decides.</summary>
    /// <param name="pairs">What it will be trained on.</param>
    /// <param name="tokens">Tokenisers and what makes a token known.</param>
    /// <param name="settings">Sizes.</param>
    public static TranslationModel Create(IReadOnlyList<TextPair> pairs, TranslationTokens tokens, DecoderSettings settings)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(settings);
        var model = new TranslationModel(
            tokens,
            Vocabulary.Build(pairs.Select(pair => tokens.Source.Split(pair.Source)), tokens.MinimumCount, tokens.MaximumVocabulary),
            Vocabulary.Build(pairs.Select(pair => tokens.Target.Split(pair.Target)), tokens.MinimumCount, tokens.MaximumVocabulary),
            settings);
        TaskInitialization.Initialize(model.Network.ParameterSets, settings.Seed);
        model.Network.Repack();
        return model;
    }

    /// <summary>Reads a model for use.</summary>
    /// <exception cref="ModelFormatException">The file is no such model.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TranslationModel Load(string path)
    {
        using TaskModelFile file = TaskModelFile.Open(path, Kind);
        DecoderSettings settings = DecoderFile.Settings(file);
        var tokens = new TranslationTokens
        {
            Source = file.Parse("source_tokens", TextTokenizer.Parse),
            Target = file.Parse("target_tokens", TextTokenizer.Parse),
        };
        Vocabulary source = file.Parse("source_vocabulary", Vocabulary.Parse), target = file.Parse("target_vocabulary", Vocabulary.Parse);
        DecoderFile.RequireTokenSizes(file, settings, source.Count, target.Count);
        var model = new TranslationModel(tokens, source, target, settings, isTrainable: false);
        file.Read(DecoderFile.Sets(model.Network));
        model.Network.Repack();
        return model;
    }

    /// <summary>Whether both read and write the same tokens by the same numbers, so that a <see cref="Translator"/> may join them.</summary>
    public bool IsLike(TranslationModel other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Tokens.Source.Describe() == other.Tokens.Source.Describe()
            && Tokens.Target.Describe() == other.Tokens.Target.Describe()
            && SourceVocabulary.Tokens.SequenceEqual(other.SourceVocabulary.Tokens, StringComparer.Ordinal)
            && TargetVocabulary.Tokens.SequenceEqual(other.TargetVocabulary.Tokens, StringComparer.Ordinal);
    }

    /// <summary>Pairs as numbers, with an empty line for no token; those with more tokens than the most are skipped and counted.</summary>
    /// <param name="pairs">Texts.</param>
    /// <param name="mostTokens">Of a source, and of a target.</param>
    /// <param name="skips">Takes what is passed over.</param>
    public TokenPairs Encode(IReadOnlyList<TextPair> pairs, int mostTokens, DataSkips skips)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(skips);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mostTokens, MostTokens);
        var sources = new List<int[]>(pairs.Count);
        var targets = new List<int[]>(pairs.Count);
        for (int i = 0; i < pairs.Count; i++)
        {
            int[] source = SourceVocabulary.Encode(Tokens.Source.Split(pairs[i].Source));
            int[] target = TargetVocabulary.Encode(Tokens.Target.Split(pairs[i].Target));
            if (source.Length == 0 || target.Length == 0)
            {
                skips.Add("text without a token", $"pair {i + 1}");
            }
            else if (Math.Max(source.Length, target.Length) > mostTokens)
            {
                skips.Add($"text of more than {mostTokens} tokens", $"pair {i + 1}");
            }
            else
            {
                sources.Add(source);
                targets.Add(target);
            }
        }

        return new TokenPairs(sources, targets);
    }
}
