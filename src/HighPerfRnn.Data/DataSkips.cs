using System.Text;

namespace HighPerfRnn.Data;

/// <summary>What a reader passed over, counted by reason: nothing is left out in silence.</summary>
public sealed class DataSkips
{
    private readonly SortedDictionary<string, (int Count, string FirstPlace)> _reasons = new(StringComparer.Ordinal);

    /// <summary>How many items were passed over.</summary>
    public int Count { get; private set; }

    /// <summary>How many for each reason.</summary>
    public IReadOnlyDictionary<string, int> ByReason => _reasons.ToDictionary(reason => reason.Key, reason => reason.Value.Count);

    /// <summary>Counts an item.</summary>
    /// <param name="reason">Why, for example "empty text".</param>
    /// <param name="place">Where; the first place of a reason is remembered.</param>
    public void Add(string reason, string place)
    {
        Count++;
        _reasons[reason] = _reasons.TryGetValue(reason, out (int Count, string FirstPlace) known)
            ? (known.Count + 1, known.FirstPlace)
            : (1, place);
    }

    /// <summary>One line: "3 empty text (first: words.tsv, line 7), 1 …"; empty when nothing was passed over.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        foreach ((string reason, (int count, string place)) in _reasons)
        {
            if (text.Length > 0) text.Append(", ");
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{count} {reason} (first: {place})");
        }

        return text.ToString();
    }
}
