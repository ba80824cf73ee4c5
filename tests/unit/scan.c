#include "tests/kit/alloc.h"
#include "tests/kit/kit.h"

#include "engine/base/buf.h"
#include "engine/base/scan/scan.h"

#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Everything that a scan calls out, as text that can be compared: one line per call. */
static enum lw_err record_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    static const char letters[] = "{}[]KSNtfn";
    struct lw_buf *log = self;

    (void)fault;
    CU_ASSERT(token->text.at != NULL || token->kind != LW_TOKEN_STRING);
    CU_ASSERT(token->text.at != NULL || token->kind != LW_TOKEN_KEY);
    lw_buf_format(log, "%c %u %llu:%llu ", letters[token->kind], token->depth, (unsigned long long)token->line,
                  (unsigned long long)token->byte);
    lw_buf_str(log, token->text);
    if (token->kind == LW_TOKEN_NUMBER)
        lw_buf_format(log, " %a", token->number);
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

/* Pushes a copy that has exactly the size of the chunk, so that a sanitizer sees every read beyond it. */
static void push_copy(struct lw_scan *scan, const char *at, size_t n)
{
    char *copy = malloc(n + (n == 0));

    if (copy == NULL)
        abort();
    if (n > 0)
        memcpy(copy, at, n);
    CU_ASSERT_EQUAL(lw_scan_push(scan, copy, n, NULL), LW_ERR_OK);
    free(copy);
}

static void push_cut(struct lw_scan *scan, struct lw_str text, size_t most, struct kit_random *random)
{
    for (size_t at = 0; at < text.len;) {
        size_t n = random == NULL ? most : (size_t)(kit_random_bits(random) % (most + 1));

        if (n > text.len - at)
            n = text.len - at;
        push_copy(scan, text.at + at, n);
        at += n;
    }
}

/* The calls for `text`, in chunks of `most` bytes, or random ones of up to `most`. Terminated; the caller closes `log`. */
static const char *calls_of(struct lw_str text, size_t most, struct kit_random *random, struct lw_buf *log)
{
    struct lw_scan *scan = open_recorder(log);

    push_cut(scan, text, most, random);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    lw_scan_close(scan);
    lw_buf_char(log, '\0');
    return log->at;
}

static void check_calls(const char *text, const char *want)
{
    struct lw_buf log;
    const char *got = calls_of(lw_str_from(text), SIZE_MAX, NULL, &log);

    if (strcmp(got, want) != 0)
        printf("# %s\n# gave\n%s# not\n%s", text, got, want);
    CU_ASSERT_STRING_EQUAL(got, want);
    lw_buf_close(&log);
}

static void check_every_cut(struct lw_str text)
{
    struct lw_buf whole;
    struct lw_buf parts;
    const char *want = calls_of(text, SIZE_MAX, NULL, &whole);

    for (size_t most = 1; most < 24; most++) {
        CU_ASSERT_STRING_EQUAL(calls_of(text, most, NULL, &parts), want);
        lw_buf_close(&parts);
    }
    for (size_t first = 0; first <= text.len && text.len < 400; first++) {
        struct lw_scan *scan = open_recorder(&parts);

        push_copy(scan, text.at, first);
        push_copy(scan, text.at + first, text.len - first);
        CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
        lw_scan_close(scan);
        lw_buf_char(&parts, '\0');
        CU_ASSERT_STRING_EQUAL(parts.at, want);
        lw_buf_close(&parts);
    }
    lw_buf_close(&whole);
}

/* One document: a single value at the top, and nothing malformed. */
static bool accepted(struct lw_str text)
{
    struct lw_buf log;
    const char *at = calls_of(text, SIZE_MAX, NULL, &log);
    unsigned values = 0;
    bool bad = false;

    for (; *at != '\0'; at = strchr(at, '\n') + 1) {
        bad |= *at == '!';
        values += *at != '!' && at[2] == '0' && *at != '}' && *at != ']';
        if (strchr(at, '\n') == NULL)
            break;
    }
    lw_buf_close(&log);
    return values == 1 && !bad;
}

/* ---- the grammar: y must be accepted, n must not (the letters after JSONTestSuite; the cases from RFC 8259) ---- */

struct verdict {
    char want;
    const char *text;
};

