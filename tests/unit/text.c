#include "tests/kit/kit.h"
#include "tests/kit/report.h"

#include "engine/report/page/safe.h"
#include "engine/report/text/families.h"
#include "engine/report/text/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct lw_buf written(uint32_t columns, bool colour, bool utf8)
{
    struct kit_report kit;
    struct lw_report_style style = {.columns = columns, .colour = colour, .utf8 = utf8};
    struct lw_buf out = {.ceiling = 1 << 20};

    kit_report_fill(&kit);
    lw_text_write(&kit.report, &style, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_EQUAL(out.error, LW_ERR_OK);
    kit_report_free(&kit);
    return out;
}

static bool says(uint32_t columns, bool utf8, const char *what)
{
    struct lw_buf out = written(columns, false, utf8);
    bool found = strstr(out.at, what) != NULL;

    lw_buf_close(&out);
    return found;
}

static size_t widest(const struct lw_buf *out)
{
    size_t most = 0;

    for (const char *line = out->at; *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t width = lw_safe_width((struct lw_str){.at = line, .len = (size_t)(end - line)});

        most = width > most ? width : most;
        line = end + 1;
    }
    return most;
}

static void no_line_is_wider_than_the_terminal(void)
{
    for (uint32_t columns = 40; columns <= 200; columns += 7) {
        struct lw_buf plain = written(columns, false, false);
        struct lw_buf rich = written(columns, false, true);

        CU_ASSERT(widest(&plain) <= columns);
        CU_ASSERT(widest(&rich) <= columns);
        lw_buf_close(&plain);
        lw_buf_close(&rich);
    }
}

static void the_first_line_says_what_changed_in_which_model(void)
{
    struct lw_buf out = written(160, false, false);
    char *end = strchr(out.at, '\n');

    *end = '\0';
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "drift"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "churn"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "60 runs"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "validation:accuracy 0.9520"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "0.9710 -> 0.9510 since run 40, 2 Jun 15:00"));
    lw_buf_close(&out);
}

static void long_histories_are_folded_around_the_alerts(void)
{
    struct lw_buf out = written(80, false, false);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "... 35 runs ..."));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "A1 begins"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "A1 found"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "A2 over"));
    lw_buf_close(&out);
}

static void control_characters_in_names_are_harmless(void)
{
    struct lw_buf out = written(80, false, true);

    CU_ASSERT_PTR_NULL(memchr(out.at, '\033', out.len));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "?[31mred"));
    lw_buf_close(&out);
}

static void without_utf8_every_byte_is_ascii(void)
{
    struct lw_buf out = written(100, true, false);
    bool ascii = true;

    for (size_t i = 0; i < out.len; i++)
        ascii = ascii && (unsigned char)out.at[i] < 0x80;
    CU_ASSERT(ascii);
    lw_buf_close(&out);
}

static void colours_are_written_only_when_wanted(void)
{
    struct lw_buf plain = written(80, false, true);
    struct lw_buf rich = written(80, true, true);

    CU_ASSERT_PTR_NULL(strchr(plain.at, '\033'));
    CU_ASSERT_PTR_NOT_NULL(strchr(rich.at, '\033'));
    lw_buf_close(&plain);
    lw_buf_close(&rich);
}

static void it_says_from_which_run_on_what_is_judged(void)
{
    CU_ASSERT(says(100, false, "from run 5 on (1 more): cusum of loss"));
    CU_ASSERT(says(100, false, "from run 12 on (8 more): ks of loss"));
    CU_ASSERT(says(100, false, "0.2000"));
}

static void what_was_skipped_is_told_with_its_first_place(void)
{
    CU_ASSERT(says(120, false, "5 x bad_time: a time that cannot be read; first at export.json:17"));
    CU_ASSERT(says(120, false, "photo.png: not a known format"));
    CU_ASSERT(says(120, false, "other: two runs overlap"));
}

