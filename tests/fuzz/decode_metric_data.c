#include "tests/fuzz/decode_common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lw_decode_options options = {.run = {"r", 1}};

    return fuzz_decode(LW_FORMAT_METRIC_DATA, &options, data, size);
}
