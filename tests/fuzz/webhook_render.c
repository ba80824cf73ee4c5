/* Any stored lines: what fits is rendered to one valid JSON document within the limits of its receiver, and the rendering is
   the same each time. The first byte chooses format and kind. */
#include "engine/sink/webhook.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_slack(json_object *message)
{
    json_object *blocks = json_object_object_get(message, "blocks");
    size_t n = json_object_array_length(blocks), total;

    total = strlen(json_object_get_string(json_object_object_get(message, "text")));
    for (size_t i = 0; i < n; i++) {
        json_object *text = json_object_object_get(json_object_array_get_idx(blocks, i), "text");
        size_t length = (size_t)json_object_get_string_len(json_object_object_get(text, "text"));

        if (length > 3000)
            fail("a section is too long");
        total += length;
    }
    if (n > 50 || total > 12000)
        fail("the message is too long");
}

static void check_pager(json_object *message)
{
    json_object *payload = json_object_object_get(message, "payload");
    json_object *summary = payload ? json_object_object_get(payload, "summary") : NULL;

    if (!json_object_object_get(message, "event_action") || !json_object_object_get(message, "routing_key"))
        fail("a member is missing");
    if (summary && json_object_get_string_len(summary) > 1024)
        fail("the summary is too long");
}

static void render(enum lw_delivery_format format, enum lw_event_kind kind, struct lw_str lines)
{
    struct lw_buf once = {.ceiling = 8 << 20}, again = {.ceiling = 8 << 20};
    json_object *message;

    if (lw_webhook_render(format, kind, lines, LW_STR("key"), &once, NULL) != LW_ERR_OK ||
        lw_webhook_render(format, kind, lines, LW_STR("key"), &again, NULL) != LW_ERR_OK)
        fail("what is fit cannot be rendered");
    if (!lw_str_equal(lw_buf_view(&once), lw_buf_view(&again)))
        fail("twice is not the same");
    lw_buf_char(&once, '\0');
    if (format != LW_DELIVERY_JSON) {
        message = json_tokener_parse(once.at);
        if (!message)
            fail("not JSON");
        if (format == LW_DELIVERY_SLACK)
            check_slack(message);
        else
            check_pager(message);
        json_object_put(message);
    }
    lw_buf_close(&once);
    lw_buf_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_buf fit = {.ceiling = 1 << 20};
    enum lw_delivery_format format;
    enum lw_event_kind kind;
    size_t at = 1, n;
    uint32_t events = 0, together;

    if (size < 2 || size > 200000)
        return 0;
    format = (enum lw_delivery_format)(data[0] % 3);
    kind = (enum lw_event_kind)(data[0] / 3 % LW_EVENT_COUNT);
    for (; at < size; at += n + 1) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        const char *reason = NULL;

        n = end ? (size_t)(end - data) - at : size - at;
        if (n == 0 || lw_webhook_fit(format, kind, (struct lw_str){(const char *)data + at, n}, &reason) != LW_FIT_SEND)
            continue;
        lw_buf_bytes(&fit, data + at, n);
        lw_buf_char(&fit, '\n');
        events++;
    }
    if (events > 0) {
        const char *end = fit.at;

        together = lw_webhook_group(format, kind, lw_buf_view(&fit));
        if (together < 1 || together > events)
            fail("not a group");
        for (uint32_t i = 0; i < together; i++)
            end = (const char *)memchr(end, '\n', fit.len - (size_t)(end - fit.at)) + 1;
        render(format, kind, (struct lw_str){fit.at, (size_t)(end - fit.at)});
    }
    lw_buf_close(&fit);
    return 0;
}
