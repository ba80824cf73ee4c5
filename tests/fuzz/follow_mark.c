/* The mark of a followed file: nothing crashes, whatever it says is bounded, and what was read is written and read back. */
#include "engine/source/follow/follow.h"
#include "engine/source/follow/follow_place.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void follow(const char *text, size_t size)
{
    const struct lw_source_calls calls = {.world = NULL};
    const struct lw_follow_options options = {.path = "/proc/version"};
    struct lw_source source;
    lw_span next;

    assert(lw_follow_open(&source, &options, &calls, (struct lw_str){text, size}, NULL) == LW_ERR_OK);
    for (int i = 0; i < 3; i++) {
        assert(source.kind->work(source.state, (lw_time){0}, (lw_span){i * 1000}, &next, NULL) == LW_ERR_OK);
        source.kind->taken(source.state, i != 1);
    }
    source.kind->close(source.state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_follow_place place = {0}, again = {0};
    struct lw_buf out = {.ceiling = (size_t)1 << 16};
    char *text = malloc(size + 1);
    bool found = false;

    assert(text != NULL);
    memcpy(text, data, size);
    assert(lw_follow_place_read((struct lw_str){text, size}, LW_STR("/proc/version"), &place, &found, NULL) ==
           LW_ERR_OK);
    if (found) {
        assert(place.head_n <= LW_FOLLOW_HEAD && place.tail_n <= LW_FOLLOW_TAIL && place.tail_n <= place.offset);
        assert(lw_follow_place_write(&place, LW_STR("/proc/version"), &out, NULL) == LW_ERR_OK);
        assert(lw_follow_place_read(lw_buf_view(&out), LW_STR("/proc/version"), &again, &found, NULL) == LW_ERR_OK);
        assert(found && memcmp(&place, &again, sizeof(place)) == 0);
    }
    follow(text, size);
    lw_buf_close(&out);
    free(text);
    return 0;
}
