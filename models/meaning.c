#include "leeway/meaning.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words of this many letters or more are not found at the end of others by accident. */
#define LONG_WORD 4

struct word {
    const char *text; /* small letters and digits only */
    struct lw_meaning meaning;
};

#define RATE(text)                                                                                                     \
    {                                                                                                                  \
        text,                                                                                                          \
        {                                                                                                              \
            LW_BETTER_HIGHER, LW_MEANING_RATE                                                                          \
        }                                                                                                              \
    }
#define SCORE(text)                                                                                                    \
    {                                                                                                                  \
        text,                                                                                                          \
        {                                                                                                              \
            LW_BETTER_HIGHER, LW_MEANING_PLAIN                                                                         \
        }                                                                                                              \
    }
#define LOSS(text)                                                                                                     \
    {                                                                                                                  \
        text,                                                                                                          \
        {                                                                                                              \
            LW_BETTER_LOWER, LW_MEANING_LOSS                                                                           \
        }                                                                                                              \
    }

/* Longer words stand before the words that they end in. */
static const struct word words[] = {
    LOSS("inaccuracy"),
    RATE("accuracy"),
    RATE("acc"),
    RATE("rocauc"),
    RATE("aucpr"),
    RATE("auprc"),
    RATE("auroc"),
    RATE("auc"),
    RATE("f1"),
    RATE("f2"),
    RATE("fbeta"),
    RATE("fmeasure"),
    RATE("averageprecision"),
    RATE("precision"),
    RATE("recall"),
    RATE("sensitivity"),
    RATE("specificity"),
    RATE("truepositiverate"),
    RATE("truenegativerate"),
    RATE("tpr"),
    RATE("tnr"),
    RATE("map"),
    RATE("ap"),
    RATE("miou"),
    RATE("iou"),
    RATE("dice"),
    RATE("jaccard"),
    RATE("ndcg"),
    RATE("mrr"),
    RATE("hits"),
    RATE("hitrate"),
    RATE("topk"),
    RATE("top"),
    RATE("exactmatch"),
    SCORE("dcg"),
    SCORE("bleu"),
    SCORE("rouge"),
    SCORE("rougel"),
    SCORE("rougelsum"),
    SCORE("meteor"),
    SCORE("meanrho"),
    SCORE("rho"),
    SCORE("r2"),
    SCORE("mcc"),
    SCORE("kappa"),
    SCORE("pearson"),
    SCORE("spearman"),
    SCORE("pwll"),
    SCORE("loglikelihood"),
    SCORE("explainedvariance"),
    SCORE("psnr"),
    SCORE("ssim"),
    LOSS("quantileloss"),
    LOSS("logloss"),
    LOSS("loss"),
    LOSS("merror"),
    LOSS("error"),
    LOSS("err"),
    LOSS("rmsse"),
    LOSS("rmsle"),
    LOSS("rmse"),
    LOSS("mse"),
    LOSS("mae"),
    LOSS("smape"),
    LOSS("mdape"),
    LOSS("mape"),
    LOSS("wape"),
    LOSS("mase"),
    LOSS("msd"),
    LOSS("ssd"),
    LOSS("mpe"),
    LOSS("nloglik"),
    LOSS("nll"),
    LOSS("deviance"),
    LOSS("perplexity"),
    LOSS("ppl"),
    LOSS("crossentropy"),
    LOSS("divergence"),
    LOSS("brier"),
    LOSS("crps"),
    LOSS("pinball"),
    LOSS("wer"),
    LOSS("cer"),
    LOSS("eer"),
    LOSS("fid"),
    LOSS("falsepositiverate"),
    LOSS("falsenegativerate"),
    LOSS("fpr"),
    LOSS("fnr"),
};

/* Words at the end that say how a metric was taken, not what it is. */
static const char *const qualifiers[] = {"score", "rate", "mean",  "avg",   "average", "epoch",    "step", "batch",
                                         "best",  "last", "final", "macro", "micro",   "weighted", "at"};

