#include "tests/kit/kit.h"

#include "engine/base/buf.h"
#include "engine/base/scan.h"

#include <stdlib.h>

/* Everything that a scan calls out, as text that can be compared: one line per call. */
static enum lw_err record_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    static const char letters[] = "{}[]KSNtfn";
    struct lw_buf *log = self;

    (void)fault;
    lw_buf_format(log, "%c %u %llu:%llu ", letters[token->kind], token->depth, (unsigned long long)token->line,
                  (unsigned long long)token->byte);
    lw_buf_str(log, token->text);
    lw_buf_char(log, '\n');
    return LW_ERR_OK;
}

static enum lw_err record_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                              struct lw_fault *fault)
{
    (void)fault;
    lw_buf_format(self, "! %s %llu:%llu %s\n", lw_reject_id(reason), (unsigned long long)line, (unsigned long long)byte,
                  detail);
    return LW_ERR_OK;
}

static const struct lw_scan_calls recorder = {.token = record_token, .bad = record_bad};

static struct lw_scan *open_recorder(struct lw_buf *log)
{
    struct lw_scan *scan = NULL;

    *log = (struct lw_buf){.ceiling = 64 << 20};
    CU_ASSERT_EQUAL_FATAL(lw_scan_open(&scan, &recorder, log, NULL), LW_ERR_OK);
    return scan;
}

/* The calls for `text`, pushed as a whole. Terminated; the caller closes `log`. */
static const char *calls_of(struct lw_str text, struct lw_buf *log)
{
    struct lw_scan *scan = open_recorder(log);

    CU_ASSERT_EQUAL(lw_scan_push(scan, text.at, text.len, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    lw_scan_close(scan);
    lw_buf_char(log, '\0');
    return log->at;
}

static void check_calls(const char *text, const char *want)
{
    struct lw_buf log;

    CU_ASSERT_STRING_EQUAL(calls_of(lw_str_from(text), &log), want);
    lw_buf_close(&log);
}

static void calls_out_tokens_with_their_places(void)
{
    check_calls("{\"a\":[1,\n true,null ,\"x\\n\\u00e9\"],\"b\":{}}\n-0.5e3", "{ 0 1:0 \n"
                                                                              "K 1 1:1 a\n"
                                                                              "[ 1 1:5 \n"
                                                                              "N 2 1:6 1\n"
                                                                              "t 2 2:10 true\n"
                                                                              "n 2 2:15 null\n"
                                                                              "S 2 2:21 x\n\xc3\xa9\n"
                                                                              "] 1 2:32 \n"
                                                                              "K 1 2:34 b\n"
                                                                              "{ 1 2:38 \n"
                                                                              "} 1 2:39 \n"
                                                                              "} 0 2:40 \n"
                                                                              "N 0 3:42 -0.5e3\n");
}

static void goes_on_after_what_is_malformed(void)
{
    check_calls("{\"a\":x} {}\n[]", "{ 0 1:0 \nK 1 1:1 a\n! bad_json 1:5 expected a value\n[ 0 2:11 \n] 0 2:12 \n");
}

KIT_SUITE("scan", {"tokens come with their places", calls_out_tokens_with_their_places},
          {"the scan goes on after what is malformed", goes_on_after_what_is_malformed})
