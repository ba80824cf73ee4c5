/* A pushed body in pieces of any size: whatever it is, it is answered once, and a batch holds what it said. */
#include "engine/source/push/push.h"

#include <assert.h>
#include <stdlib.h>

static lw_time now(void *self)
{
    (void)self;
    return (lw_time){1};
}

static void wake(void *self)
{
    (void)self;
}

static void answered(void *context, const struct lw_push_answer *answer)
{
    int *answers = context;

    assert(answer->status == 200 || answer->status == 400 || answer->status == 413 || answer->status == 503);
    assert(answer->body.len > 0 && answer->body.at[0] == '{' && answer->body.at[answer->body.len - 1] == '}');
    ++*answers;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lw_world world = {.now = now};
    const struct lw_push_options options = {.text_max = (size_t)4 << 20};
    const struct lw_source_calls calls = {.world = &world, .wake = wake};
    struct lw_push_request *request = NULL;
    struct lw_source source;
    int answers = 0;
    size_t piece;

    if (size < 2)
        return 0;
    piece = (size_t)data[1] + 1;
    if (lw_push_open(&source, &options, &calls, LW_STR(""), NULL) != LW_ERR_OK)
        return 0;
    lw_push_begin(source.state, data[0] & 1 ? LW_PUSH_FIREHOSE : LW_PUSH_METRICS,
                  data[0] & 2 ? LW_STR("ab-1") : LW_STR(""), data[0] & 8 ? LW_STR("run-1") : LW_STR(""), 0, answered,
                  &answers, &request);
    for (size_t at = 2; request != NULL && at < size; at += piece) {
        if (!lw_push_bytes(source.state, request, (const char *)data + at, piece < size - at ? piece : size - at))
            request = NULL;
    }
    if (request != NULL)
        (void)!lw_push_end(source.state, request);
    while (answers == 0) {
        const struct lw_source_batch *batch = source.kind->ready(source.state);

        assert(batch != NULL);
        for (size_t i = 0; i < batch->parts_n; i++)
            assert(batch->parts[i].bytes.len > 0);
        source.kind->taken(source.state, !(data[0] & 4));
    }
    assert(answers == 1);
    source.kind->close(source.state);
    assert(answers == 1);
    return 0;
}
