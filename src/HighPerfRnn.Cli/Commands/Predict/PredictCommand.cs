using System.CommandLine;

namespace HighPerfRnn.Cli.Commands.Predict;

/// <summary>predict: one command for each kind of model.</summary>
internal static class PredictCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context) => new("predict", "Use a model on items of your own.")
    {
        PredictTranslateCommand.Create(context),
        PredictClassifyCommand.Create(context),
        PredictCaptionCommand.Create(context),
        PredictTagCommand.Create(context),
    };
}
