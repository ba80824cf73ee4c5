#include "engine/flow/config/config.h"

#include "engine/base/fault.h"
#include "engine/core/gather/glob.h"
#include "engine/flow/config/fill.h"
#include "engine/flow/config/overlay.h"
#include "engine/flow/config/whole.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_CEILING ((size_t)256 << 20)
#define NAME_MOST     1024 /* bytes of a model's name that is made from groups */

/* ---- the file ---- */

static enum lw_err read_file(struct lw_config_whole *whole, FILE *file, const char *path, struct lw_fault *fault)
{
    struct lw_buf text = {.ceiling = LW_TREE_BYTES_MAX + 4096};
    struct lw_str name = lw_arena_text(&whole->arena, lw_str_from(path));
    enum lw_err err = LW_ERR_OK;
    size_t got = 1;

    while (got > 0 && text.len <= LW_TREE_BYTES_MAX) {
        char *room = lw_buf_reserve(&text, 4096);

        got = room != NULL ? fread(room, 1, 4096, file) : 0;
        text.len += got;
    }
    if (ferror(file))
        err = lw_fault_set(fault, LW_ERR_IO, "cannot read %.160s: %s", path, strerror(errno));
    else if (text.len > LW_TREE_BYTES_MAX)
        err = lw_fault_set(fault, LW_ERR_USAGE, "%.160s is larger than 1 MiB: that is no configuration", path);
    whole->text = lw_arena_text(&whole->arena, lw_buf_view(&text));
    if (err == LW_ERR_OK && (text.error != LW_ERR_OK || name.at == NULL || whole->text.at == NULL))
        err = lw_fault_memory(fault, "the configuration");
    whole->config.path = name.at;
    lw_buf_close(&text);
    return err;
}

static enum lw_err cannot_open(const char *path, struct lw_fault *fault)
{
    return lw_fault_set(fault, LW_ERR_IO, "cannot open the configuration %.160s: %s", path, strerror(errno));
}

/* The first of the usual places that has one. */
static enum lw_err find_file(FILE **file, char *path, size_t size, struct lw_fault *fault)
{
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");

    for (int place = 0; place < 3; place++) {
        if (place == 0)
            snprintf(path, size, "leeway.yaml");
        else if (place == 2)
            snprintf(path, size, "/etc/leeway/leeway.yaml");
        else if (xdg != NULL && xdg[0] == '/')
            snprintf(path, size, "%s/leeway/leeway.yaml", xdg);
        else if (home != NULL && home[0] == '/')
            snprintf(path, size, "%s/.config/leeway/leeway.yaml", home);
        else
            continue;
        *file = fopen(path, "rb");
        if (*file != NULL)
            return LW_ERR_OK;
        /* One that is there and cannot be read is not passed over for the next. */
        if (errno != ENOENT && errno != ENOTDIR)
            return cannot_open(path, fault);
    }
    return LW_ERR_OK;
}

static enum lw_err load(struct lw_config_whole *whole, const char *path, struct lw_fault *fault)
{
    char found[4096];
    FILE *file = NULL;
    enum lw_err err = LW_ERR_OK;

    if (path != NULL) {
        file = fopen(path, "rb");
        if (file == NULL)
            return cannot_open(path, fault);
    } else {
        err = find_file(&file, found, sizeof(found), fault);
        path = found;
    }
    if (err == LW_ERR_OK && file != NULL)
        err = read_file(whole, file, path, fault);
    if (file != NULL)
        fclose(file);
    return err;
}

/* ---- the whole ---- */

/* The document as a map that can be laid over; an empty file is an empty map. */
static enum lw_err read_document(struct lw_config_whole *whole, const struct lw_fill *fill)
{
    struct lw_place start = {.line = 1, .column = 1, .width = 1};
    enum lw_err err = lw_tree_read(whole->text, &whole->arena, fill->complaints, &whole->root, fill->fault);
    struct lw_node *root = whole->root;

    if (err == LW_ERR_NOMEM || (err != LW_ERR_OK && root == NULL))
        return err;
    if (root == NULL || (root->kind == LW_NODE_SCALAR && root->text.len == 0 && err == LW_ERR_OK)) {
        whole->root = lw_tree_node(&whole->arena, LW_NODE_MAP, LW_STR(""), start);
        return whole->root != NULL ? LW_ERR_OK : lw_fault_memory(fill->fault, "the configuration");
    }
    if (root->kind != LW_NODE_MAP) {
        lw_complaints_add(fill->complaints, root->place, "a configuration is a map: write lines 'key: value'");
        whole->root = NULL;
        return LW_ERR_USAGE;
    }
    return err;
}

/* Goes on after complaints as long as there is something to check, so that all of them are told. */
static enum lw_err read_all(struct lw_config_whole *whole, const struct lw_fill *fill,
                            const struct lw_config_given *given, size_t given_n)
{
    enum lw_err err = read_document(whole, fill);
    bool usage = err == LW_ERR_USAGE;

    if (whole->root == NULL || (err != LW_ERR_OK && !usage))
        return err;
    err = lw_overlay_environment(fill, whole->root);
    if (err == LW_ERR_OK)
        err = lw_overlay_given(fill, whole->root, given, given_n);
    if (err == LW_ERR_OK)
        err = lw_fill_check(fill, whole->root);
    if (err == LW_ERR_OK && usage)
        err = LW_ERR_USAGE;
    return err == LW_ERR_OK ? lw_assemble(whole, fill) : err;
}

