/* Histories made up run by run, judged as a whole: what tests of judging have in common. */
#ifndef LEEWAY_TESTS_KIT_JUDGING_H
#define LEEWAY_TESTS_KIT_JUDGING_H

#include "tests/kit/kit.h"
#include "tests/kit/runs.h"

#include "engine/core/judge/judge.h"

#define KIT_BEGIN ((int64_t)1551664800000) /* 2019-03-04T02:00:00Z */

struct kit_judging {
    struct lw_rules rules;
    struct kit_history history;
    struct lw_judge *judge;
    struct lw_arena arena;
    struct lw_judged judged; /* of the last kit_judge */
    struct kit_random random;
    int64_t end; /* of the last run, ms */
};

struct kit_judging kit_judging_open(uint64_t seed);
void kit_judging_close(struct kit_judging *judging);

/* What the next run is to be; members that are 0 get the usual: an hour after the end of the last run, 252 s, accuracy
   0.912 and loss 0.31, completed. */
struct kit_plan {
    double accuracy; /* final value of validation:accuracy */
    double loss;     /* final value of train:loss */
    double seconds;
    double gap; /* s */
    enum lw_outcome outcome;
    bool unknown; /* no status */
    const char *failure, *name, *instance;
    double billable;
    uint32_t flags;
    int points; /* of each curve; default 8 */
    bool no_accuracy, no_loss;
    bool slow; /* the curve starts lower and ends where it always did */
    uint64_t not_a_number;
};

void kit_add(struct kit_judging *judging, struct kit_plan plan);
/* `mean` + `sd` times a normal number. */
double kit_noisy(struct kit_judging *judging, double mean, double sd);

/* Judges the whole history; the last judgement is gone. `now` is rules.now or the end of the last run. */
void kit_judge(struct kit_judging *judging);
/* Prints the alerts as comments. */
void kit_judge_show(const struct lw_judged *judged);

/* The first alert of that kind, or NULL; how many there are. */
const struct lw_alert *kit_alert(const struct lw_judged *judged, enum lw_alert_kind kind);
size_t kit_alerts(const struct lw_judged *judged, enum lw_alert_kind kind);
/* The finding of that detector about that series in that run, or NULL. */
const struct lw_finding *kit_finding(const struct lw_judged *judged, uint32_t run, enum lw_detector detector,
                                     const char *series);
bool kit_in_series(const struct lw_alert *alert, const char *series);

/* True when both say the same to the bit. */
bool kit_same_judgement(const struct lw_judged *a, const struct lw_judged *b);

#endif