static const struct verdict structure[] = {
    {'y', "[]"},
    {'y', "{}"},
    {'y', "[[]   ]"},
    {'y', "[[],[[]]]"},
    {'y', " [1]"},
    {'y', "[1]\n"},
    {'y', "[ \t\r\n]"},
    {'y', "\t\r\n {\r}\n"},
    {'y', "[1,null,null,null,2]"},
    {'y', "[1\n,1]"},
    {'y', "[1,\"a\",true,false,null,{},[]]"},
    {'y', "{\"a\":[]}"},
    {'y', "{\"a\":\"b\",\"c\":\"d\"}"},
    {'y', "{\"a\":\"b\",\"a\":\"c\"}"},
    {'y', "{\"\":0}"},
    {'y', "{\"a\" : 1 , \"b\" : 2}"},
    {'y', "{\n\"a\": \"b\"\n}"},
    {'y', "{\"a\":{\"b\":{\"c\":[1,{\"d\":2}]}}}"},
    {'y', "{\"foo\\u0000bar\":42}"},
    {'y', "{\"a\":1,\"b\":2.5,\"c\":\"d\",\"e\":null}"},
    {'y', "true"},
    {'y', "false "},
    {'y', "null\n"},
    {'y', "42"},
    {'y', "-0.1 "},
    {'y', "\"text\""},
    {'y', "\"\""},
    {'y', "\xef\xbb\xbf{}"},
    {'n', ""},
    {'n', " "},
    {'n', "\xef\xbb\xbf"},
    {'n', "\xef\xbb{}"},
    {'n', "\xef\xbb\xbf\xef\xbb\xbf{}"},
    {'n', "[\xef\xbb\xbf]"},
    {'n', "["},
    {'n', "]"},
    {'n', "{"},
    {'n', "}"},
    {'n', "[["},
    {'n', "[]]"},
    {'n', "{}}"},
    {'n', "[}"},
    {'n', "{]"},
    {'n', "[1}"},
    {'n', "{\"a\":1]"},
    {'n', "[1"},
    {'n', "[1,"},
    {'n', "[1,]"},
    {'n', "[,1]"},
    {'n', "[1,,2]"},
    {'n', "[,]"},
    {'n', "[1 2]"},
    {'n', "[1:2]"},
    {'n', "[\"a\" \"b\"]"},
    {'n', "[\"a\":1]"},
    {'n', "[1]x"},
    {'n', "[1],"},
    {'n', "[1]1"},
    {'n', "[][]"},
    {'n', "1 2"},
    {'n', "1,"},
    {'n', "1\"a\""},
    {'n', "\"a\"\"b\""},
    {'n', "\"a\"1"},
    {'n', "truefalse"},
    {'n', "{\"a\"}"},
    {'n', "{\"a\":}"},
    {'n', "{\"a\":1"},
    {'n', "{\"a\":1,"},
    {'n', "{\"a\":1,}"},
    {'n', "{\"a\":1,,\"b\":2}"},
    {'n', "{,}"},
    {'n', "{,\"a\":1}"},
    {'n', "{\"a\" 1}"},
    {'n', "{\"a\"::1}"},
    {'n', "{\"a\",1}"},
    {'n', "{\"a\":1 \"b\":2}"},
    {'n', "{\"a\":1:2}"},
    {'n', "{:1}"},
    {'n', "{1:1}"},
    {'n', "{a:1}"},
    {'n', "{'a':1}"},
    {'n', "{null:1}"},
    {'n', "{[]:1}"},
    {'n', "{\"a\":1}}"},
    {'n', "{\"a\":/*c*/1}"},
    {'n', "{\"a\":1} // c"},
    {'n', "{\"a\":1} # c"},
    {'n', "[\f1]"},
    {'n', "[\v1]"},
    {'n', "[\x01]"},
    {'n', "[\x7f]"},
    {'n', "[\xc2\xa0]"},
    {'n', "[\xe2\x81\xa0]"},
    {'n', "[\\n]"},
    {'n', "<html>"},
    {'n', "*"},
    {'n', "[*]"},
    {'n', "[(1)]"},
    {'n', "{\"a\":x}"},
};

static const struct verdict numbers[] = {
    {'y', "[0]"},
    {'y', "[-0]"},
    {'y', "[1]"},
    {'y', "[-1]"},
    {'y', "[123]"},
    {'y', "[0.1]"},
    {'y', "[-0.0]"},
    {'y', "[123.456789]"},
    {'y', "[1e1]"},
    {'y', "[1E1]"},
    {'y', "[1e+1]"},
    {'y', "[1E-1]"},
    {'y', "[0e1]"},
    {'y', "[0e+1]"},
    {'y', "[1.5e+9999]"},
    {'y', "[1e-9999]"},
    {'y', "[1e007]"},
    {'y', "[123456789012345678901234567890]"},
    {'y', "[0.123456789012345678901234567890]"},
    {'y', "[-123123e100000]"},
    {'y', "[20e1 ]"},
    {'n', "[01]"},
    {'n', "[-01]"},
    {'n', "[00]"},
    {'n', "[-00.5]"},
    {'n', "[+1]"},
    {'n', "[++1]"},
    {'n', "[--1]"},
    {'n', "[-]"},
    {'n', "[- 1]"},
    {'n', "[-a]"},
    {'n', "[.5]"},
    {'n', "[-.5]"},
    {'n', "[1.]"},
    {'n', "[0.]"},
    {'n', "[1.e1]"},
    {'n', "[.]"},
    {'n', "[1..2]"},
    {'n', "[1.2.3]"},
    {'n', "[1e]"},
    {'n', "[1e+]"},
    {'n', "[1e-]"},
    {'n', "[0e]"},
    {'n', "[1ee1]"},
    {'n', "[1e1e1]"},
    {'n', "[1e+-1]"},
    {'n', "[1e1.5]"},
    {'n', "[1+2]"},
    {'n', "[1-2]"},
    {'n', "[0x1]"},
    {'n', "[0x]"},
    {'n', "[1a]"},
    {'n', "[1 000]"},
    {'n', "[1_000]"},
    {'n', "[1,000.5.]"},
    {'n', "[NaN]"},
    {'n', "[nan]"},
    {'n', "[-NaN]"},
    {'n', "[Infinity]"},
    {'n', "[-Infinity]"},
    {'n', "[Inf]"},
    {'n', "[\xef\xbc\x91]"},
    {'n', "-"},
    {'n', "1."},
    {'n', "1e"},
    {'n', "{\"a\":01}"},
    {'n', "{\"a\":1.,\"b\":2}"},
    {'n', "{\"a\":--1}"},
};

