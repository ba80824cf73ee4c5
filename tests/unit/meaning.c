#include "tests/kit/kit.h"

#include "leeway/meaning.h"

#include <stdio.h>

/* What each list means; the metrics of SageMaker's built-in algorithms are all here, as their tuning pages name them. */
static const char *const rates[] = {
    "train:accuracy", "validation:accuracy", "test:accuracy", "validation:mAP", "validation:mIOU",
    "validation:pixel_accuracy", "validation:discriminator_auc", "test:f1", "test:binary_classification_accuracy",
    "test:binary_f_beta", "validation:auc", "validation:aucpr", "validation:f1", "validation:map", "validation:ndcg",
    "validation:macro_f_beta", "test:macro_precision", "test:macro_recall", "test:multiclass_accuracy",
    "validation:multiclass_top_k_accuracy", "test:precision", "test:recall", "validation:roc_auc_score",
    /* other logs */
    "val_accuracy", "Validation-accuracy", "Train-accuracy", "top_k_accuracy_2", "top_k_accuracy_5", "acc", "val_acc",
    "ACC", "accuracy", "eval_accuracy", "eval/accuracy", "valAccuracy", "validationAuc", "AUC", "PR-AUC", "roc-auc",
    "f1_score", "F1-macro", "test.f1", "f1", "macro avg.f1-score", "metrics/mAP50-95(B)", "metrics/mAP50", "mAP",
    "mAP_50", "precision@5", "recall@10", "ndcg@10", "map@5-", "hits@10", "acc1", "acc@5", "top1", "top5_acc",
    "sensitivity", "mean_average_precision", "average_precision", "dice_coeff/dice", "mean_iou", "train_acc_epoch",
    "train_acc_step", "binary_accuracy", "sparse_categorical_accuracy_1", "interval-regression-accuracy", "exact_match",
    "best:accuracy", "val_accuracy_best", "True_Positive_Rate", "balanced_accuracy_score", "multiclass_f1@weighted"};

static const char *const scores[] = {
    "test:pwll",   "train:mean_rho", "validation:bleu", "validation:dcg",      "r2",
    "r2_score",    "eval_rouge1",    "rougeL",          "eval_rougeLsum",      "mcc",
    "cohen_kappa", "spearman",       "log_likelihood",  "train_loglikelihood", "explained_variance"};

static const char *const losses[] = {
    "validation:error", "validation:logloss", "validation:mae", "validation:merror", "validation:mlogloss",
    "validation:mse", "validation:rmse", "train:rmse", "validation:cox-nloglik", "validation:gamma-nloglik",
    "validation:poisson-nloglik", "validation:gamma-deviance", "validation:tweedie-nloglik", "validation:aft-nloglik",
    "test:RMSE", "test:mean_wQuantileLoss", "train:final_loss", "train:loss", "test:msd", "test:ssd", "test:mse",
    "validation:total_loss", "test:mean_squared_error", "validation:cross_entropy", "validation:perplexity",
    "test:rmse", "test:binary_classification_cross_entropy", "test:absolute_loss", "train:objective_loss",
    "validation:objective_loss", "validation:localization_loss", "train:loss:batch",
    /* other logs */
    "loss", "val_loss", "train_loss", "eval_loss", "Train_error", "trainLoss", "valloss", "LOSS", "train/loss",
    "loss/train_epoch/loss", "train_loss_epoch", "train_loss_step", "loss_avg", "binary_crossentropy",
    "mean_absolute_error", "mean_absolute_percentage_error", "MAPE", "sMAPE", "WAPE", "mase", "wer", "eval_wer",
    "word_error_rate", "log_loss", "brier_score", "kl_divergence", "false_positive_rate", "fnr", "wQuantileLoss[0.9]",
    "nll", "test_nll", "inaccuracy"};

static const char *const neither[] = {"train:progress",
                                      "epoch",
                                      "train:throughput",
                                      "throughput:accuracy",
                                      "train:time",
                                      "time_to_accuracy",
                                      "epoch_time",
                                      "lr",
                                      "learning_rate",
                                      "samples_per_second",
                                      "CPUUtilization",
                                      "",
                                      "step",
                                      "42",
                                      "(x)",
                                      "-",
                                      "score",
                                      "heatmap",
                                      "stop",
                                      "macc",
                                      "tamed",
                                      "global_step",
                                      "ObjectiveMetric",
                                      "grad_norm",
                                      "self_1",
                                      "trainTime",
                                      "batch"};

static void check(const char *const *names, size_t n, enum lw_better better, enum lw_meaning_scale scale)
{
    for (size_t i = 0; i < n; i++) {
        struct lw_meaning meaning = lw_meaning_of(lw_str_from(names[i]));

        if (meaning.better != better || meaning.scale != scale)
            printf("#   %s: better %d, scale %d\n", names[i], (int)meaning.better, (int)meaning.scale);
        CU_ASSERT_EQUAL(meaning.better, better);
        CU_ASSERT_EQUAL(meaning.scale, scale);
    }
}

#define CHECK(names, better, scale) check((names), sizeof(names) / sizeof((names)[0]), (better), (scale))

static void rates_are_better_when_higher(void)
{
    CHECK(rates, LW_BETTER_HIGHER, LW_MEANING_RATE);
}

static void scores_are_better_when_higher_and_have_no_bounds(void)
{
    CHECK(scores, LW_BETTER_HIGHER, LW_MEANING_PLAIN);
}

static void losses_are_better_when_lower(void)
{
    CHECK(losses, LW_BETTER_LOWER, LW_MEANING_LOSS);
}

static void other_names_say_nothing(void)
{
    CHECK(neither, LW_BETTER_UNKNOWN, LW_MEANING_PLAIN);
}

static void a_negation_turns_the_sense_round(void)
{
    static const char *const higher[] = {"neg_mean_squared_error", "test_neg_log_loss", "neg_root_mean_squared_error"};
    static const char *const lower[] = {"negative_log_likelihood", "neg_loglik/log_likelihood"};

    CHECK(higher, LW_BETTER_HIGHER, LW_MEANING_PLAIN);
    CHECK(lower, LW_BETTER_LOWER, LW_MEANING_PLAIN);
}

/* Names come from the network: any bytes must be survived. */
static void any_bytes_are_survived(void)
{
    struct kit_random random = kit_seed(1);
    char bytes[24];

    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)(kit_random_bits(&random) % sizeof(bytes));

        for (size_t j = 0; j < n; j++)
            bytes[j] = "aA0_()@:mpaclo\xff"[kit_random_bits(&random) % 15];
        lw_meaning_of((struct lw_str){bytes, n});
    }
    CU_ASSERT_EQUAL(lw_meaning_of((struct lw_str){NULL, 0}).better, LW_BETTER_UNKNOWN);
}

KIT_SUITE("meaning", {"rates are better when higher", rates_are_better_when_higher},
          {"scores are better when higher, and have no bounds", scores_are_better_when_higher_and_have_no_bounds},
          {"losses are better when lower", losses_are_better_when_lower},
          {"other names say nothing", other_names_say_nothing},
          {"a negation turns the sense round", a_negation_turns_the_sense_round},
          {"any bytes are survived", any_bytes_are_survived})
