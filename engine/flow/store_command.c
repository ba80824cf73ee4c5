#include "engine/flow/store_command.h"

#include "engine/base/fault.h"
#include "engine/base/json/json_out.h"
#include "engine/flow/config/config.h"
#include "engine/store/store.h"

#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define ERRORS_MAX ((size_t)1 << 20)

static const struct lw_option options[] = {
    {.group = "The store",
     .name = "config",
     .letter = 'c',
     .argument = "FILE",
     .values = "FILE",
     .help =
         "Configuration of the daemon, which says where its store is; else it is looked for as `leeway watch` does"},
    {.group = "The store",
     .name = "store",
     .argument = "FILE",
     .values = "FILE",
     .help = "The store, whatever a configuration says; else as configured"},
    {.group = "Showing",
     .name = "format",
     .argument = "FORM",
     .preset = "text",
     .values = "text json",
     .help = "Form of `info`: text for people, json for programs"},
    {.group = "Other", .name = "help", .letter = 'h', .help = "Show this help"},
};

const struct lw_command lw_command_store = {
    .name = "store",
    .operands = "info | backup FILE | vacuum",
    .summary = "look at the store of the daemon, copy it, pack it",
    .about =
        "`info` shows what is in the store. `backup FILE` writes a copy that can be opened, also while a daemon "
        "writes; it never overwrites a file. Whoever goes on with a copy gives its events a session of its own, so "
        "that no number stands for two events. `vacuum` packs the file and gives free room back to the disk; it "
        "needs the store for itself.\n"
        "\n"
        "The store is an SQLite database, and its tables (history, runs, summaries, findings, alerts, losses) may "
        "be read with any tool that opens it read-only. Nothing but leeway may write to it.\n"
        "\n"
        "Exit codes: 0 done; 2 usage; 3 it failed; 5 the store is in use, damaged, or of a later version.",
    .examples = "leeway store info\t\n"
                "leeway store backup /var/backups/leeway.db\twhile the daemon runs\n"
                "sqlite3 -readonly leeway.db 'SELECT * FROM history'\tthe runs, with their verdicts\n",
    .options = options,
    .options_n = COUNT(options),
};

/* Rows of `info`, for both of its forms. */
static const struct {
    const char *key, *text;
    size_t at;
} rows[] = {
    {"bytes", "bytes in the file", offsetof(struct lw_store_info, bytes)},
    {"free_bytes", "of them free", offsetof(struct lw_store_info, free_bytes)},
    {"models", "models", offsetof(struct lw_store_info, models)},
    {"runs", "runs", offsetof(struct lw_store_info, runs)},
    {"alerts_open", "open alerts", offsetof(struct lw_store_info, alerts_open)},
    {"units", "gathered units", offsetof(struct lw_store_info, units)},
    {"units_open", "of them open", offsetof(struct lw_store_info, units_open)},
    {"outbox_rows", "rows that wait for delivery", offsetof(struct lw_store_info, outbox_rows)},
    {"outbox_bytes", "their bytes", offsetof(struct lw_store_info, outbox_bytes)},
    {"dead_letters", "events that were never accepted", offsetof(struct lw_store_info, dead_letters)},
    {"losses", "events given up", offsetof(struct lw_store_info, losses)},
};

static uint64_t number(const struct lw_store_info *info, size_t row)
{
    uint64_t n;

    memcpy(&n, (const char *)info + rows[row].at, sizeof(n));
    return n;
}

static void write_text(const char *path, const struct lw_store_info *info, struct lw_buf *out)
{
    lw_buf_format(out, "%s\n  %-32s %d\n  %-32s %s\n", path, "version", info->version, "session", info->session);
    for (size_t i = 0; i < COUNT(rows); i++)
        lw_buf_format(out, "  %-32s %llu\n", rows[i].text, (unsigned long long)number(info, i));
}

static void write_json(const char *path, const struct lw_store_info *info, struct lw_buf *out)
{
    struct lw_json_out json = {.buf = out, .indent = true};

    lw_json_object(&json);
    lw_json_key(&json, "path");
    lw_json_text(&json, path);
    lw_json_key(&json, "version");
    lw_json_int(&json, info->version);
    lw_json_key(&json, "session");
    lw_json_text(&json, info->session);
    for (size_t i = 0; i < COUNT(rows); i++) {
        lw_json_key(&json, rows[i].key);
        lw_json_uint(&json, number(info, i));
    }
    lw_json_object_end(&json);
    lw_buf_char(out, '\n');
}