static const struct verdict literals[] = {
    {'y', "[true]"},      {'y', "[false]"}, {'y', "[null]"},  {'n', "[True]"},      {'n', "[TRUE]"},   {'n', "[nul]"},
    {'n', "[nulll]"},     {'n', "[tru]"},   {'n', "[truex]"}, {'n', "[fals]"},      {'n', "[falsee]"}, {'n', "tru"},
    {'n', "[undefined]"}, {'n', "[None]"},  {'n', "[trUe]"},  {'n', "{\"a\":nul}"}, {'n', "n"},        {'n', "[t,1]"},
};

static const struct verdict strings[] = {
    {'y', "[\"\"]"},
    {'y', "[\" \"]"},
    {'y', "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"},
    {'y', "[\"\\u0041\\u00e9\\u20AC\\uFFFF\"]"},
    {'y', "[\"\\ud83d\\ude00\"]"},
    {'y', "[\"\\uDBFF\\uDFFF\"]"},
    {'y', "[\"\\u0000\"]"},
    {'y', "[\"\\\\u0041\"]"},
    {'y', "[\"\\\\\"]"},
    {'y', "[\"a/*b*/c\"]"},
    {'y', "[\"\x7f\"]"},
    {'y', "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"},
    {'y', "[\"\xe2\x80\xa8\xe2\x80\xa9\"]"},
    {'y', "[\"\xef\xbf\xbf\"]"},
    {'y', "[\"\xf4\x8f\xbf\xbf\"]"},
    {'y', "[\"\xed\x9f\xbf\xee\x80\x80\"]"},
    {'y', "[\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xf0\x90\x80\x80\"]"},
    {'y', "[\"sixteen bytes and more without anything special\"]"},
    {'y', "{\"\xc3\xa9\":\"\\u00e9\"}"},
    {'n', "[\""},
    {'n', "[\"a"},
    {'n', "[\"a]"},
    {'n', "[\"\\"},
    {'n', "[\"\\\"]"},
    {'n', "[\"\\x41\"]"},
    {'n', "[\"\\a\"]"},
    {'n', "[\"\\'\"]"},
    {'n', "[\"\\0\"]"},
    {'n', "[\"\\N\"]"},
    {'n', "[\"\\U0041\"]"},
    {'n', "[\"\\ \"]"},
    {'n', "[\"\\\xc3\xa9\"]"},
    {'n', "[\"\\u\"]"},
    {'n', "[\"\\u0\"]"},
    {'n', "[\"\\u00\"]"},
    {'n', "[\"\\u004\"]"},
    {'n', "[\"\\u00g0\"]"},
    {'n', "[\"\\u-041\"]"},
    {'n', "[\"\\ud800\"]"},
    {'n', "[\"\\udc00\"]"},
    {'n', "[\"\\ud800a\"]"},
    {'n', "[\"\\ud800\\n\"]"},
    {'n', "[\"\\ud800\\u0041\"]"},
    {'n', "[\"\\ud800\\ud800\"]"},
    {'n', "[\"\\ud800\\u\"]"},
    {'n', "[\"\\ud800\\udc0\"]"},
    {'n', "[\"\\udc00\\ud800\"]"},
    {'n', "[\"\n\"]"},
    {'n', "[\"\t\"]"},
    {'n', "[\"\r\"]"},
    {'n', "[\"\x01\"]"},
    {'n', "[\"\x1f\"]"},
    {'n', "[\"a\\\nb\"]"},
    {'n', "['a']"},
    {'n', "[a]"},
    {'n', "[\"a\"b]"},
    {'n', "[\"\x80\"]"},
    {'n', "[\"\xff\"]"},
    {'n', "[\"\xfe\"]"},
    {'n', "[\"\xc0\x80\"]"},
    {'n', "[\"\xc1\xbf\"]"},
    {'n', "[\"\xe0\x9f\xbf\"]"},
    {'n', "[\"\xed\xa0\x80\"]"},
    {'n', "[\"\xed\xbf\xbf\"]"},
    {'n', "[\"\xf0\x8f\xbf\xbf\"]"},
    {'n', "[\"\xf4\x90\x80\x80\"]"},
    {'n', "[\"\xf5\x80\x80\x80\"]"},
    {'n', "[\"\xfc\x80\x80\x80\x80\x80\"]"},
    {'n', "[\"\xc3\"]"},
    {'n', "[\"\xe2\x82\"]"},
    {'n', "[\"\xf0\x9f\x98\"]"},
    {'n', "[\"\xc3\xc3\xa9\"]"},
    {'n', "[\"\xe9\"]"},
    {'n', "[\"a\xa9\"]"},
    {'n', "{\"\xe9\":1}"},
    {'n', "{\"\\ud800\":1}"},
    {'n', "{\"a\tb\":1}"},
    {'n', "[\xc3\xa9]"},
};

