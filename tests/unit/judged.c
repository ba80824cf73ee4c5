#include "tests/kit/kit.h"

#include "leeway/judged.h"

static void the_graver_verdict_wins(void)
{
    CU_ASSERT_EQUAL(lw_verdict_worse(LW_VERDICT_OK, LW_VERDICT_WARNING), LW_VERDICT_WARNING);
    CU_ASSERT_EQUAL(lw_verdict_worse(LW_VERDICT_DRIFT, LW_VERDICT_WARNING), LW_VERDICT_DRIFT);
    CU_ASSERT_EQUAL(lw_verdict_worse(LW_VERDICT_DRIFT, LW_VERDICT_ERROR), LW_VERDICT_ERROR);
}

static void too_little_data_gives_way_to_anything_known(void)
{
    CU_ASSERT_EQUAL(lw_verdict_worse(LW_VERDICT_INSUFFICIENT, LW_VERDICT_OK), LW_VERDICT_OK);
    CU_ASSERT_EQUAL(lw_verdict_worse(LW_VERDICT_OK, LW_VERDICT_INSUFFICIENT), LW_VERDICT_OK);
    CU_ASSERT_EQUAL(lw_verdict_worse(LW_VERDICT_INSUFFICIENT, LW_VERDICT_INSUFFICIENT), LW_VERDICT_INSUFFICIENT);
    CU_ASSERT_EQUAL(lw_verdict_worse(LW_VERDICT_ERROR, LW_VERDICT_INSUFFICIENT), LW_VERDICT_ERROR);
}

static void words_are_those_of_the_output(void)
{
    CU_ASSERT_STRING_EQUAL(lw_verdict_name(LW_VERDICT_INSUFFICIENT), "insufficient_data");
    CU_ASSERT_STRING_EQUAL(lw_detector_name(LW_DETECT_CHANGEPOINT), "changepoint");
    CU_ASSERT_STRING_EQUAL(lw_detector_name(LW_DETECT_QUALITY), "quality");
    CU_ASSERT_STRING_EQUAL(lw_direction_name(LW_DIRECTION_NONE), "");
    CU_ASSERT_STRING_EQUAL(lw_direction_name(LW_DIRECTION_DOWN), "down");
    CU_ASSERT_STRING_EQUAL(lw_alert_state_name(LW_ALERT_STALE), "stale");
    CU_ASSERT_STRING_EQUAL(lw_severity_name(LW_SEVERITY_TICKET), "ticket");
    CU_ASSERT_STRING_EQUAL(lw_impact_name(LW_IMPACT_UNCLEAR), "unclear");
    CU_ASSERT_STRING_EQUAL(lw_alert_kind_name(LW_ALERT_RUN), "run");
    CU_ASSERT_STRING_EQUAL(lw_transition_name(LW_TRANSITION_STALE), "stale");
}

KIT_SUITE("judged", {"the graver verdict wins", the_graver_verdict_wins},
          {"too little data gives way to anything known", too_little_data_gives_way_to_anything_known},
          {"words are those of the output", words_are_those_of_the_output})
