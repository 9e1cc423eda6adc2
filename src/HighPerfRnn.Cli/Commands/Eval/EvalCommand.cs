using System.CommandLine;

namespace HighPerfRnn.Cli.Commands.Eval;

/// <summary>eval: one command for each kind of model.</summary>
internal static class EvalCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context) => new("eval", "Measure a model on data.")
    {
        EvalLmCommand.Create(context),
        EvalTranslateCommand.Create(context),
        EvalClassifyCommand.Create(context),
        EvalCaptionCommand.Create(context),
        EvalTagCommand.Create(context),
    };
}
