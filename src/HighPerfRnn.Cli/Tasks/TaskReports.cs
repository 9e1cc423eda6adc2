namespace HighPerfRnn.Cli.Tasks;

/// <summary>What the training of a task prints with --json.</summary>
/// <param name="Items">Examples trained on in this run, each as often as it came.</param>
/// <param name="Seconds">In updates of this run: without validation, saving and display.</param>
/// <param name="ItemsPerSecond">Their quotient.</param>
/// <param name="Validation">Metrics of the best model on the part that was set aside; empty without one.</param>
/// <param name="Parameters">Numbers in the model.</param>
/// <param name="AllocatedBytesPerIteration">On the training thread, after the first iteration, but for the order of each pass over the data.</param>
/// <param name="Model">The file.</param>
/// <param name="Iterations">Updates done, with those before --resume.</param>
/// <param name="BestIteration">The one after which the model that is kept stood.</param>
/// <param name="Units">Tokens or frames trained on.</param>
/// <param name="UnitsPerSecond">Their speed.</param>
/// <param name="Skipped">Items of the data that were passed over.</param>
/// <param name="Threads">Workers.</param>
internal sealed record TaskTrainingReport(
    long Items,
    double Seconds,
    double ItemsPerSecond,
    IReadOnlyDictionary<string, double> Validation,
    long Parameters,
    double AllocatedBytesPerIteration,
    string Model,
    long Iterations,
    long BestIteration,
    long Units,
    double UnitsPerSecond,
    int Skipped,
    int Threads);

/// <summary>What the evaluation of a task prints with --json.</summary>
/// <param name="Items">Measured.</param>
/// <param name="Skipped">Items of the data that were passed over.</param>
/// <param name="Seconds">For predicting them.</param>
/// <param name="ItemsPerSecond">Their quotient.</param>
/// <param name="Metrics">By name.</param>
internal sealed record TaskEvaluationReport(
    int Items, int Skipped, double Seconds, double ItemsPerSecond, IReadOnlyDictionary<string, double> Metrics);

/// <summary>What predict translate --json prints a line.</summary>
/// <param name="Source">What was given.</param>
/// <param name="Translations">What was found, the best first.</param>
internal sealed record TranslationReport(string Source, IReadOnlyList<TranslationAlternative> Translations);

/// <summary>One translation.</summary>
/// <param name="Text">The target.</param>
/// <param name="Score">By which they are ordered: ln p by the length.</param>
/// <param name="LogProbability">ln p.</param>
internal sealed record TranslationAlternative(string Text, double Score, double LogProbability);

/// <summary>What predict classify --json prints a line.</summary>
/// <param name="Text">What was given.</param>
/// <param name="Classes">The likeliest first.</param>
internal sealed record ClassesReport(string Text, IReadOnlyList<HighPerfRnn.Tasks.Classification.ClassProbability> Classes);

/// <summary>What predict caption --json prints a line.</summary>
/// <param name="Image">What was given.</param>
/// <param name="Captions">What was found, the best first.</param>
internal sealed record CaptionReport(string Image, IReadOnlyList<HighPerfRnn.Tasks.Captioning.ImageCaption> Captions);

/// <summary>What predict tag --json prints a sequence.</summary>
/// <param name="Sequence">What was given.</param>
/// <param name="Labels">One a frame, or, without times, in their order.</param>
internal sealed record TagsReport(string Sequence, IReadOnlyList<string> Labels);

/// <summary>What predict tag --live --json prints a frame.</summary>
/// <param name="Frame">Its number, from 1.</param>
/// <param name="Label">Its label.</param>
internal sealed record LiveTagReport(int Frame, string Label);

/// <summary>What predict classify --json prints of a forecast.</summary>
/// <param name="Series">What was given.</param>
/// <param name="Values">By the names of their columns.</param>
internal sealed record ForecastReport(string Series, IReadOnlyDictionary<string, double> Values);
