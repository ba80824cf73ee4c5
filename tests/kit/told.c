#define _GNU_SOURCE
#include "tests/kit/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)1 << 22)

static const char *id_of(const char *line)
{
    const char *at = strstr(line, "\"lw_id\":\"");

    return at == NULL ? "" : at + 9;
}

static int compare_lines(const void *a, const void *b)
{
    int order = strncmp(id_of(*(const char *const *)a), id_of(*(const char *const *)b), 26);

    return order != 0 ? order : strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What else may differ is told only while the fault lasts, or depends on how long: signs of life, the source that cannot
   be read, the digest of the beginning. */
static bool is_passing(const char *line)
{
    return strstr(line, "\"lw_event\":\"heartbeat\"") != NULL || strstr(line, "\"lw_model\":\"in\"") != NULL ||
           strstr(line, "\"lw_model\":\"digest\"") != NULL;
}

/* An alert counts by where it ended. When more is judged at once, steps between are left out, and what would have been
   taken back is never told. */
static void see_alert(struct kit_told *told, const char *line, const char *at)
{
    char *final = NULL;
    const char *state = strstr(line, "\"lw_state\":\"");

    for (size_t i = 0; i < told->alerts_n; i++) {
        if (strncmp(told->alerts[i], at, 26) == 0)
            final = told->alerts[i];
    }
    if (final == NULL && told->alerts_n < KIT_TOLD_ALERTS_MAX)
        final = told->alerts[told->alerts_n++];
    if (final != NULL && state != NULL)
        snprintf(final, sizeof(told->alerts[0]), "%.26s %.*s", at, (int)strcspn(state + 12, "\""), state + 12);
}

/* false: one id has two bodies. */
static bool bodies_differ(struct kit_told *told)
{
    size_t kept = 0;
    bool differ = false;

    qsort(told->line, told->n, sizeof(told->line[0]), compare_lines);
    for (size_t i = 0; i < told->n; i++) {
        if (kept > 0 && strcmp(told->line[kept - 1], told->line[i]) == 0)
            continue;
        if (kept > 0 && strncmp(id_of(told->line[kept - 1]), id_of(told->line[i]), 26) == 0) {
            printf("#   one id, two bodies:\n#     %s\n#     %s\n", told->line[kept - 1], told->line[i]);
            differ = true;
        }
        told->line[kept++] = told->line[i];
    }
    told->n = kept;
    return differ;
}

static void drop_alerts(struct kit_told *told)
{
    size_t kept = 0;

    for (size_t i = 0; i < told->n; i++) {
        if (strstr(told->line[i], "\"lw_event\":\"alert\"") == NULL)
            told->line[kept++] = told->line[i];
    }
    told->n = kept;
    kept = 0;
    for (size_t i = 0; i < told->alerts_n; i++) {
        if (strstr(told->alerts[i], "retracted") == NULL)
            memmove(told->alerts[kept++], told->alerts[i], sizeof(told->alerts[0]));
    }
    told->alerts_n = kept;
    qsort(told->alerts, kept, sizeof(told->alerts[0]), (int (*)(const void *, const void *))strcmp);
}

bool kit_told_read(const char *path, struct kit_told *told)
{
    FILE *file = fopen(path, "r");
    size_t n = 0;
    unsigned digests = 0;
    bool good;

    told->n = 0;
    told->alerts_n = 0;
    told->text = calloc(1, BYTES_MAX);
    if (file != NULL) {
        n = fread(told->text, 1, BYTES_MAX - 1, file);
        fclose(file);
    }
    for (char *line = told->text; line < told->text + n;) {
        char *end = strchr(line, '\n');
        const char *alert = strstr(line, "\"lw_alert_id\":\"");

        if (end == NULL || *line != '{' || end[-1] != '}' || id_of(line)[0] == '\0' || told->n == KIT_TOLD_IDS_MAX) {
            printf("#   no whole line: %.200s\n", line);
            return false;
        }
        *end = '\0';
        told->line[told->n++] = line;
        if (alert != NULL && alert < end && !is_passing(line))
            see_alert(told, line, alert + 15);
        line = end + 1;
    }
    good = !bodies_differ(told);
    for (size_t i = 0; i < told->n; i++)
        digests += strstr(told->line[i], "\"lw_model\":\"digest\"") != NULL;
    drop_alerts(told);
    if (digests > 1)
        printf("#   %u digests\n", digests);
    return good && digests <= 1;
}

bool kit_told_same_alerts(const struct kit_told *want, const struct kit_told *got)
{
    bool good = want->alerts_n == got->alerts_n;

    for (size_t i = 0; good && i < want->alerts_n; i++)
        good = strcmp(want->alerts[i], got->alerts[i]) == 0;
    for (size_t i = 0; !good && i < want->alerts_n; i++)
        printf("#   alert wanted: %s\n", want->alerts[i]);
    for (size_t i = 0; !good && i < got->alerts_n; i++)
        printf("#   alert seen:   %s\n", got->alerts[i]);
    return good;
}

unsigned kit_told_datapoints(const struct kit_told *told)
{
    unsigned n = 0;

    for (size_t i = 0; i < told->n; i++)
        n += strstr(told->line[i], "\"lw_event\":\"metric\"") != NULL;
    return n;
}

static int compare_ids(const char *a, const char *b)
{
    return strncmp(id_of(a), id_of(b), 26);
}

bool kit_told_same(const struct kit_told *want, const struct kit_told *got)
{
    size_t i = 0, j = 0;
    bool good = true;

    while (i < want->n || j < got->n) {
        int order = i == want->n ? 1 : j == got->n ? -1 : compare_ids(want->line[i], got->line[j]);

        if (order != 0 && good)
            printf("#   %s: %.300s\n", order < 0 ? "missing" : "too much", order < 0 ? want->line[i] : got->line[j]);
        good = good && order == 0;
        i += order <= 0;
        j += order >= 0;
    }
    return good;
}
