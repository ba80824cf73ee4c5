#include "tests/kit/kit.h"

#include "engine/decode/table/csv_table.h"
#include "tests/kit/alloc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was called out, written down: cells between |, bad rows as !reason@line:byte. */
struct seen {
    char text[4096];
    size_t n;
    size_t rows, bad;
    size_t fail_at; /* the n-th row is answered with an error */
};

static void note(struct seen *seen, const char *bytes, size_t n)
{
    if (n > sizeof(seen->text) - 1 - seen->n)
        n = sizeof(seen->text) - 1 - seen->n;
    memcpy(seen->text + seen->n, bytes, n);
    seen->n += n;
    seen->text[seen->n] = '\0';
}

static enum lw_err on_row(void *self, const struct lw_csv_row *row, struct lw_fault *fault)
{
    struct seen *seen = self;
    char place[64];
    int n = snprintf(place, sizeof(place), "%llu:%llu", (unsigned long long)row->line, (unsigned long long)row->byte);

    (void)fault;
    note(seen, place, (size_t)n);
    for (size_t i = 0; i < row->cells_n; i++) {
        note(seen, "|", 1);
        note(seen, row->cells[i].at, row->cells[i].len);
    }
    note(seen, "|\n", 2);
    seen->rows++;
    return seen->rows == seen->fail_at ? LW_ERR_LIMIT : LW_ERR_OK;
}

static enum lw_err on_bad(void *self, enum lw_reject reason, uint64_t line, uint64_t byte, const char *detail,
                          struct lw_fault *fault)
{
    struct seen *seen = self;
    char place[64];
    int n = snprintf(place, sizeof(place), "!%d@%llu:%llu\n", (int)reason, (unsigned long long)line,
                     (unsigned long long)byte);

    (void)fault;
    (void)detail;
    note(seen, place, (size_t)n);
    seen->bad++;
    return LW_ERR_OK;
}

static const struct lw_csv_calls calls = {on_row, on_bad};

/* The text in chunks of `first` bytes and then `rest` bytes. */
static void read_cut(struct seen *seen, char separator, const char *text, size_t n, size_t first, size_t rest)
{
    struct lw_csv_table *table = NULL;
    size_t at = 0;

    memset(seen, 0, sizeof(*seen));
    CU_ASSERT_EQUAL_FATAL(lw_csv_table_open(&table, separator, &calls, seen, NULL), LW_ERR_OK);
    for (size_t size = first; at < n; size = rest) {
        size_t chunk = size < n - at ? size : n - at;
        char *copy = malloc(chunk > 0 ? chunk : 1); /* of exactly its size, so that a sanitizer sees what lies behind */

        memcpy(copy, text + at, chunk);
        CU_ASSERT_EQUAL(lw_csv_table_push(table, copy, chunk, NULL), LW_ERR_OK);
        free(copy);
        at += chunk;
    }
    CU_ASSERT_EQUAL(lw_csv_table_finish(table, NULL), LW_ERR_OK);
    lw_csv_table_close(table);
}

static void gives(const char *text, const char *want)
{
    static struct seen whole, cut;
    size_t n = strlen(text);

    read_cut(&whole, '\0', text, n, n > 0 ? n : 1, 1);
    CU_ASSERT_STRING_EQUAL(whole.text, want);
    if (strcmp(whole.text, want) != 0)
        printf("# %s\n# gives %s\n", text, whole.text);
    for (size_t first = 1; first < n; first++) {
        read_cut(&cut, '\0', text, n, first, n);
        CU_ASSERT_STRING_EQUAL(cut.text, want);
        read_cut(&cut, '\0', text, n, first, 1);
        CU_ASSERT_STRING_EQUAL(cut.text, want);
    }
}

static void rows_end_with_line_feeds_or_carriage_return_and_line_feed(void)
{
    gives("a,b\r\n1,2\n3,4", "1:0|a|b|\n2:5|1|2|\n3:9|3|4|\n");
    gives("a,b\r\n1,2\r\n", "1:0|a|b|\n2:5|1|2|\n");
    gives("a\r", "1:0|a|\n");
}

static void empty_cells_are_cells_and_empty_lines_are_none(void)
{
    gives("a,,b\n,\n\n\r\n,,\n", "1:0|a||b|\n2:5|||\n5:10||||\n");
    gives("", "");
    gives("\n\n", "");
}

/* RFC 4180 section 2, rules 5 to 7. */
static void quotes_hold_separators_line_breaks_and_doubled_quotes(void)
{
    gives("\"a,b\",\"c\"\"d\",\"\"\n", "1:0|a,b|c\"d||\n");
    gives("\"a\r\nb\n\n\",c\nd,e\n", "1:0|a\r\nb\n\n|c|\n5:11|d|e|\n");
    gives("\"\"\"\"\n", "1:0|\"|\n");
    gives("x,\"y\"", "1:0|x|y|\n");
}

