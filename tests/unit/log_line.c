#include "tests/kit/decoded.h"

#include "engine/decode/log/log_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2021-06-09 21:48:35 UTC, and the same second as milliseconds. */
#define STAMP "[06/09/2021 21:48:35 INFO 139813094373184] "
#define AT    "1623275315000"
#define ENDS  "fact STARTED ||j at=1623275315000 number=0 rank=1\nfact ENDED ||j at=1623275315000 number=0 rank=1\n"
#define STEPS "fact NO_CLOCK ||j number=0 rank=1\n"

static const struct lw_decode_options job = {.path = {"logs/j.txt", 10}};

#define READS(text, want) KIT_DECODES(LW_FORMAT_LOG, &job, text, want)

static void reads_epochs_of_mxnet(void)
{
    READS(STAMP "Epoch[3] Train-accuracy=0.025000\n" STAMP "Epoch[3] Time cost=99.865\n" STAMP
                "Epoch[3] Validation-top_k_accuracy_2=6.3e-2\n",
          ENDS "point ||j|train:accuracy " AT " average=0.025\n"
               "point ||j|epoch_time_s " AT " average=99.865\n"
               "point ||j|validation:top_k_accuracy_2 " AT " average=0.063\n");
    READS("INFO:root:Epoch[0] Train-accuracy=0.13INFO:root:Epoch[0] Validation-accuracy=-1\nEpoch[2] Test-x=+.5\n",
          STEPS "point ||j|train:accuracy 0 step average=0.13\n"
                "point ||j|validation:accuracy 0 step average=-1\n"
                "point ||j|test:x 2 step average=0.5\n");
}

static void lines_about_batches_state_nothing(void)
{
    READS("Epoch[0] Batch [20]#011Speed: 115.876 samples/sec#011accuracy=0.004464\n"
          "Epoch[0] Batch[5] avg_epoch_loss=0.9\n"
          "#quality_metric: host=algo-1, epoch=0, batch=5 train loss <loss>=5.8\n"
          "Epoch[x] Train-a=1\nEpoch[1 Train-a=1\nEpoch[1] Train-a\nEpoch[0] Resetting Data Iterator\n",
          "");
}

static void reads_both_grammars_of_quality_metrics(void)
{
    READS("#quality_metric: host=algo-1, epoch=0, train binary_classification_cross_entropy_objective <loss>=0.44\n"
          "#quality_metric: host=algo-1, epoch=0, validation mAP <score>=(1.23875257916e-05)\n"
          "#quality_metric: host=algo-1, epoch=1, train cross_entropy <loss>=(0.5,)\n"
          "#quality_metric. host: algo-1, epoch: 0, validation mIOU: 0.5063982026717044 .\n"
          "#quality_metric. host: algo-1, epoch: 7, train loss: 1.25.\n",
          STEPS "point ||j|train:binary_classification_cross_entropy_objective 0 step average=0.44\n"
                "point ||j|validation:mAP 0 step average=1.23875257916e-05\n"
                "point ||j|train:cross_entropy 1 step average=0.5\n"
                "point ||j|validation:mIOU 0 step average=0.50639820267170443\n"
                "point ||j|train:loss 7 step average=1.25\n");
}

static void values_without_an_epoch_follow_the_last_step(void)
{
    READS("#quality_metric: host=algo-1, epoch=4, train loss <loss>=2\n"
          "#quality_metric: host=algo-1, train loss <loss>=1\n"
          "#quality_metric: host=algo-1, test accuracy <score>=0.9\n"
          "#quality_metric: host=algo-1, test accuracy <score>=0.8\n",
          STEPS "point ||j|train:loss 4 step average=2\n"
                "point ||j|test:accuracy 0 step average=0.9\n"
                "point ||j|train:loss 5 step average=1\n"
                "point ||j|test:accuracy 1 step average=0.8\n");
}

