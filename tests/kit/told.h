/* What a file as sink was told in the end, of one life of the daemon: events by id, and how each alert ended. For comparing
   lives that must have told the same. */
#ifndef LEEWAY_TESTS_KIT_TOLD_H
#define LEEWAY_TESTS_KIT_TOLD_H

#include <stdbool.h>
#include <stddef.h>

#define KIT_TOLD_IDS_MAX    1024u
#define KIT_TOLD_ALERTS_MAX 64u

struct kit_told {
    char *text;
    const char *line[KIT_TOLD_IDS_MAX];   /* one of each id, sorted by id; without alerts */
    char alerts[KIT_TOLD_ALERTS_MAX][64]; /* id and last state, sorted; without those that were taken back */
    size_t n, alerts_n;
};

/* Reads the sink's file; false: a line is not whole, one id has two bodies, or a thing that is told once was told twice.
   What is wrong is printed. told->text is to be freed in any case. */
bool kit_told_read(const char *path, struct kit_told *told);
/* The same ids; the same alerts in the same states. What differs is printed. */
bool kit_told_same(const struct kit_told *want, const struct kit_told *got);
bool kit_told_same_alerts(const struct kit_told *want, const struct kit_told *got);
/* Raw metric events. */
unsigned kit_told_datapoints(const struct kit_told *told);

#endif
