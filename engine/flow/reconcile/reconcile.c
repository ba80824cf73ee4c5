#include "engine/flow/reconcile/reconcile.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/flow/reconcile/account.h"
#include "engine/source/file.h"
#include "engine/source/unpack.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define OUTPUT_MAX   ((size_t)1 << 30)
#define RANGES_SHOWN 20 /* per session, in the text */

static const struct lw_option options[] = {
    {.group = "Reading",
     .name = "whole",
     .help = "The export is meant to hold a session from its first event on: what is missing before the first one in "
             "it counts too"},
    {.group = "Showing",
     .name = "format",
     .argument = "FORM",
     .preset = "text",
     .values = "text json",
     .help = "text for people, json for programs (leeway.reconcile/1)"},
    {.group = "Showing",
     .name = "output",
     .letter = 'o',
     .argument = "FILE",
     .values = "FILE",
     .help = "Write to FILE instead of standard output; it is replaced at once or not at all"},
    {.group = "Other", .name = "help", .letter = 'h', .help = "Show this help"},
};

const struct lw_command lw_command_reconcile = {
    .name = "reconcile",
    .operands = "EXPORT...",
    .summary = "prove from a Loggly export that every event arrived",
    .about =
        "Every event that leeway ships carries the session of the store it comes from (lw_session) and its number in "
        "it (lw_seq), without gaps, per sink. This reads what Loggly has (an export or pages of its retrieval of "
        "tag:leeway, as JSON, also gzip'd; several files are one export) and says for each session which numbers are "
        "missing, which of those leeway itself told of as given up (`loss` events), which came twice (harmless: the "
        "same event with the same id), and whether any number stands for two different events. Numbers before the "
        "first and after the last in the export are not known to be missing.\n"
        "\n"
        "Exit codes: 0 complete; 1 something is missing that was not told, or differs; 2 usage; 3 an export cannot be "
        "read, is damaged, or has no event of leeway's in it.",
    .examples = "leeway reconcile export.json\t\n"
                "leeway reconcile --whole --format json pages/*.json\t\n",
    .options = options,
    .options_n = COUNT(options),
};

struct reconciling {
    struct lw_own *own;
    struct lw_unpack *unpack;
    struct lw_accounts accounts;
};

static enum lw_err on_event(void *self, const struct lw_own_event *event, struct lw_fault *fault)
{
    struct reconciling *reconciling = self;

    return lw_accounts_add(&reconciling->accounts, event, fault);
}

static enum lw_err on_unpacked(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct reconciling *reconciling = self;

    return lw_own_push(reconciling->own, bytes, n, fault);
}

static enum lw_err on_bytes(void *self, const char *bytes, size_t n, struct lw_fault *fault)
{
    struct reconciling *reconciling = self;

    return lw_unpack_push(reconciling->unpack, bytes, n, fault);
}

static enum lw_err read_file(struct reconciling *reconciling, const char *path, struct lw_fault *fault)
{
    enum lw_err err = lw_unpack_open(&reconciling->unpack, on_unpacked, reconciling, fault);

    if (err == LW_ERR_OK)
        err = lw_file_read(path, on_bytes, reconciling, fault);
    if (err == LW_ERR_OK)
        err = lw_unpack_finish(reconciling->unpack, fault);
    if (err == LW_ERR_OK)
        err = lw_own_finish(reconciling->own, fault);
    lw_unpack_close(reconciling->unpack);
    reconciling->unpack = NULL;
    return err;
}

static enum lw_err read_all(struct reconciling *reconciling, const struct lw_options *given, struct lw_fault *fault)
{
    static const struct lw_own_calls calls = {.event = on_event};
    struct lw_file_list list = {0};
    enum lw_err err = lw_own_open(&reconciling->own, &calls, reconciling, fault);

    for (size_t i = 0; i < given->operands_n && err == LW_ERR_OK; i++)
        err = lw_file_list_add(&list, given->operands[i], fault);
    for (size_t i = 0; i < list.n && err == LW_ERR_OK; i++)
        err = read_file(reconciling, list.paths[i], fault);
    lw_file_list_close(&list);
    if (err == LW_ERR_OK && reconciling->accounts.n == 0)
        err = lw_fault_set(fault, LW_ERR_FORMAT,
                           "there is no event of leeway's in the export: export what tag:leeway finds, as JSON");
    return err;
}

