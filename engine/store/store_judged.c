/* What judging a model yielded, in tables. Judging yields the whole history each time; only what differs is written. */
#include "engine/store/inside.h"

#include "engine/base/fault.h"

#include <stdlib.h>

#define SERIES_ROOM ((size_t)1 << 20)

static bool kept(const struct lw_finding *finding)
{
    return finding->verdict != LW_VERDICT_OK && finding->verdict != LW_VERDICT_INSUFFICIENT;
}

static void mix_text(struct lw_buf *buf, struct lw_str text)
{
    lw_buf_bytes(buf, &text.len, sizeof(text.len));
    lw_buf_str(buf, text);
}

static void mix_real(struct lw_buf *buf, uint8_t known, double number)
{
    lw_buf_bytes(buf, &known, sizeof(known));
    if (known)
        lw_buf_bytes(buf, &number, sizeof(number));
}

/* Everything that put_run and put_findings write, as bytes for a digest. */
static void mix_run(struct lw_buf *buf, const struct lw_judged_run *run, const struct lw_finding *findings, size_t n)
{
    const int words[] = {(int)run->verdict, (int)run->outcome};

    lw_buf_clear(buf);
    lw_buf_bytes(buf, words, sizeof(words));
    mix_real(buf, run->has_gap, (double)run->gap.ms);
    mix_real(buf, run->has_cost, run->cost);
    for (size_t i = 0; i < n; i++) {
        const struct lw_finding *finding = &findings[i];
        const int kinds[] = {(int)finding->detector, (int)finding->verdict, (int)finding->direction};

        if (!kept(finding))
            continue;
        lw_buf_bytes(buf, kinds, sizeof(kinds));
        mix_text(buf, finding->series);
        mix_real(buf, finding->has_statistic, finding->statistic);
        mix_real(buf, finding->has_threshold, finding->threshold);
        mix_real(buf, finding->has_p, finding->p_value);
        mix_real(buf, finding->has_effect, finding->effect);
        mix_text(buf, lw_str_from(finding->message));
    }
}

static enum lw_err put_findings(struct lw_store *store, int64_t run, const struct lw_finding *findings, size_t n,
                                struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_FINDINGS_REMOVE);
    enum lw_err err;

    lw_db_bind_int(&ask, 1, run);
    err = lw_db_run(&ask, fault);
    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        const struct lw_finding *finding = &findings[i];

        if (!kept(finding))
            continue;
        ask = lw_db_ask(&store->db, LW_SQL_FINDING_PUT);
        lw_db_bind_int(&ask, 1, run);
        lw_db_bind_text(&ask, 2, lw_str_from(lw_detector_name(finding->detector)));
        lw_db_bind_text(&ask, 3, finding->series);
        lw_db_bind_text(&ask, 4, lw_str_from(lw_verdict_name(finding->verdict)));
        lw_db_bind_text(&ask, 5, lw_str_from(lw_direction_name(finding->direction)));
        lw_db_bind_maybe_real(&ask, 6, finding->has_statistic, finding->statistic);
        lw_db_bind_maybe_real(&ask, 7, finding->has_threshold, finding->threshold);
        lw_db_bind_maybe_real(&ask, 8, finding->has_p, finding->p_value);
        lw_db_bind_maybe_real(&ask, 9, finding->has_effect, finding->effect);
        lw_db_bind_text(&ask, 10, lw_str_from(finding->message));
        err = lw_db_run(&ask, fault);
    }
    return err;
}

static enum lw_err put_run(struct lw_store *store, int64_t id, int64_t digest, const struct lw_judged_run *run,
                           struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_RUN_JUDGED);

    lw_db_bind_int(&ask, 1, id);
    lw_db_bind_int(&ask, 2, digest);
    lw_db_bind_text(&ask, 3, lw_str_from(lw_verdict_name(run->verdict)));
    lw_db_bind_text(&ask, 4, lw_str_from(lw_outcome_name(run->outcome)));
    lw_db_bind_maybe_real(&ask, 5, run->has_gap, (double)run->gap.ms / 1000.0);
    lw_db_bind_maybe_real(&ask, 6, run->has_cost, run->cost);
    return lw_db_run(&ask, fault);
}

/* A row of the history beside the run of the judgement that it is. */
struct stored_run {
    int64_t id, judged;
    size_t index;
    bool was_judged;
};

/* Both lists have one order, so one walk pairs them; a run that only one of them has is passed over. */
static enum lw_err pair_runs(struct lw_store *store, int64_t model, const struct lw_judged *judged,
                             struct stored_run *pairs, size_t *n, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_RUNS_JUDGED);
    size_t at = 0;
    enum lw_err err;
    bool row;

    lw_db_bind_int(&ask, 1, model);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        int64_t place = lw_db_int(&ask, 1);
        struct lw_str name = lw_db_str(&ask, 2);
        int order = 1;

        for (; at < judged->runs_n; at++) {
            const struct lw_run *run = judged->runs[at].run;
            int64_t own = lw_store_run_place(run);

            order = own != place ? (own > place) - (own < place) : lw_str_compare(lw_run_str(run, run->name), name);
            if (order >= 0)
                break;
        }
        if (at == judged->runs_n || order != 0)
            continue;
        pairs[(*n)++] = (struct stored_run){.id = lw_db_int(&ask, 0),
                                            .judged = lw_db_int(&ask, 3),
                                            .was_judged = !lw_db_is_null(&ask, 3),
                                            .index = at++};
    }
    lw_db_end(&ask);
    return err;
}