static void a_quote_in_the_wrong_place_spoils_its_row_only(void)
{
    char want[256];

    snprintf(want, sizeof(want), "1:0|a|b|\n!%d@2:4\n3:10|c|d|\n", LW_REJECT_BAD_ROW);
    gives("a,b\n1\",2 \nc,d\n", want);
    gives("a,b\n\"1\"x,\nc,d\n", want);
    gives("a,b\n1,\r2 \nc,d\n", want);
}

static void a_quote_that_is_never_closed_is_told_at_its_row(void)
{
    char want[64];

    snprintf(want, sizeof(want), "1:0|a|b|\n!%d@2:4\n", LW_REJECT_TRUNCATED);
    gives("a,b\n1,\"2\n3,4\n", want);
}

static void what_is_not_utf8_spoils_its_row_only(void)
{
    char want[64];

    snprintf(want, sizeof(want), "1:0|a|\n!%d@2:2\n3:5|\xc3\xa9|\n", LW_REJECT_BAD_UTF8);
    gives("a\n\xc3(\n\xc3\xa9\n", want);
}

static void the_separator_is_the_most_frequent_one_of_the_first_row(void)
{
    gives("a;b;c,d\n1;2,5;3\n", "1:0|a|b|c,d|\n2:8|1|2,5|3|\n");
    gives("a\tb\n1\t2,3;4\n", "1:0|a|b|\n2:4|1|2,3;4|\n");
    gives("\"a;b;c;d\",e\nf,g\n", "1:0|a;b;c;d|e|\n2:12|f|g|\n");
    gives("a\nb,c\n", "1:0|a|\n2:2|b|c|\n");
}

static void a_stated_separator_is_taken(void)
{
    static struct seen seen;

    read_cut(&seen, '|', "a,b|c", 5, 5, 5);
    CU_ASSERT_STRING_EQUAL(seen.text, "1:0|a,b|c|\n");
}

static void a_row_of_a_mebibyte_is_read_and_a_longer_one_is_passed_over(void)
{
    static struct seen seen;
    size_t n = LW_CSV_TABLE_ROW;
    char *text = malloc(2 * n + 64);
    char want[64];

    for (int quoted = 0; quoted < 2; quoted++) {
        for (size_t chunk = 4096; chunk <= 4 * n; chunk *= 32) {
            memset(text, 'x', n);
            text[0] = quoted ? '"' : 'x';
            text[n - 1] = quoted ? '"' : 'x';
            memcpy(text + n, "\nz\n", 3);
            read_cut(&seen, ',', text, n + 3, chunk, chunk);
            CU_ASSERT_EQUAL(seen.rows, 2);
            CU_ASSERT_EQUAL(seen.bad, 0);
            text[n - 1] = 'x';
            memcpy(text + n, "\"\nz\n", 4);
            read_cut(&seen, ',', text, n + 4, chunk, chunk);
            snprintf(want, sizeof(want), "!%d@1:0\n2:%zu|z|\n", LW_REJECT_TOO_LARGE, n + 2);
            CU_ASSERT_STRING_EQUAL(seen.text, want);
        }
    }
    free(text);
}

static void a_row_of_too_many_cells_is_bad(void)
{
    static struct seen seen;
    size_t n = LW_CSV_TABLE_CELLS;
    char *text = malloc(n + 2);

    memset(text, ',', n + 1);
    read_cut(&seen, ',', text, n - 1, n, n);
    CU_ASSERT_EQUAL(seen.rows, 1);
    read_cut(&seen, ',', text, n, n, n);
    CU_ASSERT_EQUAL(seen.rows, 0);
    CU_ASSERT_EQUAL(seen.bad, 1);
    free(text);
}

static void an_error_of_the_caller_ends_the_reading(void)
{
    struct lw_csv_table *table = NULL;
    struct seen seen = {.fail_at = 2};

    CU_ASSERT_EQUAL(lw_csv_table_open(&table, ',', &calls, &seen, NULL), LW_ERR_OK);
    CU_ASSERT_EQUAL(lw_csv_table_push(table, "a\nb\nc\n", 6, NULL), LW_ERR_LIMIT);
    CU_ASSERT_EQUAL(seen.rows, 2);
    lw_csv_table_close(table);
    lw_csv_table_close(NULL);
}