static void alerts_are_told_in_their_own_words(void)
{
    CU_ASSERT(says(200, false, "churn: validation:accuracy fell 2.0 points"));
    CU_ASSERT(says(200, false, "A1 open, ticket, for the worse"));
    CU_ASSERT(says(200, false, "id abcdefghijklmnopqrstuvwxyz"));
    CU_ASSERT(says(200, false, "curve:train:accuracy (ks), run 51: the learning curve is unlike the others"));
}

/* The report of the first model alone, after `change` of it. */
static struct lw_buf written_after(void (*change)(struct kit_report *kit))
{
    struct kit_report kit;
    struct lw_report_style style = {.columns = 200};
    struct lw_buf out = {.ceiling = 1 << 20};

    kit_report_fill(&kit);
    change(&kit);
    kit.report.models_n = 1;
    lw_text_write(&kit.report, &style, &out);
    lw_buf_char(&out, '\0');
    kit_report_free(&kit);
    return out;
}

static const char *const remarks[] = {
    "failed: out of memory",
    "ran out of time: its duration is a lower bound",
    "failed: out of memory",
    "C+ 4.12 over half of 6.15, effect +1.5 %, since run 2 Jun 10:00",
    "C+ 4.82 over half of 6.15, effect +3.5 %, since run 3 Jun 11:00",
    "one odd run, p 0.002, effect +48.8 %; a second in a row counts in full",
    "2 values were printed as NaN or infinite",
};

static void make_remarks(struct kit_report *kit)
{
    static struct lw_finding findings[7];
    static const uint32_t runs[] = {12, 17, 16, 27, 29, 30, 31};

    for (size_t i = 0; i < 7; i++) {
        bool chart = i >= 3 && i <= 5;

        findings[i] = (struct lw_finding){
            .detector = chart ? LW_DETECT_CUSUM : LW_DETECT_QUALITY,
            .verdict = chart ? LW_VERDICT_WARNING : LW_VERDICT_ERROR,
            .series = chart ? LW_STR("duration") : LW_STR(""),
            .run = runs[i],
            .has_threshold = chart,
            .message = remarks[i],
        };
    }
    ((struct lw_metric *)(void *)((char *)kit->runs[31] + kit->runs[31]->metrics_at))[1].summary.not_a_number = 2;
    kit->models[0].findings = findings;
    kit->models[0].findings_n = 7;
}

static void what_is_said_of_several_runs_is_true_of_all_of_them(void)
{
    struct lw_buf out = written_after(make_remarks);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "\n  runs 13, 17 (quality): failed: out of memory\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "\n  run 18 (quality): ran out of time"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(out.at, "\n  duration (cusum): over half way to an alert in runs 28, 30 (last: C+ 4.82"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "\n  duration (cusum), run 31: one odd run"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "\n  validation:accuracy (quality), run 32: 2 values were printed as NaN"));
    lw_buf_close(&out);
}

static void make_outlier(struct kit_report *kit)
{
    struct lw_run *run = kit->runs[57]; /* it failed */

    ((struct lw_metric *)(void *)((char *)run + run->metrics_at))[1].summary.last = 0.125;
    run->duration.ms = 7 * LW_DAY;
}

static void the_course_leaves_out_values_that_are_not_charted(void)
{
    struct lw_buf out = written_after(make_outlier);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "0.9500 .. 0.9720"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "0.1250 .. "));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "always 10m 00s"));
    lw_buf_close(&out);
}

static void make_stale(struct kit_report *kit)
{
    kit->alerts[0].state = LW_ALERT_STALE;
    kit->runs[59]->has_start = kit->runs[59]->has_end = 0;
}

static void a_stale_alert_is_told_with_the_end_of_the_data(void)
{
    struct lw_buf out = written_after(make_stale);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "0.9710 -> 0.9510 since run 40, 2 Jun 15:00; the data stopped after run 60"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "A1 stale"));
    /* The run without a clock is the last one by its name only. */
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "validation:accuracy 0.9510"));
    lw_buf_close(&out);
}

