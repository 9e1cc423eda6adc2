namespace HighPerfRnn.Cli.Hello;

/// <summary>What hello --json prints.</summary>
/// <param name="Before">The predicted letter of each step before training.</param>
/// <param name="After">The same after it.</param>
/// <param name="LossBefore">Nats a letter.</param>
/// <param name="LossAfter">Nats a letter.</param>
/// <param name="Iterations">Updates made.</param>
internal sealed record HelloReport(string[] Before, string[] After, double LossBefore, double LossAfter, int Iterations);
