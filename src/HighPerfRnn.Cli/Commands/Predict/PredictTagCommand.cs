using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Labels;
using HighPerfRnn.Tasks.Tagging;

namespace HighPerfRnn.Cli.Commands.Predict;

/// <summary>predict tag: labels of frames, of a whole sequence or live.</summary>
internal static class PredictTagCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        var model = new Argument<string>("MODEL") { Description = "a model file" };
        Option<string?> input = CommandOptions.Text(
            "--input", "PATH", "A CSV file of numbers, a WAV file or a folder of numbered images; with --live standard input is read without it.");
        Option<bool> live = CommandOptions.Switch(
            "--live", "Label each frame as it comes, waiting for none after it: rows of numbers, or 16-bit samples of one channel at the model's rate.");
        Option<bool> json = CommandOptions.Json();
        var command = new Command(
            "tag", "Label frames: of sound an Audacity label track, of numbers and images a label a frame; of labels without times their order.") { model, input, live, json };
        command.SetAction(parsed =>
        {
            TaggingModel loaded = InputFile.ReadModel(parsed.GetValue(model)!, TaggingModel.Load);
            string? path = parsed.GetValue(input);
            if (parsed.GetValue(live)) return LiveTagging.Run(context, loaded, path, parsed.GetValue(json));
            if (path is null) throw ToolException.Usage("--input", "nothing", "a file or folder; or --live for a stream on standard input");
            foreach (TagSequence sequence in TagReader.Read(path, loaded.Features, hasLabels: false).Sequences)
            {
                string[] labels = Tagger.Tag(loaded, sequence);
                if (parsed.GetValue(json)) Json.Write(context.Output, new TagsReport(sequence.Name, labels), Json.Default.TagsReport);
                else Write(context.Output, loaded, labels);
                context.Output.Flush();
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(TextWriter output, TaggingModel model, string[] labels)
    {
        if (!model.HasTimes)
        {
            output.WriteLine(string.Join(' ', labels));
            return;
        }

        if (model.Features.Source != TagSource.Sound)
        {
            foreach (string label in labels) output.WriteLine(label);
            return;
        }

        foreach (LabelInterval interval in LabelIntervals.FromFrames(labels, model.Features.Mel.HopSeconds, model.Features.Background))
        {
            output.WriteLine(LabelIntervals.Line(interval));
        }
    }
}
