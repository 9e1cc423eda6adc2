using System.CommandLine;
using System.Globalization;
using HighPerfRnn.Cli.LanguageModel;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Cli.Training;
using HighPerfRnn.Layers;
using HighPerfRnn.Models;
using HighPerfRnn.Threading;
using HighPerfRnn.Training;
using static System.FormattableString;

namespace HighPerfRnn.Cli.Commands.Train;

/// <summary>train lm: a character model.</summary>
internal static class TrainLmCommand
{
    private const int SampleCharacters = 400;
    private const double SampleTemperature = 0.8;

    private const double DefaultForgetBias = 1;
    private const double MostForgetBias = 100;

    // From here on the first weights take seconds.
    private const int ManyUnits = 2048;

    /// <summary>The command.</summary>
    public static Command Create(ToolContext context)
    {
        Option<string?> text = CommandOptions.Text("--text", "FILE", CommandOptions.WithDefault("A text in UTF-8.", EmbeddedData.TextDescription));
        Option<int> hidden = CommandOptions.Whole("--hidden", 256, 1, 16_384, "Units a layer.");
        Option<RecurrentCellKind?> cell = CommandOptions.Cell();
        Option<int> layers = CommandOptions.Layers();
        Option<int> embedding = CommandOptions.Whole("--embedding", 64, 1, 16_384, "Numbers a character.");
        Option<int> window = CommandOptions.Whole("--window", 128, 1, 65_536, "Steps over which gradients flow.");
        Option<Activation?> activation = CommandOptions.Choice(
            "--activation", "tanh", "Of rnn cells.", ("tanh", Activation.Tanh), ("relu", Activation.Relu));
        Option<double> forgetBias = CommandOptions.Number(
            "--forget-bias",
            DefaultForgetBias,
            value => Math.Abs(value) <= MostForgetBias,
            $"a number from -{MostForgetBias} to {MostForgetBias}",
            "First bias of an lstm's forget gates.");
        var command = new Command("lm", "Train a character model: it learns to write like a text.")
        {
            text, cell, hidden, layers, embedding, window, activation, forgetBias,
        };
        var flags = new TrainingFlags(new TrainingDefaults());
        flags.AddTo(command);
        command.SetAction(parsed => Run(context, new LmSettings
        {
            TextPath = parsed.GetValue(text),
            ModelPath = parsed.GetValue(flags.Out) ?? TrainingFlags.DefaultModelPath,
            Resume = parsed.GetValue(flags.Resume),
            Validation = parsed.GetValue(flags.Validation),
            ValidateEvery = parsed.GetValue(flags.ValidateEvery),
            Threads = parsed.GetValue(flags.Threads),
            AsJson = parsed.GetValue(flags.Json),
            Model = new CharacterModelOptions
            {
                Cell = parsed.GetValue(cell) ?? RecurrentCellKind.Rnn,
                HiddenSize = parsed.GetValue(hidden),
                Layers = parsed.GetValue(layers),
                EmbeddingSize = parsed.GetValue(embedding),
                Activation = parsed.GetValue(activation) ?? Activation.Tanh,
            },
            Training = new CharacterTrainingOptions
            {
                Batch = parsed.GetValue(flags.Batch),
                Window = parsed.GetValue(window),
                Iterations = parsed.GetValue(flags.Iterations),
                Optimizer = parsed.GetValue(flags.Optimizer) ?? OptimizerKind.Adam,
                LearningRate = parsed.GetValue(flags.LearningRate),
                Momentum = parsed.GetValue(flags.Momentum),
                Clip = parsed.GetValue(flags.Clip),
                Seed = parsed.GetValue(flags.Seed),
                ForgetBias = parsed.GetValue(forgetBias),
                Schedule = parsed.GetValue(flags.Schedule) ?? ScheduleKind.Constant,
                WarmupIterations = parsed.GetValue(flags.Warmup),
            },
        }));
        return command;
    }

    private static int Run(ToolContext context, LmSettings settings)
    {
        string plotPath = Path.ChangeExtension(settings.ModelPath, ".png");
        Check(settings, plotPath);
        LmData data = LmData.Read(settings);
        LmMemory.ThrowIfTooLarge(settings, data.Alphabet.Count);
        using var workers = new WorkerGroup(settings.Threads);
        bool hasOrthogonal = RecurrentCells.LayoutOf(settings.Model.Cell).AllRecurrentGates > 0;
        if (!settings.Resume && hasOrthogonal && settings.Model.HiddenSize >= ManyUnits)
        {
            context.Error.WriteLine("hprnn train lm: drawing orthogonal weights, whose time grows with the cube of --hidden.");
        }

        var training = new LmTraining(settings, data, workers);
        bool isDone = Train(context, training);
        LmTrainingReport report = training.Report();
        bool hasPlot = LossPlot.TrySave(context, plotPath, training.Curve, "Character model", "loss, nats a character");
        if (settings.AsJson) Json.Write(context.Output, report, Json.Default.LmTrainingReport);
        else Print(context, settings, training, report, hasPlot ? plotPath : null);
        if (isDone) return ExitCode.Done;
        context.Error.WriteLine($"hprnn: stopped after iteration {report.Iterations}; saved {settings.ModelPath}; the same command with --resume goes on.");
        return ExitCode.Stopped;
    }

