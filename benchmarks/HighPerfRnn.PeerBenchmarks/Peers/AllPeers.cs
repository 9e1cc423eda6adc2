using HighPerfRnn.Benchmarks.Recurrent;
using HighPerfRnn.PeerBenchmarks.Peers.OneDnn;
using HighPerfRnn.PeerBenchmarks.Peers.OnnxRuntime;
using HighPerfRnn.PeerBenchmarks.Peers.Torch;

namespace HighPerfRnn.PeerBenchmarks.Peers;

/// <summary>Everyone who is compared, this library first.</summary>
internal static class AllPeers
{
    /// <summary>All of them, present or not.</summary>
    public static IReadOnlyList<IRecurrentLibrary> Libraries { get; } =
        [new OwnLibrary(), new NaiveLibrary(), new OnnxRuntimeLibrary(), new OneDnnLibrary(), new TorchLibrary()];

    /// <summary>The cases of this library, each followed by those of everyone who is present and has a way to do the same.</summary>
    public static IEnumerable<RecurrentCase> Compare(IEnumerable<RecurrentCase> own)
    {
        IRecurrentLibrary[] present = [.. Libraries.Where(library => library.Missing is null)];
        return own.SelectMany(work => present
            .Select(library => library is NaiveLibrary ? NaiveLibrary.Shortened(work) : work with { Library = library.Name })
            .Where(row => present.Single(library => library.Name == row.Library).Supports(row)));
    }

    /// <summary>As <see cref="Compare"/>, but for the naive loop, which says nothing that it has not said of the vanilla layer.</summary>
    public static IEnumerable<RecurrentCase> CompareToPeers(IEnumerable<RecurrentCase> own) =>
        Compare(own).Where(work => work.Library != NaiveLibrary.LibraryName);

    /// <summary>The cases of a sweep, those at some of its sizes followed by everyone's.</summary>
    public static IEnumerable<RecurrentCase> CompareAtSome(IEnumerable<RecurrentCase> sweep) =>
        sweep.SelectMany(work => RecurrentSizes.IsCompared(work) ? Compare([work]) : [work]);
}
