/* The same tests for the form of the inner loops that needs no vector instructions: the scanner is compiled in here, and
   the linker takes it instead of the library's. */
#define LW_SCAN_PORTABLE 1
#define SCAN_SUITE       "scan_portable"
#include "engine/base/scan/scan.c"
#include "engine/base/scan/scan_cut.c"
#include "tests/unit/scan.c"