static void epochs_that_begin_anew_go_on_behind_the_others(void)
{
    READS("Epoch[0] Train-x=5\nEpoch[1] Train-x=4\nEpoch[2] Train-x=3\nEpoch[0] Train-x=2\nEpoch[1] Train-x=1\n",
          STEPS "point ||j|train:x 0 step average=5\n"
                "point ||j|train:x 1 step average=4\n"
                "point ||j|train:x 2 step average=3\n"
                "point ||j|train:x 3 step average=2\n"
                "point ||j|train:x 4 step average=1\n");
}

static void what_is_not_a_number_is_one_fact_however_often_it_is_printed(void)
{
    READS("Epoch[3] Train-x=nan\n#quality_metric: host=algo-1, epoch=3, train x <loss>=NaN\nEpoch[4] Train-x=nan\n",
          "fact NO_CLOCK ||j number=0 rank=1\n"
          "fact NOT_A_NUMBER ||j key=train:x at=3 number=0 rank=1\nreject not_finite 1:0 train:x\n"
          "fact NOT_A_NUMBER ||j key=train:x at=3 number=0 rank=1\nreject not_finite 2:21 train:x\n"
          "fact NOT_A_NUMBER ||j key=train:x at=4 number=0 rank=1\nreject not_finite 3:79 train:x\n");
}

static void what_is_not_a_number_is_a_fact(void)
{
    READS(STAMP "#quality_metric: host=algo-1, test macro_f_1.000 <score>=nan\nEpoch[3] Train-x=-Inf\n",
          ENDS "fact NOT_A_NUMBER ||j key=test:macro_f_1.000 at=" AT " number=0 rank=1\n"
               "reject not_finite 1:0 test:macro_f_1.000\n"
               "fact NOT_A_NUMBER ||j key=train:x at=" AT " number=0 rank=1\n"
               "reject not_finite 2:104 train:x\n");
}

static void a_value_that_is_none_has_its_reason(void)
{
    READS(
        "Epoch[0] Train-x=much\nEpoch[0] Train-x=\nEpoch[0] Train-x=1.2.3\nEpoch[0] Train-x=5ms\n",
        "reject bad_value 1:0 much\nreject no_value 2:22 x\nreject bad_value 3:40 1.2.3\nreject bad_value 4:63 5ms\n");
    READS("Epoch[0] Train-x\xff=1\n", "reject bad_utf8 1:0 \n");
}

static void reads_rounds_of_xgboost(void)
{
    READS("[0]#011train-rmse:9.92248#011validation-rmse:9.71771\n"
          "algo-1-xyz_1  | [1]\ttrain-rmse:8.5\tvalidation-cox-nloglik:0.5\n"
          "[2]  train-auc:0.9+0.01  valid-auc:0.8\n"
          "[21:48:14] src/tree/updater_prune.cc:74: tree pruning end, 1 roots\n[3]\n[4] nothing here\n",
          STEPS "point ||j|train:rmse 0 step average=9.92248\n"
                "point ||j|train:rmse 1 step average=8.5\n"
                "point ||j|validation:rmse 0 step average=9.71771\n"
                "point ||j|validation:cox-nloglik 1 step average=0.5\n"
                "point ||j|train:auc 2 step average=0.9\n"
                "point ||j|validation:auc 2 step average=0.8\n");
}