static enum lw_exit show(struct lw_session *session, const char *path, struct lw_store *store)
{
    const char *format = lw_options_value(session->options, "format");
    struct lw_buf out = {.ceiling = (size_t)1 << 20};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_store_info info;
    enum lw_exit exit;

    if (lw_store_info(store, &info, &fault) != LW_ERR_OK)
        return lw_session_fail(&fault);
    if (format != NULL && strcmp(format, "json") == 0)
        write_json(path, &info, &out);
    else
        write_text(path, &info, &out);
    exit = lw_session_write(NULL, lw_buf_view(&out), out.error, LW_EXIT_DONE);
    lw_buf_close(&out);
    return exit;
}

enum act { INFO, BACKUP, VACUUM };

static const struct {
    const char *word;
    size_t operands; /* with the word */
    enum lw_store_mode mode;
} acts[] = {[INFO] = {"info", 1, LW_STORE_READ},
            [BACKUP] = {"backup", 2, LW_STORE_READ},
            [VACUUM] = {"vacuum", 1, LW_STORE_OWN}};

static enum lw_err read_act(const struct lw_options *given, enum act *act, struct lw_fault *fault)
{
    const char *format = lw_options_value(given, "format");

    if (format != NULL && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return lw_fault_set(fault, LW_ERR_USAGE, "--format is text or json, not '%.40s'", format);
    for (size_t i = 0; i < COUNT(acts); i++) {
        if (given->operands_n == 0 || strcmp(given->operands[0], acts[i].word) != 0)
            continue;
        if (given->operands_n != acts[i].operands)
            break;
        *act = (enum act)i;
        return LW_ERR_OK;
    }
    return lw_fault_set(fault, LW_ERR_USAGE,
                        "say what to do: leeway store info, leeway store backup FILE, or leeway store vacuum");
}

static enum lw_exit act_on(struct lw_session *session, enum act act, const char *path, struct lw_store *store)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    enum lw_err err = LW_ERR_OK;

    switch (act) {
    case INFO:
        return show(session, path, store);
    case BACKUP:
        err = lw_store_backup(store, session->options->operands[1], &fault);
        break;
    case VACUUM:
        err = lw_store_vacuum(store, &fault);
        break;
    }
    return err == LW_ERR_OK ? LW_EXIT_DONE : lw_session_fail(&fault);
}

/* No command makes a store by itself: only the daemon does. */
static enum lw_err open_store(const char *path, enum act act, struct lw_store **store, struct lw_fault *fault)
{
    enum lw_err err = lw_store_open(store, path, LW_STORE_READ, NULL, fault);

    if (err != LW_ERR_OK || acts[act].mode == LW_STORE_READ)
        return err;
    lw_store_close(*store);
    return lw_store_open(store, path, acts[act].mode, NULL, fault);
}

static enum lw_exit run(struct lw_session *session, enum act act, const char *path)
{
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_store *store = NULL;
    enum lw_exit exit;

    if (open_store(path, act, &store, &fault) != LW_ERR_OK)
        return lw_session_fail(&fault);
    exit = act_on(session, act, path, store);
    lw_store_close(store);
    return exit;
}

/* A store that is named is looked at whatever the configuration is like; else it is that of the daemon. */
enum lw_exit lw_store_command_run(struct lw_session *session)
{
    const char *given = lw_options_value(session->options, "store");
    struct lw_buf errors = {.ceiling = ERRORS_MAX};
    struct lw_fault fault = {.code = LW_ERR_OK};
    struct lw_config *config = NULL;
    enum act act = INFO;
    enum lw_exit exit;
    enum lw_err err = read_act(session->options, &act, &fault);

    if (err == LW_ERR_OK && given == NULL)
        err = lw_config_open(&config, lw_options_value(session->options, "config"), NULL, 0, &errors, &fault);
    if (err == LW_ERR_OK) {
        exit = run(session, act, given != NULL ? given : config->store);
    } else if (errors.len > 0) {
        fwrite(errors.at, 1, errors.len, stderr);
        exit = LW_EXIT_USAGE;
    } else {
        exit = lw_session_fail(&fault);
    }
    lw_config_close(config);
    lw_buf_close(&errors);
    return exit;
}
