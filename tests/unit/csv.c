#include "tests/kit/decoded.h"

#include <stdlib.h>
#include <string.h>

static void reads_a_long_table(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL,
                "time,model,run,metric,value\n"
                "2024-02-29T23:59:59.5Z,churn,churn-1,validation:accuracy,0.91\n"
                "1709251200,churn,churn-1,validation:accuracy,9.2e-1\r\n",
                "point |churn|churn-1|validation:accuracy 1709251199500 average=0.91\n"
                "point |churn|churn-1|validation:accuracy 1709251200000 average=0.92\n");
}

static void reads_statistic_sets_and_origins(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL,
                "Timestamp;Account;Job Name;Metric Name;Minimum;Maximum;Sum;Sample Count;Average\n"
                "2024-03-01 00:00:00;eu;r;loss;1;3;6;3;2\n",
                "point eu||r|loss 1709251200000 sum=6 min=1 max=3 count=3 average=2\n");
}

static void model_and_run_may_be_missing(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL, "time\tmetric\tvalue\n60\tloss\t-1\n", "point |||loss 60000 average=-1\n");
}

static void options_fill_what_the_table_does_not_name(void)
{
    struct lw_decode_options options = {
        .origin = LW_STR("lab"), .model = LW_STR("m"), .run = LW_STR("r"), .metric = LW_STR("loss")};

    KIT_DECODES(LW_FORMAT_CSV, &options, "time,value\n60,1\n", "point lab|m|r|loss 60000 average=1\n");
    KIT_DECODES(LW_FORMAT_CSV, &options, "time,value,model,run,metric,origin\n60,1,x,y,z,o\n60,2,,,,\n",
                "point o|m|y|z 60000 average=1\npoint lab|m|r|loss 60000 average=2\n");
}

static void a_mapping_names_the_columns(void)
{
    struct lw_decode_options options = {0};

    CU_ASSERT_EQUAL(lw_columns_read(&options.columns, LW_STR("time=when,value=y,metric=what"), NULL), LW_ERR_OK);
    KIT_DECODES(LW_FORMAT_CSV, &options, "time,value,metric,when,y,what\n1,2,3,60,5,loss\n",
                "point |||loss 60000 average=5\n");
}

static void the_more_usual_of_two_columns_is_taken(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL, "name,metric,date,time,mean,value\nx,loss,0,60,5,7\n",
                "point |||loss 60000 average=7\n");
}

static void a_column_of_steps_stands_in_for_the_time(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL, "run,epoch,metric,value\na,0,loss,3\na,1.0,loss,2\nb,0,loss,4\n",
                "fact NO_CLOCK ||a number=0 rank=1\n"
                "point ||a|loss 0 step average=3\n"
                "point ||a|loss 1 step average=2\n"
                "fact NO_CLOCK ||b number=0 rank=1\n"
                "point ||b|loss 0 step average=4\n");
    /* With both, the time counts; a row without one still has its step. */
    KIT_DECODES(LW_FORMAT_CSV, NULL, "run,step,time,metric,value\na,5,60,loss,3\na,6,,loss,2\n",
                "point ||a|loss 60000 average=3\n"
                "point ||a|loss 6 step average=2\n");
}

static void zone_less_times_are_in_the_stated_zone(void)
{
    struct lw_decode_options options = {0};
    struct lw_zone *zone;

    CU_ASSERT_EQUAL_FATAL(lw_zone_open(&zone, LW_STR("+02:00"), NULL), LW_ERR_OK);
    options.zone = zone;
    KIT_DECODES(LW_FORMAT_CSV, &options, "time,metric,value\n2024-03-01 02:00:00,m,1\n2024-03-01T00:00:00Z,m,2\n",
                "point |||m 1709251200000 average=1\npoint |||m 1709251200000 average=2\n");
    lw_zone_close(zone);
}

static void missing_cells_have_their_own_reasons(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL,
                "time,run,metric,value\n"
                ",r,loss,1\n"
                "60,r,,1\n"
                "60,r,loss,\n"
                "soon,r,loss,1\n"
                "60,r,loss,much\n"
                "60,r,loss\n"
                "60,r,loss,1,2\n",
                "reject no_time 2:22 \n"
                "reject no_metric 3:32 \n"
                "reject no_value 4:40 \n"
                "reject bad_time 5:51 soon\n"
                "reject bad_value 6:65 much\n"
                "reject bad_row 7:80 fewer cells than the header\n"
                "reject bad_row 8:90 more cells than the header\n");
}

static void a_count_alone_is_no_value_and_none_or_less_is_refused(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL, "time,metric,value,count\n60,m,,3\n60,m,1,0\n60,m,1,-1\n",
                "reject no_value 2:24 \nreject bad_count 3:32 0\nreject bad_count 4:41 -1\n");
    KIT_DECODES(LW_FORMAT_CSV, NULL, "time,metric,min,max\n60,m,2,1\n", "reject min_over_max 2:20 2 over 1\n");
}