static void of_keras_only_the_last_line_of_an_epoch_counts(void)
{
    READS("Epoch 1/2\n"
          "  1/10 [>.........] - ETA: 1:05 - loss: 2.3 - acc: 0.1\r"
          " 10/10 [==========] - ETA: 0s - loss: 1.8 - acc: 0.3\r"
          "10/10 [==========] - 39s 63ms/step - loss: 1.7 - acc: 0.4 - val_loss: 1.6 - val_acc: 0.5\n"
          "Epoch 00001: val_loss improved from inf to 1.6\n"
          "Epoch 2/2\n"
          "10/10 [==========] - 30s 48ms/step - loss: 1.3 - acc: 0.6 - val_loss: 1.2 - val_acc: 0.7\n"
          "10/10 [==========] - 1s 5ms/step - loss: 9 - acc: 9\n", /* model.evaluate */
          STEPS "point ||j|train:loss 1 step average=1.7\n"
                "point ||j|train:acc 1 step average=0.4\n"
                "point ||j|validation:loss 1 step average=1.6\n"
                "point ||j|validation:acc 1 step average=0.5\n"
                "point ||j|train:loss 2 step average=1.3\n"
                "point ||j|train:acc 2 step average=0.6\n"
                "point ||j|validation:loss 2 step average=1.2\n"
                "point ||j|validation:acc 2 step average=0.7\n");
}

static void reads_keras_without_a_bar_and_without_validation(void)
{
    /* verbose=2, and the bar of Keras 3; the evaluation behind the last epoch has another number of steps. */
    READS("Epoch 1/2\n - 39s - loss: 1.5 - accuracy: 0.25\nEpoch 2/2\n625/625 - 12s - loss: 1.25 - val_loss: nan\n",
          STEPS "point ||j|train:loss 1 step average=1.5\n"
                "fact NOT_A_NUMBER ||j key=validation:loss at=2 number=0 rank=1\n"
                "reject not_finite 4:56 validation:loss\n"
                "point ||j|train:loss 2 step average=1.25\n"
                "point ||j|train:accuracy 1 step average=0.25\n");
    READS("Epoch 1/1\n"
          "\x1b[1m5/5\x1b[0m \x1b[32m\xe2\x94\x81\xe2\x94\x81\x1b[0m \x1b[1m1s\x1b[0m 2ms/step - accuracy: 0.5 - loss: "
          "2\n"
          "3/3 - 0s - 1ms/step - accuracy: 0.1 - loss: 7\n",
          STEPS "point ||j|train:accuracy 1 step average=0.5\n"
                "point ||j|train:loss 1 step average=2\n");
    READS("100/100 [====] - 1s - loss: 0.5\nloss: 1 - x\n", "");
}

static void documents_hold_curves_and_signs_of_life(void)
{
    READS("#metrics {\"Metrics\": {\"update.time\": {\"count\": 2, \"max\": 3, \"sum\": 4.0, \"min\": 1}}, "
          "\"EndTime\": 1593340791.4, \"Dimensions\": {\"Host\": \"algo-1\"}, \"StartTime\": 1593340790.0}\n"
          "#metrics "
          "{\"StartTime\":1593340790,\"Metrics\":{\"train_loss\":{\"sum\":0.5,\"count\":1,\"min\":0.5,\"max\":0.5}},"
          "\"Dimensions\":{\"epoch\":3}}\n"
          "#metrics {\"EndTime\":1593340792,\"Metrics\":{\"train_loss\":{\"sum\":1,\"count\":2,\"min\":0,\"max\":1}},"
          "\"Dimensions\":{\"epoch\":3,\"model\":17}}\n",
          "point ||j|update.time 1593340791400 heartbeat sum=4 min=1 max=3 count=2\n"
          "point ||j|train_loss 1593340792000 heartbeat sum=1 min=0 max=1 count=2\n"
          "fact STARTED ||j at=1593340790000 number=0 rank=1\n"
          "fact ENDED ||j at=1593340792000 number=0 rank=1\n"
          "point ||j|train:loss 1593340790000 average=0.5\n");
}

