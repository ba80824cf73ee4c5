#include "engine/decode/aws/series.h"

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

bool lw_series_statistic(struct lw_str name, enum lw_known *known)
{
    static const struct {
        const char *name;
        enum lw_known known;
    } statistics[] = {
        {"average", LW_KNOWN_AVERAGE}, {"sum", LW_KNOWN_SUM},           {"minimum", LW_KNOWN_MIN},
        {"maximum", LW_KNOWN_MAX},     {"samplecount", LW_KNOWN_COUNT},
    };

    for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++) {
        struct lw_str is = lw_str_from(statistics[i].name);
        size_t same = 0;

        while (same < is.len && same < name.len && lower(name.at[same]) == is.at[same])
            same++;
        if (same == is.len && same == name.len) {
            *known = statistics[i].known;
            return true;
        }
    }
    return false;
}

void lw_series_set(struct lw_point *point, enum lw_known known, double value)
{
    switch (known) {
    case LW_KNOWN_SUM:
        point->sum = value;
        break;
    case LW_KNOWN_MIN:
        point->min = value;
        break;
    case LW_KNOWN_MAX:
        point->max = value;
        break;
    case LW_KNOWN_COUNT:
        point->count = value;
        break;
    case LW_KNOWN_AVERAGE:
        point->average = value;
        break;
    }
    point->known = (uint8_t)(point->known | known);
}

/* A statistic that exists but is no member of a set: p99, tm90, TM(10%:90%), IQM, PR(:300) ... (CloudWatch User Guide,
   "CloudWatch statistics definitions"). */
static bool is_other_statistic(struct lw_str text)
{
    static const char *const starts[] = {"p", "tm", "wm", "tc", "ts", "pr"};

    if (lw_str_equal(text, LW_STR("IQM")) || lw_str_equal(text, LW_STR("iqm")))
        return true;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        size_t n = strlen(starts[i]), same = 0;

        while (same < n && same < text.len && lower(text.at[same]) == starts[i][same])
            same++;
        if (same == n && text.len > n && ((text.at[n] >= '0' && text.at[n] <= '9') || text.at[n] == '('))
            return true;
    }
    return false;
}

/* Takes what stands after the last `separator` off; false when there is none. */
static bool cut_last(struct lw_str *text, char separator, struct lw_str *last)
{
    size_t at = text->len;

    while (at > 0 && text->at[at - 1] != separator)
        at--;
    if (at <= 1 || at == text->len)
        return false;
    *last = (struct lw_str){text->at + at, text->len - at};
    text->len = at - 1;
    return true;
}

static bool cut_first(struct lw_str *text, struct lw_str *first)
{
    const char *end = text->len > 0 ? memchr(text->at, '/', text->len) : NULL;

    if (end == NULL || end == text->at)
        return false;
    *first = (struct lw_str){text->at, (size_t)(end - text->at)};
    *text = (struct lw_str){end + 1, text->len - first->len - 1};
    return text->len > 0;
}

static bool is_host(struct lw_str text)
{
    return text.len > 5 && memcmp(text.at, "algo-", 5) == 0;
}

static void reject(struct lw_series *series, enum lw_reject reason, struct lw_str detail)
{
    series->good = false;
    series->reason = reason;
    lw_emit_detail(detail, series->detail);
}

/* An instance metric whose run is told as CloudWatch names the instance: "job/algo-1". */
static enum lw_err take_instance(struct lw_emit *emit, struct lw_series *series, struct lw_fault *fault)
{
    struct lw_str run = emit->options->run, host;
    enum lw_err err = LW_ERR_OK;

    if (!cut_last(&run, '/', &host) || !is_host(host))
        return LW_ERR_OK;
    err = lw_emit_name(emit, run, &series->point.run, fault);
    return err == LW_ERR_OK ? lw_emit_name(emit, emit->options->run, &series->point.host, fault) : err;
}

/* The names are known; makes ids of them. */
static enum lw_err complete(struct lw_emit *emit, struct lw_str run, struct lw_str metric, struct lw_series *series,
                            struct lw_fault *fault)
{
    enum lw_err err;

    if (!series->good)
        return LW_ERR_OK;
    series->point = lw_emit_blank_point(emit);
    series->point.flags = LW_POINT_CLOUDWATCH;
    series->point.run = emit->run;
    if (lw_emit_instance_metric(metric))
        series->point.flags |= LW_POINT_HEARTBEAT;
    if (metric.len == 0) {
        reject(series, LW_REJECT_NO_METRIC, LW_STR("the file names no metric: pass --metric NAME"));
        return LW_ERR_OK;
    }
    err = lw_emit_name(emit, metric, &series->point.metric, fault);
    if (err == LW_ERR_OK && (series->point.flags & LW_POINT_HEARTBEAT))
        err = take_instance(emit, series, fault);
    if (err == LW_ERR_OK && run.len > 0)
        err = lw_emit_name(emit, run, &series->point.run, fault);
    if (err == LW_ERR_OK && series->point.run == 0)
        reject(series, LW_REJECT_NO_RUN, LW_STR("the file names no run: pass --run NAME"));
    return err;
}

static void take_statistic(struct lw_series *series, struct lw_str name)
{
    if (!lw_series_statistic(name, &series->known))
        reject(series, LW_REJECT_UNKNOWN_RECORD, name);
}

enum lw_err lw_series_of_label(struct lw_emit *emit, struct lw_str label, struct lw_series *series,
                               struct lw_fault *fault)
{
    struct lw_str metric = label, run = {0}, last = {0};
    bool named = false;
    enum lw_known known;

    *series = (struct lw_series){.good = true, .known = LW_KNOWN_AVERAGE};
    for (size_t i = 0; i < 2 && !named; i++) {
        metric = label;
        named = cut_last(&metric, "/ "[i], &last) && (lw_series_statistic(last, &known) || is_other_statistic(last));
    }
    if (!named)
        metric = label;
    if (named)
        take_statistic(series, last);
    else if (emit->options->stat.len > 0)
        take_statistic(series, emit->options->stat);
    if (named && cut_first(&metric, &run)) {
        struct lw_str host, rest = metric;
        bool of_host = cut_first(&rest, &host) && is_host(host);
        enum lw_err err = complete(emit, run, of_host ? rest : metric, series, fault);

        series->point.flags = (uint8_t)(series->point.flags | (of_host ? LW_POINT_HEARTBEAT : 0));
        if (err == LW_ERR_OK && of_host && series->good)
            err = lw_emit_name(emit, (struct lw_str){run.at, run.len + 1 + host.len}, &series->point.host, fault);
        return err;
    }
    return complete(emit, (struct lw_str){0}, emit->options->metric.len > 0 ? emit->options->metric : metric, series,
                    fault);
}

enum lw_err lw_series_of_metric(struct lw_emit *emit, struct lw_str metric, struct lw_series *series,
                                struct lw_fault *fault)
{
    *series = (struct lw_series){.good = true, .known = LW_KNOWN_AVERAGE};
    return complete(emit, (struct lw_str){0}, emit->options->metric.len > 0 ? emit->options->metric : metric, series,
                    fault);
}
