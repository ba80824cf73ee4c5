/* Exports of Loggly as a table. */
#include "tests/fuzz/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decoding(LW_FORMAT_LOGGLY_CSV, data, size);
}
