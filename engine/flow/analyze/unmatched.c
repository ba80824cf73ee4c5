#include "engine/flow/analyze/unmatched.h"

#include "engine/flow/cli/options.h"

#include <stdbool.h>

#define SHOWN     60   /* bytes of a name in a sentence */
#define NAMES_MAX 4096 /* that are compared with a mistyped one */
#define LISTED    3    /* of the names that exist */

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

static bool is_instance(const struct lw_judged *models, size_t models_n, struct lw_str name)
{
    for (size_t i = 0; i < models_n; i++) {
        for (size_t j = 0; j < models[i].runs_n; j++) {
            const struct lw_run *run = models[i].runs[j].run;

            if (lw_str_equal(lw_run_str(run, run->instance), name))
                return true;
        }
    }
    return false;
}

/* Names that exist, each once, terminated. */
struct names {
    struct lw_arena *arena;
    const char **list;
    size_t n;
};

struct search {
    const struct lw_judged *models;
    size_t models_n;
    struct lw_arena *arena;
    struct lw_str *sentences;
    size_t n;
    struct names runs, metrics;
    bool failed;
};

static void add_name(struct names *names, struct lw_str name, bool once)
{
    if (names->n == NAMES_MAX || name.len == 0)
        return;
    for (size_t i = 0; once && i < names->n; i++) {
        if (lw_str_equal(lw_str_from(names->list[i]), name))
            return;
    }
    name = lw_arena_format(names->arena, "%.*s", (int)(name.len < 1024 ? name.len : 1024), name.at);
    if (name.at != NULL)
        names->list[names->n++] = name.at;
}

/* Only where something is not found: it takes a look at everything. */
static void list_names(struct search *search)
{
    if (search->runs.list != NULL)
        return;
    search->runs.list = lw_arena_array(search->arena, NAMES_MAX, sizeof(char *));
    search->metrics.list = lw_arena_array(search->arena, NAMES_MAX, sizeof(char *));
    search->runs.arena = search->metrics.arena = search->arena;
    if (search->runs.list == NULL || search->metrics.list == NULL) {
        search->failed = true;
        return;
    }
    for (size_t i = 0; i < search->models_n; i++) {
        for (size_t j = 0; j < search->models[i].runs_n; j++) {
            const struct lw_run *run = search->models[i].runs[j].run;

            add_name(&search->runs, lw_run_str(run, run->name), false);
            for (uint32_t k = 0; k < run->metrics_n; k++)
                add_name(&search->metrics, lw_run_str(run, lw_run_metrics(run)[k].name), true);
        }
    }
}

static struct lw_str existing(const struct search *search, const struct names *names, struct lw_str name)
{
    struct lw_str typed = lw_arena_format(search->arena, "%.*s", (int)name.len, name.at);
    const char *near = typed.at != NULL ? lw_options_nearest(typed.at, names->list, names->n) : NULL;
    struct lw_str text = LW_STR("");

    if (near != NULL)
        return lw_arena_format(search->arena, "; did you mean %.*s?", SHOWN, near);
    for (size_t i = 0; i < names->n && i < LISTED && text.at != NULL; i++)
        text = lw_arena_format(search->arena, "%.*s%s%.*s", (int)text.len, text.at, i == 0 ? "; there are " : ", ", 40,
                               names->list[i]);
    if (names->n > LISTED && text.at != NULL)
        text = lw_arena_format(search->arena, "%.*s, ...", (int)text.len, text.at);
    return text;
}

static void add(struct search *search, const char *option, struct lw_str name, const char *what, struct names *names)
{
    struct lw_str hint = LW_STR("");
    struct lw_str sentence;

    if (names != NULL)
        list_names(search);
    if (search->failed)
        return;
    if (names != NULL)
        hint = existing(search, names, name);
    sentence = lw_arena_format(search->arena, "--%s %.*s: no %s of that name was found%.*s", option,
                               (int)(name.len < SHOWN ? name.len : SHOWN), name.at, what, (int)hint.len, hint.at);
    if (sentence.at == NULL || hint.at == NULL)
        search->failed = true;
    else
        search->sentences[search->n++] = sentence;
}

/* What an option named in vain: all of it from `before` on. */
static void see_useless(const struct search *search, size_t before, size_t named, struct lw_unmatched *out)
{
    if (named > 0 && search->n - before == named && out->useless.len == 0)
        out->useless = search->sentences[before];
}

static void look_for_runs(struct search *search, const struct lw_rules *rules, struct lw_unmatched *out)
{
    for (size_t i = 0; i < rules->baseline_n; i++) {
        if (!is_run(search->models, search->models_n, rules->baseline[i]))
            add(search, "baseline", rules->baseline[i], "run", &search->runs);
    }
    see_useless(search, 0, rules->baseline_n, out);
    for (size_t i = 0; i < rules->rebaseline_n; i++) {
        if (!is_run(search->models, search->models_n, rules->rebaseline[i]))
            add(search, "rebaseline", rules->rebaseline[i], "run", &search->runs);
    }
}

static void look_for_series(struct search *search, const struct lw_rules *rules, struct lw_unmatched *out)
{
    size_t before;

    for (size_t i = 0; i < rules->higher_n; i++) {
        if (!is_metric(search->models, search->models_n, rules->higher[i]))
            add(search, "higher-is-better", rules->higher[i], "metric", &search->metrics);
    }
    for (size_t i = 0; i < rules->lower_n; i++) {
        if (!is_metric(search->models, search->models_n, rules->lower[i]))
            add(search, "lower-is-better", rules->lower[i], "metric", &search->metrics);
    }
    before = search->n;
    for (size_t i = 0; i < rules->requirements_n; i++) {
        if (!is_series(search->models, search->models_n, rules->requirements[i].series))
            add(search, "require", rules->requirements[i].series, "series", &search->metrics);
    }
    see_useless(search, before, rules->requirements_n, out);
}

enum lw_err lw_unmatched_find(const struct lw_rules *rules, const struct lw_judged *models, size_t models_n,
                              struct lw_arena *arena, struct lw_unmatched *out)
{
    size_t most = rules->baseline_n + rules->rebaseline_n + rules->higher_n + rules->lower_n + rules->requirements_n +
                  rules->prices_n;
    struct search search = {.models = models, .models_n = models_n, .arena = arena};
    struct lw_unmatched found = {.n = 0};

    search.sentences = lw_arena_array(arena, most, sizeof(struct lw_str));
    if (search.sentences == NULL)
        return LW_ERR_NOMEM;
    look_for_runs(&search, rules, &found);
    if (!search.failed)
        look_for_series(&search, rules, &found);
    for (size_t i = 0; i < rules->prices_n && !search.failed; i++) {
        if (!is_instance(models, models_n, rules->prices[i].instance))
            add(&search, "price", rules->prices[i].instance, "instance type", NULL);
    }
    if (search.failed)
        return LW_ERR_NOMEM;
    found.sentences = search.sentences;
    found.n = search.n;
    *out = found;
    return LW_ERR_OK;
}
