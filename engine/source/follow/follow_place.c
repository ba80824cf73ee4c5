#define _POSIX_C_SOURCE 200809L

#include "engine/source/follow/follow_place.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/base/scan/scan.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1

/* The hash of n bytes at `offset`; *whole is false when the file does not have them. */
static enum lw_err print(int file, uint64_t offset, uint64_t n, char id[LW_DIGEST_ID], bool *whole,
                         struct lw_fault *fault)
{
    char bytes[LW_FOLLOW_HEAD];
    ssize_t got = lw_again_pread(file, bytes, (size_t)n, (off_t)offset);
    struct lw_str part = {.at = bytes, .len = got > 0 ? (size_t)got : 0};

    *whole = part.len == n;
    return lw_digest_id(&part, 1, id, fault);
}

enum lw_err lw_follow_place_take(int file, uint64_t offset, struct lw_follow_place *out, struct lw_fault *fault)
{
    struct lw_follow_place place = {.offset = offset};
    struct stat status;
    bool head = false, tail = false;
    enum lw_err err;

    if (fstat(file, &status) != 0 || status.st_size < 0 || (uint64_t)status.st_size < offset)
        return lw_fault_set(fault, LW_ERR_IO, "the file became shorter while it was read");
    place.device = (uint64_t)status.st_dev;
    place.inode = (uint64_t)status.st_ino;
    place.head_n = offset < LW_FOLLOW_HEAD ? offset : LW_FOLLOW_HEAD;
    place.tail_n = offset < LW_FOLLOW_TAIL ? offset : LW_FOLLOW_TAIL;
    err = print(file, 0, place.head_n, place.head, &head, fault);
    if (err == LW_ERR_OK)
        err = print(file, offset - place.tail_n, place.tail_n, place.tail, &tail, fault);
    if (err == LW_ERR_OK && !(head && tail))
        err = lw_fault_set(fault, LW_ERR_IO, "the file became shorter while it was read");
    if (err == LW_ERR_OK)
        *out = place;
    return err;
}

enum lw_err lw_follow_place_holds(const struct lw_follow_place *place, int file, bool *holds, struct lw_fault *fault)
{
    char head[LW_DIGEST_ID], tail[LW_DIGEST_ID];
    bool head_whole, tail_whole = false;
    enum lw_err err = print(file, 0, place->head_n, head, &head_whole, fault);

    if (err == LW_ERR_OK)
        err = print(file, place->offset - place->tail_n, place->tail_n, tail, &tail_whole, fault);
    if (err == LW_ERR_OK)
        *holds = head_whole && tail_whole && strcmp(head, place->head) == 0 && strcmp(tail, place->tail) == 0;
    return err;
}

/* Numbers as texts: an inode may have more bits than a double keeps. */
static void write_number(struct lw_json_out *json, const char *key, uint64_t value)
{
    lw_json_key(json, key);
    lw_json_uint(json, value);
}

enum lw_err lw_follow_place_write(const struct lw_follow_place *place, struct lw_str path, struct lw_buf *out,
                                  struct lw_fault *fault)
{
    struct lw_json_out json = {.buf = out};

    lw_json_object(&json);
    write_number(&json, "v", VERSION);
    lw_json_key(&json, "path");
    lw_json_str(&json, path);
    write_number(&json, "device", place->device);
    write_number(&json, "inode", place->inode);
    write_number(&json, "offset", place->offset);
    write_number(&json, "head_n", place->head_n);
    lw_json_key(&json, "head");
    lw_json_text(&json, place->head);
    write_number(&json, "tail_n", place->tail_n);
    lw_json_key(&json, "tail");
    lw_json_text(&json, place->tail);
    lw_json_key(&json, "ended");
    lw_json_bool(&json, place->ended);
    lw_json_object_end(&json);
    return out->error == LW_ERR_OK ? LW_ERR_OK : lw_fault_memory(fault, "the mark of a file");
}

enum member { VERSION_IS, PATH, DEVICE, INODE, OFFSET, HEAD_N, HEAD, TAIL_N, TAIL, ENDED, MEMBERS };

static const char *const member_names[MEMBERS] = {"v",      "path", "device", "inode", "offset",
                                                  "head_n", "head", "tail_n", "tail",  "ended"};

