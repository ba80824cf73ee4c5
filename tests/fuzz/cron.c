/* Entries of a crontab: what is taken names a time that lies behind the one asked for, in every zone. */
#include "engine/flow/config/cron.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lw_zone *zones[3];
    static const char *const names[] = {"Europe/Berlin", "America/New_York", "Pacific/Apia"};
    struct lw_cron cron;
    int64_t after = 0;

    for (size_t i = 0; i < 3 && zones[i] == NULL; i++) {
        if (lw_zone_open(&zones[i], lw_str_from(names[i]), NULL) != LW_ERR_OK)
            return 0;
    }
    if (size < 4)
        return 0;
    memcpy(&after, data, 4);
    if (lw_cron_read((struct lw_str){.at = (const char *)data + 4, .len = size - 4}, &cron, NULL) != LW_ERR_OK)
        return 0;
    for (size_t i = 0; i < 3; i++) {
        lw_time at = {after * 1000};

        for (int step = 0; step < 3; step++) {
            lw_time next = lw_cron_next(&cron, zones[i], at);

            assert(next.ms > at.ms && next.ms % LW_MINUTE == 0);
            at = next;
        }
    }
    return 0;
}
