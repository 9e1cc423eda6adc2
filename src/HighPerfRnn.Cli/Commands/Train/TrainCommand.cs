using System.CommandLine;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>train: one command for each kind of model.</summary>
internal static class TrainCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context) => new("train", "Train a model.")
    {
        TrainLmCommand.Create(context),
        TrainTranslateCommand.Create(context),
        TrainClassifyCommand.Create(context),
        TrainCaptionCommand.Create(context),
        TrainTagCommand.Create(context),
    };
}