static bool is_complete(const struct lw_accounts *accounts)
{
    bool complete = true;

    for (size_t i = 0; i < accounts->n; i++)
        complete &= lw_account_complete(&accounts->all[i]);
    return complete;
}

/* The text. */
struct showing {
    struct lw_buf *out;
    uint64_t shown, hidden;
};

static void show_range(void *self, uint64_t first, uint64_t last, bool told)
{
    struct showing *showing = self;
    uint64_t n = last - first + 1;

    if (showing->shown == RANGES_SHOWN) {
        showing->hidden++;
        return;
    }
    showing->shown++;
    lw_buf_format(showing->out, "  missing      %llu", (unsigned long long)first);
    if (n > 1)
        lw_buf_format(showing->out, " to %llu (%llu)", (unsigned long long)last, (unsigned long long)n);
    lw_buf_text(showing->out, told ? ": told as given up\n" : "\n");
}

static void show_kinds(const struct lw_account *account, struct lw_buf *out)
{
    bool first = true;

    for (size_t i = 0; i <= LW_EVENT_COUNT; i++) {
        if (account->kinds[i] == 0)
            continue;
        lw_buf_format(out, "%s%s %llu", first ? "  kinds        " : ", ",
                      i < LW_EVENT_COUNT ? lw_event_kind_id((enum lw_event_kind)i) : "unknown",
                      (unsigned long long)account->kinds[i]);
        first = false;
    }
    lw_buf_char(out, '\n');
}

static void show_account(const struct lw_account *account, struct lw_buf *out)
{
    struct showing showing = {.out = out};

    lw_buf_format(out, "Session %s: %llu events, numbers %llu to %llu\n", account->session,
                  (unsigned long long)account->distinct, (unsigned long long)account->first,
                  (unsigned long long)account->last);
    show_kinds(account, out);
    lw_account_missing(account, show_range, &showing);
    if (showing.hidden > 0)
        lw_buf_format(out, "  missing      %llu more ranges (--format json has them)\n",
                      (unsigned long long)showing.hidden);
    for (size_t i = 0; i < account->losses_n; i++)
        lw_buf_format(out, "  given up     %llu of %llu to %llu: %s\n", (unsigned long long)account->losses[i].count,
                      (unsigned long long)account->losses[i].first, (unsigned long long)account->losses[i].last,
                      account->losses[i].class_);
    if (account->copies > 0)
        lw_buf_format(out, "  twice        %llu, the same each time: harmless\n", (unsigned long long)account->copies);
    if (account->differing > 0)
        lw_buf_format(out, "  DIFFERENT    %llu copies differ from what came under the same number, first %llu\n",
                      (unsigned long long)account->differing, (unsigned long long)account->first_differing);
    lw_buf_format(out, "  %s", lw_account_complete(account) ? "complete" : "NOT COMPLETE");
    if (account->missing > 0)
        lw_buf_format(out, ": %llu missing, %llu of them told", (unsigned long long)account->missing,
                      (unsigned long long)account->told);
    lw_buf_text(out, "\n");
}

static void show_text(const struct lw_accounts *accounts, const struct lw_own_rest *rest, struct lw_buf *out)
{
    for (size_t i = 0; i < accounts->n; i++)
        show_account(&accounts->all[i], out);
    if (rest->others > 0)
        lw_buf_format(out, "%llu events are not leeway's\n", (unsigned long long)rest->others);
    if (rest->incomplete > 0)
        lw_buf_format(out, "%llu events of leeway's have no session, number or id and are not counted\n",
                      (unsigned long long)rest->incomplete);
    if (rest->bad > 0)
        lw_buf_format(out, "%llu places of the export are damaged; what is missing may stand there\n",
                      (unsigned long long)rest->bad);
}

/* The document. */
static void key_uint(struct lw_json_out *json, const char *key, uint64_t value)
{
    lw_json_key(json, key);
    lw_json_uint(json, value);
}

static void write_range(void *self, uint64_t first, uint64_t last, bool told)
{
    struct lw_json_out *json = self;

    lw_json_object(json);
    key_uint(json, "first", first);
    key_uint(json, "last", last);
    lw_json_key(json, "told");
    lw_json_bool(json, told);
    lw_json_object_end(json);
}

static void write_losses(const struct lw_account *account, struct lw_json_out *json)
{
    lw_json_key(json, "losses");
    lw_json_array(json);
    for (size_t i = 0; i < account->losses_n; i++) {
        lw_json_object(json);
        lw_json_key(json, "class");
        lw_json_text(json, account->losses[i].class_);
        key_uint(json, "count", account->losses[i].count);
        key_uint(json, "first", account->losses[i].first);
        key_uint(json, "last", account->losses[i].last);
        lw_json_object_end(json);
    }
    lw_json_array_end(json);
}

