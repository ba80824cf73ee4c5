#include "engine/decode/log/log_status.h"

#include "engine/base/scan/scan.h"
#include "engine/decode/log/log_grammar.h"

#include <string.h>

/* Phases that end a job. SageMaker stops a job that ran out of time: its status is Stopped, the phase says why. */
static const struct {
    const char *phase;
    enum lw_status status;
    bool secondary;
} finals[] = {
    {"Completed", LW_STATUS_COMPLETED, false},
    {"Failed", LW_STATUS_FAILED, false},
    {"Stopped", LW_STATUS_STOPPED, false},
    {"MaxRuntimeExceeded", LW_STATUS_STOPPED, true},
    {"MaxWaitTimeExceeded", LW_STATUS_STOPPED, true},
};

static const struct lw_str created_line = {"Creating training-job with name: ", 33};
static const struct lw_str begun_line = {"Starting the training job", 25};

bool lw_log_status_begins(const struct lw_log_status *status, struct lw_str phase, struct lw_str text)
{
    if (phase.len > 0)
        return status->begun && lw_str_equal(phase, LW_STR("Starting")) &&
               lw_log_grammar_find(text, 0, begun_line) == 0;
    return (status->created || status->begun) && lw_log_grammar_find(text, 0, created_line) != SIZE_MAX;
}

void lw_log_status_time(struct lw_log_status *status, lw_time time)
{
    if (!status->has_times || time.ms < status->first.ms)
        status->first = time;
    if (!status->has_times || time.ms > status->last.ms)
        status->last = time;
    status->has_times = true;
}

static struct lw_fact fact_of(struct lw_log_status *status, const struct lw_emit *emit, enum lw_fact_kind kind)
{
    struct lw_fact fact = lw_emit_blank_fact(emit, kind, LW_RANK_LOG);

    fact.run = status->run;
    status->says = true;
    return fact;
}

static enum lw_err say_number(struct lw_log_status *status, struct lw_emit *emit, enum lw_fact_kind kind, double number,
                              const lw_time *at, struct lw_fault *fault)
{
    struct lw_fact fact = fact_of(status, emit, kind);

    fact.number = number;
    fact.has_at = at != NULL;
    if (at != NULL)
        fact.at = *at;
    return lw_emit_fact(emit, &fact, fault);
}

static enum lw_err say_time(struct lw_log_status *status, struct lw_emit *emit, enum lw_fact_kind kind, lw_time at,
                            struct lw_fault *fault)
{
    return say_number(status, emit, kind, 0, &at, fault);
}

/* The phase that was going on ends where the next one begins. */
static enum lw_err say_phase(struct lw_log_status *status, struct lw_emit *emit, const lw_time *until,
                             struct lw_fault *fault)
{
    struct lw_fact fact = fact_of(status, emit, LW_FACT_PHASE);

    fact.text = status->phase;
    fact.has_at = 1;
    fact.at = status->phase_at;
    fact.has_until = until != NULL && until->ms >= status->phase_at.ms;
    if (fact.has_until)
        fact.until = *until;
    return lw_emit_fact(emit, &fact, fault);
}

/* The better of two reasons stays; without control bytes, and cut at a character. */
static void keep_reason(struct lw_log_status *status, struct lw_str reason, uint8_t rank)
{
    size_t n;
    bool utf8;

    while (reason.len > 0 && (*reason.at == ' ' || *reason.at == ':'))
        reason = (struct lw_str){reason.at + 1, reason.len - 1};
    while (reason.len > 0 && strchr(" .\t[", reason.at[reason.len - 1]) != NULL)
        reason.len--;
    if (reason.len == 0 || rank < status->reason_rank)
        return;
    n = reason.len < LW_LOG_STATUS_REASON ? reason.len : LW_LOG_STATUS_REASON;
    while (n > 0 && n < reason.len && ((unsigned char)reason.at[n] & 0xc0) == 0x80)
        n--;
    utf8 = lw_scan_utf8((struct lw_str){reason.at, n});
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)reason.at[i];

        status->reason[i] = c < 0x20 || c == 0x7f ? ' ' : c >= 0x80 && !utf8 ? '?' : (char)c;
    }
    status->reason_n = (uint16_t)n;
    status->reason_rank = rank;
}

static enum lw_err say_end(struct lw_log_status *status, struct lw_emit *emit, struct lw_str phase, lw_time at,
                           struct lw_str message, struct lw_fault *fault)
{
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]) && err == LW_ERR_OK; i++) {
        if (!lw_str_equal(phase, lw_str_from(finals[i].phase)))
            continue;
        status->ended = true;
        err = say_number(status, emit, LW_FACT_STATUS, finals[i].status, &at, fault);
        if (err == LW_ERR_OK)
            err = say_time(status, emit, LW_FACT_ENDED, at, fault);
        if (err == LW_ERR_OK && finals[i].secondary) {
            struct lw_fact fact = fact_of(status, emit, LW_FACT_SECONDARY);

            fact.text = status->phase;
            err = lw_emit_fact(emit, &fact, fault);
        }
        if (finals[i].status == LW_STATUS_FAILED)
            keep_reason(status, message, 1);
    }
    return err;
}