static void check_verdicts(const struct verdict *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct lw_str text = lw_str_from(cases[i].text);

        if (accepted(text) != (cases[i].want == 'y')) {
            printf("# should be %s: %s\n", cases[i].want == 'y' ? "accepted" : "refused", cases[i].text);
            CU_FAIL();
        }
        check_every_cut(text);
    }
}

#define CHECK_VERDICTS(cases) check_verdicts((cases), sizeof(cases) / sizeof((cases)[0]))

static void follows_the_grammar_of_structure(void)
{
    CHECK_VERDICTS(structure);
}

static void follows_the_grammar_of_numbers(void)
{
    CHECK_VERDICTS(numbers);
}

static void follows_the_grammar_of_literals(void)
{
    CHECK_VERDICTS(literals);
}

static void follows_the_grammar_of_strings(void)
{
    CHECK_VERDICTS(strings);
}

static void refuses_a_nul_byte_anywhere(void)
{
    CU_ASSERT(!accepted((struct lw_str){.at = "[1\0]", .len = 4}));
    CU_ASSERT(!accepted((struct lw_str){.at = "[\"\0\"]", .len = 5}));
    CU_ASSERT(!accepted((struct lw_str){.at = "\0", .len = 1}));
    CU_ASSERT(!accepted((struct lw_str){.at = "{}\0", .len = 3}));
}

/* ---- what is called out ---- */

static void calls_out_tokens_with_their_places(void)
{
    check_calls("{\"a\":[1,\n true,null ,\"x\\n\\u00e9\"],\"b\":{}}\n-0.5e3", "{ 0 1:0 \n"
                                                                              "K 1 1:1 a\n"
                                                                              "[ 1 1:5 \n"
                                                                              "N 2 1:6 1 0x1p+0\n"
                                                                              "t 2 2:10 true\n"
                                                                              "n 2 2:15 null\n"
                                                                              "S 2 2:21 x\n\xc3\xa9\n"
                                                                              "] 1 2:32 \n"
                                                                              "K 1 2:34 b\n"
                                                                              "{ 1 2:38 \n"
                                                                              "} 1 2:39 \n"
                                                                              "} 0 2:40 \n"
                                                                              "N 0 3:42 -0.5e3 -0x1.f4p+8\n");
}

static void decodes_escapes(void)
{
    struct lw_buf log;
    const char *got =
        calls_of(LW_STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00z\""), SIZE_MAX, NULL, &log);

    CU_ASSERT_STRING_EQUAL(got, "S 0 1:0 \"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\n");
    lw_buf_close(&log);
    calls_of(LW_STR("\"a\\u0000b\""), SIZE_MAX, NULL, &log);
    CU_ASSERT(lw_str_equal(lw_buf_view(&log), LW_STR("S 0 1:0 a\0b\n\0")));
    lw_buf_close(&log);
}

static void gives_numbers_their_values(void)
{
    check_calls("[1,-0,0.1,1e400,9007199254740993,0.1234567890123456789]\n"
                "                                                                                ",
                "[ 0 1:0 \n"
                "N 1 1:1 1 0x1p+0\n"
                "N 1 1:3 -0 -0x0p+0\n"
                "N 1 1:6 0.1 0x1.999999999999ap-4\n"
                "N 1 1:10 1e400 nan\n"
                "N 1 1:16 9007199254740993 0x1p+53\n"
                "N 1 1:33 0.1234567890123456789 0x1.f9add3746f65fp-4\n"
                "] 0 1:54 \n");
}

static enum lw_err compare_with_strtod(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    unsigned *seen = self;
    char text[64];

    (void)fault;
    if (token->kind != LW_TOKEN_NUMBER)
        return LW_ERR_OK;
    CU_ASSERT_FATAL(token->text.len < sizeof(text));
    memcpy(text, token->text.at, token->text.len);
    text[token->text.len] = '\0';
    CU_ASSERT(token->number == strtod(text, NULL) && signbit(token->number) == signbit(strtod(text, NULL)));
    ++*seen;
    return LW_ERR_OK;
}

static enum lw_err expect_no_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                                 struct lw_fault *fault)
{
    (void)self, (void)reason, (void)line, (void)byte, (void)detail, (void)fault;
    CU_FAIL("malformed");
    return LW_ERR_OK;
}

