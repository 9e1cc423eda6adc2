#!/usr/bin/env bash
# Lets TorchSharp load where libstdc++ is older than the one it was built with (Debian 12 lacks GLIBCXX_3.4.32).
# It is optional: without it the peer benchmarks leave TorchSharp out and the peer tests skip it. It needs readelf (Debian: binutils).
#
# usage: benchmarks/prepare-peers.sh [FOLDER]...   after a build; defaults to all build output of the peer benchmarks and tests
#
# The library asks for that version for the sake of one symbol, ios_base_library_init, that no code of it uses: iostreams
# are set up by whoever loads first. So the demand is marked weak, and the loader passes over it. Only copies in the build
# output are changed; their time stamps stay, so that the next build does not copy them anew.
set -euo pipefail
top=$(dirname "$0")/..
if [ $# = 0 ]; then
    for project in benchmarks/HighPerfRnn.PeerBenchmarks tests/HighPerfRnn.PeerTests; do
        if [ -d "$top/$project/bin" ]; then set -- "$@" "$top/$project/bin"; fi
    done
fi
version=GLIBCXX_3.4.32
flags_offset=4 # of vna_flags in Elf64_Vernaux
found=0
while IFS= read -r -d '' library; do
    found=1
    needs=$(LC_ALL=C readelf --version-info --wide "$library" | sed -n "/^Version needs section/,\$p")
    if readelf --relocs --wide "$library" | grep -q ios_base_library_init; then
        echo "$library: the symbol behind $version is used; expected a mere mention of it" >&2
        exit 1
    fi
    section=$(sed -n 's/.*Offset: \(0x[0-9a-f]*\).*/\1/p' <<<"$needs" | head -n 1)
    entry=$(sed -n "s/^ *\(0x[0-9a-f]*\): *Name: $version  Flags: none.*/\1/p" <<<"$needs")
    if [ -z "$entry" ]; then
        echo "$library: nothing to do"
        continue
    fi
    stamp=$(mktemp)
    touch -r "$library" "$stamp"
    printf '\002' | dd of="$library" bs=1 seek=$((section + entry + flags_offset)) conv=notrunc status=none
    touch -r "$stamp" "$library"
    rm "$stamp"
    echo "$library: $version is now a weak demand"
done < <(if [ $# != 0 ]; then find "$@" -name libLibTorchSharp.so -print0; fi)
if [ "$found" = 0 ]; then
    echo "no libLibTorchSharp.so under ${*:-any build output}; build benchmarks/Peers.sln first" >&2
    exit 1
fi
