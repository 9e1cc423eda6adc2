using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using HighPerfRnn.Cli.Bench;
using HighPerfRnn.Cli.Check;
using HighPerfRnn.Cli.Hello;
using HighPerfRnn.Cli.LanguageModel;
using HighPerfRnn.Cli.Tasks;

namespace HighPerfRnn.Cli.Output;

/// <summary>The reports that --json prints, one object each.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(HelloReport))]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(LmTrainingReport))]
[JsonSerializable(typeof(LmEvaluationReport))]
[JsonSerializable(typeof(GenerationReport))]
[JsonSerializable(typeof(TaskTrainingReport))]
[JsonSerializable(typeof(TaskEvaluationReport))]
[JsonSerializable(typeof(TranslationReport))]
[JsonSerializable(typeof(ClassesReport))]
[JsonSerializable(typeof(CaptionReport))]
[JsonSerializable(typeof(ForecastReport))]
[JsonSerializable(typeof(TagsReport))]
[JsonSerializable(typeof(LiveTagReport))]
internal sealed partial class Json : JsonSerializerContext
{
    /// <summary>Prints the object on a line of its own.</summary>
    public static void Write<T>(TextWriter output, T report, JsonTypeInfo<T> type) =>
        output.WriteLine(JsonSerializer.Serialize(report, type));
}

/// <summary>JSON has no infinity and no NaN: both become null.</summary>
internal sealed class FiniteNumberConverter : JsonConverter<double>
{
    /// <inheritdoc/>
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteNullValue();
    }
}
