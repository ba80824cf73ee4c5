#include "tests/kit/kit.h"

#include "engine/core/gather/glob.h"
#include "engine/core/gather/job_name.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct row {
    const char *name, *model;
    int64_t made; /* ms; 0: none in the name */
    const char *tuning, *pipeline;
};

/* 2019-06-12T14:03:27Z is 1560348207 (date -u -d ... +%s), 2021-02-23T03:18:53Z is 1614050333. */
static const struct row rows[] = {
    /* Names that occur: the notebook of 2019, the SDK, tuning jobs, Airflow, pipelines. */
    {"DEMO-imageclassification-2019-06-12-14-03-27", "DEMO-imageclassification", 1560348207000, "", ""},
    {"sagemaker-xgboost-2021-02-23-03-18-53-351", "sagemaker-xgboost", 1614050333351, "", ""},
    {"ic-full-2019-06-12-13-55-01", "ic-full", 1560347701000, "", ""},
    {"auto-bank-all-20230626-01-43GxpJ-008-c0ecb8eb", "auto-bank-all-20230626-01-43GxpJ", 0,
     "auto-bank-all-20230626-01-43GxpJ", ""},
    {"xgboost-190612-1403-001-1a2b3c4d", "xgboost", 1560348180000, "xgboost-190612-1403", ""},
    {"pipelines-0z3l5k4mn6bd-AbaloneTrain-FyXHbEyRz4", "AbaloneTrain", 0, "", "0z3l5k4mn6bd"},
    {"pipelines-0z3l5k4mn6bd-Train-the-model-FyXHbEyRz4", "Train-the-model", 0, "", "0z3l5k4mn6bd"},
    /* Fractions of a second that the SDK has cut as text: .35, .3. */
    {"m-2021-02-23-03-18-53-35", "m", 1614050333350, "", ""},
    {"m-2021-02-23-03-18-53-3", "m", 1614050333300, "", ""},
    /* Airflow's counter stands behind a stamp. */
    {"m-2021-02-23-03-18-53-351-2", "m", 1614050333351, "", ""},
    {"m-190612-1403-12", "m", 1560348180000, "", ""},
    {"m-190612-1403", "m", 1560348180000, "", ""},
    {"m-1560348207-0aF9", "m", 1560348207000, "", ""},
    /* Airflow since 2023, which appends milliseconds when the name is taken; and what scripts append. */
    {"churn-1560348207123", "churn", 1560348207123, "", ""},
    {"churn-1560348207", "churn", 1560348207000, "", ""},
    {"m-89c96cc8-dded-4739-afcc-6f1dc936701d", "m", 0, "", ""},
    {"nightly_20190612_140327", "nightly", 1560348207000, "", ""},
    {"nightly-20190612T140327Z", "nightly", 1560348207000, "", ""},
    {"nightly-2019-06-12", "nightly", 1560297600000, "", ""},
    /* What only looks like one. */
    {"resnet-50", "resnet-50", 0, "", ""},
    {"model-v2-3", "model-v2-3", 0, "", ""},
    {"m-2021-02-30-03-18-53-351", "m-2021-02-30-03-18-53-351", 0, "", ""},
    {"m-2021-02-23-24-18-53", "m-2021-02-23-24-18-53", 0, "", ""},
    {"m-991332-1403", "m-991332-1403", 0, "", ""},
    {"m-9560348207-0aF9", "m-9560348207-0aF9", 0, "", ""},
    {"m-9560348207", "m-9560348207", 0, "", ""},
    {"m-2560348207123", "m-2560348207123", 0, "", ""},
    {"m-156034820712", "m-156034820712", 0, "", ""},
    {"1560348207", "1560348207", 0, "", ""},
    {"set-001-20240607", "set-001", 1717718400000, "", ""},
    {"2019-06-12-14-03-27", "2019-06-12-14-03-27", 0, "", ""},
    {"89c96cc8-dded-4739-afcc-6f1dc936701d", "89c96cc8-dded-4739-afcc-6f1dc936701d", 0, "", ""},
    {"pipelines-short-Step-FyXHbEyRz4", "pipelines-short-Step-FyXHbEyRz4", 0, "", ""},
    {"-2", "-2", 0, "", ""},
    {"", "", 0, "", ""},
};

static void finds_the_model_the_stamp_and_the_tuning_job(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lw_job_name job = lw_job_name_read(lw_str_from(rows[i].name));
        bool right = lw_str_equal(job.model, lw_str_from(rows[i].model)) && job.has_made == (rows[i].made != 0) &&
                     (!job.has_made || job.made.ms == rows[i].made) &&
                     lw_str_equal(job.tuning_job, lw_str_from(rows[i].tuning)) &&
                     lw_str_equal(job.pipeline_id, lw_str_from(rows[i].pipeline));

        if (!right)
            printf("#   %s: model %.*s, made %lld\n", rows[i].name, (int)job.model.len, job.model.at,
                   job.has_made ? (long long)job.made.ms : 0);
        CU_ASSERT(right);
    }
}

static void reads_any_bytes_without_looking_outside(void)
{
    struct kit_random random = kit_seed(3);
    static const char letters[] = "0123456789abcdefT-_-Z";

    for (int i = 0; i < 200000; i++) {
        char name[64];
        size_t n = (size_t)(kit_random_bits(&random) % sizeof(name));
        struct lw_job_name job;

        for (size_t k = 0; k < n; k++)
            name[k] = letters[kit_random_bits(&random) % (sizeof(letters) - 1)];
        job = lw_job_name_read((struct lw_str){name, n});
        CU_ASSERT_FATAL(job.model.len <= n && (n == 0 || job.model.len > 0));
        CU_ASSERT_FATAL(job.model.at >= name && job.model.at + job.model.len <= name + n);
    }
}

static void patterns_match_as_in_a_shell(void)
{
    static const struct {
        const char *pattern, *text;
        bool match;
    } globs[] = {
        {"*", "", true},
        {"*", "abc", true},
        {"a*c", "abbc", true},
        {"a*c", "abcb", false},
        {"?", "", false},
        {"?b", "ab", true},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]x", "dx", true},
        {"[^a]x", "ax", false},
        {"[]]", "]", true},
        {"[", "[", true},
        {"a[", "a[", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"*-*-*", "a-b-c", true},
        {"churn*", "chur", false},
        {"*xgb", "churn-xgb", true},
        {"", "", true},
        {"", "a", false},
        {"a**b", "ab", true},
        {"[a-]", "-", true},
        {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false},
    };

    for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
        CU_ASSERT_EQUAL(lw_glob_match(lw_str_from(globs[i].pattern), lw_str_from(globs[i].text)), globs[i].match);
}

KIT_SUITE("job_name", {"finds the model, the stamp and the tuning job", finds_the_model_the_stamp_and_the_tuning_job},
          {"reads any bytes without looking outside", reads_any_bytes_without_looking_outside},
          {"patterns match as in a shell", patterns_match_as_in_a_shell})
