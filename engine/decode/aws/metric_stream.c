#include "engine/decode/reader.h"

/* CloudWatch metric streams, JSON form: one datapoint of one metric per object ("CloudWatch metric stream output in JSON
   format", CloudWatch User Guide). */
enum role { TOP = LW_WALK_TOP, ACCOUNT, REGION, NAMESPACE, METRIC, DIMENSIONS, TIME, VALUE, MIN, MAX, SUM, COUNT };

static const struct lw_walk_rule rules[] = {
    LW_WALK_ELEMENT(TOP, TOP),
    LW_WALK_KEY(TOP, "account_id", ACCOUNT),
    LW_WALK_KEY(TOP, "region", REGION),
    LW_WALK_KEY(TOP, "namespace", NAMESPACE),
    LW_WALK_KEY(TOP, "metric_name", METRIC),
    LW_WALK_KEY(TOP, "dimensions", DIMENSIONS),
    LW_WALK_KEY(TOP, "timestamp", TIME),
    LW_WALK_KEY(TOP, "value", VALUE),
    LW_WALK_KEY(VALUE, "min", MIN),
    LW_WALK_KEY(VALUE, "max", MAX),
    LW_WALK_KEY(VALUE, "sum", SUM),
    LW_WALK_KEY(VALUE, "count", COUNT),
};

#define PLACE 64 /* bytes of an account or a region */

struct place {
    char account[PLACE], region[PLACE];
    size_t account_len, region_len;
};

struct stream {
    struct lw_reader reader;
    uint32_t depth; /* of the members of the open record */
    uint64_t line, byte;
    struct lw_point point;
    bool has_time, foreign, training, spoiled, known_shape;
    enum lw_reject reason;
    char detail[LW_EMIT_DETAIL];
    char dimension[32]; /* the name of the dimension whose value comes; empty when it is longer than any of interest */
    size_t dimension_len;
    struct place place;
    struct place last; /* the place whose origin is `origin` */
    uint32_t origin;
};

static void start(struct stream *stream, const struct lw_token *token)
{
    stream->reader.open = true;
    stream->depth = token->depth + 1;
    stream->line = token->line;
    stream->byte = token->byte;
    stream->point = lw_emit_blank_point(stream->reader.emit);
    stream->point.flags = LW_POINT_CLOUDWATCH;
    stream->has_time = stream->foreign = stream->training = stream->spoiled = stream->known_shape = false;
    stream->place.account_len = stream->place.region_len = 0;
}

static void spoil(struct stream *stream, enum lw_reject reason, struct lw_str text)
{
    if (stream->spoiled || stream->foreign)
        return;
    stream->spoiled = true;
    stream->reason = reason;
    lw_emit_detail(text, stream->detail);
}

static void keep(char place[PLACE], size_t *len, const struct lw_token *token)
{
    *len = 0;
    if ((token->kind != LW_TOKEN_STRING && token->kind != LW_TOKEN_NUMBER) || token->text.len > PLACE)
        return;
    *len = token->text.len;
    if (*len > 0)
        memcpy(place, token->text.at, *len);
}

/* Records of one place follow one another, so its origin is named once. */
static enum lw_err find_origin(struct stream *stream, struct lw_fault *fault)
{
    const struct place *place = &stream->place;
    struct place *last = &stream->last;
    enum lw_err err;

    if (place->account_len == 0 || place->region_len == 0)
        return LW_ERR_OK;
    if (place->account_len != last->account_len || place->region_len != last->region_len ||
        memcmp(place->account, last->account, place->account_len) != 0 ||
        memcmp(place->region, last->region, place->region_len) != 0) {
        err = lw_emit_origin(stream->reader.emit, (struct lw_str){place->account, place->account_len},
                             (struct lw_str){place->region, place->region_len}, &stream->origin, fault);
        if (err != LW_ERR_OK)
            return err;
        *last = *place;
    }
    stream->point.origin = stream->origin;
    return LW_ERR_OK;
}

static enum lw_err finish_record(struct stream *stream, struct lw_fault *fault)
{
    struct lw_emit *emit = stream->reader.emit;
    enum lw_reject reason = LW_REJECT_COUNT;
    enum lw_err err;

    stream->reader.open = false;
    emit->records++;
    if (!stream->known_shape)
        reason = LW_REJECT_UNKNOWN_RECORD;
    else if (stream->point.metric == 0)
        reason = LW_REJECT_NO_METRIC;
    else if (stream->foreign)
        return lw_emit_reject(emit, LW_REJECT_NOT_A_RUN, stream->line, stream->byte, stream->detail, fault);
    else if (!stream->training)
        reason = LW_REJECT_NOT_A_RUN;
    else if (stream->spoiled)
        return lw_emit_reject(emit, stream->reason, stream->line, stream->byte, stream->detail, fault);
    else if (!stream->has_time)
        reason = LW_REJECT_NO_TIME;
    if (reason != LW_REJECT_COUNT)
        return lw_emit_reject_text(emit, reason, stream->line, stream->byte,
                                   lw_names_text(emit->names, stream->point.metric), fault);
    err = find_origin(stream, fault);
    return err != LW_ERR_OK ? err : lw_emit_point(emit, &stream->point, stream->line, stream->byte, fault);
}

