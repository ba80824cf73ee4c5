#include "engine/flow/cli/options.h"

#include "engine/base/fault.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define WORD_MAX 64 /* longer words are not mistyped option names */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) that turn a into b: optimal string alignment. */
static size_t edits(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t n = strlen(a);
    size_t m = strlen(b);
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *here = rows[2];

    if (n > WORD_MAX || m > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        above[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *spare;

        here[0] = i;
        for (size_t j = 1; j <= m; j++) {
            here[j] = least(least(above[j] + 1, here[j - 1] + 1), above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                here[j] = least(here[j], before[j - 2] + 1);
        }
        spare = before;
        before = above;
        above = here;
        here = spare;
    }
    return above[m];
}

const char *lw_options_nearest(const char *word, const char *const *names, size_t n)
{
    size_t length = strlen(word);
    size_t limit = length < 5 ? 1 : 2;
    size_t best = SIZE_MAX;
    const char *nearest = NULL;

    for (size_t i = 0; i < n; i++) {
        size_t distance = edits(word, names[i]);

        if (distance > limit && length >= 3 && strncmp(names[i], word, length) == 0)
            distance = limit;
        if (distance <= limit && distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

static const struct lw_option *find_name(const struct lw_command *command, const char *name, size_t length)
{
    for (size_t i = 0; i < command->options_n; i++) {
        const char *known = command->options[i].name;

        if (strncmp(known, name, length) == 0 && known[length] == '\0')
            return &command->options[i];
    }
    return NULL;
}

static const struct lw_option *find_letter(const struct lw_command *command, char letter)
{
    for (size_t i = 0; i < command->options_n; i++) {
        if (command->options[i].letter == letter)
            return &command->options[i];
    }
    return NULL;
}

static enum lw_err unknown_option(const struct lw_command *command, const char *word, size_t length,
                                  struct lw_fault *fault)
{
    const char *names[WORD_MAX];
    char typed[WORD_MAX + 1];
    size_t n = 0;
    const char *nearest = NULL;

    for (size_t i = 0; i < command->options_n && n < WORD_MAX; i++) {
        if (!command->options[i].hidden)
            names[n++] = command->options[i].name;
    }
    if (length <= WORD_MAX) {
        memcpy(typed, word, length);
        typed[length] = '\0';
        nearest = lw_options_nearest(typed, names, n);
    }
    if (nearest != NULL)
        return lw_fault_set(fault, LW_ERR_USAGE, "unknown option --%.*s: did you mean --%s?", (int)length, word,
                            nearest);
    return lw_fault_set(fault, LW_ERR_USAGE, "unknown option --%.*s: see `leeway help %s`",
                        (int)least(length, WORD_MAX), word, command->name);
}

/* What is being read. */
struct reading {
    const struct lw_command *command;
    int argc, at;
    char *const *argv;
    struct lw_given *given;
    size_t given_n;
    const char **operands;
    size_t operands_n;
};

static enum lw_err keep(struct reading *reading, const struct lw_option *option, const char *value,
                        struct lw_fault *fault)
{
    for (size_t i = 0; i < reading->given_n && !option->repeatable; i++) {
        if (reading->given[i].option == option)
            return lw_fault_set(fault, LW_ERR_USAGE, "--%s is given twice: give it once", option->name);
    }
    reading->given[reading->given_n++] = (struct lw_given){.option = option, .value = value};
    return LW_ERR_OK;
}

/* The value that follows as a word of its own. A word that begins with two dashes is taken for a forgotten value. */
static enum lw_err next_value(struct reading *reading, const struct lw_option *option, const char **value,
                              struct lw_fault *fault)
{
    const char *next = reading->at < reading->argc ? reading->argv[reading->at] : NULL;

    if (next == NULL || (next[0] == '-' && next[1] == '-'))
        return lw_fault_set(fault, LW_ERR_USAGE, "--%s needs a value: --%s %s", option->name, option->name,
                            option->argument);
    reading->at++;
    *value = next;
    return LW_ERR_OK;
}

static enum lw_err read_long(struct reading *reading, const char *word, struct lw_fault *fault)
{
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct lw_option *option = find_name(reading->command, word, length);
    const char *value = NULL;
    enum lw_err err = LW_ERR_OK;

    if (option == NULL)
        return unknown_option(reading->command, word, length, fault);
    if (option->argument == NULL && equals != NULL)
        return lw_fault_set(fault, LW_ERR_USAGE, "--%s takes no value", option->name);
    if (equals != NULL)
        value = equals + 1;
    else if (option->argument != NULL)
        err = next_value(reading, option, &value, fault);
    if (err != LW_ERR_OK)
        return err;
    return keep(reading, option, value, fault);
}

static enum lw_err read_letter(struct reading *reading, const char *word, struct lw_fault *fault)
{
    const struct lw_option *option = find_letter(reading->command, word[0]);
    const char *value = NULL;
    enum lw_err err = LW_ERR_OK;

    if (option == NULL)
        return lw_fault_set(fault, LW_ERR_USAGE, "unknown option -%c: see `leeway help %s`", word[0],
                            reading->command->name);
    if (option->argument == NULL && word[1] != '\0')
        return lw_fault_set(fault, LW_ERR_USAGE, "-%c takes no value: write other options apart from it", word[0]);
    if (option->argument != NULL && word[1] != '\0')
        value = word[1] == '=' ? word + 2 : word + 1;
    else if (option->argument != NULL)
        err = next_value(reading, option, &value, fault);
    if (err != LW_ERR_OK)
        return err;
    return keep(reading, option, value, fault);
}

enum lw_err lw_options_read(const struct lw_command *command, int argc, char *const *argv, struct lw_arena *arena,
                            struct lw_options *out, struct lw_fault *fault)
{
    struct reading reading = {.command = command, .argc = argc, .argv = argv};
    bool options_over = false;

    reading.given = lw_arena_array(arena, (size_t)argc, sizeof(*reading.given));
    reading.operands = lw_arena_array(arena, (size_t)argc, sizeof(*reading.operands));
    if (reading.given == NULL || reading.operands == NULL)
        return lw_fault_memory(fault, "the command line");
    while (reading.at < argc) {
        const char *word = argv[reading.at++];
        enum lw_err err = LW_ERR_OK;

        if (options_over || word[0] != '-' || word[1] == '\0')
            reading.operands[reading.operands_n++] = word;
        else if (word[1] != '-')
            err = read_letter(&reading, word + 1, fault);
        else if (word[2] == '\0')
            options_over = true;
        else
            err = read_long(&reading, word + 2, fault);
        if (err != LW_ERR_OK)
            return err;
    }
    *out = (struct lw_options){
        .command = command,
        .given = reading.given,
        .given_n = reading.given_n,
        .operands = reading.operands,
        .operands_n = reading.operands_n,
    };
    return LW_ERR_OK;
}

static const struct lw_option *known(const struct lw_options *options, const char *name)
{
    const struct lw_option *option = find_name(options->command, name, strlen(name));

    assert(option != NULL);
    return option;
}

const char *lw_options_value(const struct lw_options *options, const char *name)
{
    const struct lw_option *option = known(options, name);

    for (size_t i = 0; i < options->given_n; i++) {
        if (options->given[i].option == option)
            return options->given[i].value;
    }
    return NULL;
}

bool lw_options_has(const struct lw_options *options, const char *name)
{
    const struct lw_option *option = known(options, name);

    for (size_t i = 0; i < options->given_n; i++) {
        if (options->given[i].option == option)
            return true;
    }
    return false;
}

const struct lw_str *lw_options_values(const struct lw_options *options, const char *name, struct lw_arena *arena,
                                       size_t *n)
{
    const struct lw_option *option = known(options, name);
    struct lw_str *values = lw_arena_array(arena, options->given_n, sizeof(*values));

    *n = 0;
    for (size_t i = 0; values != NULL && i < options->given_n; i++) {
        if (options->given[i].option == option)
            values[(*n)++] = lw_str_from(options->given[i].value);
    }
    return values;
}