/* The same number again, and after it all that begin or end like it. */
static void reads_every_number_for_itself(void)
{
    static const char *const said[] = {"0.5613",
                                       "0.5613",
                                       "0.56131",
                                       "0.561",
                                       "0.5613e1",
                                       "-0.5613",
                                       "0.5613",
                                       "5613",
                                       "12345678",
                                       "12345678",
                                       "123456789",
                                       "1234567",
                                       "-0.0",
                                       "0.0",
                                       "0.5613",
                                       "0.5613E-2",
                                       "0.5612",
                                       "0.56120",
                                       "10.5",
                                       "0.50000",
                                       "0.12345678901234",
                                       "0.12345678901234",
                                       "0.123456",
                                       "0.123456789012345",
                                       "1.5e0",
                                       "-1.5e0",
                                       "12345678901234567",
                                       "12345678901234568",
                                       "1234567890123456.5"};
    const size_t n = sizeof(said) / sizeof(said[0]);
    const struct lw_scan_calls calls = {.token = compare_with_strtod, .bad = expect_no_bad};
    struct lw_buf text = {.ceiling = 1 << 20};
    struct lw_scan *scan;
    unsigned seen = 0;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++)
            lw_buf_format(&text, "{\"a\":%s,\"b\":%s,\"c\":%s}\n", said[i], said[i], said[k]);
    }
    CU_ASSERT_EQUAL_FATAL(lw_scan_open(&scan, &calls, &seen, NULL), LW_ERR_OK);
    push_cut(scan, lw_buf_view(&text), SIZE_MAX, NULL);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(seen, 3 * n * n);
    lw_scan_close(scan);
    lw_buf_close(&text);
}

static void takes_documents_after_one_another(void)
{
    check_calls("{}{} []\n1\ntrue \"a\"", "{ 0 1:0 \n} 0 1:1 \n{ 0 1:2 \n} 0 1:3 \n[ 0 1:5 \n] 0 1:6 \n"
                                          "N 0 2:8 1 0x1p+0\nt 0 3:10 true\nS 0 3:15 a\n");
}

/* ---- recovery ---- */

static void goes_on_at_the_next_line(void)
{
    check_calls("{\"a\":x} {}\n[]", "{ 0 1:0 \nK 1 1:1 a\n! bad_json 1:5 expected a value\n[ 0 2:11 \n] 0 2:12 \n");
    check_calls("{\"a\n{}", "{ 0 1:0 \n! bad_json 1:3 a control character in a string\n{ 0 2:4 \n} 0 2:5 \n");
    check_calls("[1,\n{}", "[ 0 1:0 \nN 1 1:1 1 0x1p+0\n{ 1 2:4 \n} 1 2:5 \n"
                           "! truncated 2:6 the input ends inside of a value\n");
    check_calls("x\ny\n1", "! bad_json 1:0 expected a value\n! bad_json 2:2 expected a value\nN 0 3:4 1 0x1p+0\n");
}

static void goes_on_at_a_bracket_when_the_value_began_on_an_earlier_line(void)
{
    check_calls("[\n1,\nx 1]\n \n  {}\n2\n{}\n3", "[ 0 1:0 \nN 1 2:2 1 0x1p+0\n! bad_json 3:5 expected a value\n"
                                                  "{ 0 7:19 \n} 0 7:20 \nN 0 8:22 3 0x1.8p+1\n");
    check_calls("{\n\"a\": }\n[]", "{ 0 1:0 \nK 1 2:2 a\n! bad_json 2:7 expected a value\n[ 0 3:9 \n] 0 3:10 \n");
}

static void says_what_the_end_cut_off(void)
{
    static const char *const cut[] = {"{",  "[",       "\"a",    "tr", "-",        "1.",
                                      "1e", "{\"a\":", "{\"a\"", "[1", "[\"\\u12", "\xef\xbb"};

    for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
        struct lw_buf log;

        CU_ASSERT_PTR_NOT_NULL(strstr(calls_of(lw_str_from(cut[i]), SIZE_MAX, NULL, &log), "! truncated"));
        lw_buf_close(&log);
        check_every_cut(lw_str_from(cut[i]));
    }
}

static void names_text_that_is_not_utf8(void)
{
    check_calls("[\"ab\xe9z\"]\n1", "[ 0 1:0 \n! bad_utf8 1:4 a string that is not UTF-8\nN 0 2:9 1 0x1p+0\n");
}

static void bounds_the_depth(void)
{
    char text[200];
    struct lw_buf log;

    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    CU_ASSERT(accepted((struct lw_str){.at = text + 1, .len = 128}));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(calls_of((struct lw_str){.at = text, .len = 130}, SIZE_MAX, NULL, &log), "! too_deep 1:64 "));
    lw_buf_close(&log);
    check_every_cut((struct lw_str){.at = text, .len = 130});
}

/* A string or number of n bytes, then a line with a number. */
static void check_size(char filler, size_t n, bool fits)
{
    struct lw_buf text = {.ceiling = 4 << 20};
    struct lw_buf log;
    struct lw_buf parts;
    struct kit_random random = {.state = n};
    const char *got;
    char *room;

    if (filler == 'a')
        lw_buf_char(&text, '"');
    room = lw_buf_reserve(&text, n);
    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    memset(room, filler, n);
    text.len += n;
    lw_buf_text(&text, filler == 'a' ? "\"\n7" : "\n7");
    got = calls_of(lw_buf_view(&text), SIZE_MAX, NULL, &log);
    CU_ASSERT_EQUAL(got[0], fits ? (filler == 'a' ? 'S' : 'N') : '!');
    if (!fits)
        CU_ASSERT_PTR_NOT_NULL(strstr(got, "! too_large 1:0 "));
    CU_ASSERT_PTR_NOT_NULL(strstr(got, " 7 0x1.cp+2\n"));
    for (size_t most = 1000; most <= 1000000; most *= 10) {
        CU_ASSERT_STRING_EQUAL(calls_of(lw_buf_view(&text), most, &random, &parts), got);
        lw_buf_close(&parts);
    }
    lw_buf_close(&log);
    lw_buf_close(&text);
}