/* Words anywhere in a name that make it say nothing about quality. */
static const char *const silencers[] = {"time", "throughput", "progress", "runtime", "duration", "seconds"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The C library's character classes follow the locale; these do not. */
static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_small(c) || is_capital(c) || is_digit(c);
}

static char lower(char c)
{
    return is_capital(c) ? (char)(c - 'A' + 'a') : c;
}

static bool begins_word(struct lw_str name, size_t at)
{
    if (at == 0 || !is_word(name.at[at - 1]))
        return true;
    return is_capital(name.at[at]) && (is_small(name.at[at - 1]) || is_digit(name.at[at - 1]));
}

/* Where `word` begins when the name ends in it, else SIZE_MAX. Separators inside of the word are passed over. */
static size_t ends_in(struct lw_str name, const char *word)
{
    size_t at = name.len;
    size_t left = strlen(word);

    while (left > 0) {
        if (at == 0)
            return SIZE_MAX;
        at--;
        if (!is_word(name.at[at]) && left < strlen(word))
            continue;
        if (lower(name.at[at]) != word[left - 1])
            return SIZE_MAX;
        left--;
    }
    return at;
}

/* True for a long word in one piece: `valloss` ends in loss, but `train:accuracy` is not about inaccuracy. */
static bool is_tail(struct lw_str name, size_t at, const char *word)
{
    size_t len = strlen(word);

    return len >= LONG_WORD && name.len - at == len;
}

static const struct word *find_word(struct lw_str name, size_t *begin)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t at = ends_in(name, words[i].text);

        if (at != SIZE_MAX && (begins_word(name, at) || is_tail(name, at, words[i].text))) {
            *begin = at;
            return &words[i];
        }
    }
    return NULL;
}

/* Takes one qualifier off the end: separators, a number, `(...)`, or one of the words. False when there is none. */
static bool shorten(struct lw_str *name)
{
    size_t len = name->len;

    while (len > 0 && !is_word(name->at[len - 1]) && name->at[len - 1] != ')')
        len--;
    if (len == name->len && len > 0 && name->at[len - 1] == ')') {
        while (len > 0 && name->at[len - 1] != '(')
            len--;
        len -= len > 0;
    }
    if (len == name->len) {
        while (len > 0 && is_digit(name->at[len - 1]))
            len--;
    }
    for (size_t i = 0; len == name->len && i < COUNT(qualifiers); i++) {
        size_t at = ends_in(*name, qualifiers[i]);

        if (at != SIZE_MAX && at > 0 && begins_word(*name, at))
            len = at;
    }
    if (len == name->len)
        return false;
    name->len = len;
    return true;
}

/* True when `word` stands in the name as a word of its own. */
static bool contains(struct lw_str name, const char *word)
{
    size_t len = strlen(word);

    for (size_t at = 0; at + len <= name.len; at++) {
        size_t same = 0;
        size_t end = at + len;

        while (same < len && lower(name.at[at + same]) == word[same])
            same++;
        if (same == len && begins_word(name, at) &&
            (end == name.len || !is_word(name.at[end]) || begins_word(name, end) || is_digit(name.at[end])))
            return true;
    }
    return false;
}

struct lw_meaning lw_meaning_of(struct lw_str metric)
{
    static const struct lw_meaning unknown = {LW_BETTER_UNKNOWN, LW_MEANING_PLAIN};
    struct lw_str name = metric;
    const struct word *found;
    size_t begin = 0;
    struct lw_meaning meaning;
    struct lw_str before;

    for (size_t i = 0; i < COUNT(silencers); i++) {
        if (contains(metric, silencers[i]))
            return unknown;
    }
    do {
        found = find_word(name, &begin);
    } while (found == NULL && shorten(&name));
    if (found == NULL)
        return unknown;
    meaning = found->meaning;
    before = (struct lw_str){.at = metric.at, .len = begin};
    if (contains(before, "neg") || contains(before, "negative")) {
        meaning.better = meaning.better == LW_BETTER_HIGHER ? LW_BETTER_LOWER : LW_BETTER_HIGHER;
        meaning.scale = LW_MEANING_PLAIN;
    }
    return meaning;
}
