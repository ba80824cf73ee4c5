/* A line of the control socket, and a note: what is read is written the same way again. Addresses of sd_notify beside. */
#include "engine/flow/service/control.h"
#include "engine/flow/service/notify.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_str line = {.at = (const char *)data, .len = size};
    struct lw_arena arena = {.ceiling = (size_t)64 << 20};
    struct lw_buf one = {.ceiling = (size_t)16 << 20};
    struct lw_buf two = {.ceiling = (size_t)16 << 20};
    struct lw_people_request request, again;
    struct lw_people_notes notes;
    struct sockaddr_un address;
    socklen_t length;

    if (lw_control_read(line, &arena, &request, NULL) == LW_ERR_OK) {
        lw_control_write(&request, &one);
        assert(one.error == LW_ERR_OK && memchr(one.at, '\n', one.len) == NULL);
        assert(lw_control_read(lw_buf_view(&one), &arena, &again, NULL) == LW_ERR_OK);
        lw_control_write(&again, &two);
        assert(lw_str_equal(lw_buf_view(&one), lw_buf_view(&two)));
    }
    lw_buf_clear(&one);
    lw_buf_clear(&two);
    if (lw_people_parse(line, &arena, &notes, NULL) == LW_ERR_OK && notes.n > 0) {
        struct lw_people_note note;

        lw_people_write(&notes.notes[0], &one);
        assert(lw_people_note(lw_buf_view(&one), &arena, &note, NULL) == LW_ERR_OK);
        lw_people_write(&note, &two);
        assert(lw_str_equal(lw_buf_view(&one), lw_buf_view(&two)));
    }
    if (lw_notify_address(line, &address, &length))
        assert(length <= sizeof(address));
    lw_buf_close(&one);
    lw_buf_close(&two);
    lw_arena_close(&arena);
    return 0;
}
