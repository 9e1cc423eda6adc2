namespace HighPerfRnn.Kernels;

/// <summary>Goes through groups of panels, several at a time: the panels whose sums end together.</summary>
internal struct PanelRounds
{
    private readonly int _panelsPerGroup;
    private readonly int _panelCount;
    private readonly int _together;
    private readonly bool _isBackwards;
    private int _firstGroup;
    private int _endGroup;

    /// <param name="shape">The packed matrix.</param>
    /// <param name="firstGroup">The first group.</param>
    /// <param name="endGroup">One past the last group.</param>
    /// <param name="together">How many groups a round takes, at least one.</param>
    /// <param name="isBackwards">Whether the last groups come first.</param>
    public PanelRounds(in PackedShape shape, int firstGroup, int endGroup, int together, bool isBackwards)
    {
        _panelsPerGroup = shape.PanelsPerGroup;
        _panelCount = shape.PanelCount;
        _together = together;
        _isBackwards = isBackwards;
        _firstGroup = firstGroup;
        _endGroup = endGroup;
    }

    /// <summary>The panels of the next round, if there is one.</summary>
    public bool Next(out int firstPanel, out int endPanel)
    {
        int groups = Math.Min(_together, _endGroup - _firstGroup);
        int first = _isBackwards ? _endGroup - groups : _firstGroup;
        firstPanel = first * _panelsPerGroup;
        endPanel = Math.Min(_panelCount, (first + groups) * _panelsPerGroup);
        if (_isBackwards) _endGroup -= groups;
        else _firstGroup += groups;
        return groups > 0;
    }
}
