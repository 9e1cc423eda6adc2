namespace HighPerfRnn.Layers;

/// <summary>Which of a cell's phases runs, as a constant to the JIT.</summary>
internal interface ICellPhase;

/// <summary>What follows the product of h_{t-1}: for most cells all there is.</summary>
internal readonly struct FirstPhase : ICellPhase;

/// <summary>What follows the product of what the first phase left.</summary>
internal readonly struct SecondPhase : ICellPhase;
