/* Logs as text: nothing crashes, the calls do not depend on the cuts, and what is called out holds what it promises. */
#include "tests/fuzz/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decoding(LW_FORMAT_LOG, data, size);
}