static void damaged_documents_have_their_reasons(void)
{
    /* A metric without a name is no curve, but a sign that the run was alive. */
    READS("#metrics {\"Metrics\": {\"\": {\"sum\": 1}}, \"EndTime\": 1593340792}\n",
          "point ||j| 1593340792000 heartbeat sum=1\n"
          "fact STARTED ||j at=1593340792000 number=0 rank=1\n"
          "fact ENDED ||j at=1593340792000 number=0 rank=1\n");
    READS("#metrics {\"Metrics\": {\"a\": {\"su[TRUNCATED MESSAGE] 6571 bytes are truncated.\n"
          "#metrics {\"Metrics\": {\"a\": {\"sum\": 1}}\n"
          "#metrics {\"Metrics\": {\"a\": {\"sum\": x}}}\n"
          "#metrics {\"Metrics\": {\"a\": {\"sum\": 1}}}\n"
          "#metrics {\"EndTime\":1593340792,\"Metrics\": {\"a\": {}, \"train_b\": {\"sum\": NaN}}, \"x\": \"NaN\"}\n",
          "reject truncated 1:0 #metrics\n"
          "reject truncated 2:77 #metrics\n"
          "reject bad_json 3:116 #metrics\n"
          "reject no_time 4:156 a\n"
          "reject no_value 5:196 \n"
          "fact STARTED ||j at=1593340792000 number=0 rank=1\n"
          "fact ENDED ||j at=1593340792000 number=0 rank=1\n"
          "fact NOT_A_NUMBER ||j key=train:b at=1593340792000 number=0 rank=1\n"
          "reject not_finite 5:196 train:b\n");
}

/* A value that two lines print, coarsely and finely, is one point: given twice, so that its duplicate is counted. */
static void a_value_printed_twice_is_one_point_with_the_finer_digits(void)
{
    READS(STAMP "Epoch[0] Train-accuracy=0.979610\n" STAMP
                "#quality_metric: host=algo-1, epoch=0, train accuracy <score>=0.979609977324263\n" STAMP
                "Epoch[1] Train-accuracy=0.979610\n" STAMP "Epoch[1] Train-accuracy=0.98\n" STAMP
                "Epoch[1] Train-accuracy=0.5\n",
          ENDS "point ||j|train:accuracy " AT " average=0.97960997732426303\n"
               "point ||j|train:accuracy " AT " average=0.97960997732426303\n"
               "point ||j|train:accuracy 1623275315001 average=0.97961\n"
               "point ||j|train:accuracy 1623275315001 average=0.97961\n"
               "point ||j|train:accuracy 1623275315002 average=0.5\n");
}

static void values_within_one_second_keep_their_order(void)
{
    static struct kit_decoded decoded;
    char text[64 * 64];
    size_t n = 0;

    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, STAMP "Epoch[%d] Train-x=%d\n", i, 40 - i);
    kit_decode(&decoded, LW_FORMAT_LOG, &job, text, n);
    CU_ASSERT_EQUAL(decoded.points, 40);
    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof(text), "|train:x 16232753150%02d average=%d\n", i, 40 - i);
        CU_ASSERT_PTR_NOT_NULL(strstr(decoded.text, text));
    }
}

static void a_status_lines_stamp_is_not_that_of_the_line_glued_to_it(void)
{
    READS("2021-06-09 21:48:14 Training - Training image download completed. Training in progress."
          "INFO:root:Epoch[0] Train-x=1\n",
          "fact CREATED ||j at=1623275294000 number=0 rank=1\n"
          "fact STARTED ||j at=1623275294000 number=0 rank=1\n"
          "fact PHASE ||j text=Training at=1623275294000 number=0 rank=1\n"
          "point ||j|train:x 0 step average=1\n");
    READS("2021-06-09 21:48:14 Training - Training in progress." STAMP "Epoch[0] Train-x=1\n",
          "fact CREATED ||j at=1623275294000 number=0 rank=1\n"
          "fact STARTED ||j at=1623275294000 number=0 rank=1\n"
          "fact PHASE ||j text=Training at=1623275294000 number=0 rank=1\n"
          "point ||j|train:x " AT " average=1\n");
}