static void take_number(struct stream *stream, const struct lw_token *token, uint8_t role)
{
    static const struct {
        size_t offset;
        unsigned known;
    } members[] = {
        [MIN] = {offsetof(struct lw_point, min), LW_KNOWN_MIN},
        [MAX] = {offsetof(struct lw_point, max), LW_KNOWN_MAX},
        [SUM] = {offsetof(struct lw_point, sum), LW_KNOWN_SUM},
        [COUNT] = {offsetof(struct lw_point, count), LW_KNOWN_COUNT},
    };
    enum lw_reject reason;
    double value;

    if (token->kind == LW_TOKEN_NULL)
        return;
    if (!lw_memo_number(token, &value, &reason)) {
        spoil(stream, reason, token->text);
        return;
    }
    memcpy((char *)&stream->point + members[role].offset, &value, sizeof(value));
    stream->point.known = (uint8_t)(stream->point.known | members[role].known);
}

static void take_time(struct stream *stream, const struct lw_token *token)
{
    lw_time at;

    stream->has_time = false;
    if (token->kind == LW_TOKEN_NULL)
        return;
    if (!lw_memo_time(&stream->reader.memo, token, stream->reader.emit->options->zone, &at)) {
        spoil(stream, LW_REJECT_BAD_TIME, token->text);
        return;
    }
    stream->has_time = true;
    stream->point.at = at.ms;
}

/* One name and its value inside of `dimensions`. A job's own dimension says more than its host. */
static enum lw_err take_dimension(struct stream *stream, const struct lw_token *token, struct lw_fault *fault)
{
    struct lw_str name = {stream->dimension, stream->dimension_len};
    struct lw_point point = {0};
    bool training = false;
    enum lw_err err;

    if (token->kind == LW_TOKEN_KEY) {
        stream->dimension_len = token->text.len <= sizeof(stream->dimension) ? token->text.len : 0;
        if (stream->dimension_len > 0)
            memcpy(stream->dimension, token->text.at, stream->dimension_len);
        return LW_ERR_OK;
    }
    if (token->kind != LW_TOKEN_STRING)
        return LW_ERR_OK;
    err = lw_emit_dimension(stream->reader.emit, (struct lw_str){0}, name, token->text, &point, &training, fault);
    if (err != LW_ERR_OK || !training)
        return err;
    if (stream->training && (point.flags & LW_POINT_HEARTBEAT))
        return LW_ERR_OK;
    stream->training = true;
    stream->point.run = point.run;
    stream->point.host = point.host;
    stream->point.flags = point.flags;
    return LW_ERR_OK;
}

static enum lw_err take(struct stream *stream, const struct lw_token *token, uint8_t role, struct lw_fault *fault)
{
    switch ((enum role)role) {
    case ACCOUNT:
        keep(stream->place.account, &stream->place.account_len, token);
        break;
    case REGION:
        keep(stream->place.region, &stream->place.region_len, token);
        break;
    case NAMESPACE:
        if (token->kind == LW_TOKEN_STRING && !lw_emit_training_namespace(token->text)) {
            stream->foreign = true;
            lw_emit_detail(token->text, stream->detail);
        }
        break;
    case METRIC:
        stream->known_shape = true;
        if (token->kind == LW_TOKEN_STRING)
            return lw_memo_name(&stream->reader.memo, stream->reader.emit, token->text, &stream->point.metric, fault);
        break;
    case TIME:
        take_time(stream, token);
        break;
    case MIN:
    case MAX:
    case SUM:
    case COUNT:
        take_number(stream, token, role);
        break;
    case DIMENSIONS:
    case VALUE:
        stream->known_shape = true;
        break;
    case TOP:
        break;
    }
    return LW_ERR_OK;
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct stream *stream = self;
    uint8_t role = lw_walk_token(&stream->reader.walk, token);

    if (!stream->reader.open) {
        if (token->kind == LW_TOKEN_ARRAY || token->kind == LW_TOKEN_ARRAY_END)
            return LW_ERR_OK;
        if (token->kind != LW_TOKEN_OBJECT)
            return lw_reader_unknown(&stream->reader, token, fault);
        start(stream, token);
        return LW_ERR_OK;
    }
    if (token->depth < stream->depth)
        return finish_record(stream, fault);
    if (token->depth == stream->depth + 1 && stream->reader.walk.role[stream->depth] == DIMENSIONS)
        return take_dimension(stream, token, fault);
    if (role == LW_WALK_NONE || token->kind == LW_TOKEN_KEY || token->kind == LW_TOKEN_OBJECT_END ||
        token->kind == LW_TOKEN_ARRAY_END)
        return LW_ERR_OK;
    return take(stream, token, role, fault);
}

static enum lw_err open_stream(void **state, struct lw_emit *emit, struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = lw_reader_bad};

    return lw_reader_open(state, sizeof(struct stream), &calls, rules, sizeof(rules) / sizeof(rules[0]), emit, fault);
}

const struct lw_format_decoder lw_format_metric_stream = {
    .format = LW_FORMAT_METRIC_STREAM,
    .open = open_stream,
    .push = lw_reader_push,
    .finish = lw_reader_finish,
    .close = lw_reader_close,
};
