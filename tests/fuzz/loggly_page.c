/* A page of Loggly's retrieval: nothing crashes; events lie inside of the body, in order, each one JSON object; the mark
   that is made of them is read back; a next URL that is followed is of the host. */
#include "engine/source/loggly/page.h"
#include "engine/source/loggly/progress.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void read_marks(const char *text, size_t size)
{
    struct lw_progress progress = {0}, again = {0};
    struct lw_buf out = {.ceiling = (size_t)4 << 20};
    bool sound;

    if (lw_progress_read(&progress, (struct lw_str){text, size}, &sound, NULL) == LW_ERR_OK && sound) {
        assert(lw_progress_write(&progress, &out, NULL) == LW_ERR_OK);
        assert(lw_progress_read(&again, lw_buf_view(&out), &sound, NULL) == LW_ERR_OK && sound);
        assert(again.seen.n == progress.seen.n && again.has_until == progress.has_until);
        assert(!again.has_until || again.until.ms == progress.until.ms);
    }
    lw_buf_close(&out);
    lw_progress_close(&progress);
    lw_progress_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_page page = {0};
    struct lw_seen seen = {0};
    char *body = malloc(size + 1);
    size_t at = 0;

    assert(body != NULL);
    memcpy(body, data, size);
    read_marks(body, size);
    for (int i = 0; i < 2; i++) {
        enum lw_err err = lw_page_read(&page, (struct lw_str){body, size}, NULL);

        assert(err == LW_ERR_OK || err == LW_ERR_FORMAT);
        assert(err == LW_ERR_OK || (page.n == 0 && page.next.len == 0));
    }
    assert(lw_seen_reserve(&seen, page.n, NULL) == LW_ERR_OK);
    for (size_t i = 0; i < page.n; i++) {
        const struct lw_page_event *event = &page.events[i];

        assert(event->start >= at && event->end > event->start && event->end <= size);
        assert(body[event->start] == '{' && body[event->end - 1] == '}');
        at = event->end;
        lw_seen_add(&seen, event->hash, event->time);
        assert(lw_seen_has(&seen, event->hash));
    }
    assert(lw_seen_prune(&seen, (lw_time){0}, NULL) == LW_ERR_OK && seen.n <= LW_SEEN_MAX);
    if (page.next.len > 0 && lw_page_same_host(lw_buf_view(&page.next), LW_STR("https://acme.loggly.com")))
        assert(strncasecmp(page.next.at, "https://acme.loggly.com/", 24) == 0 && strlen(page.next.at) == page.next.len);
    lw_seen_close(&seen);
    lw_page_close(&page);
    free(body);
    return 0;
}
