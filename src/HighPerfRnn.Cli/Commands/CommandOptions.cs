using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using HighPerfRnn.Cli.Output;
using HighPerfRnn.Layers;

namespace HighPerfRnn.Cli.Commands;

/// <summary>Options whose values are checked where they are read, so that an error names the option, found and expected.</summary>
internal static class CommandOptions
{
    /// <summary>--json, which every command has.</summary>
    public static Option<bool> Json() => Switch("--json", "Print one JSON object on standard output and nothing else there.");

    /// <summary>A switch.</summary>
    public static Option<bool> Switch(string name, string description) =>
        new(name) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>A whole number between two bounds, both allowed.</summary>
    public static Option<int> Whole(string name, int otherwise, int least, int most, string description) =>
        Create(name, otherwise, "N", description, text =>
            TryWhole(text, least, most, out int value) ? value : null, $"a whole number from {least:N0} to {most:N0}");

    /// <summary>A seed: any whole number of 64 bits without sign.</summary>
    public static Option<ulong> Seed(ulong otherwise = 1) =>
        Create("--seed", otherwise, "S", "What all random numbers follow from.", text =>
            ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : (ulong?)null,
            $"a whole number from 0 to {ulong.MaxValue}");

    /// <summary>A number between two bounds.</summary>
    /// <param name="name">The option.</param>
    /// <param name="otherwise">Its default.</param>
    /// <param name="isValid">Whether a finite value is allowed.</param>
    /// <param name="expected">The allowed values in words.</param>
    /// <param name="description">For the help.</param>
    public static Option<double> Number(
        string name, double otherwise, Func<double, bool> isValid, string expected, string description) =>
        Create(name, otherwise, "X", description, text => FindNumber(text, isValid), expected);

    /// <summary>One of some words; null when it is not given.</summary>
    /// <param name="name">The option.</param>
    /// <param name="otherwise">What null stands for, as it is typed.</param>
    /// <param name="description">For the help.</param>
    /// <param name="choices">The words.</param>
    public static Option<T?> Choice<T>(string name, string otherwise, string description, params (string Word, T Value)[] choices)
        where T : struct
    {
        string words = string.Join(", ", choices.Select(choice => choice.Word));
        string expected = choices.Length == 1 ? words : $"one of {words}";
        return new Option<T?>(name)
        {
            Description = WithDefault(description, otherwise),
            HelpName = string.Join('|', choices.Select(choice => choice.Word)),
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse<T>(result, name, text => Find(choices, text), expected),
        };
    }

    /// <summary>--cell; null for what it is otherwise.</summary>
    public static Option<RecurrentCellKind?> Cell(RecurrentCellKind otherwise = RecurrentCellKind.Rnn) => Choice(
        "--cell",
        RecurrentCells.NameOf(otherwise),
        "The recurrent cell.",
        Array.ConvertAll(Enum.GetValues<RecurrentCellKind>(), kind => (RecurrentCells.NameOf(kind), kind)));

    /// <summary>--layers.</summary>
    public static Option<int> Layers() => Whole("--layers", 1, 1, 64, "Recurrent layers on each other.");

    /// <summary>--bidirectional.</summary>
    public static Option<bool> Bidirectional() => Switch("--bidirectional", "Every layer runs both ways, its outputs side by side.");

    /// <summary>A description that ends as the help ends those whose default is a value.</summary>
    public static string WithDefault(string description, string otherwise) => $"{description} [default: {otherwise}]";

    /// <summary>Any text.</summary>
    public static Option<string?> Text(string name, string placeholder, string description) =>
        new(name) { Description = description, HelpName = placeholder, Arity = ArgumentArity.ExactlyOne };

    /// <summary>Whole numbers with commas between, as in 32,128,256,256.</summary>
    public static Option<int[]?> Sizes(string name, string placeholder, string description, params (int Least, int Most)[] bounds) => new(name)
    {
        Description = description,
        HelpName = placeholder,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            string[] parts = text.Split(',');
            int[] sizes = new int[bounds.Length];
            bool isValid = parts.Length == bounds.Length;
            for (int i = 0; isValid && i < bounds.Length; i++)
            {
                isValid = TryWhole(parts[i], bounds[i].Least, bounds[i].Most, out sizes[i]);
            }

            if (isValid) return sizes;
            string ranges = string.Join(
                ", ", bounds.Zip(placeholder.Split(','), (bound, letter) => $"{letter} {bound.Least:N0} to {bound.Most:N0}"));
            result.AddError($"{name}: found {TextConsole.Quote(text)}, expected {placeholder} as whole numbers: {ranges}.");
            return null;
        },
    };

    private static double? FindNumber(string text, Func<double, bool> isValid)
    {
        bool isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
        return isNumber && double.IsFinite(value) && isValid(value) ? value : null;
    }

    private static T? Find<T>((string Word, T Value)[] choices, string text)
        where T : struct
    {
        foreach ((string word, T value) in choices)
        {
            if (word == text) return value;
        }

        return null;
    }

    private static Option<T> Create<T>(
        string name, T otherwise, string placeholder, string description, Func<string, T?> parse, string expected)
        where T : struct => new(name)
        {
            Description = description,
            HelpName = placeholder,
            Arity = ArgumentArity.ExactlyOne,
            DefaultValueFactory = _ => otherwise,
            CustomParser = result => Parse(result, name, parse, expected),
        };

    private static T Parse<T>(ArgumentResult result, string name, Func<string, T?> parse, string expected)
        where T : struct
    {
        string text = result.Tokens[0].Value;
        if (parse(text) is T value) return value;
        result.AddError($"{name}: found {TextConsole.Quote(text)}, expected {expected}.");
        return default;
    }

    private static bool TryWhole(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
}
