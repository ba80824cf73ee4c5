#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include "engine/flow/analyze/intake.h"
#include "engine/flow/simulate/simulate.h"

#include <string.h>

static struct lw_buf history = {.ceiling = 1 << 22};

static void simulate(void)
{
    struct lw_plan plan = lw_plan_default();

    plan.runs = 5;
    if (history.len == 0)
        lw_simulate_write(&plan, &history);
}

struct turn {
    struct lw_settings settings;
    struct lw_session session;
    struct lw_intake *intake;
    struct lw_report report;
    struct lw_fault fault;
    enum lw_err err;
};

static void open_turn(struct turn *turn)
{
    turn->settings = (struct lw_settings){.rules = lw_rules_default(), .format = LW_FORMAT_AUTO};
    turn->session = (struct lw_session){.arena = NULL};
    turn->intake = NULL;
    turn->fault = (struct lw_fault){.code = LW_ERR_OK};
}

static void finish_turn(struct turn *turn, struct lw_str bytes)
{
    turn->err = lw_intake_open(&turn->intake, &turn->settings, &turn->session, &turn->fault);
    if (turn->err == LW_ERR_OK)
        turn->err = lw_intake_bytes(turn->intake, "history.ndjson", bytes, &turn->fault);
    if (turn->err == LW_ERR_OK)
        turn->err = lw_intake_end(turn->intake, &turn->report, &turn->fault);
}

static void bytes_become_a_report(void)
{
    struct turn turn;

    simulate();
    open_turn(&turn);
    finish_turn(&turn, lw_buf_view(&history));
    CU_ASSERT_EQUAL_FATAL(turn.err, LW_ERR_OK);
    CU_ASSERT_EQUAL(turn.report.models_n, 1);
    CU_ASSERT_EQUAL(turn.report.models[0].runs_n, 5);
    CU_ASSERT_EQUAL(turn.report.files_n, 1);
    CU_ASSERT_EQUAL(turn.report.files[0].bytes, history.len);
    CU_ASSERT_EQUAL(turn.report.rejects_n, 0);
    CU_ASSERT_EQUAL(lw_intake_unusable(turn.intake), 0);
    lw_intake_close(turn.intake);
}

static void the_first_bad_record_is_an_error_when_strict(void)
{
    struct turn turn;

    open_turn(&turn);
    turn.settings.strict = true;
    turn.settings.format = LW_FORMAT_LOGGLY;
    finish_turn(&turn, LW_STR("{\"timestamp\":\"yesterday\"}\n"));
    CU_ASSERT_EQUAL(turn.err, LW_ERR_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(turn.fault.text, "history.ndjson:1:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(turn.fault.text, "--strict"));
    lw_intake_close(turn.intake);
}

static bool clean_error_or_report(void *self, bool failed)
{
    struct turn *turn = self;
    bool right;

    open_turn(turn);
    finish_turn(turn, lw_buf_view(&history));
    right = turn->err == LW_ERR_OK ? turn->report.models_n == 1 : failed && turn->fault.text[0] != '\0';
    lw_intake_close(turn->intake);
    return right;
}

static void every_failing_allocation_is_a_clean_error(void)
{
    struct turn turn;

    simulate();
    CU_ASSERT(kit_alloc_torture(clean_error_or_report, &turn) > 10);
    lw_buf_close(&history);
}

KIT_SUITE("intake", {"bytes become a report", bytes_become_a_report},
          {"the first bad record is an error when strict", the_first_bad_record_is_an_error_when_strict},
          {"every failing allocation is a clean error", every_failing_allocation_is_a_clean_error})
