using System.Runtime.InteropServices;

namespace HighPerfRnn.Cli;

/// <summary>
/// A wish to stop that a long command looks at between two iterations: Ctrl-C, SIGTERM, a closed terminal. The second such
/// signal ends the process at once.
/// </summary>
internal sealed class StopRequest : IDisposable
{
    private static readonly PosixSignal[] Signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    private readonly CancellationToken _token;
    private readonly PosixSignalRegistration[] _registrations = [];
    private volatile bool _signalled;

    /// <summary>Starts to listen.</summary>
    /// <param name="listensToSignals">Whether signals of the process count.</param>
    /// <param name="token">Another way to ask.</param>
    public StopRequest(bool listensToSignals, CancellationToken token)
    {
        _token = token;
        if (listensToSignals) _registrations = [.. Signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Whether it is time to stop.</summary>
    public bool IsRequested => _signalled || _token.IsCancellationRequested;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = !_signalled;
        _signalled = true;
    }
}
