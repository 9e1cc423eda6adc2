using System.Runtime.CompilerServices;

// Of the whole assembly: frames are not cleared. The compiler sees that locals are assigned before they are used, and no stackalloc here
// is read before it is written; to clear a tile's frame again and again would cost as much as its epilogue.
[module: SkipLocalsInit]
