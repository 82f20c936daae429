// Which interface the library has. Raise it together with ABI_VERSION in library.py.

#include <cstdint>

extern "C" int32_t inkling_abi_version() { return 5; }