static enum lw_err put_changed(struct lw_store *store, const struct lw_judged *judged, const struct stored_run *pairs,
                               size_t n, struct lw_fault *fault)
{
    struct lw_buf bytes = {.ceiling = (size_t)64 << 20};
    enum lw_err err = LW_ERR_OK;
    size_t first = 0;

    for (size_t i = 0; i < n && err == LW_ERR_OK; i++) {
        const struct lw_judged_run *run = &judged->runs[pairs[i].index];
        size_t count = 0;
        int64_t digest;

        while (first < judged->findings_n && judged->findings[first].run < pairs[i].index)
            first++;
        while (first + count < judged->findings_n && judged->findings[first + count].run == pairs[i].index)
            count++;
        mix_run(&bytes, run, judged->findings + first, count);
        if (bytes.error != LW_ERR_OK)
            err = lw_fault_memory(fault, "the findings of a run");
        digest = lw_db_digest(lw_buf_view(&bytes));
        if (err != LW_ERR_OK || (pairs[i].was_judged && pairs[i].judged == digest))
            continue;
        err = put_run(store, pairs[i].id, digest, run, fault);
        if (err == LW_ERR_OK)
            err = put_findings(store, pairs[i].id, judged->findings + first, count, fault);
    }
    lw_buf_close(&bytes);
    return err;
}

static enum lw_err put_runs(struct lw_store *store, int64_t model, const struct lw_judged *judged,
                            struct lw_fault *fault)
{
    struct stored_run *pairs = malloc((judged->runs_n + 1) * sizeof(*pairs));
    size_t n = 0;
    enum lw_err err;

    if (pairs == NULL)
        return lw_fault_memory(fault, "the runs of a model");
    err = pair_runs(store, model, judged, pairs, &n, fault);
    if (err == LW_ERR_OK)
        err = put_changed(store, judged, pairs, n, fault);
    free(pairs);
    return err;
}

static const struct lw_run *run_at(const struct lw_judged *judged, uint32_t index)
{
    return index < judged->runs_n ? judged->runs[index].run : NULL;
}

static struct lw_str name_at(const struct lw_judged *judged, uint32_t index)
{
    const struct lw_run *run = run_at(judged, index);

    return run != NULL ? lw_run_str(run, run->name) : LW_STR("");
}

static int64_t alert_place(const struct lw_judged *judged, const struct lw_alert *alert)
{
    const struct lw_run *run = run_at(judged, alert->opened_run);

    if (run != NULL)
        return lw_store_run_place(run);
    return alert->has_evidence ? alert->evidence.ms : INT64_MAX;
}

static void join_series(const struct lw_alert *alert, struct lw_buf *series)
{
    lw_buf_clear(series);
    for (uint32_t i = 0; i < alert->series_n; i++) {
        if (i > 0)
            lw_buf_char(series, ',');
        lw_buf_str(series, alert->series[i]);
    }
}

/* Of all columns, so that an alert that stayed as it is is not written again. */
static int64_t alert_digest(const struct lw_judged *judged, const struct lw_alert *alert, struct lw_str series)
{
    const struct lw_str texts[] = {series,
                                   name_at(judged, alert->opened_run),
                                   name_at(judged, alert->change_run),
                                   name_at(judged, alert->resolved_run),
                                   alert->rule,
                                   lw_str_from(alert->message),
                                   lw_str_from(alert->reason)};
    const double before = alert->has_before ? alert->before : 0.0, after = alert->has_after ? alert->after : 0.0;
    const int64_t numbers[] = {(int64_t)alert->state,
                               (int64_t)alert->severity,
                               (int64_t)alert->impact,
                               (int64_t)alert->kind,
                               (int64_t)alert->direction,
                               alert->has_evidence ? alert->evidence.ms : INT64_MIN,
                               alert_place(judged, alert),
                               alert->revision,
                               alert->has_before,
                               alert->has_after,
                               lw_db_digest((struct lw_str){(const char *)&before, sizeof(before)}),
                               lw_db_digest((struct lw_str){(const char *)&after, sizeof(after)})};
    int64_t all[sizeof(texts) / sizeof(texts[0]) + 1];
    size_t n = sizeof(texts) / sizeof(texts[0]);

    for (size_t i = 0; i < n; i++)
        all[i] = lw_db_digest(texts[i]);
    all[n] = lw_db_digest((struct lw_str){(const char *)numbers, sizeof(numbers)});
    return lw_db_digest((struct lw_str){(const char *)all, sizeof(all)});
}