static void stamps_have_many_forms(void)
{
    static const char *const stamps[] = {
        STAMP,
        "2021-06-09 21:48:35,000 sagemaker-containers INFO     ",
        "2021-06-09T21:48:35.000000+00:00 ",
        "2021-06-09T23:48:35+0200 ",
        "[2021-06-09:21:48:35:INFO] ",
        "[2021-06-09 21:48:35.000] [tensorio] ",
        "INFO 2021-06-09 21:48:35 - train - ",
        "[ERROR] 2021-06-09T21:48:35Z ",
        "algo-1-xyz_1  | 2021-06-09 21:48:35,000 ",
        "\x1b[34m[06/09/2021 21:48:35 INFO 1] ",
        "...Uploading generated training model[06/09/2021 21:48:35 INFO 1] ",
    };
    char text[256];

    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        snprintf(text, sizeof(text), "%sEpoch[0] Train-x=1\n", stamps[i]);
        CU_ASSERT(kit_decodes_to(LW_FORMAT_LOG, &job, text, ENDS "point ||j|train:x " AT " average=1\n"));
    }
}

static void dates_in_what_is_said_are_no_stamps(void)
{
    READS("reading data from 2015-01-01 00:00:00 on, Epoch[0] Train-x=1\n"
          "range=[2015-01-01 00:00:00, 2016-01-01 00:00:00], Epoch[1] Train-x=2\n"
          "12021-06-09 21:48:35 Epoch[2] Train-x=3\n2021-13-09 21:48:35 Epoch[3] Train-x=4\n",
          STEPS "point ||j|train:x 0 step average=1\n"
                "point ||j|train:x 1 step average=2\n"
                "point ||j|train:x 2 step average=3\n"
                "point ||j|train:x 3 step average=4\n");
}

static void zone_less_stamps_are_in_the_stated_zone_but_those_of_sagemaker_are_utc(void)
{
    struct lw_decode_options options = job;
    struct lw_zone *zone;

    CU_ASSERT_EQUAL_FATAL(lw_zone_open(&zone, LW_STR("+01:00"), NULL), LW_ERR_OK);
    options.zone = zone;
    KIT_DECODES(LW_FORMAT_LOG, &options, "2021-06-09 22:48:35,000 INFO Epoch[0] Train-x=1\n",
                ENDS "point ||j|train:x " AT " average=1\n");
    KIT_DECODES(LW_FORMAT_LOG, &options, STAMP "Epoch[0] Train-x=1\n", ENDS "point ||j|train:x " AT " average=1\n");
    KIT_DECODES(LW_FORMAT_LOG, &options, "2021-06-09 21:48:35 Uploading - Uploading generated training model\n",
                "fact CREATED ||j at=" AT " number=0 rank=1\n"
                "fact PHASE ||j text=Uploading at=" AT " number=0 rank=1\n");
    lw_zone_close(zone);
}

static void the_points_of_a_run_share_one_axis(void)
{
    /* Most have a time: the others take the latest stamp; one before any stamp has none. */
    READS("Epoch[0] Train-y=0\n" STAMP "Epoch[0] Train-x=1\nEpoch[1] Train-x=2\n" STAMP "Epoch[2] Train-x=3\n",
          ENDS "reject no_time 1:0 train:y\n"
               "point ||j|train:x " AT " average=1\n"
               "point ||j|train:x 1623275315001 average=2\n"
               "point ||j|train:x 1623275315002 average=3\n");
    /* Most have none: steps for all, and the times that there are go into the facts. */
    READS("Epoch[0] Train-x=1\n" STAMP "Epoch[1] Train-x=2\nEpoch[2] Train-x=3\n",
          ENDS "point ||j|train:x 0 step average=1\n"
               "point ||j|train:x 1 step average=2\n"
               "point ||j|train:x 2 step average=3\n");
}

