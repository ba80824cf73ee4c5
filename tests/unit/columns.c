#include "tests/kit/kit.h"

#include "engine/decode/table/columns.h"

#include <string.h>

static enum lw_column usual(const char *name)
{
    static const struct lw_columns none;

    return lw_columns_find(&none, lw_str_from(name));
}

static void usual_names_are_found_without_regard_to_case_and_separators(void)
{
    CU_ASSERT_EQUAL(usual("time"), LW_COLUMN_TIME);
    CU_ASSERT_EQUAL(usual("Timestamp"), LW_COLUMN_TIME);
    CU_ASSERT_EQUAL(usual("Wall time"), LW_COLUMN_TIME);
    CU_ASSERT_EQUAL(usual("global_step"), LW_COLUMN_STEP);
    CU_ASSERT_EQUAL(usual("EPOCH"), LW_COLUMN_STEP);
    CU_ASSERT_EQUAL(usual("iteration"), LW_COLUMN_STEP);
    CU_ASSERT_EQUAL(usual("training-job.name"), LW_COLUMN_RUN);
    CU_ASSERT_EQUAL(usual("run_id"), LW_COLUMN_RUN);
    CU_ASSERT_EQUAL(usual("metricName"), LW_COLUMN_METRIC);
    CU_ASSERT_EQUAL(usual("Value"), LW_COLUMN_VALUE);
    CU_ASSERT_EQUAL(usual("average"), LW_COLUMN_VALUE);
    CU_ASSERT_EQUAL(usual("Minimum"), LW_COLUMN_MIN);
    CU_ASSERT_EQUAL(usual("max"), LW_COLUMN_MAX);
    CU_ASSERT_EQUAL(usual("sampleCount"), LW_COLUMN_COUNT);
    CU_ASSERT_EQUAL(usual("account_id"), LW_COLUMN_ORIGIN);
    CU_ASSERT_EQUAL(usual("model"), LW_COLUMN_MODEL);
}

static void other_names_mean_nothing(void)
{
    char longest[4096];

    memset(longest, 'x', sizeof(longest));
    CU_ASSERT_EQUAL(usual(""), LW_COLUMN_NONE);
    CU_ASSERT_EQUAL(usual("_"), LW_COLUMN_NONE);
    CU_ASSERT_EQUAL(usual("timeout"), LW_COLUMN_NONE);
    CU_ASSERT_EQUAL(usual("unit"), LW_COLUMN_NONE);
    CU_ASSERT_EQUAL(lw_columns_find(&(struct lw_columns){0}, (struct lw_str){longest, sizeof(longest)}),
                    LW_COLUMN_NONE);
}

static void a_mapping_replaces_the_usual_names_of_its_kind_only(void)
{
    struct lw_columns columns = {0};

    CU_ASSERT_EQUAL(lw_columns_read(&columns, LW_STR("time=when,value=Train Loss"), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("when")), LW_COLUMN_TIME);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("Train Loss")), LW_COLUMN_VALUE);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("timestamp")), LW_COLUMN_NONE);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("value")), LW_COLUMN_NONE);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("metric")), LW_COLUMN_METRIC);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("train loss")), LW_COLUMN_NONE);
}

static void a_mapping_takes_a_usual_name_away_from_its_usual_kind(void)
{
    struct lw_columns columns = {0};

    CU_ASSERT_EQUAL(lw_columns_read(&columns, LW_STR("time=epoch,run=name"), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("epoch")), LW_COLUMN_TIME);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("name")), LW_COLUMN_RUN);
    CU_ASSERT_EQUAL(lw_columns_find(&columns, LW_STR("metric")), LW_COLUMN_METRIC);
}

static void every_key_can_be_mapped(void)
{
    struct lw_columns columns = {0};

    CU_ASSERT_EQUAL(
        lw_columns_read(
            &columns, LW_STR("time=a,step=b,origin=c,model=d,run=e,metric=f,value=g,min=h,max=i,sum=j,count=k"), NULL),
        LW_ERR_OK);
    for (int column = LW_COLUMN_NONE + 1; column < LW_COLUMN_COUNT_OF; column++) {
        char name = (char)('a' + column - 1);

        CU_ASSERT_EQUAL(lw_columns_find(&columns, (struct lw_str){&name, 1}), (enum lw_column)column);
        CU_ASSERT_PTR_NOT_NULL(lw_columns_key((enum lw_column)column));
    }
    CU_ASSERT_PTR_NULL(lw_columns_key(LW_COLUMN_NONE));
}

static void a_second_mapping_leaves_what_it_does_not_name(void)
{
    struct lw_columns columns = {0};

    CU_ASSERT_EQUAL(lw_columns_read(&columns, LW_STR("time=a"), NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_columns_read(&columns, LW_STR("value=b=c"), NULL), LW_ERR_OK);
    CU_ASSERT(lw_str_equal(columns.time, LW_STR("a")));
    CU_ASSERT(lw_str_equal(columns.value, LW_STR("b=c")));
}

static void the_more_usual_of_two_names_has_the_lower_rank(void)
{
    struct lw_columns columns = {0};
    unsigned first, second;

    CU_ASSERT_EQUAL(lw_columns_find_ranked(&columns, LW_STR("Metric"), &first), LW_COLUMN_METRIC);
    CU_ASSERT_EQUAL(lw_columns_find_ranked(&columns, LW_STR("name"), &second), LW_COLUMN_METRIC);
    CU_ASSERT(first < second);
    CU_ASSERT_EQUAL(lw_columns_find_ranked(&columns, LW_STR("time"), &first), LW_COLUMN_TIME);
    CU_ASSERT_EQUAL(lw_columns_find_ranked(&columns, LW_STR("date"), &second), LW_COLUMN_TIME);
    CU_ASSERT(first < second);
}

static void a_bad_mapping_is_named_and_changes_nothing(void)
{
    static const char *const bad[] = {"", "time", "time=", "=x", "when=ts", "time=ts,", "time=ts,,value=v", "Time=ts"};
    struct lw_fault fault;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lw_columns columns = {0};

        fault.text[0] = '\0';
        CU_ASSERT_EQUAL(lw_columns_read(&columns, lw_str_from(bad[i]), &fault), LW_ERR_USAGE);
        CU_ASSERT_EQUAL(columns.time.len, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "--columns"));
    }
    CU_ASSERT_EQUAL(lw_columns_read(&(struct lw_columns){0}, LW_STR("value=v,when=ts"), &fault), LW_ERR_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "when=ts"));
}

KIT_SUITE("columns",
          {"usual names are found without regard to case and separators",
           usual_names_are_found_without_regard_to_case_and_separators},
          {"other names mean nothing", other_names_mean_nothing},
          {"a mapping replaces the usual names of its kind only", a_mapping_replaces_the_usual_names_of_its_kind_only},
          {"a mapping takes a usual name away from its usual kind",
           a_mapping_takes_a_usual_name_away_from_its_usual_kind},
          {"every key can be mapped", every_key_can_be_mapped},
          {"a second mapping leaves what it does not name", a_second_mapping_leaves_what_it_does_not_name},
          {"the more usual of two names has the lower rank", the_more_usual_of_two_names_has_the_lower_rank},
          {"a bad mapping is named and changes nothing", a_bad_mapping_is_named_and_changes_nothing})
