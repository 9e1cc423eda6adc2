namespace HighPerfRnn.Tasks.Decoding;

/// <summary>Models that are used as one.</summary>
internal static class JoinedModels
{
    /// <summary>Throws where there is no model, or one that the first cannot be joined with.</summary>
    public static void ThrowIfDifferent<TModel>(IReadOnlyList<TModel> models, Func<TModel, TModel, bool> areAlike)
        where TModel : class
    {
        ArgumentNullException.ThrowIfNull(models);
        if (models.Count == 0) throw new ArgumentException("There are no models; expected one at least.", nameof(models));
        for (int i = 0; i < models.Count; i++)
        {
            ArgumentNullException.ThrowIfNull(models[i], nameof(models));
            if (areAlike(models[0], models[i])) continue;
            throw new ArgumentException($"Model {i} has other tokens than the first; expected models of the same tokens.", nameof(models));
        }
    }
}
