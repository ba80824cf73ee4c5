#include "engine/report/text/metric_list.h"

#include "leeway/meaning.h"
#include "leeway/run.h"

#include <stdbool.h>

#define SEEN_MAX 256 /* different metrics that are looked at; a model has a dozen */

/* What has neither a good nor a bad direction (progress, epoch_time_s) tells least. */
enum weight { WEIGHT_PRIMARY, WEIGHT_ALERT, WEIGHT_HELD_OUT, WEIGHT_TRAIN, WEIGHT_OTHER, WEIGHT_NEUTRAL };

struct seen {
    struct lw_str name;
    enum weight weight;
};

static bool begins(struct lw_str text, struct lw_str with)
{
    return text.len >= with.len && memcmp(text.at, with.at, with.len) == 0;
}

static bool in_alert(const struct lw_judged *model, struct lw_str name)
{
    for (size_t i = 0; i < model->alerts_n; i++) {
        for (size_t j = 0; j < model->alerts[i].series_n; j++) {
            if (lw_str_equal(model->alerts[i].series[j], name))
                return true;
        }
    }
    return false;
}

static enum weight weigh(const struct lw_judged *model, struct lw_str name)
{
    if (lw_str_equal(name, model->primary))
        return WEIGHT_PRIMARY;
    if (in_alert(model, name))
        return WEIGHT_ALERT;
    if (lw_meaning_of(name).better == LW_BETTER_UNKNOWN)
        return WEIGHT_NEUTRAL;
    if (begins(name, LW_STR("validation")) || begins(name, LW_STR("val")) || begins(name, LW_STR("test")) ||
        begins(name, LW_STR("eval")))
        return WEIGHT_HELD_OUT;
    return begins(name, LW_STR("train")) ? WEIGHT_TRAIN : WEIGHT_OTHER;
}

static bool comes_before(const struct seen *a, const struct seen *b)
{
    if (a->weight != b->weight)
        return a->weight < b->weight;
    return lw_str_compare(a->name, b->name) < 0;
}

static size_t insert(struct seen *list, size_t n, struct seen item)
{
    size_t at = n;

    if (n == SEEN_MAX)
        return n;
    while (at > 0 && comes_before(&item, &list[at - 1])) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = item;
    return n + 1;
}

static bool is_seen(const struct seen *list, size_t n, struct lw_str name)
{
    for (size_t i = 0; i < n; i++) {
        if (lw_str_equal(list[i].name, name))
            return true;
    }
    return false;
}

size_t lw_metric_list(const struct lw_judged *model, struct lw_str names[LW_METRIC_LIST_MAX], size_t *others)
{
    struct seen list[SEEN_MAX];
    size_t n = 0;
    size_t shown;

    for (size_t i = 0; i < model->runs_n; i++) {
        const struct lw_run *run = model->runs[i].run;

        for (uint32_t j = 0; j < run->metrics_n; j++) {
            struct lw_str name = lw_run_str(run, lw_run_metrics(run)[j].name);

            if (!is_seen(list, n, name))
                n = insert(list, n, (struct seen){.name = name, .weight = weigh(model, name)});
        }
    }
    shown = n < LW_METRIC_LIST_MAX ? n : LW_METRIC_LIST_MAX;
    for (size_t i = 0; i < shown; i++)
        names[i] = list[i].name;
    *others = n - shown;
    return shown;
}

bool lw_metric_charted(enum lw_outcome outcome)
{
    switch (outcome) {
    case LW_OUTCOME_UNKNOWN:
    case LW_OUTCOME_COMPLETED:
        return true;
    case LW_OUTCOME_FAILED:
    case LW_OUTCOME_STOPPED:
    case LW_OUTCOME_OUT_OF_TIME:
    case LW_OUTCOME_INCOMPLETE:
    case LW_OUTCOME_IN_PROGRESS:
        return false;
    }
    return true;
}