static void seconds_status_and_reason_are_facts(void)
{
    READS("2021-06-09 21:48:35 Failed - Training job failed\nTraining seconds: 252\nBillable seconds: 100.5\n"
          "Managed Spot Training savings: 60.1%\n",
          "fact CREATED ||j at=" AT " number=0 rank=1\n"
          "fact STATUS ||j at=" AT " number=4 rank=1\n"
          "fact ENDED ||j at=" AT " number=0 rank=1\n"
          "fact TRAINING_SECONDS ||j number=252 rank=1\n"
          "fact BILLABLE_SECONDS ||j number=100.5 rank=1\n"
          "fact SPOT ||j number=1 rank=1\n"
          "fact PHASE ||j text=Failed at=" AT " number=0 rank=1\n"
          "fact FAILURE ||j text=Training job failed number=0 rank=1\n");
    READS("2021-06-09 21:48:35 Failed - Training job failed\n"
          "UnexpectedStatusException: Error for Training job x-1: Failed. Reason: AlgorithmError: exit code 1.\n",
          "fact CREATED ||j at=" AT " number=0 rank=1\n"
          "fact STATUS ||j at=" AT " number=4 rank=1\n"
          "fact ENDED ||j at=" AT " number=0 rank=1\n"
          "fact PHASE ||j text=Failed at=" AT " number=0 rank=1\n"
          "fact FAILURE ||j text=AlgorithmError: exit code 1 number=0 rank=1\n");
    READS("2021-06-09 21:48:35 MaxRuntimeExceeded - Training job runtime exceeded MaxRuntimeInSeconds provided\n",
          "fact CREATED ||j at=" AT " number=0 rank=1\n"
          "fact STATUS ||j at=" AT " number=3 rank=1\n"
          "fact ENDED ||j at=" AT " number=0 rank=1\n"
          "fact SECONDARY ||j text=MaxRuntimeExceeded number=0 rank=1\n"
          "fact PHASE ||j text=MaxRuntimeExceeded at=" AT " number=0 rank=1\n");
    READS(STAMP "sagemaker-training-toolkit ERROR Reporting training FAILURE\n",
          "fact STATUS ||j at=" AT " number=4 rank=1\n" ENDS);
}

static void several_jobs_of_one_file_are_runs_of_their_own(void)
{
    READS("INFO:sagemaker:Creating training-job with name: a-1\n"
          "2021-06-09 21:48:35 Starting - Starting the training job...\nEpoch[0] Train-x=1\n"
          "2021-06-09 21:48:35 Starting - Starting the training job\nEpoch[0] Train-x=2\n"
          "INFO:sagemaker:Creating training-job with name: a-3\nEpoch[0] Train-x=3\nBillable seconds: 5\n",
          "fact CREATED ||j at=" AT " number=0 rank=1\n"
          "fact PHASE ||j text=Starting at=" AT " number=0 rank=1\n"
          "fact CREATED ||j-2 at=" AT " number=0 rank=1\n"
          "fact PHASE ||j-2 text=Starting at=" AT " number=0 rank=1\n"
          "fact BILLABLE_SECONDS ||j-3 number=5 rank=1\n"
          "fact NO_CLOCK ||j-3 number=0 rank=1\n"
          "point ||j|train:x 0 step average=1\n"
          "point ||j-2|train:x 0 step average=2\n"
          "point ||j-3|train:x 0 step average=3\n");
}

static void a_run_is_named_after_its_file(void)
{
    static const struct {
        const char *path, *run;
    } rows[] = {
        {"a/b/nightly-2021.txt", "nightly-2021"},
        {"x.log.gz", "x"},
        {"x.tar", "x.tar"},
        {"-", "stdin"},
        {"", "stdin"},
        {".log", ".log"},
        {"d/", "stdin"},
    };
    char want[128];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lw_decode_options options = {.path = lw_str_from(rows[i].path)};

        snprintf(want, sizeof(want), "fact NO_CLOCK ||%s number=0 rank=1\npoint ||%s|train:x 0 step average=1\n",
                 rows[i].run, rows[i].run);
        CU_ASSERT(kit_decodes_to(LW_FORMAT_LOG, &options, "Epoch[0] Train-x=1\n", want));
    }
    KIT_DECODES(LW_FORMAT_LOG,
                (&(struct lw_decode_options){
                    .path = LW_STR("x.log"), .run = LW_STR("r"), .model = LW_STR("m"), .origin = LW_STR("o")}),
                "Epoch[0] Train-x=1\n", "fact NO_CLOCK o|m|r number=0 rank=1\npoint o|m|r|train:x 0 step average=1\n");
}

