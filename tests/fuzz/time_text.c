/* The readers of times, spans and zones: what is read lies in the range and reads back from what is written of it. */
#include "engine/base/time_text.h"

#include <math.h>
#include <stdlib.h>

static void check_time(struct lw_str text, const struct lw_zone *zone)
{
    lw_time time = {INT64_MAX};
    lw_time again;
    char written[LW_TIME_TEXT];
    char brief[LW_TIME_SHORT];

    if (!lw_time_read(text, zone, &time))
        return;
    if (time.ms < LW_TIME_MIN || time.ms > LW_TIME_MAX)
        abort();
    lw_time_write(time, written);
    lw_time_short(time, true, brief);
    if (strlen(written) != LW_TIME_TEXT - 1 || !lw_time_read(lw_str_from(written), zone, &again) || again.ms != time.ms)
        abort();
}

static void check_span(struct lw_str text)
{
    lw_span span;
    lw_span again;
    char written[LW_SPAN_TEXT];

    if (!lw_span_read(text, &span))
        return;
    lw_span_write(span, written);
    /* Two units are shown: what reads back differs by less than half of the second one. */
    if (!lw_span_read(lw_str_from(written), &again) || fabs((double)(again.ms - span.ms)) > 0.04 * (double)span.ms)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {
        "UTC", "+02:00", "-1130", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"};
    char *copy;
    struct lw_str text;
    struct lw_zone *zone = NULL;
    struct lw_fault fault;

    if (size < 1)
        return 0;
    copy = malloc(size); /* of exact size, for the sanitizer */
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    text = (struct lw_str){.at = copy + 1, .len = size - 1};
    if (lw_zone_open(&zone, lw_str_from(names[data[0] % 7]), &fault) == LW_ERR_OK) {
        check_time(text, zone);
        lw_zone_close(zone);
    }
    check_span(text);
    if (size < 40 && lw_zone_open(&zone, text, &fault) == LW_ERR_OK)
        lw_zone_close(zone);
    free(copy);
    return 0;
}