static enum lw_err put_alert(struct lw_store *store, int64_t model, const struct lw_judged *judged,
                             const struct lw_alert *alert, struct lw_buf *series, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_ALERT_PUT);

    join_series(alert, series);
    if (series->error != LW_ERR_OK)
        return lw_fault_memory(fault, "the series of an alert");
    lw_db_bind_text(&ask, 1, lw_str_from(alert->id));
    lw_db_bind_int(&ask, 2, model);
    lw_db_bind_text(&ask, 3, lw_str_from(lw_alert_state_name(alert->state)));
    lw_db_bind_text(&ask, 4, lw_str_from(lw_severity_name(alert->severity)));
    lw_db_bind_text(&ask, 5, lw_str_from(lw_impact_name(alert->impact)));
    lw_db_bind_text(&ask, 6, lw_str_from(lw_alert_kind_name(alert->kind)));
    lw_db_bind_text(&ask, 7, lw_str_from(lw_direction_name(alert->direction)));
    lw_db_bind_text(&ask, 8, lw_buf_view(series));
    lw_db_bind_text(&ask, 9, name_at(judged, alert->opened_run));
    lw_db_bind_text(&ask, 10, name_at(judged, alert->change_run));
    lw_db_bind_text(&ask, 11, name_at(judged, alert->resolved_run));
    lw_db_bind_maybe_real(&ask, 12, alert->has_before, alert->before);
    lw_db_bind_maybe_real(&ask, 13, alert->has_after, alert->after);
    lw_db_bind_maybe_int(&ask, 14, alert->has_evidence, alert->evidence.ms);
    lw_db_bind_int(&ask, 15, alert_place(judged, alert));
    lw_db_bind_text(&ask, 16, alert->rule);
    lw_db_bind_text(&ask, 17, lw_str_from(alert->message));
    lw_db_bind_text(&ask, 18, lw_str_from(alert->reason));
    lw_db_bind_int(&ask, 19, alert->revision);
    lw_db_bind_int(&ask, 20, alert_digest(judged, alert, lw_buf_view(series)));
    return lw_db_run(&ask, fault);
}

static bool has_alert(const struct lw_judged *judged, struct lw_str id)
{
    for (size_t i = 0; i < judged->alerts_n; i++)
        if (lw_str_equal(lw_str_from(judged->alerts[i].id), id))
            return true;
    return false;
}

/* An alert that judging does not yield any more is retracted, unless it was opened before the history that is left. */
static enum lw_err retract(struct lw_store *store, int64_t model, const struct lw_judged *judged,
                           struct lw_fault *fault)
{
    int64_t begin = judged->runs_n > 0 ? lw_store_run_place(judged->runs[0].run) : INT64_MIN;
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_ALERT_IDS);
    enum lw_err err;
    bool row;

    lw_db_bind_int(&ask, 1, model);
    while ((err = lw_db_next(&ask, &row, fault)) == LW_ERR_OK && row) {
        struct lw_ask change;

        if (lw_db_int(&ask, 1) < begin || has_alert(judged, lw_db_str(&ask, 0)))
            continue;
        change = lw_db_ask(&store->db, LW_SQL_ALERT_RETRACT);
        lw_db_bind_text(&change, 1, lw_db_str(&ask, 0));
        err = lw_db_run(&change, fault);
        if (err != LW_ERR_OK)
            break;
    }
    lw_db_end(&ask);
    return err;
}

static enum lw_err put_alerts(struct lw_store *store, int64_t model, const struct lw_judged *judged,
                              struct lw_fault *fault)
{
    struct lw_buf series = {.ceiling = SERIES_ROOM};
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < judged->alerts_n && err == LW_ERR_OK; i++)
        err = put_alert(store, model, judged, &judged->alerts[i], &series, fault);
    lw_buf_close(&series);
    return err != LW_ERR_OK ? err : retract(store, model, judged, fault);
}

static enum lw_err put_model(struct lw_store *store, int64_t model, const struct lw_judged *judged, struct lw_str told,
                             lw_time judged_until, struct lw_fault *fault)
{
    struct lw_ask ask = lw_db_ask(&store->db, LW_SQL_MODEL_JUDGED);

    lw_db_bind_int(&ask, 1, model);
    lw_db_bind_text(&ask, 2, lw_str_from(lw_verdict_name(judged->verdict)));
    lw_db_bind_int(&ask, 3, judged_until.ms);
    lw_db_bind_maybe_int(&ask, 4, judged->has_deadline, judged->deadline.ms);
    lw_db_bind_blob(&ask, 5, told);
    lw_db_bind_int(&ask, 6, lw_db_digest(told));
    return lw_db_run(&ask, fault);
}

enum lw_err lw_store_judged_put(struct lw_store *store, const struct lw_judged *judged, struct lw_str told,
                                lw_time judged_until, struct lw_fault *fault)
{
    int64_t model = 0;
    enum lw_err err = lw_store_writable(store, fault);

    if (err != LW_ERR_OK)
        return err;
    err = lw_store_model_id(store, judged->origin, judged->model, true, &model, fault);
    if (err == LW_ERR_OK)
        err = put_model(store, model, judged, told, judged_until, fault);
    if (err == LW_ERR_OK)
        err = put_runs(store, model, judged, fault);
    if (err == LW_ERR_OK)
        err = put_alerts(store, model, judged, fault);
    return lw_store_wrote(store, err);
}