/* NaN in the data is a fact about the run, beside not being a value. */
static void what_is_not_a_number_is_a_fact_of_the_run(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL, "time,run,metric,value\n60,r,loss,NaN\n120,r,loss,-inf\n,r,loss,nan\n",
                "fact NOT_A_NUMBER ||r key=loss at=60000 number=0 rank=1\n"
                "reject not_finite 2:22 NaN\n"
                "fact NOT_A_NUMBER ||r key=loss at=120000 number=0 rank=1\n"
                "reject not_finite 3:36 -inf\n"
                "reject no_time 4:52 \n");
}

static void steps_are_whole_numbers(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL, "step,metric,value\n0.5,m,1\n1e300,m,1\nx,m,1\n-3,m,1\n",
                "reject bad_time 2:18 0.5\nreject bad_time 3:26 1e300\nreject bad_time 4:36 x\n"
                "point |||m -3 step average=1\n");
}

static void damaged_rows_do_not_spoil_the_next_one(void)
{
    KIT_DECODES(LW_FORMAT_CSV, NULL, "time,metric,value\n60,m\",1\n60,\xff,1\n60,\"m, \"\"x\"\"\n\",1\n",
                "reject bad_row 2:18 a quote inside of a cell that does not begin with one\n"
                "reject bad_utf8 3:26 \n"
                "point |||m, \"x\"\n 60000 average=1\n");
}

static void a_header_that_says_too_little_is_an_error_that_helps(void)
{
    static const struct {
        const char *text, *help;
    } rows[] = {
        {"run,metric,value\n1,2,3\n", "--columns time="},
        {"time,metric,unit\n1,2,3\n", "--columns value="},
        {"time,value,unit\n1,2,3\n", "--metric"},
        {"time,\"value\n", "header"},
        {"ti\"me,value\n", "header"},
    };
    static struct kit_decoded decoded;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kit_decode(&decoded, LW_FORMAT_CSV, NULL, rows[i].text, strlen(rows[i].text));
        CU_ASSERT_EQUAL(decoded.err, LW_ERR_FORMAT);
        CU_ASSERT_PTR_NOT_NULL(strstr(decoded.fault.text, rows[i].help));
        CU_ASSERT_EQUAL(decoded.fault.line, 1);
    }
}

static const char sample[] = "time,model,run,metric,value,count\r\n"
                             "2024-02-29T23:59:59.5Z,churn,\"churn-1\",\"validation:\"\"accuracy\",0.91,1\r\n"
                             "2024-02-29T23:59:59.5Z,churn,churn-1,loss,nan,\n"
                             ",churn,churn-1,loss,1,2\n"
                             "60,\"a\nb\",c,d,1\n"
                             "60,\"a\nb\",c,d,1,\n";

static void any_cut_gives_the_same(void)
{
    struct kit_random random = kit_seed(1);

    CU_ASSERT(kit_decode_cuts(LW_FORMAT_CSV, NULL, sample, sizeof(sample) - 1, 1, &random));
}

static void it_may_end_at_any_byte(void)
{
    static struct kit_decoded decoded;

    /* Ending inside of the header is an error that says so; behind it nothing is. */
    for (size_t n = 0; n < sizeof(sample); n++) {
        kit_decode(&decoded, LW_FORMAT_CSV, NULL, sample, n);
        CU_ASSERT(decoded.err == LW_ERR_OK || (decoded.err == LW_ERR_FORMAT && n < 33));
    }
}

static void memory_may_run_out_anywhere(void)
{
    kit_decode_torture(LW_FORMAT_CSV, NULL, sample, sizeof(sample) - 1);
}

KIT_SUITE("csv", {"reads a long table", reads_a_long_table},
          {"reads statistic sets and origins, under usual names", reads_statistic_sets_and_origins},
          {"model and run may be missing", model_and_run_may_be_missing},
          {"options fill what the table does not name", options_fill_what_the_table_does_not_name},
          {"a mapping names the columns", a_mapping_names_the_columns},
          {"the more usual of two columns is taken", the_more_usual_of_two_columns_is_taken},
          {"a column of steps stands in for the time", a_column_of_steps_stands_in_for_the_time},
          {"zone-less times are in the stated zone", zone_less_times_are_in_the_stated_zone},
          {"missing cells have their own reasons", missing_cells_have_their_own_reasons},
          {"a count alone is no value, and none or less is refused",
           a_count_alone_is_no_value_and_none_or_less_is_refused},
          {"what is not a number is a fact of the run", what_is_not_a_number_is_a_fact_of_the_run},
          {"steps are whole numbers", steps_are_whole_numbers},
          {"damaged rows do not spoil the next one", damaged_rows_do_not_spoil_the_next_one},
          {"a header that says too little is an error that helps",
           a_header_that_says_too_little_is_an_error_that_helps},
          {"any cut gives the same", any_cut_gives_the_same}, {"it may end at any byte", it_may_end_at_any_byte},
          {"memory may run out anywhere", memory_may_run_out_anywhere})
