/* Plain CSV, with the columns under their usual names or mapped ones. */
#include "tests/fuzz/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decoding(LW_FORMAT_CSV, data, size);
}