static void bounds_the_size_of_a_scalar(void)
{
    check_size('a', LW_SCAN_SCALAR_MAX, true);
    check_size('a', LW_SCAN_SCALAR_MAX + 1, false);
    check_size('a', 2 * LW_SCAN_SCALAR_MAX, false);
    check_size('1', LW_SCAN_SCALAR_MAX, true);
    check_size('1', LW_SCAN_SCALAR_MAX + 1, false);
}

/* ---- chunks ---- */

static const char sample[] =
    "\xef\xbb\xbf{\"timestamp\":\"2019-06-12T14:03:00.000Z\",\"sampleCount\":1,\"average\":0.8125,\"sum\":-0.8125e0,"
    "\"unit\":\"None\",\"metricName\":\"train:accuracy\",\"trainingJobName\":\"image-classification-2019-06-12\"}\r\n"
    "{\"events\": [ {\"id\":\"\\ud83d\\ude00 caf\xc3\xa9 \\\\ "
    "\\\"q\\\"\",\"n\":[0.9230769276618958,12345678901234567890]},\n"
    " {\"t\":true, \"f\" :false ,\"z\":null,\"e\":{}}\n]}\n"
    "{\"bad\": \"\\x\"}\n[1, 2,\n x]\nskipped\n[\"again\",1e-5]\n123.5e+2\n\"unfinished";

static void gives_the_same_calls_for_any_cut(void)
{
    struct kit_random random = kit_seed(3);
    struct lw_str text = {.at = sample, .len = sizeof(sample) - 1};
    struct lw_buf whole;
    struct lw_buf parts;
    const char *want = calls_of(text, SIZE_MAX, NULL, &whole);
    bool good = true;

    check_every_cut(text);
    for (int i = 0; i < 2000; i++) {
        good &= strcmp(calls_of(text, 1 + (size_t)i % 90, &random, &parts), want) == 0;
        lw_buf_close(&parts);
    }
    CU_ASSERT(good);
    lw_buf_close(&whole);
}

static void an_empty_text_has_a_place_for_any_cut(void)
{
    check_every_cut(LW_STR("{\"\":\"\",\"a\":[\"\"]}"));
}

static void gives_the_same_calls_for_any_cut_of_damaged_text(void)
{
    struct kit_random random = kit_seed(4);
    bool good = true;

    for (int i = 0; i < 3000 && good; i++) {
        char text[sizeof(sample)];
        struct lw_str damaged = {.at = text, .len = sizeof(sample) - 1};
        struct lw_buf whole;
        struct lw_buf parts;
        const char *want;

        memcpy(text, sample, sizeof(sample));
        for (uint64_t n = kit_random_bits(&random) % 4 + 1; n > 0; n--) {
            static const char alphabet[] = "\"\\{}[],:\n \t0.e-u\x80\xc3\xf0t1";

            text[kit_random_bits(&random) % damaged.len] = alphabet[kit_random_bits(&random) % (sizeof(alphabet) - 1)];
        }
        want = calls_of(damaged, SIZE_MAX, NULL, &whole);
        for (size_t most = 1; most < 200; most += most / 2 + 3) {
            good &= strcmp(calls_of(damaged, most, &random, &parts), want) == 0;
            lw_buf_close(&parts);
        }
        lw_buf_close(&whole);
    }
    CU_ASSERT(good);
}

static void the_same_string_at_any_place_of_the_chunk(void)
{
    /* Vectors of 8 and 16 bytes must not change what is found at their edges. */
    static const char *const tails[] = {"\"", "\\n\"", "\xc3\xa9\"", "\x01", "\x80\"", "\x1f\"", "\x7f\"", " \""};

    for (size_t n = 0; n < 70; n++) {
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            char text[128] = "[\"";
            size_t len = 2;

            memset(text + len, 'x', n);
            len += n;
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s]", tails[i]);
            CU_ASSERT_EQUAL(accepted((struct lw_str){.at = text, .len = len}), i != 3 && i != 4 && i != 5);
        }
    }
}

/* ---- json-c as the second opinion ---- */

/* A random document. Strings are chosen so that json-c takes them as well. */
static void make_value(struct kit_random *random, struct lw_buf *out, unsigned depth)
{
    static const char *const words[] = {"true",
                                        "false",
                                        "null",
                                        "\"\"",
                                        "\"caf\xc3\xa9\"",
                                        "\"\\u20ac\\n\\\\\"",
                                        "\"a longer text that passes sixteen bytes\"",
                                        "\"\\ud83d\\ude00\""};
    uint64_t kind = kit_random_bits(random) % (depth > 5 ? 2 : 4);
    uint64_t n = kit_random_bits(random) % 5;

    if (kind == 0) {
        lw_buf_text(out, words[kit_random_bits(random) % 8]);
    } else if (kind == 1) {
        double value = ldexp(kit_random_uniform(random) - 0.5, (int)(kit_random_bits(random) % 200) - 100);

        lw_buf_format(out, "%.*g", (int)(kit_random_bits(random) % 17 + 1), value);
    } else {
        lw_buf_char(out, kind == 2 ? '[' : '{');
        for (uint64_t i = 0; i < n; i++) {
            lw_buf_text(out, i > 0 ? ", " : "");
            if (kind == 3)
                lw_buf_format(out, "\"k%llu\":", (unsigned long long)i);
            make_value(random, out, depth + 1);
        }
        lw_buf_char(out, kind == 2 ? ']' : '}');
    }
}

