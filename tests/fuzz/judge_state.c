/* The state of a judgement with arbitrary members changed, under a right checksum: it must be refused, or judged on
   without a crash. The input is a list of changes: where (3 bytes), what is written there (1 byte of kind, 1 of value). */
#include "tests/kit/runs.c"

#include "engine/core/judge/judge.h"
#include "engine/core/judge/judge_state.h"

#define RUNS 36
#define HALF 30

static struct kit_history history;
static struct lw_judge *judge;
static struct lw_buf whole = {.ceiling = (size_t)1 << 24};
static struct lw_requirement rule = {
    .text = {"accuracy >= 0.8", 15}, .series = {"accuracy", 8}, .compare = LW_COMPARE_GE, .bound = 0.8};
static struct lw_rules rules;

static void fill(void)
{
    uint64_t state = 5;

    for (int run = 0; run < RUNS; run++) {
        double curves[2][4];
        struct kit_metric metrics[2] = {{.name = "accuracy", .values = curves[0], .n = 4},
                                        {.name = "val_accuracy", .values = curves[1], .n = 4}};
        int64_t start = INT64_C(1551664800000) + run * LW_HOUR;

        for (int i = 0; i < 8; i++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            curves[i / 4][i % 4] = (run > 22 ? 0.79 : 0.9) - 0.1 / (1 + i % 4) + 1e-3 * (double)(state >> 60);
        }
        kit_history_add(&history,
                        &(struct kit_run){.start = start,
                                          .end = start + 240000 + (int64_t)(state >> 50),
                                          .outcome = run == 8 || run == 9 ? LW_OUTCOME_FAILED : LW_OUTCOME_COMPLETED,
                                          .instance = "ml.m5.large",
                                          .billable = 240.0 + run % 7 * 10,
                                          .metrics = metrics,
                                          .metrics_n = 2});
    }
}

static enum lw_err resume(size_t n, struct lw_buf *state)
{
    struct lw_arena arena = {.ceiling = (size_t)1 << 26};
    struct lw_judged judged;
    enum lw_err err = lw_judge_resume(judge, LW_STR("o"), LW_STR("m"), kit_history_view(&history), n,
                                      history.runs[n - 1]->end, state, &arena, &judged, NULL);

    lw_arena_close(&arena);
    return err;
}

static void begin(void)
{
    static struct lw_price price = {.instance = {"ml.m5.large", 11}, .per_hour = 0.2};

    rules = lw_rules_default();
    rules.requirements = &rule;
    rules.requirements_n = 1;
    rules.prices = &price;
    rules.prices_n = 1;
    fill();
    if (lw_judge_open(&judge, &rules, NULL) != LW_ERR_OK || resume(HALF, &whole) != LW_ERR_OK)
        abort();
}

static void change(struct lw_buf *state, const uint8_t *patch)
{
    static const double odd[] = {0.0,        -1.0, 1e308, -1e308, 1e-320, 0.5, 1e9, (double)INFINITY, -(double)INFINITY,
                                 (double)NAN};
    size_t at = ((size_t)patch[0] | (size_t)patch[1] << 8 | (size_t)patch[2] << 16) % (state->len - 16);
    uint32_t word;

    switch (patch[3] % 5) {
    case 0:
        state->at[at] = (char)patch[4];
        break;
    case 1:
        word = patch[4];
        memcpy(state->at + (at & ~(size_t)3), &word, sizeof(word));
        break;
    case 2:
        word = UINT32_MAX - patch[4];
        memcpy(state->at + (at & ~(size_t)3), &word, sizeof(word));
        break;
    case 3:
        memcpy(state->at + (at & ~(size_t)7), &odd[patch[4] % 10], sizeof(double));
        break;
    default:
        state->at[at] = (char)(state->at[at] ^ (1 << patch[4] % 8));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_buf state = {.ceiling = (size_t)1 << 26};
    uint64_t sum;

    if (!judge)
        begin();
    lw_buf_bytes(&state, whole.at, whole.len);
    for (size_t i = 0; i + 5 <= size && i < 100; i += 5)
        change(&state, data + i);
    sum = lw_judge_state_sum(state.at, state.len - sizeof(sum));
    memcpy(state.at + state.len - sizeof(sum), &sum, sizeof(sum));
    (void)resume(RUNS, &state);
    lw_buf_close(&state);
    return 0;
}