static void write_account(const struct lw_account *account, struct lw_json_out *json)
{
    lw_json_object(json);
    lw_json_key(json, "session");
    lw_json_text(json, account->session);
    lw_json_key(json, "complete");
    lw_json_bool(json, lw_account_complete(account));
    key_uint(json, "first", account->first);
    key_uint(json, "last", account->last);
    key_uint(json, "events", account->distinct);
    key_uint(json, "duplicates", account->copies);
    key_uint(json, "differing", account->differing);
    if (account->differing > 0)
        key_uint(json, "first_differing", account->first_differing);
    key_uint(json, "missing", account->missing);
    key_uint(json, "missing_told", account->told);
    lw_json_key(json, "missing_ranges");
    lw_json_array(json);
    lw_account_missing(account, write_range, json);
    lw_json_array_end(json);
    write_losses(account, json);
    lw_json_key(json, "kinds");
    lw_json_object(json);
    for (size_t i = 0; i <= LW_EVENT_COUNT; i++) {
        if (account->kinds[i] > 0)
            key_uint(json, i < LW_EVENT_COUNT ? lw_event_kind_id((enum lw_event_kind)i) : "unknown", account->kinds[i]);
    }
    lw_json_object_end(json);
    lw_json_object_end(json);
}

static void write_json(const struct lw_accounts *accounts, const struct lw_own_rest *rest, struct lw_buf *out)
{
    struct lw_json_out json = {.buf = out, .indent = true};

    lw_json_object(&json);
    lw_json_key(&json, "schema");
    lw_json_text(&json, "leeway.reconcile/1");
    lw_json_key(&json, "complete");
    lw_json_bool(&json, is_complete(accounts));
    lw_json_key(&json, "sessions");
    lw_json_array(&json);
    for (size_t i = 0; i < accounts->n; i++)
        write_account(&accounts->all[i], &json);
    lw_json_array_end(&json);
    key_uint(&json, "others", rest->others);
    key_uint(&json, "incomplete", rest->incomplete);
    key_uint(&json, "damaged", rest->bad);
    lw_json_object_end(&json);
    lw_buf_char(out, '\n');
}

static enum lw_exit show(const struct lw_session *session, const struct reconciling *reconciling, bool json)
{
    const struct lw_own_rest *rest = lw_own_rest(reconciling->own);
    struct lw_buf out = {.ceiling = OUTPUT_MAX};
    enum lw_exit done = is_complete(&reconciling->accounts) ? LW_EXIT_DONE : LW_EXIT_FOUND;
    enum lw_exit exit;

    (json ? write_json : show_text)(&reconciling->accounts, rest, &out);
    exit = lw_session_write(lw_options_value(session->options, "output"), lw_buf_view(&out), out.error,
                            done == LW_EXIT_DONE && rest->bad > 0 ? LW_EXIT_INPUT : done);
    lw_buf_close(&out);
    return exit;
}

static enum lw_err read_form(const struct lw_options *given, bool *json, struct lw_fault *fault)
{
    const char *form = lw_options_value(given, "format");

    *json = form != NULL && strcmp(form, "json") == 0;
    if (form != NULL && !*json && strcmp(form, "text") != 0)
        return lw_fault_set(fault, LW_ERR_USAGE, "--format is text or json, not '%.60s'", form);
    if (given->operands_n == 0)
        return lw_fault_set(fault, LW_ERR_USAGE, "name the export to look at: leeway reconcile EXPORT...");
    return LW_ERR_OK;
}

enum lw_exit lw_reconcile_run(struct lw_session *session)
{
    struct reconciling reconciling = {.own = NULL};
    struct lw_fault fault = {.code = LW_ERR_OK};
    bool json = false;
    enum lw_exit exit;
    enum lw_err err = read_form(session->options, &json, &fault);

    if (err == LW_ERR_OK)
        err = read_all(&reconciling, session->options, &fault);
    if (err == LW_ERR_OK) {
        lw_accounts_settle(&reconciling.accounts, lw_options_has(session->options, "whole"));
        exit = show(session, &reconciling, json);
    } else {
        exit = lw_session_fail(&fault);
    }
    lw_accounts_close(&reconciling.accounts);
    lw_own_close(reconciling.own);
    return exit;
}