/* What json-c makes of a document, in the form of the recorder without places. */
static void describe(struct json_object *value, struct lw_buf *out, unsigned depth)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        lw_buf_format(out, "n %u null\n", depth);
        break;
    case json_type_boolean:
        lw_buf_text(out, json_object_get_boolean(value) ? "t" : "f");
        lw_buf_format(out, " %u %s\n", depth, json_object_get_boolean(value) ? "true" : "false");
        break;
    case json_type_double:
    case json_type_int:
        lw_buf_format(out, "N %u %a\n", depth, json_object_get_double(value));
        break;
    case json_type_string:
        lw_buf_format(out, "S %u %s\n", depth, json_object_get_string(value));
        break;
    case json_type_array:
        lw_buf_format(out, "[ %u \n", depth);
        for (size_t i = 0; i < json_object_array_length(value); i++)
            describe(json_object_array_get_idx(value, i), out, depth + 1);
        lw_buf_format(out, "] %u \n", depth);
        break;
    case json_type_object: {
        json_object_object_foreach(value, key, member)
        {
            lw_buf_format(out, "%s %u %s\n", out->error ? "" : "K", depth + 1, key);
            describe(member, out, depth + 1);
        }
        break;
    }
    }
}

static enum lw_err describe_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    static const char letters[] = "{}[]KSNtfn";
    struct lw_buf *log = self;

    (void)fault;
    if (token->kind == LW_TOKEN_OBJECT || token->kind == LW_TOKEN_OBJECT_END)
        return LW_ERR_OK;
    lw_buf_format(log, "%c %u ", letters[token->kind], token->depth);
    if (token->kind == LW_TOKEN_NUMBER)
        lw_buf_format(log, "%a", token->number == 0.0 ? 0.0 : token->number);
    else
        lw_buf_str(log, token->text);
    lw_buf_char(log, '\n');
    return LW_ERR_OK;
}

static void agrees_with_json_c_on_random_documents(void)
{
    struct lw_scan_calls calls = {.token = describe_token, .bad = record_bad};
    struct kit_random random = kit_seed(5);
    bool good = true;

    for (int i = 0; i < 3000 && good; i++) {
        struct lw_buf text = {.ceiling = 1 << 20};
        struct lw_buf ours = {.ceiling = 1 << 20};
        struct lw_buf theirs = {.ceiling = 1 << 20};
        struct json_object *document;
        struct lw_scan *scan;

        make_value(&random, &text, 0);
        lw_buf_char(&text, '\0');
        document = json_tokener_parse(text.at);
        describe(document, &theirs, 0);
        json_object_put(document);
        CU_ASSERT_EQUAL_FATAL(lw_scan_open(&scan, &calls, &ours, NULL), LW_ERR_OK);
        push_cut(scan, (struct lw_str){.at = text.at, .len = text.len - 1}, 40, &random);
        CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
        lw_scan_close(scan);
        good = lw_str_equal(lw_buf_view(&ours), lw_buf_view(&theirs));
        if (!good)
            printf("# %s\n# ours\n%.*s# json-c\n%.*s", text.at, (int)ours.len, ours.at, (int)theirs.len, theirs.at);
        lw_buf_close(&text);
        lw_buf_close(&ours);
        lw_buf_close(&theirs);
    }
    CU_ASSERT(good);
}

/* ---- errors of the caller, memory ---- */

static enum lw_err refuse_third(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    unsigned *seen = self;

    (void)token;
    (void)fault;
    return ++*seen == 3 ? LW_ERR_RANGE : LW_ERR_OK;
}