    /// <summary>Everything that can be wrong before the text is read.</summary>
    private static void Check(LmSettings settings, string plotPath)
    {
        if (settings.Training.Momentum != 0 && settings.Training.Optimizer != OptimizerKind.Sgd)
        {
            throw ToolException.Usage("--momentum", settings.Training.Momentum.ToString(CultureInfo.InvariantCulture), "0, or --optimizer sgd");
        }

        if (settings.Model.Activation != Activation.Tanh && settings.Model.Cell != RecurrentCellKind.Rnn)
        {
            throw ToolException.Usage("--activation", "'relu'", "tanh, or --cell rnn");
        }

        if (settings.Training.ForgetBias != DefaultForgetBias && settings.Model.Cell != RecurrentCellKind.Lstm)
        {
            throw ToolException.Usage(
                "--forget-bias", settings.Training.ForgetBias.ToString(CultureInfo.InvariantCulture), Invariant($"{DefaultForgetBias}, or --cell lstm"));
        }

        OutputFile.ThrowIfNotWritable("--out", settings.ModelPath);
        if (OutputFile.AreSame(settings.ModelPath, plotPath))
        {
            throw ToolException.Usage("--out", TextConsole.Quote(settings.ModelPath), "another ending: the plot takes .png");
        }

        foreach (string written in (string[])[settings.ModelPath, plotPath])
        {
            if (settings.TextPath is string text && File.Exists(text) && OutputFile.AreSame(text, written))
            {
                throw ToolException.Usage("--out", $"{TextConsole.Quote(written)}, which is the text", "another file");
            }
        }
    }

    private static bool Train(ToolContext context, LmTraining training)
    {
        using StopRequest stop = context.ListenForStop();
        TrainingDisplay display = TrainingDisplay.Create(context);
        bool isDone = false;
        try
        {
            display.Run(() => isDone = training.Run(display, stop));
        }
        catch (TrainingDivergedException error)
        {
            throw ToolException.Unmet(error.Message);
        }

        return isDone;
    }

    private static void Print(
        ToolContext context, LmSettings settings, LmTraining training, LmTrainingReport report, string? plotPath)
    {
        TextWriter output = context.Output;
        var generator = new TextGenerator(training.Model, [], settings.Training.Seed, SampleTemperature, topK: 0);
        output.WriteLine("What it writes:");
        output.WriteLine();
        output.WriteLine(generator.Next(SampleCharacters));
        output.WriteLine();
        if (training.Curve.Training.Count > 0)
        {
            output.WriteLine("Training loss in nats a character, over iterations");
            output.WriteLine(TextChart.Draw([.. training.Curve.Training], training.Curve.FirstIteration, context.Width));
            output.WriteLine();
        }

        string threads = report.Threads == 1 ? "1 thread" : $"{report.Threads} threads";
        string validation = double.IsNaN(report.ValidationLoss) ? string.Empty : Invariant($", validation {report.ValidationLoss:0.0000}");
        output.WriteLine(Invariant($"{report.Cell}, {report.Iterations} iterations, {report.Parameters:N0} parameters, {threads}, {report.VectorBits}-bit vectors"));
        if (training.Curve.Training.Count == 0)
        {
            output.WriteLine($"Nothing was left to do{validation} nats a character; a larger --iterations goes on.");
            output.WriteLine($"Model: {settings.ModelPath}");
            return;
        }

        output.WriteLine(Invariant($"{report.Tokens:N0} characters in {report.Seconds:0.0} s: {report.TokensPerSecond:N0} a second"));
        output.WriteLine(Invariant($"{report.AllocatedBytesPerIteration:0} bytes allocated an iteration"));
        output.WriteLine(Invariant($"Loss {report.TrainLoss:0.0000}{validation} nats a character"));
        output.WriteLine($"Model: {settings.ModelPath}{(plotPath is null ? string.Empty : $", loss curve: {plotPath}")}");
    }
}