enum lw_err lw_log_status_phase(struct lw_log_status *status, struct lw_emit *emit, struct lw_str phase, lw_time at,
                                struct lw_str message, struct lw_fault *fault)
{
    uint32_t name;
    enum lw_err err = lw_emit_name(emit, phase, &name, fault);

    if (err == LW_ERR_OK && status->has_phase && status->phase != name)
        err = say_phase(status, emit, &at, fault);
    if (err == LW_ERR_OK && !status->has_phase)
        err = say_time(status, emit, LW_FACT_CREATED, at, fault);
    if (!status->has_phase || status->phase != name)
        status->phase_at = at;
    status->phase = name;
    status->has_phase = true;
    status->begun = true;
    /* TrainingStartTime is when the instances are there: billing and downloading begin (DescribeTrainingJob). */
    if (err == LW_ERR_OK && !status->has_started &&
        (lw_str_equal(phase, LW_STR("Downloading")) || lw_str_equal(phase, LW_STR("Training")))) {
        status->has_started = true;
        err = say_time(status, emit, LW_FACT_STARTED, at, fault);
    }
    return err == LW_ERR_OK ? say_end(status, emit, phase, at, message, fault) : err;
}

/* How the container's toolkit and the SDK say that it is over. */
static enum lw_err read_end(struct lw_log_status *status, struct lw_emit *emit, struct lw_str text, const lw_time *at,
                            struct lw_fault *fault)
{
    static const struct {
        struct lw_str line;
        enum lw_status status;
    } rows[] = {
        {{"===== Job Complete =====", 24}, LW_STATUS_COMPLETED},
        {{"Reporting training SUCCESS", 26}, LW_STATUS_COMPLETED},
        {{"Reporting training FAILURE", 26}, LW_STATUS_FAILED},
    };
    enum lw_err err = LW_ERR_OK;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && err == LW_ERR_OK; i++) {
        if (lw_log_grammar_find(text, 0, rows[i].line) != SIZE_MAX)
            err = say_number(status, emit, LW_FACT_STATUS, rows[i].status, at, fault);
    }
    return err;
}

enum lw_err lw_log_status_text(struct lw_log_status *status, struct lw_emit *emit, struct lw_str text,
                               const lw_time *at, struct lw_fault *fault)
{
    const struct lw_str error = LW_STR("Error for Training job ");
    const struct lw_str reason = LW_STR("Reason: ");
    enum lw_err err = read_end(status, emit, text, at, fault);
    double number;
    size_t found;

    if (lw_log_grammar_find(text, 0, created_line) != SIZE_MAX)
        status->created = true;
    if (err == LW_ERR_OK && lw_log_grammar_number_after(text, LW_STR("Training seconds:"), &number))
        err = say_number(status, emit, LW_FACT_TRAINING_SECONDS, number, NULL, fault);
    if (err == LW_ERR_OK && lw_log_grammar_number_after(text, LW_STR("Billable seconds:"), &number))
        err = say_number(status, emit, LW_FACT_BILLABLE_SECONDS, number, NULL, fault);
    if (err == LW_ERR_OK && lw_log_grammar_number_after(text, LW_STR("Managed Spot Training savings:"), &number))
        err = say_number(status, emit, LW_FACT_SPOT, 1, NULL, fault);
    found = lw_log_grammar_find(text, 0, error);
    found = found == SIZE_MAX ? found : lw_log_grammar_find(text, found, reason);
    if (found != SIZE_MAX)
        keep_reason(status, (struct lw_str){text.at + found + reason.len, text.len - found - reason.len}, 2);
    return err;
}

enum lw_err lw_log_status_finish(struct lw_log_status *status, struct lw_emit *emit, bool points, bool clock,
                                 struct lw_fault *fault)
{
    bool lines_only = !status->has_phase && status->has_times && (points || status->says);
    enum lw_err err = LW_ERR_OK;

    if (status->has_phase)
        err = say_phase(status, emit, NULL, fault);
    if (err == LW_ERR_OK && lines_only)
        err = say_time(status, emit, LW_FACT_STARTED, status->first, fault);
    if (err == LW_ERR_OK && lines_only)
        err = say_time(status, emit, LW_FACT_ENDED, status->last, fault);
    if (err == LW_ERR_OK && status->reason_n > 0) {
        struct lw_fact fact = fact_of(status, emit, LW_FACT_FAILURE);

        err = lw_emit_name(emit, (struct lw_str){status->reason, status->reason_n}, &fact.text, fault);
        if (err == LW_ERR_OK)
            err = lw_emit_fact(emit, &fact, fault);
    }
    if (err == LW_ERR_OK && points && !clock && !status->has_phase && !status->has_times)
        err = say_number(status, emit, LW_FACT_NO_CLOCK, 0, NULL, fault);
    return err;
}