static void an_error_of_the_caller_stops_the_scan(void)
{
    struct lw_scan_calls calls = {.token = refuse_third, .bad = record_bad};
    unsigned seen = 0;
    struct lw_scan *scan;

    CU_ASSERT_EQUAL_FATAL(lw_scan_open(&scan, &calls, &seen, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_scan_push(scan, "{\"a\":1,\"b\":2}", 13, NULL), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(seen, 3);
    CU_ASSERT_EQUAL(lw_scan_push(scan, "{}", 2, NULL), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_RANGE);
    CU_ASSERT_EQUAL(seen, 3);
    CU_ASSERT_EQUAL(lw_scan_push(scan, "{}", 2, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(seen, 5);
    lw_scan_close(scan);
    lw_scan_close(NULL);
}

static void can_be_used_again_after_the_end(void)
{
    struct lw_buf log;
    struct lw_scan *scan = open_recorder(&log);

    push_copy(scan, "[\n", 2);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    lw_buf_clear(&log);
    push_copy(scan, "\xef\xbb\xbf{}", 5);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    CU_ASSERT(lw_str_equal(lw_buf_view(&log), LW_STR("{ 0 1:3 \n} 0 1:4 \n")));
    lw_scan_close(scan);
    lw_buf_close(&log);
}

static enum lw_err count_token(void *self, const struct lw_token *token, struct lw_fault *fault)
{
    (void)token;
    (void)fault;
    ++*(unsigned *)self;
    return LW_ERR_OK;
}

static enum lw_err count_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                             struct lw_fault *fault)
{
    (void)reason;
    (void)line;
    (void)byte;
    (void)detail;
    return count_token(self, NULL, fault);
}

static bool scan_in_small_chunks(void *self, bool failed)
{
    struct lw_scan_calls calls = {.token = count_token, .bad = count_bad};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_scan *scan;
    enum lw_err err = lw_scan_open(&scan, &calls, self, &fault);

    for (size_t at = 0; err == LW_ERR_OK && at < sizeof(sample) - 1; at += 7)
        err = lw_scan_push(scan, sample + at, sizeof(sample) - 1 - at < 7 ? sizeof(sample) - 1 - at : 7, &fault);
    if (err == LW_ERR_OK) {
        err = lw_scan_finish(scan, &fault);
        lw_scan_close(scan);
    } else if (kit_alloc_count() > 1) {
        lw_scan_close(scan);
    }
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void survives_every_failing_allocation(void)
{
    unsigned calls = 0;

    CU_ASSERT(kit_alloc_torture(scan_in_small_chunks, &calls) >= 2);
}

static void allocates_nothing_per_record(void)
{
    struct lw_scan_calls calls = {.token = count_token, .bad = count_bad};
    unsigned tokens = 0;
    struct lw_scan *scan;
    uint64_t warm;

    CU_ASSERT_EQUAL_FATAL(lw_scan_open(&scan, &calls, &tokens, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_scan_push(scan, sample, sizeof(sample) - 1, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    kit_alloc_fail(0, false);
    warm = kit_alloc_count();
    for (int i = 0; i < 200; i++) {
        CU_ASSERT_EQUAL(lw_scan_push(scan, sample, 100 + (size_t)i, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL(lw_scan_push(scan, sample + 100 + i, sizeof(sample) - 101 - (size_t)i, NULL), LW_ERR_OK);
        CU_ASSERT_EQUAL(lw_scan_finish(scan, NULL), LW_ERR_OK);
    }
    CU_ASSERT_EQUAL(kit_alloc_count(), warm);
    lw_scan_close(scan);
}

static void checks_utf8_of_any_text(void)
{
    CU_ASSERT(lw_scan_utf8((struct lw_str){0}));
    CU_ASSERT(lw_scan_utf8(LW_STR("plain text of some length, \xc3\xa9, \xf0\x9f\x98\x80")));
    CU_ASSERT(!lw_scan_utf8(LW_STR("0123456701234567\xc3")));
    CU_ASSERT(!lw_scan_utf8(LW_STR("01234567\xed\xa0\x80")));
}

#ifndef SCAN_SUITE
#define SCAN_SUITE "scan"
#endif

KIT_SUITE(SCAN_SUITE, {"structure is taken as the grammar says", follows_the_grammar_of_structure},
          {"numbers are taken as the grammar says", follows_the_grammar_of_numbers},
          {"true, false and null are taken as the grammar says", follows_the_grammar_of_literals},
          {"strings are taken as the grammar says", follows_the_grammar_of_strings},
          {"a NUL byte is refused anywhere", refuses_a_nul_byte_anywhere},
          {"tokens come with their places", calls_out_tokens_with_their_places},
          {"escapes are decoded", decodes_escapes}, {"numbers come with their values", gives_numbers_their_values},
          {"a number is read for itself, whatever was before it", reads_every_number_for_itself},
          {"documents may follow one another", takes_documents_after_one_another},
          {"the scan goes on at the next line", goes_on_at_the_next_line},
          {"after a value of several lines it goes on at a bracket at the start of a line",
           goes_on_at_a_bracket_when_the_value_began_on_an_earlier_line},
          {"what the end cuts off is called truncated", says_what_the_end_cut_off},
          {"text that is not UTF-8 is named, with its place", names_text_that_is_not_utf8},
          {"64 levels are taken, 65 are not", bounds_the_depth},
          {"a scalar of 1 MiB is taken, one byte more is not", bounds_the_size_of_a_scalar},
          {"any cut into chunks gives the same calls", gives_the_same_calls_for_any_cut},
          {"an empty text has a place for any cut", an_empty_text_has_a_place_for_any_cut},
          {"any cut of damaged text gives the same calls", gives_the_same_calls_for_any_cut_of_damaged_text},
          {"the edges of vectors change nothing", the_same_string_at_any_place_of_the_chunk},
          {"random documents mean what json-c says", agrees_with_json_c_on_random_documents},
          {"an error of the caller stops the scan until finish", an_error_of_the_caller_stops_the_scan},
          {"a scanner can be used again after the end", can_be_used_again_after_the_end},
          {"every failing allocation is survived", survives_every_failing_allocation},
          {"nothing is allocated per record", allocates_nothing_per_record},
          {"UTF-8 is checked in any text", checks_utf8_of_any_text})