struct reading {
    struct lw_follow_place place;
    struct lw_str path;
    enum member member;
    unsigned seen; /* bit per member */
    uint32_t values;
    bool bad, same_path;
};

static bool whole_number(struct lw_str text, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 20)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text.at[i] - '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

static bool read_id(struct lw_str text, char id[LW_DIGEST_ID])
{
    if (text.len != LW_DIGEST_ID - 1 || memchr(text.at, '\0', text.len) != NULL)
        return false;
    memcpy(id, text.at, text.len);
    id[text.len] = '\0';
    return true;
}

static bool read_number(struct reading *reading, struct lw_str text)
{
    uint64_t *const into[MEMBERS] = {
        [DEVICE] = &reading->place.device, [INODE] = &reading->place.inode,   [OFFSET] = &reading->place.offset,
        [HEAD_N] = &reading->place.head_n, [TAIL_N] = &reading->place.tail_n,
    };
    uint64_t version = 0;

    if (reading->member == VERSION_IS)
        return whole_number(text, &version) && version == VERSION;
    return into[reading->member] != NULL && whole_number(text, into[reading->member]);
}

static bool read_text(struct reading *reading, struct lw_str text)
{
    if (reading->member == PATH) {
        reading->same_path = lw_str_equal(text, reading->path);
        return true;
    }
    if (reading->member == HEAD)
        return read_id(text, reading->place.head);
    return reading->member == TAIL && read_id(text, reading->place.tail);
}

static bool read_value(struct reading *reading, const struct lw_token *token)
{
    if (reading->member == MEMBERS)
        return true; /* of a later version: of no matter */
    if (token->kind == LW_TOKEN_NUMBER)
        return read_number(reading, token->text);
    if (token->kind == LW_TOKEN_STRING)
        return read_text(reading, token->text);
    reading->place.ended = token->kind == LW_TOKEN_TRUE;
    return reading->member == ENDED && (token->kind == LW_TOKEN_TRUE || token->kind == LW_TOKEN_FALSE);
}

static enum lw_err on_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    struct reading *reading = self;

    (void)fault;
    if (token->depth == 0) {
        reading->values++;
        reading->bad |= token->kind != LW_TOKEN_OBJECT && token->kind != LW_TOKEN_OBJECT_END;
        return LW_ERR_OK;
    }
    if (token->depth > 1)
        return LW_ERR_OK;
    if (token->kind == LW_TOKEN_KEY) {
        reading->member = VERSION_IS;
        while (reading->member < MEMBERS && !lw_str_equal(token->text, lw_str_from(member_names[reading->member])))
            reading->member = (enum member)((int)reading->member + 1);
        return LW_ERR_OK;
    }
    reading->bad |= !read_value(reading, token);
    if (reading->member < MEMBERS)
        reading->seen |= 1u << reading->member;
    return LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct reading *reading = self;

    (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    reading->bad = true;
    return LW_ERR_OK;
}

static bool is_sound(const struct reading *reading)
{
    const struct lw_follow_place *place = &reading->place;

    return !reading->bad && reading->values == 2 && reading->seen == (1u << MEMBERS) - 1 && reading->same_path &&
           place->head_n <= LW_FOLLOW_HEAD && place->tail_n <= LW_FOLLOW_TAIL && place->tail_n <= place->offset &&
           place->offset <= INT64_MAX;
}

enum lw_err lw_follow_place_read(struct lw_str text, struct lw_str path, struct lw_follow_place *out, bool *found,
                                 struct lw_fault *fault)
{
    static const struct lw_scan_calls calls = {.token = on_token, .bad = on_bad};
    struct reading reading = {.path = path, .member = MEMBERS};
    struct lw_scan *scan = NULL;
    enum lw_err err = LW_ERR_OK;

    *found = false;
    if (text.len == 0)
        return LW_ERR_OK;
    err = lw_scan_open(&scan, &calls, &reading, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_push(scan, text.at, text.len, fault);
    if (err == LW_ERR_OK)
        err = lw_scan_finish(scan, fault);
    lw_scan_close(scan);
    if (err == LW_ERR_OK && is_sound(&reading)) {
        *out = reading.place;
        *found = true;
    }
    return err;
}
