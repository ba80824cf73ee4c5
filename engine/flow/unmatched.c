#include "engine/flow/unmatched.h"

#include <stdbool.h>

#define SHOWN 120 /* bytes of a name in a sentence */

static bool is_run(const struct lw_judged *models, size_t models_n, struct lw_str name)
{
    for (size_t i = 0; i < models_n; i++) {
        for (size_t j = 0; j < models[i].runs_n; j++) {
            const struct lw_run *run = models[i].runs[j].run;

            if (lw_str_equal(lw_run_str(run, run->name), name))
                return true;
        }
    }
    return false;
}

static bool is_metric(const struct lw_judged *models, size_t models_n, struct lw_str name)
{
    for (size_t i = 0; i < models_n; i++) {
        for (size_t j = 0; j < models[i].runs_n; j++) {
            if (lw_run_metric(models[i].runs[j].run, name) != NULL)
                return true;
        }
    }
    return false;
}

/* What a rule can speak of. */
static bool is_series(const struct lw_judged *models, size_t models_n, struct lw_str name)
{
    static const struct lw_str whole[] = {{"duration", 8}, {"gap", 3}, {"cost", 4}};

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        if (lw_str_equal(name, whole[i]))
            return true;
    }
    return is_metric(models, models_n, name);
}

struct list {
    struct lw_str *sentences;
    size_t n;
    struct lw_arena *arena;
    bool failed;
};

static void add(struct list *list, const char *option, struct lw_str name, const char *what)
{
    struct lw_str sentence = lw_arena_format(list->arena, "--%s %.*s: no %s of that name was found", option,
                                             (int)(name.len < SHOWN ? name.len : SHOWN), name.at, what);

    if (sentence.at == NULL)
        list->failed = true;
    else
        list->sentences[list->n++] = sentence;
}

const struct lw_str *lw_unmatched_list(const struct lw_rules *rules, const struct lw_judged *models, size_t models_n,
                                       struct lw_arena *arena, size_t *n)
{
    size_t most = rules->baseline_n + rules->rebaseline_n + rules->higher_n + rules->lower_n + rules->requirements_n;
    struct list list = {.sentences = lw_arena_array(arena, most, sizeof(struct lw_str)), .arena = arena};

    if (list.sentences == NULL)
        return NULL;
    for (size_t i = 0; i < rules->baseline_n; i++) {
        if (!is_run(models, models_n, rules->baseline[i]))
            add(&list, "baseline", rules->baseline[i], "run");
    }
    for (size_t i = 0; i < rules->rebaseline_n; i++) {
        if (!is_run(models, models_n, rules->rebaseline[i]))
            add(&list, "rebaseline", rules->rebaseline[i], "run");
    }
    for (size_t i = 0; i < rules->higher_n; i++) {
        if (!is_metric(models, models_n, rules->higher[i]))
            add(&list, "higher-is-better", rules->higher[i], "metric");
    }
    for (size_t i = 0; i < rules->lower_n; i++) {
        if (!is_metric(models, models_n, rules->lower[i]))
            add(&list, "lower-is-better", rules->lower[i], "metric");
    }
    for (size_t i = 0; i < rules->requirements_n; i++) {
        if (!is_series(models, models_n, rules->requirements[i].series))
            add(&list, "require", rules->requirements[i].series, "series");
    }
    *n = list.n;
    return list.failed ? NULL : list.sentences;
}
