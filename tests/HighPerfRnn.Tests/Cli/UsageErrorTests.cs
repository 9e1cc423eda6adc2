using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace HighPerfRnn.Tests.Cli;

/// <summary>Bad usage and bad input: exit 2 and one line that names the place, what was found and what was expected.</summary>
public sealed class UsageErrorTests
{
    [Theory]
    [InlineData("found no command, expected one of hello, train, eval, predict, generate, check, bench")]
    [InlineData("found 'frob', expected one of hello, train", "frob")]
    [InlineData("hprnn train: found no command, expected one of lm", "train")]
    [InlineData("hprnn train: found 'mt', expected one of lm", "train", "mt")]
    [InlineData("found '--heat', expected one of", "hello", "--heat")]
    [InlineData("--hidden: found '0', expected a whole number from 1 to", "train", "lm", "--hidden", "0")]
    [InlineData("--hidden: found 'many', expected a whole number", "train", "lm", "--hidden", "many")]
    [InlineData("--hidden: found '99999999999', expected a whole number", "train", "lm", "--hidden", "99999999999")]
    [InlineData("--hidden: found no value, expected N", "train", "lm", "--hidden")]
    [InlineData("--hidden: found 2 times, expected once", "train", "lm", "--hidden", "3", "--hidden", "4")]
    [InlineData("--layers: found '-1', expected a whole number", "train", "lm", "--layers", "-1")]
    [InlineData("--dropout: found '0.5', expected 0, since a character model has no dropout", "train", "lm", "--dropout", "0.5")]
    [InlineData("--optimizer: found 'adagrad', expected one of sgd, rmsprop, adam, adamw", "train", "lm", "--optimizer", "adagrad")]
    [InlineData("--learning-rate: found 'NaN', expected a number above 0", "train", "lm", "--learning-rate", "NaN")]
    [InlineData("--learning-rate: found '2,5', expected a number above 0", "train", "lm", "--learning-rate", "2,5")]
    [InlineData("--clip: found '0', expected a number above 0", "train", "lm", "--clip", "0")]
    [InlineData("--validation: found '1', expected a number from 0 to 0.9", "train", "lm", "--validation", "1")]
    [InlineData("--momentum: found 0.9, expected 0, or --optimizer sgd", "train", "lm", "--momentum", "0.9")]
    [InlineData("--seed: found '-3', expected a whole number", "train", "lm", "--seed", "-3")]
    [InlineData("--activation: found 'gelu', expected one of tanh, relu", "train", "lm", "--activation", "gelu")]
    [InlineData("--threads: found '5000', expected a whole number", "train", "lm", "--threads", "5000")]
    [InlineData("no such folder", "train", "lm", "--out", "/no/such/folder/model.safetensors")]
    [InlineData("a folder, expected a file", "train", "lm", "--out", "/")]
    [InlineData("found 'm.png', expected another ending", "train", "lm", "--out", "m.png")]
    [InlineData("--text 'missing.txt': found no such file", "train", "lm", "--text", "missing.txt")]
    [InlineData("--text '/': found a folder", "train", "lm", "--text", "/")]
    [InlineData("found no MODEL, expected a model file", "eval", "lm")]
    [InlineData("'missing.safetensors': found no such file", "eval", "lm", "missing.safetensors")]
    [InlineData("'missing.safetensors': found no such file", "generate", "missing.safetensors")]
    [InlineData("--length: found '-1', expected a whole number", "generate", "m", "--length", "-1")]
    [InlineData("--temperature: found '-1', expected a number from 0", "generate", "m", "--temperature", "-1")]
    [InlineData("--shape: found '1,2,3', expected B,T,I,H as whole numbers", "check", "--shape", "1,2,3")]
    [InlineData("--shape: found B·T·H·(I+H)", "check", "--shape", "256,1000,512,512")]
    [InlineData("--shape: found '1,1,0,16', expected B,T,I,H", "bench", "--shape", "1,1,0,16")]
    [InlineData("elements of a sequence", "bench", "--shape", "60000,60000,16000,16000")]
    [InlineData("--cell: found 'elman', expected one of rnn, lstm, gru, mingru, minlstm, lru", "bench", "--cell", "elman")]
    [InlineData("--cell: found 'LSTM', expected one of rnn, lstm", "check", "--cell", "LSTM")]
    [InlineData("--cell: found 'elman', expected one of rnn, lstm", "train", "lm", "--cell", "elman")]
    [InlineData("--layers: found '0', expected a whole number from 1 to 64", "check", "--layers", "0")]
    [InlineData("--layers: found '65', expected a whole number from 1 to 64", "bench", "--layers", "65")]
    [InlineData("--shape: found multiply-adds of all layers = 20,", "check", "--cell", "lstm", "--shape", "100,100,16,16", "--layers", "1")]
    [InlineData("--activation: found 'relu', expected tanh, or --cell rnn", "train", "lm", "--cell", "gru", "--activation", "relu")]
    [InlineData("--forget-bias: found 2, expected 1, or --cell lstm", "train", "lm", "--forget-bias", "2")]
    [InlineData("--forget-bias: found 'NaN', expected a number from -100 to 100", "train", "lm", "--forget-bias", "NaN")]
    [InlineData("--mode: found 'sideways', expected one of step, forward, backward, training", "bench", "--mode", "sideways")]
    [InlineData("--precision: found 'half', expected one of float, double, bfloat16, int8", "bench", "--precision", "half")]
    [InlineData("--mode: found 'training', expected step or forward with --precision int8", "bench", "--mode", "training", "--precision", "int8")]
    [InlineData("--mode: found 'step', expected forward, backward or training with --bidirectional", "bench", "--bidirectional", "--mode", "step")]
    [InlineData("--seconds: found '0', expected a number from 0.001", "bench", "--seconds", "0")]
    public void OneLineSaysWhatIsWrong(string expected, params string[] args)
    {
        string line = ToolRun.Of(args).ErrorLine(2);
        Assert.StartsWith("hprnn", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    [Fact]
    public void ControlCharactersDoNotBreakTheLine()
    {
        string line = ToolRun.Of("train", "lm", "--text", "a\nb\u001b[31m.txt").ErrorLine(2);
        Assert.DoesNotContain('\u001b', line);
    }

    [Fact]
    public void TextsThatCannotServeAreNamed()
    {
        using var folder = new CommandFolder();
        string empty = folder.Write("empty.txt", "");
        string mark = folder.Write("mark.txt", [0xEF, 0xBB, 0xBF]);
        string latin = folder.Write("latin.txt", [.. Encoding.UTF8.GetBytes("first – line\nsecond caf"), 0xE9, (byte)' ']);
        string @short = folder.Write("short.txt", "a few words");
        string model = folder.Path("m.safetensors");
        Assert.Contains("empty.txt': found an empty file, expected text", Train(empty), StringComparison.Ordinal);
        Assert.Contains("mark.txt': found an empty file", Train(mark), StringComparison.Ordinal);
        Assert.Contains("latin.txt', line 2, byte 25: found 0xE9, which is no UTF-8 there", Train(latin), StringComparison.Ordinal);
        Assert.Contains(
            "short.txt': found 11 characters to train on, expected at least 4,128: --batch 32 times --window 128", Train(@short), StringComparison.Ordinal);
        Assert.Contains("which is the text, expected another file", Train(@short, @short), StringComparison.Ordinal);
        Assert.False(File.Exists(model));

        string Train(string text, string? output = null) => ToolRun.Of("train", "lm", "--text", text, "--out", output ?? model).ErrorLine(2);
    }

    [Fact]
    public void SizesThatNoMachineHoldsAreRefusedAtOnce()
    {
        using var folder = new CommandFolder();
        string line = ToolRun.Of("train", "lm", "--hidden", "16384", "--layers", "64", "--out", folder.Path("m")).ErrorLine(2);
        Assert.Contains("--hidden 16384 --layers 64", line, StringComparison.Ordinal);
        Assert.Contains("expected at most", line, StringComparison.Ordinal);
    }

    [Fact]
    public void FilesThatAreNoModelsAreNamed()
    {
        using var folder = new CommandFolder();
        string rubbish = folder.Write("rubbish.safetensors", "this is no model, whatever its name says");
        Assert.Contains("rubbish.safetensors", ToolRun.Of("eval", "lm", rubbish).ErrorLine(2), StringComparison.Ordinal);
        Assert.Contains("rubbish.safetensors", ToolRun.Of("generate", rubbish).ErrorLine(2), StringComparison.Ordinal);
        string text = folder.WriteText();
        ToolRun resumed = ToolRun.Of("train", "lm", "--text", text, "--out", rubbish, "--batch", "2", "--window", "4", "--resume");
        Assert.Contains("rubbish.safetensors", resumed.ErrorLine(2), StringComparison.Ordinal);
    }

    [Fact]
    public void HelpAndVersionAreNoErrors()
    {
        foreach (string[] args in (string[][])[["--help"], ["train", "lm", "--help"], ["bench", "-h"], ["--version"]])
        {
            ToolRun run = ToolRun.Of(args);
            Assert.Equal(0, run.ExitCode);
            Assert.Empty(run.Error);
            Assert.NotEmpty(run.Output);
        }
    }

    [Theory]
    [InlineData("train", "lm")]
    [InlineData("eval", "lm")]
    [InlineData("generate")]
    [InlineData("check")]
    [InlineData("bench")]
    public void HelpShowsEachDefaultOnceAsItIsTyped(params string[] command)
    {
        string[] lines = ToolRun.Of([.. command, "--help"]).Output.Split('\n');
        foreach (string line in lines.Where(line => line.TrimStart().StartsWith("--", StringComparison.Ordinal)))
        {
            Assert.True(line.Split("[default: ").Length <= 2, line);
            // No second one in brackets of its own at the end of the description.
            Assert.DoesNotMatch(@"\([^()]*\)\.", line);
            Match choice = Regex.Match(line, @"<(\w+(\|\w+)*)>.*\[default: (\w+)\]");
            if (choice.Success && line.Contains('|', StringComparison.Ordinal)) Assert.Contains(choice.Groups[3].Value, choice.Groups[1].Value.Split('|'));
        }

        if (command is ["train", _])
        {
            Assert.Contains(lines, line => line.Contains("Units a layer. [default: 256]", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.Contains("[default: tanh]", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.Contains("[default: constant]", StringComparison.Ordinal));
        }
    }
}
