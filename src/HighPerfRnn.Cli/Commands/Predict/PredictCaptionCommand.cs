using System.CommandLine;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Tasks;
using HighPerfRnn.Data.Images;
using HighPerfRnn.Data.Text;
using HighPerfRnn.Tasks.Captioning;

namespace HighPerfRnn.Cli.Commands.Predict;

/// <summary>predict caption: a caption a line, as paths of images come.</summary>
internal static class PredictCaptionCommand
{
    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Argument<string[]> files = DecoderOptions.Models();
        var input = new PredictInput();
        Option<string?> image = CommandOptions.Text("--image", "FILE", "One image, in place of paths.");
        Option<int> alternatives = CommandOptions.Whole(
            "--alternatives", 1, 1, 1000, "Captions an image, at most --beam of them; more than 1 are shown with their scores.");
        var search = new TranslateOptions();
        Option<int> views = CaptionWords.Views();
        Option<bool> json = CommandOptions.Json();
        var command = new Command("caption", "Say what images show, a line each, as their paths come, one a line.") { files, image };
        input.AddTo(command);
        command.Add(alternatives);
        search.AddTo(command);
        command.Add(views);
        command.Add(json);
        command.SetAction(parsed =>
        {
            CaptionModel[] models = InputFile.ReadModels(parsed.GetValue(files)!, CaptionModel.Load, (first, other) => first.IsLike(other));
            var captioner = new Captioner(models, search.SearchOf(parsed), parsed.GetValue(views));
            IEnumerable<string> paths = parsed.GetValue(image) is string one ? [one] : input.Lines(parsed).Select(line => line.Text);
            foreach (string path in paths)
            {
                var thumbnail = Thumbnail.Of(ImageFile.Read(path), models[0].Images.ThumbnailSize);
                ImageCaption[] found = [.. captioner.Describe(thumbnail).Take(parsed.GetValue(alternatives))];
                if (parsed.GetValue(json)) Json.Write(context.Output, new CaptionReport(path, found), Json.Default.CaptionReport);
                else Alternatives.Write(context.Output, found.Select(caption => (caption.Score, caption.Text)), parsed.GetValue(alternatives) > 1);
                context.Output.Flush();
            }

            return ExitCode.Done;
        });
        return command;
    }
}
