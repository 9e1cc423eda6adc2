namespace HighPerfRnn.Training;

/// <summary>How the learning rate goes on after the warm-up.</summary>
public enum ScheduleKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>
    /// It falls along half a cosine that comes to zero one iteration after the last, whose own rate is still above zero: an update
    /// at rate zero would be an iteration for nothing.
    /// </summary>
    Cosine,
}
