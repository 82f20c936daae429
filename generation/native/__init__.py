"""The engine's hot loops in C++, compiled on this machine when it has a compiler; torch serves where it has none."""
