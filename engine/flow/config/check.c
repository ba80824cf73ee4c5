#define _DEFAULT_SOURCE

#include "engine/flow/config/check.h"

#include "engine/base/fault.h"
#include "engine/core/gather/glob.h"
#include "engine/flow/cli/options.h"
#include "engine/flow/config/fill.h"
#include "engine/flow/config/overlay.h"
#include "engine/flow/config/whole.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum grade { GRADE_ERROR, GRADE_WARNING, GRADE_NOTE };

struct checking {
    const struct lw_config_whole *whole;
    const struct lw_check_known *known;
    size_t known_n;
    struct lw_buf *out;
    struct lw_check_result *result;
    struct lw_fault *fault;
};

LW_PRINTF(4, 5)
static void tell(const struct checking *checking, enum grade grade, const struct lw_node *node, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "note"};
    static const struct lw_place nowhere = {.origin = NULL};
    size_t *const counts[] = {&checking->result->errors, &checking->result->warnings, &checking->result->notes};
    char sentence[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    for (char *at = sentence; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    *counts[grade] += 1;
    if (node != NULL && (node->place.line > 0 || node->place.origin != NULL))
        lw_complaints_place(checking->out, checking->whole->config.path, node->place);
    else
        lw_complaints_place(checking->out, NULL, nowhere);
    lw_buf_format(checking->out, ": %s: %s\n", names[grade], sentence);
}

/* ---- files ---- */

static void check_file(const struct checking *checking, const struct lw_key *key, const struct lw_node *node)
{
    const char *path = node->text.at;
    struct stat about;

    if (stat(path, &about) != 0) {
        tell(checking, GRADE_ERROR, node, "%s: %.200s: %s", key->name, path, strerror(errno));
        return;
    }
    if (!S_ISREG(about.st_mode))
        tell(checking, GRADE_ERROR, node, "%s: %.200s is not a file", key->name, path);
    else if (about.st_size == 0)
        tell(checking, GRADE_ERROR, node, "%s: %.200s is empty", key->name, path);
    else if (access(path, R_OK) != 0)
        tell(checking, GRADE_WARNING, node, "%s: %.200s cannot be read by whoever runs this check", key->name, path);
}

static void check_secret(const struct checking *checking, const struct lw_key *key, const struct lw_node *node)
{
    struct stat about;
    size_t errors = checking->result->errors;

    check_file(checking, key, node);
    if (checking->result->errors > errors || stat(node->text.at, &about) != 0)
        return;
    if ((about.st_mode & (S_IROTH | S_IWOTH)) != 0)
        tell(checking, GRADE_ERROR, node, "%s: everyone can read or write %.180s: chmod 600 %.80s", key->name,
             node->text.at, node->text.at);
    else if ((about.st_mode & S_IWGRP) != 0)
        tell(checking, GRADE_ERROR, node, "%s: the group can write %.180s: chmod 600 %.80s", key->name, node->text.at,
             node->text.at);
    else if ((about.st_mode & S_IRGRP) != 0)
        tell(checking, GRADE_WARNING, node, "%s: the group can read %.180s: chmod 600 %.80s", key->name, node->text.at,
             node->text.at);
}

static bool is_secret(const char *name)
{
    return strcmp(name, "token_file") == 0 || strcmp(name, "url_file") == 0 || strcmp(name, "key") == 0;
}

static void check_files_of(const struct checking *checking, enum lw_map in, const struct lw_node *map)
{
    for (const struct lw_node *node = map != NULL ? map->child : NULL; node != NULL; node = node->next) {
        const struct lw_key *key = lw_keys_find(in, node->key.at);

        if (key == NULL || key->type != LW_KEY_PATH)
            continue;
        if (is_secret(key->name))
            check_secret(checking, key, node);
        else if (strcmp(key->name, "ca_file") == 0 || strcmp(key->name, "certificate") == 0)
            check_file(checking, key, node);
        else if (in == LW_MAP_SOURCE && access(node->text.at, F_OK) != 0)
            tell(checking, GRADE_NOTE, node, "%.200s is not there yet: it is read as soon as it is", node->text.at);
    }
}

static void check_files(const struct checking *checking)
{
    static const struct {
        const char *name;
        enum lw_map of;
    } lists[] = {{"sources", LW_MAP_SOURCE}, {"sinks", LW_MAP_SINK}};

    for (size_t i = 0; i < 2; i++) {
        const struct lw_node *list = lw_tree_member(checking->whole->root, lists[i].name);

        for (const struct lw_node *node = list != NULL ? list->child : NULL; node != NULL; node = node->next)
            check_files_of(checking, lists[i].of, node);
    }
    check_files_of(checking, LW_MAP_HTTP, lw_tree_member(checking->whole->root, "http"));
}

/* ---- blocks of models ---- */

static const char *pattern_of(const struct lw_config_model *model)
{
    return model->match != NULL ? model->match : model->regex;
}

static bool takes_everything(const struct lw_config_model *model)
{
    return (model->match != NULL && strspn(model->match, "*") == strlen(model->match)) ||
           (model->regex != NULL && (strcmp(model->regex, ".*") == 0 || strcmp(model->regex, ".+") == 0));
}

/* The blocks of the document, without the built-in one. */
static size_t blocks(const struct checking *checking)
{
    return checking->whole->config.models_n - 1;
}

static void check_reach(const struct checking *checking)
{
    const struct lw_config_model *models = checking->whole->config.models;

    for (size_t i = 0; i < blocks(checking); i++) {
        for (size_t j = 0; j < i; j++) {
            const struct lw_node *node = checking->whole->blocks[i].node;

            if (takes_everything(&models[j]))
                tell(checking, GRADE_WARNING, node,
                     "this block is never reached: that of line %u matches every job, and the first match wins",
                     (unsigned)models[j].line);
            else if ((models[i].match == NULL) == (models[j].match == NULL) &&
                     strcmp(pattern_of(&models[i]), pattern_of(&models[j])) == 0)
                tell(checking, GRADE_WARNING, node,
                     "this block is never reached: that of line %u matches the same jobs", (unsigned)models[j].line);
            else
                continue;
            break;
        }
    }
}

static enum lw_err takes(const struct checking *checking, size_t block, struct lw_str run, bool *matches)
{
    const struct lw_config_model *model = &checking->whole->config.models[block];
    struct lw_pattern *pattern = checking->whole->blocks[block].pattern;
    bool gave_up = false;
    enum lw_err err;

    if (pattern == NULL) {
        *matches = lw_glob_match(lw_str_from(model->match), run);
        return LW_ERR_OK;
    }
    err = lw_pattern_match(pattern, run, matches, &gave_up, checking->fault);
    if (err == LW_ERR_OK && gave_up)
        tell(checking, GRADE_WARNING, checking->whole->blocks[block].node,
             "the regular expression takes too long for '%.*s' and was given up: write it without nested repetitions",
             (int)(run.len < 80 ? run.len : 80), run.at);
    return err;
}

/* One known model: the block that wins, and the next that would. A block that takes everything is meant to be last. */
static enum lw_err check_model(const struct checking *checking, const struct lw_check_known *known, size_t *used)
{
    const struct lw_config_model *models = checking->whole->config.models;
    size_t winner = SIZE_MAX;
    bool matches;

    for (size_t i = 0; i < blocks(checking); i++) {
        enum lw_err err = takes(checking, i, known->run, &matches);

        if (err != LW_ERR_OK)
            return err;
        if (!matches)
            continue;
        used[i]++;
        if (winner == SIZE_MAX) {
            winner = i;
        } else if (!takes_everything(&models[i])) {
            tell(checking, GRADE_NOTE, checking->whole->blocks[i].node,
                 "'%.*s' matches too, but the block of line %u wins, which comes first",
                 (int)(known->model.len < 80 ? known->model.len : 80), known->model.at, (unsigned)models[winner].line);
            break;
        }
    }
    return LW_ERR_OK;
}

static enum lw_err check_models(const struct checking *checking)
{
    const struct lw_config_model *models = checking->whole->config.models;
    struct lw_arena arena = {.ceiling = (size_t)16 << 20};
    size_t *used = lw_arena_array(&arena, blocks(checking), sizeof(*used));
    enum lw_err err = used != NULL ? LW_ERR_OK : lw_fault_memory(checking->fault, "checking the models");

    for (size_t i = 0; i < checking->known_n && err == LW_ERR_OK; i++)
        err = check_model(checking, &checking->known[i], used);
    for (size_t i = 0; i < blocks(checking) && err == LW_ERR_OK; i++) {
        if (used[i] == 0 && !takes_everything(&models[i]))
            tell(checking, GRADE_WARNING, checking->whole->blocks[i].node, "'%.100s' matches no model in the store",
                 pattern_of(&models[i]));
    }
    lw_arena_close(&arena);
    return err;
}

/* ---- names that lead nowhere ---- */

static void check_profiles(const struct checking *checking)
{
    const struct lw_node *profiles = lw_tree_member(checking->whole->root, "profiles");

    for (const struct lw_node *node = profiles != NULL ? profiles->child : NULL; node != NULL; node = node->next) {
        bool used = false;

        for (size_t i = 0; i < blocks(checking) && !used; i++) {
            const char *use = checking->whole->config.models[i].use;

            used = use != NULL && lw_str_equal(lw_str_from(use), node->key);
        }
        if (!used)
            tell(checking, GRADE_WARNING, node, "no block of models uses the profile '%.80s'", node->key.at);
    }
}

static bool owns(const struct lw_config *config, const char *owner)
{
    for (size_t i = 0; i < config->models_n; i++) {
        if (config->models[i].owner != NULL && strcmp(config->models[i].owner, owner) == 0)
            return true;
    }
    return false;
}

static void check_sinks(const struct checking *checking, bool has_known)
{
    const struct lw_config *config = &checking->whole->config;
    const struct lw_node *list = lw_tree_member(checking->whole->root, "sinks");
    const struct lw_node *node = list != NULL ? list->child : NULL;

    for (size_t i = 0; i < config->sinks_n && node != NULL; i++, node = node->next) {
        const struct lw_config_sink *sink = &config->sinks[i];

        for (size_t j = 0; j < sink->owners_n; j++) {
            if (!owns(config, sink->owners[j]))
                tell(checking, GRADE_WARNING, node, "no block of models has the owner '%.80s'", sink->owners[j]);
        }
        for (size_t j = 0; j < sink->models_n && has_known; j++) {
            bool any = false;

            for (size_t k = 0; k < checking->known_n && !any; k++)
                any = lw_glob_match(lw_str_from(sink->models[j]), checking->known[k].model);
            if (!any)
                tell(checking, GRADE_WARNING, node, "'%.80s' matches no model in the store", sink->models[j]);
        }
        if (sink->type == LW_SINK_WEBHOOK && sink->format == LW_WEBHOOK_SLACK && sink->url != NULL)
            tell(checking, GRADE_WARNING, node,
                 "the address of a Slack webhook is a secret: put it into a file and name that with 'url_file'");
    }
    if (config->sources_n == 0)
        tell(checking, GRADE_NOTE, NULL, "there are no sources: nothing is read, unless --source names something");
}

extern char **environ;

static void check_environment(const struct checking *checking)
{
    char names[64][LW_OVERLAY_NAME];
    const char *list[64];
    size_t n = 0;

    for (size_t i = 0; i < lw_keys_n && n < 64; i++) {
        if (lw_overlay_variable(&lw_keys[i], names[n])) {
            list[n] = names[n];
            n++;
        }
    }
    for (char **at = environ; at != NULL && *at != NULL; at++) {
        char name[LW_OVERLAY_NAME];
        size_t length = strcspn(*at, "=");
        const char *nearest;
        bool known = false;

        if (strncmp(*at, "LEEWAY_", 7) != 0 || length >= sizeof(name))
            continue;
        memcpy(name, *at, length);
        name[length] = '\0';
        for (size_t i = 0; i < n; i++)
            known = known || strcmp(list[i], name) == 0;
        nearest = known ? NULL : lw_options_nearest(name, list, n);
        if (!known)
            tell(checking, GRADE_WARNING, NULL, "the variable %s of the environment means nothing%s%s%s", name,
                 nearest != NULL ? ": did you mean " : "", nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    }
}

enum lw_err lw_check_config(const struct lw_config *config, const struct lw_check_known *known, size_t known_n,
                            bool has_known, struct lw_buf *out, struct lw_check_result *result, struct lw_fault *fault)
{
    struct checking checking = {.whole = lw_config_whole(config),
                                .known = known,
                                .known_n = known_n,
                                .out = out,
                                .result = result,
                                .fault = fault};
    enum lw_err err = LW_ERR_OK;

    *result = (struct lw_check_result){0};
    check_files(&checking);
    check_reach(&checking);
    if (has_known)
        err = check_models(&checking);
    check_profiles(&checking);
    check_sinks(&checking, has_known);
    check_environment(&checking);
    if (err == LW_ERR_OK && out->error == LW_ERR_NOMEM)
        err = lw_fault_memory(fault, "the result of the check");
    return err;
}
