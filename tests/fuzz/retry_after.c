/* Any value of Retry-After and Date: the wait is within its bounds, or untouched. */
#include "engine/sink/retry_after.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
    size_t n = cut ? (size_t)(cut - data) : size;
    struct lw_str value = {(const char *)data, n};
    struct lw_str date = {cut ? (const char *)cut + 1 : NULL, cut ? size - n - 1 : 0};
    static const int64_t nows[] = {0, 1795392000000, -62135596800000, 253402300799999};

    for (size_t i = 0; i < sizeof(nows) / sizeof(nows[0]); i++) {
        lw_span wait = {-5};
        bool read = lw_retry_after(value, date, (lw_time){nows[i]}, &wait);

        if (read ? wait.ms < 1000 || wait.ms > 3600000 : wait.ms != -5)
            abort();
    }
    return 0;
}