static void make_neutral(struct kit_report *kit)
{
    for (size_t i = 0; i < KIT_REPORT_RUNS; i++) {
        struct kit_metric metrics[] = {{"a_time", 1, 2 + (double)i}, {"zz:loss", 3, 1.5 + (double)i}};

        free(kit->runs[i]);
        kit->runs[i] = kit_run("churn", "r", 1559347200000 + (int64_t)i * LW_HOUR, 600, metrics, 2);
        kit->judged[i].run = kit->runs[i];
    }
}

static void metrics_without_a_good_direction_come_last(void)
{
    struct lw_buf out = written_after(make_neutral);
    const char *loss = strstr(out.at, "zz:loss");
    const char *time = strstr(out.at, "a_time");

    CU_ASSERT_PTR_NOT_NULL_FATAL(loss);
    CU_ASSERT_PTR_NOT_NULL_FATAL(time);
    CU_ASSERT(loss < time);
    lw_buf_close(&out);
}

static void of_many_models_those_that_need_a_person_come_first_and_are_told(void)
{
    struct kit_report kit;
    struct lw_judged models[30];
    struct lw_report_style style = {.columns = 100};
    struct lw_buf out = {.ceiling = 1 << 20};

    kit_report_fill(&kit);
    for (size_t i = 0; i < 30; i++)
        models[i] = kit.models[i != 17];
    kit.report.models = models;
    kit.report.models_n = 30;
    lw_text_write(&kit.report, &style, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_EQUAL(strncmp(out.at, "drift", 5), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "-- churn"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "-- new"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "29 models without warnings"));
    lw_buf_close(&out);
    kit_report_free(&kit);
}

static void a_report_without_runs_says_so(void)
{
    struct lw_report report = {.files_n = 0};
    struct lw_report_style style = {.columns = 80};
    struct lw_buf out = {.ceiling = 4096};

    lw_text_write(&report, &style, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "No run was found"));
    lw_buf_close(&out);
}

static void make_stopped(struct kit_report *kit)
{
    static struct lw_finding findings[2];

    for (uint32_t i = 0; i < 2; i++)
        findings[i] = (struct lw_finding){.detector = LW_DETECT_KS,
                                          .verdict = LW_VERDICT_INSUFFICIENT,
                                          .series = LW_STR("train:loss"),
                                          .run = 57 + i,
                                          .runs_needed = 9 - i,
                                          .message = "too little history"};
    kit->judged[59].outcome = LW_OUTCOME_STOPPED;
    kit->models[0].findings = findings;
    kit->models[0].findings_n = 2;
}

static void what_a_chart_waits_for_is_told_behind_a_run_that_was_stopped(void)
{
    struct lw_buf out = written_after(make_stopped);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "from run 68 on (8 more): ks of train:loss\n"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "(9 more)"));
    lw_buf_close(&out);
}

static struct lw_metric *metric_of(struct kit_report *kit, size_t run, size_t metric)
{
    return (struct lw_metric *)(void *)((char *)kit->runs[run] + kit->runs[run]->metrics_at) + metric;
}

static void make_huge(struct kit_report *kit)
{
    metric_of(kit, 59, 1)->summary.first = 1e308;
    metric_of(kit, 58, 1)->summary.first = -2.5e12;
}

static void a_value_that_is_huge_beside_others_is_written_with_an_exponent(void)
{
    struct lw_buf out = written_after(make_huge);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, " 1.000e+308 -> 0.9"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, " -2.500e+12 -> 0.9"));
    lw_buf_close(&out);
}

static void make_pointless(struct kit_report *kit)
{
    for (size_t i = 0; i < 6; i++)
        kit->runs[i]->metrics_n = 0;
    kit->runs[0]->flags |= LW_RUN_INTERLEAVED;
    kit->runs[1]->outcome = LW_OUTCOME_COMPLETED;
    kit->runs[2]->has_created = 1;
    kit->runs[4]->duration_source = LW_DURATION_HEARTBEAT;
    kit->runs[4]->outcome = LW_OUTCOME_COMPLETED;
}