static void a_file_that_states_nothing_gives_nothing(void)
{
    READS("", "");
    READS("\n\n\r\n", "");
    READS("2021-06-09 21:48:35,123 - root - INFO - hello\n" STAMP "nothing\n", "");
    READS("\x01\x02\x1b\x1b[\x1b[3\n#metrics\n#quality_metric\nEpoch[\nEpoch \n", "");
}

/* Lines that come with a time, of two jobs at once: as the messages of log events are read. */
struct given {
    char text[2048];
    size_t n;
    struct lw_names *names;
};

static enum lw_err give_point(void *self, const struct lw_point *point, struct lw_fault *fault)
{
    struct given *given = self;

    (void)fault;
    given->n += (size_t)snprintf(given->text + given->n, sizeof(given->text) - given->n, "%s %s %lld %g\n",
                                 lw_names_text(given->names, point->run).at,
                                 lw_names_text(given->names, point->metric).at, (long long)point->at, point->average);
    return LW_ERR_OK;
}

static enum lw_err give_fact(void *self, const struct lw_fact *fact, struct lw_fault *fault)
{
    struct given *given = self;

    (void)fault;
    given->n += (size_t)snprintf(given->text + given->n, sizeof(given->text) - given->n, "%s fact %d %lld\n",
                                 lw_names_text(given->names, fact->run).at, (int)fact->kind, (long long)fact->at.ms);
    return LW_ERR_OK;
}

