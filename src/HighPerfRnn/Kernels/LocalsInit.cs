using System.Runtime.CompilerServices;

// Locals that the compiler sees are assigned before they are used; clearing a frame again costs a tile's epilogue as much as its arithmetic.
[module: SkipLocalsInit]