static void only_what_was_described_counts_as_described(void)
{
    struct lw_buf out = written_after(make_pointless);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, ", 2 jobs described without datapoints"));
    lw_buf_close(&out);
}

static void make_late(struct kit_report *kit)
{
    static struct lw_alert alert;

    alert = kit->alerts[1];
    alert.kind = LW_ALERT_RUN;
    alert.state = LW_ALERT_OPEN;
    alert.series_n = 0;
    alert.opened_run = 57;
    alert.change_run = LW_NO_RUN;
    alert.has_before = alert.has_after = false;
    alert.rule = LW_STR("");
    kit->judged[57].outcome = LW_OUTCOME_OUT_OF_TIME;
    kit->models[0].alerts = &alert;
    kit->models[0].alerts_n = 1;
    kit->models[0].events_n = 0;
}

static void a_run_that_ran_out_of_time_is_not_called_failed(void)
{
    struct lw_buf out = written_after(make_late);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "runs out of time since run 58"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "failed runs"));
    lw_buf_close(&out);
}

#define LONG_NAME                                                                                                      \
    "validation:multiclass_cross_entropy_loss_of_the_last_head_with_label_smoothing_and_class_weights_over_the_"       \
    "holdout"

/* One model with one run, whose metric has that name. */
static struct lw_buf written_of(const char *metric, const char *other, uint32_t columns)
{
    struct kit_metric metrics[] = {{metric, 0.5, 0.25}, {other, 0.5, 0.25}};
    struct lw_run *run = kit_run("m", "m-1", 0, 60, metrics, other != NULL ? 2 : 1);
    struct lw_judged_run judged = {.run = run};
    struct lw_judged model = {.model = LW_STR("m"), .runs = &judged, .runs_n = 1, .primary = LW_STR("loss")};
    struct lw_report report = {.models = &model, .models_n = 1};
    struct lw_report_style style = {.columns = columns};
    struct lw_buf out = {.ceiling = 1 << 20};

    if (other == NULL)
        model.primary = lw_str_from(metric);
    lw_text_write(&report, &style, &out);
    lw_buf_char(&out, '\0');
    free(run);
    return out;
}

static void a_long_name_of_a_metric_is_cut_rather_than_the_page_overrun(void)
{
    for (uint32_t columns = 60; columns <= 120; columns += 20) {
        struct lw_buf out = written_of(LONG_NAME, NULL, columns);

        CU_ASSERT(widest(&out) <= columns);
        CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "duration"));
        lw_buf_close(&out);
    }
}

static void a_column_that_is_not_shown_leaves_no_empty_line(void)
{
    struct lw_buf out = written_of("loss", "train:" LONG_NAME, 40);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "not shown at this width"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "\n\nrun "));
    lw_buf_close(&out);
}

static void make_uncharted(struct kit_report *kit)
{
    static struct lw_finding finding;

    finding = (struct lw_finding){.detector = LW_DETECT_CUSUM,
                                  .verdict = LW_VERDICT_OK,
                                  .series = LW_STR("validation:accuracy"),
                                  .run = 59,
                                  .message = "within its limits"};
    kit->models[0].findings = &finding;
    kit->models[0].findings_n = 1;
}

static void make_too_many(struct kit_report *kit)
{
    make_uncharted(kit);
    kit->models[0].findings = kit->findings;
    kit->findings[0] = (struct lw_finding){.detector = LW_DETECT_QUALITY,
                                           .verdict = LW_VERDICT_OK,
                                           .message = "6 metrics beyond the first 64 are not charted"};
}

static void what_no_chart_looks_at_is_told(void)
{
    struct lw_buf out = written_after(make_uncharted);

    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "Not charted, since by its name it counts or times: train:accuracy ("));
    lw_buf_close(&out);
    out = written_after(make_too_many);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "\n6 metrics beyond the first 64 are not charted\n"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "by its name"));
    lw_buf_close(&out);
}