enum lw_err lw_config_open(struct lw_config **out, const char *path, const struct lw_config_given *given,
                           size_t given_n, struct lw_buf *errors, struct lw_fault *fault)
{
    struct lw_config_whole *whole = calloc(1, sizeof(*whole));
    struct lw_fault local = {.code = LW_ERR_OK};
    struct lw_fault *first = fault != NULL ? fault : &local;
    struct lw_complaints complaints = {.errors = errors, .first = first};
    struct lw_fill fill = {.complaints = &complaints, .fault = first};
    enum lw_err err;

    if (whole == NULL)
        return lw_fault_memory(fault, "the configuration");
    whole->arena.ceiling = ARENA_CEILING;
    fill.arena = &whole->arena;
    err = load(whole, path, first);
    if (err == LW_ERR_OK) {
        complaints.path = whole->config.path;
        complaints.text = whole->text;
        err = read_all(whole, &fill, given, given_n);
    }
    if (err == LW_ERR_USAGE && complaints.n == 0 && errors != NULL)
        lw_buf_format(errors, "%s\n", first->text);
    if (err != LW_ERR_OK) {
        lw_config_close(&whole->config);
        return err;
    }
    *out = &whole->config;
    return LW_ERR_OK;
}

void lw_config_close(struct lw_config *config)
{
    struct lw_config_whole *whole = (struct lw_config_whole *)(void *)config;

    if (whole == NULL)
        return;
    for (size_t i = 0; whole->models != NULL && i < config->models_n; i++)
        lw_zone_close(whole->models[i].zone);
    for (size_t i = 0; whole->blocks != NULL && i < config->models_n; i++)
        lw_pattern_close(whole->blocks[i].pattern);
    lw_arena_close(&whole->arena);
    free(whole);
}

/* ---- what a run's name means ---- */

static bool is_excluded(const struct lw_config *config, struct lw_str run)
{
    for (size_t i = 0; i < config->exclude_n; i++) {
        if (config->exclude[i].match != NULL && lw_glob_match(lw_str_from(config->exclude[i].match), run))
            return true;
    }
    return false;
}

static enum lw_err name_model(const struct lw_config_whole *whole, size_t block, struct lw_str run,
                              struct lw_arena *arena, struct lw_str *model, struct lw_fault *fault)
{
    struct lw_buf name = {.ceiling = NAME_MOST};
    const char *form = whole->models[block].name;
    enum lw_err err = LW_ERR_OK;

    *model = (struct lw_str){.at = "", .len = 0};
    if (form == NULL)
        return LW_ERR_OK;
    lw_pattern_name(whole->blocks[block].pattern, lw_str_from(form), run, &name);
    if (name.error == LW_ERR_NOMEM)
        err = lw_fault_memory(fault, "the name of a model");
    else if (name.len > 0)
        *model = lw_arena_text(arena, lw_buf_view(&name));
    if (err == LW_ERR_OK && model->at == NULL)
        err = lw_fault_memory(fault, "the name of a model");
    lw_buf_close(&name);
    return err;
}

enum lw_err lw_config_match(const struct lw_config *config, struct lw_str run, struct lw_arena *arena,
                            struct lw_config_matched *out, struct lw_fault *fault)
{
    const struct lw_config_whole *whole = lw_config_whole(config);
    struct lw_config_matched matched = {.excluded = is_excluded(config, run)};
    enum lw_err err;

    for (; matched.block + 1 < config->models_n; matched.block++) {
        const struct lw_config_block *block = &whole->blocks[matched.block];
        bool matches, gave_up = false;

        if (block->pattern == NULL) {
            matches = lw_glob_match(lw_str_from(config->models[matched.block].match), run);
        } else {
            err = lw_pattern_match(block->pattern, run, &matches, &gave_up, fault);
            if (err != LW_ERR_OK)
                return err;
        }
        matched.gave_up = matched.gave_up || gave_up;
        if (matches)
            break;
    }
    err = name_model(whole, matched.block, run, arena, &matched.model, fault);
    if (err == LW_ERR_OK)
        *out = matched;
    return err;
}

bool lw_config_excludes_tag(const struct lw_config *config, struct lw_str key, struct lw_str value)
{
    for (size_t i = 0; i < config->exclude_n; i++) {
        const char *tag = config->exclude[i].tag;
        size_t n = tag != NULL ? strcspn(tag, "=") : 0;

        if (tag != NULL && lw_str_equal((struct lw_str){.at = tag, .len = n}, key) &&
            lw_str_equal(lw_str_from(tag + n + 1), value))
            return true;
    }
    return false;
}

bool lw_config_excludes_tuning(const struct lw_config *config)
{
    for (size_t i = 0; i < config->exclude_n; i++) {
        if (config->exclude[i].tuning)
            return true;
    }
    return false;
}

enum lw_severity lw_config_severity(enum lw_config_alert as, enum lw_severity judged)
{
    static const enum lw_severity gravest[] = {[LW_ALERT_AS_OBSERVE] = LW_SEVERITY_INFO,
                                               [LW_ALERT_AS_INFO] = LW_SEVERITY_INFO,
                                               [LW_ALERT_AS_TICKET] = LW_SEVERITY_TICKET,
                                               [LW_ALERT_AS_PAGE] = LW_SEVERITY_PAGE};

    return judged < gravest[as] ? judged : gravest[as];
}
