#include "tests/fuzz/decode_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lw_decode_options options;

    return fuzz_decode(LW_FORMAT_FETCHED, &options, data, size);
}