/* The type is the text "churn" of the name. */
static void make_instances(struct kit_report *kit)
{
    static const uint32_t counts[] = {1, 0, 1, 2, 2};

    for (size_t i = 0; i < 5; i++) {
        struct lw_run *run = kit->runs[55 + i];

        run->instance_count = counts[i];
        run->instance = (struct lw_run_text){.at = run->name.at, .len = counts[i] > 0 ? 5 : 0};
    }
}

static void a_run_on_other_instances_is_marked(void)
{
    struct lw_buf out = written_after(make_instances);
    const char *first = strstr(out.at, "now 2 x churn");

    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(strstr(first + 1, "now 2 x churn"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "now 1 x churn"));
    lw_buf_close(&out);
}

static void make_odd_ends(struct kit_report *kit)
{
    kit->runs[59]->has_start = kit->runs[59]->has_end = 0; /* a run without a clock comes last */
    kit->runs[58]->has_end = 0;
}

static void families_are_told_from_their_first_start_to_their_last_end_in_utc(void)
{
    struct kit_report kit;
    struct lw_report_style style = {.columns = 200};
    struct lw_buf out = {.ceiling = 1 << 20};

    kit_report_fill(&kit);
    make_odd_ends(&kit);
    lw_families_write(&kit.report, &style, &out);
    lw_buf_char(&out, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "1 Jun 2019 00:00  3 Jun 2019 10:00"));
    CU_ASSERT_PTR_NULL(strstr(out.at, "no clock"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.at, "\nTimes are UTC.\n"));
    lw_buf_close(&out);
    kit_report_free(&kit);
    CU_ASSERT(says(100, false, "Times are UTC."));
}

KIT_SUITE("text", {"no line is wider than the terminal", no_line_is_wider_than_the_terminal},
          {"the first line says what changed in which model", the_first_line_says_what_changed_in_which_model},
          {"long histories are folded around the alerts", long_histories_are_folded_around_the_alerts},
          {"control characters in names are harmless", control_characters_in_names_are_harmless},
          {"without UTF-8 every byte is ASCII", without_utf8_every_byte_is_ascii},
          {"colours are written only when wanted", colours_are_written_only_when_wanted},
          {"it says from which run on what is judged", it_says_from_which_run_on_what_is_judged},
          {"what was skipped is told with its first place", what_was_skipped_is_told_with_its_first_place},
          {"alerts are told in their own words", alerts_are_told_in_their_own_words},
          {"what is said of several runs is true of all of them", what_is_said_of_several_runs_is_true_of_all_of_them},
          {"the course leaves out values that are not charted", the_course_leaves_out_values_that_are_not_charted},
          {"a stale alert is told with the end of the data", a_stale_alert_is_told_with_the_end_of_the_data},
          {"what a chart waits for is told behind a run that was stopped",
           what_a_chart_waits_for_is_told_behind_a_run_that_was_stopped},
          {"a value that is huge beside others is written with an exponent",
           a_value_that_is_huge_beside_others_is_written_with_an_exponent},
          {"only what was described counts as described", only_what_was_described_counts_as_described},
          {"a run that ran out of time is not called failed", a_run_that_ran_out_of_time_is_not_called_failed},
          {"a long name of a metric is cut rather than the page overrun",
           a_long_name_of_a_metric_is_cut_rather_than_the_page_overrun},
          {"a column that is not shown leaves no empty line", a_column_that_is_not_shown_leaves_no_empty_line},
          {"what no chart looks at is told", what_no_chart_looks_at_is_told},
          {"a run on other instances is marked", a_run_on_other_instances_is_marked},
          {"families are told from their first start to their last end, in UTC",
           families_are_told_from_their_first_start_to_their_last_end_in_utc},
          {"metrics without a good direction come last", metrics_without_a_good_direction_come_last},
          {"of many models those that need a person come first, and are told",
           of_many_models_those_that_need_a_person_come_first_and_are_told},
          {"a report without runs says so", a_report_without_runs_says_so})