/* Against a reader that sees the whole text at once and goes through it one character at a time. */
static void plain_reading(struct seen *seen, const char *text, size_t n)
{
    char cells[64][64];
    struct lw_str views[64];
    size_t at = 0;
    uint64_t line = 1;

    memset(seen, 0, sizeof(*seen));
    while (at < n) {
        struct lw_csv_row row = {.line = line, .byte = at, .cells = views};
        size_t cell_n = 0, from = at;
        bool bad = false, open = false, ended = false, starts = true, closed = false;

        while (at < n && !ended) {
            char c = text[at++];

            line += c == '\n';
            if (open && c == '"' && at < n && text[at] == '"') {
                cells[row.cells_n][cell_n++] = '"';
                at++;
            } else if (open && c == '"') {
                open = false;
                closed = true;
            } else if (open) {
                cells[row.cells_n][cell_n++] = c;
            } else if (c == '\n') {
                ended = true;
            } else if (c == '\r' && (at == n || text[at] == '\n')) {
                ; /* belongs to the line end */
            } else if (c == ',') {
                views[row.cells_n] = (struct lw_str){cells[row.cells_n], cell_n};
                row.cells_n++;
                cell_n = 0;
                starts = true;
                closed = false;
                continue;
            } else if (c == '"' && starts) {
                open = true;
            } else if (c == '"' || c == '\r' || closed) {
                bad = true;
            } else {
                cells[row.cells_n][cell_n++] = c;
            }
            starts = false;
        }
        views[row.cells_n] = (struct lw_str){cells[row.cells_n], cell_n};
        row.cells_n++;
        if (open)
            on_bad(seen, LW_REJECT_TRUNCATED, row.line, row.byte, NULL, NULL);
        else if (bad)
            on_bad(seen, LW_REJECT_BAD_ROW, row.line, row.byte, NULL, NULL);
        else if (text[from] != '\n' && !(text[from] == '\r' && (from + 1 == n || text[from + 1] == '\n')))
            on_row(seen, &row, NULL);
    }
}

static void random_texts_read_as_a_plain_reader_reads_them(void)
{
    static const char alphabet[] = "a,\"\n\r,\"b\n";
    static struct seen want, got;
    struct kit_random random = kit_seed(4180);
    char text[48];

    for (int round = 0; round < 40000; round++) {
        size_t n = kit_random_bits(&random) % sizeof(text);

        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[kit_random_bits(&random) % (sizeof(alphabet) - 1)];
        plain_reading(&want, text, n);
        read_cut(&got, ',', text, n, 1 + kit_random_bits(&random) % 48, 1 + kit_random_bits(&random) % 8);
        CU_ASSERT_STRING_EQUAL(got.text, want.text);
        if (strcmp(got.text, want.text) != 0) {
            printf("# %.*s\n# gives %s\n# not %s\n", (int)n, text, got.text, want.text);
            return;
        }
    }
}

static bool read_wide(void *self, bool failed)
{
    static const char text[] = "a,b\n\"1\n\",2\n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n";
    static struct seen seen;
    struct lw_csv_table *table = NULL;
    struct lw_fault fault = {0};
    enum lw_err err = lw_csv_table_open(&table, '\0', &calls, &seen, &fault);

    (void)self;
    for (size_t i = 0; i < sizeof(text) - 1 && err == LW_ERR_OK; i++)
        err = lw_csv_table_push(table, text + i, 1, &fault);
    if (err == LW_ERR_OK)
        err = lw_csv_table_finish(table, &fault);
    lw_csv_table_close(table);
    return failed ? err == LW_ERR_NOMEM && fault.code == LW_ERR_NOMEM : err == LW_ERR_OK;
}

static void memory_may_run_out_anywhere(void)
{
    CU_ASSERT(kit_alloc_torture(read_wide, NULL) > 3);
}

KIT_SUITE("csv_table",
          {"rows end with line feeds, or carriage return and line feed",
           rows_end_with_line_feeds_or_carriage_return_and_line_feed},
          {"empty cells are cells and empty lines are none", empty_cells_are_cells_and_empty_lines_are_none},
          {"quotes hold separators, line breaks and doubled quotes",
           quotes_hold_separators_line_breaks_and_doubled_quotes},
          {"a quote in the wrong place spoils its row only", a_quote_in_the_wrong_place_spoils_its_row_only},
          {"a quote that is never closed is told at its row", a_quote_that_is_never_closed_is_told_at_its_row},
          {"what is not UTF-8 spoils its row only", what_is_not_utf8_spoils_its_row_only},
          {"the separator is the most frequent one of the first row",
           the_separator_is_the_most_frequent_one_of_the_first_row},
          {"a stated separator is taken", a_stated_separator_is_taken},
          {"a row of a mebibyte is read and a longer one is passed over",
           a_row_of_a_mebibyte_is_read_and_a_longer_one_is_passed_over},
          {"a row of too many cells is bad", a_row_of_too_many_cells_is_bad},
          {"an error of the caller ends the reading", an_error_of_the_caller_ends_the_reading},
          {"memory may run out anywhere", memory_may_run_out_anywhere},
          {"random texts read as a plain reader reads them", random_texts_read_as_a_plain_reader_reads_them})