static enum lw_err give_reject(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                               struct lw_fault *fault)
{
    (void)self, (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    CU_FAIL("nothing is to be rejected");
    return LW_ERR_OK;
}

static void the_time_that_a_line_comes_with_is_its_time(void)
{
    static const struct lw_decode_calls calls = {give_point, give_fact, give_reject};
    static const struct {
        const char *run, *text;
        int64_t at;
    } rows[] = {
        {"b", STAMP "Epoch[0] Train-x=1", 5000},
        {"a", "Epoch[0] Train-x=2", 6000},
        {"b", "Epoch 1/1\n1/1 [==] - loss: 7\n" STAMP "Epoch[1] Train-x=3", 7123},
        {"a", "Epoch[1] Train-x=4", 6000},
    };
    struct given given = {.n = 0};
    struct lw_decode_options options = {0};
    struct lw_emit emit = {.options = &options, .calls = &calls, .self = &given};
    struct lw_log_lines *lines = NULL;
    char want[512];

    CU_ASSERT_EQUAL_FATAL(lw_names_open(&given.names, 1 << 20, NULL), LW_ERR_OK);
    emit.names = given.names;
    CU_ASSERT_EQUAL_FATAL(lw_log_line_open(&lines, &emit, NULL), LW_ERR_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lw_log_line line = {
            .text = lw_str_from(rows[i].text), .has_time = true, .time = {rows[i].at}, .line = 1};

        CU_ASSERT_EQUAL(lw_names_add(given.names, lw_str_from(rows[i].run), &line.run, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL(lw_log_line_read(lines, &line, NULL), LW_ERR_OK);
    }
    CU_ASSERT_EQUAL(lw_log_line_finish(lines, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(emit.records, 4);
    snprintf(want, sizeof(want),
             "b train:x 5000 1\na train:x 6000 2\n"
             "b fact %d 5000\nb fact %d 7123\na fact %d 6000\na fact %d 6000\n"
             "b train:x 7123 3\na train:x 6000 4\nb train:loss 7123 7\n",
             LW_FACT_STARTED, LW_FACT_ENDED, LW_FACT_STARTED, LW_FACT_ENDED);
    CU_ASSERT_STRING_EQUAL(given.text, want);
    if (strcmp(given.text, want) != 0)
        printf("# %s\n# not %s\n", given.text, want);
    lw_log_line_close(lines);
    lw_log_line_close(NULL);
    lw_names_close(given.names);
}

/* No length of line makes the reading slow: what is searched again and again is bounded. */
static void long_lines_are_read_in_linear_time(void)
{
    static const char *const parts[] = {"Epoch[1] Train-",
                                        "#quality_metric: host=",
                                        "[1]#011a-",
                                        "#metrics {",
                                        "Epoch 1/2",
                                        "1/2 - a: 1 ",
                                        "2021-06-09 21:48:35 Training - ",
                                        "Error for Training job Reason: ",
                                        "\b\r"};
    static struct kit_decoded decoded;
    const size_t n = 1u << 20;
    char *text = malloc(n);

    for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++) {
        size_t len = strlen(parts[part]);

        for (size_t i = 0; i < n; i++)
            text[i] = parts[part][i % len];
        kit_decode(&decoded, LW_FORMAT_LOG, &job, text, n);
        CU_ASSERT_EQUAL(decoded.err, LW_ERR_OK);
    }
    free(text);
}

KIT_SUITE("log_line", {"reads epochs of MXNet", reads_epochs_of_mxnet},
          {"lines about batches state nothing", lines_about_batches_state_nothing},
          {"reads both grammars of quality metrics", reads_both_grammars_of_quality_metrics},
          {"values without an epoch follow the last step", values_without_an_epoch_follow_the_last_step},
          {"epochs that begin anew go on behind the others", epochs_that_begin_anew_go_on_behind_the_others},
          {"what is not a number is one fact, however often it is printed",
           what_is_not_a_number_is_one_fact_however_often_it_is_printed},
          {"what is not a number is a fact", what_is_not_a_number_is_a_fact},
          {"a value that is none has its reason", a_value_that_is_none_has_its_reason},
          {"reads rounds of XGBoost", reads_rounds_of_xgboost},
          {"of Keras only the last line of an epoch counts", of_keras_only_the_last_line_of_an_epoch_counts},
          {"reads Keras without a bar and without validation", reads_keras_without_a_bar_and_without_validation},
          {"documents hold curves and signs of life", documents_hold_curves_and_signs_of_life},
          {"damaged documents have their reasons", damaged_documents_have_their_reasons},
          {"a value printed twice is one point with the finer digits",
           a_value_printed_twice_is_one_point_with_the_finer_digits},
          {"values within one second keep their order", values_within_one_second_keep_their_order},
          {"a status line's stamp is not that of the line glued to it",
           a_status_lines_stamp_is_not_that_of_the_line_glued_to_it},
          {"stamps have many forms", stamps_have_many_forms},
          {"dates in what is said are no stamps", dates_in_what_is_said_are_no_stamps},
          {"zone-less stamps are in the stated zone, but those of SageMaker are UTC",
           zone_less_stamps_are_in_the_stated_zone_but_those_of_sagemaker_are_utc},
          {"the points of a run share one axis", the_points_of_a_run_share_one_axis},
          {"seconds, status and reason are facts", seconds_status_and_reason_are_facts},
          {"several jobs of one file are runs of their own", several_jobs_of_one_file_are_runs_of_their_own},
          {"a run is named after its file", a_run_is_named_after_its_file},
          {"a file that states nothing gives nothing", a_file_that_states_nothing_gives_nothing},
          {"the time that a line comes with is its time", the_time_that_a_line_comes_with_is_its_time},
          {"long lines are read in linear time", long_lines_are_read_in_linear_time})
