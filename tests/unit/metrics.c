#include "tests/kit/kit.h"

#include "engine/flow/service/metrics.h"
#include "tests/kit/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static struct lw_metrics filled(void)
{
    static struct lw_metrics_source source = {.name = "a \"b\"\\\n\xff", .kind = "file"};
    static struct lw_metrics_sink sink = {
        .name = "loggly", .kind = "loggly", .acknowledged = 7, .retried = 5, .ambiguous = 2, .holding = true};
    struct lw_metrics metrics = {.version = "1.0", .now = {10000}, .started = {4000}, .records = 5};

    source.health.requests = 3;
    source.has_watermark = true;
    source.watermark.ms = 9500;
    sink.lanes[LW_LANE_RUN].bytes = 77;
    sink.lanes[LW_LANE_RUN].oldest.ms = 7500;
    sink.lanes[LW_LANE_RUN].has_oldest = true;
    metrics.rejected[LW_REJECT_BAD_TIME] = 4;
    metrics.sources = &source;
    metrics.sources_n = 1;
    metrics.sinks = &sink;
    metrics.sinks_n = 1;
    lw_metrics_observe(&metrics.judge, 1000);
    lw_metrics_observe(&metrics.judge, 1001);
    lw_metrics_observe(&metrics.judge, 60000000);
    return metrics;
}

static void has(const struct lw_buf *text, const char *line)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(text->at, line));
    if (strstr(text->at, line) == NULL)
        printf("# missing: %s\n", line);
}

static void numbers_come_with_their_labels(void)
{
    struct lw_metrics metrics = filled();
    struct lw_buf text = {.ceiling = (size_t)1 << 20};

    lw_metrics_write(&metrics, &text);
    lw_buf_char(&text, '\0');
    CU_ASSERT_EQUAL_FATAL(text.error, LW_ERR_OK);
    has(&text, "\nleeway_uptime_seconds 6\n");
    has(&text, "\nleeway_records_total 5\n");
    has(&text, "\nleeway_records_rejected_total{reason=\"bad_time\"} 4\n");
    has(&text, "\nleeway_source_requests_total{source=\"a \\\"b\\\"\\\\\\n\xef\xbf\xbd\",kind=\"file\"} 3\n");
    has(&text, "kind=\"file\"} 0.5\n"); /* lag */
    has(&text, "\nleeway_outbox_bytes{sink=\"loggly\",lane=\"run\"} 77\n");
    has(&text, "\nleeway_outbox_age_seconds{sink=\"loggly\",lane=\"run\"} 2.5\n");
    has(&text, "\nleeway_outbox_age_seconds{sink=\"loggly\",lane=\"alert\"} 0\n");
    has(&text, "\nleeway_deliveries_total{sink=\"loggly\",outcome=\"acknowledged\"} 7\n");
    has(&text, "\nleeway_deliveries_total{sink=\"loggly\",outcome=\"retried\"} 5\n");
    has(&text, "\nleeway_deliveries_total{sink=\"loggly\",outcome=\"ambiguous\"} 2\n");
    has(&text, "\nleeway_sink_holding{sink=\"loggly\"} 1\n");
    has(&text, "\nleeway_judge_seconds_bucket{le=\"0.001\"} 1\n");
    has(&text, "\nleeway_judge_seconds_bucket{le=\"0.002\"} 2\n");
    has(&text, "\nleeway_judge_seconds_bucket{le=\"5\"} 2\n");
    has(&text, "\nleeway_judge_seconds_bucket{le=\"+Inf\"} 3\n");
    has(&text, "\nleeway_judge_seconds_sum 60.002001\n");
    has(&text, "\nleeway_judge_seconds_count 3\n");
    CU_ASSERT_EQUAL(text.at[text.len - 2], '\n');
    lw_buf_close(&text);
}

/* Every sample belongs to the family announced last, and every family is announced once with help and type. */
static void families_are_whole_and_come_once(void)
{
    struct lw_metrics metrics = filled();
    struct lw_buf text = {.ceiling = (size_t)1 << 20};
    char seen[20000] = "";
    char family[128] = "";
    char *line, *rest;

    lw_metrics_write(&metrics, &text);
    lw_buf_char(&text, '\0');
    for (line = text.at; line != NULL && *line != '\0'; line = rest) {
        char name[128], again[130];

        rest = strchr(line, '\n');
        CU_ASSERT_PTR_NOT_NULL_FATAL(rest);
        *rest++ = '\0';
        if (memcmp(line, "# HELP ", 7) == 0) {
            snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "), line + 7);
            snprintf(again, sizeof(again), "\n%.120s\n", family);
            CU_ASSERT_PTR_NULL(strstr(seen, again));
            strncat(seen, again, sizeof(seen) - strlen(seen) - 1);
            continue;
        }
        if (memcmp(line, "# TYPE ", 7) == 0) {
            bool counter = strstr(line, " counter") != NULL;

            CU_ASSERT_EQUAL(strncmp(line + 7, family, strlen(family)), 0);
            CU_ASSERT_EQUAL(counter, strlen(family) > 6 && strcmp(family + strlen(family) - 6, "_total") == 0);
            continue;
        }
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, "{ "), line);
        CU_ASSERT_EQUAL(strncmp(name, family, strlen(family)), 0);
        CU_ASSERT(strcmp(name, family) == 0 || strcmp(name + strlen(family), "_bucket") == 0 ||
                  strcmp(name + strlen(family), "_sum") == 0 || strcmp(name + strlen(family), "_count") == 0);
    }
    lw_buf_close(&text);
}

static bool all_of_it(void *self, bool failed)
{
    struct lw_metrics metrics = filled();
    struct lw_buf text = {.ceiling = (size_t)1 << 20};
    enum lw_err err;

    (void)self;
    lw_metrics_write(&metrics, &text);
    err = text.error;
    lw_buf_close(&text);
    return failed ? err == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void every_allocation_may_fail(void)
{
    CU_ASSERT(kit_alloc_torture(all_of_it, NULL) > 2);
}

KIT_SUITE("metrics", {"numbers come with their labels", numbers_come_with_their_labels},
          {"families are whole and come once", families_are_whole_and_come_once},
          {"every allocation may fail", every_allocation_may_fail})
