#include "tests/kit/kit.h"

#include "engine/flow/cli/command.h"
#include "engine/flow/cli/options.h"

#include <string.h>

static struct lw_arena arena = {.ceiling = 1 << 20};
static struct lw_fault fault;

static enum lw_err read_words(const char *const *words, int n, struct lw_options *options)
{
    static char storage[16][64];
    static char *argv[16];

    for (int i = 0; i < n; i++) {
        strncpy(storage[i], words[i], 63);
        argv[i] = storage[i];
    }
    fault = (struct lw_fault){.code = LW_ERR_OK};
    return lw_options_read(&lw_command_analyze, n, argv, &arena, options, &fault);
}

#define READ(options, ...)                                                                                             \
    read_words((const char *const[]){__VA_ARGS__}, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), \
               (options))

static void values_follow_an_equals_sign_or_a_blank(void)
{
    struct lw_options options;

    CU_ASSERT_EQUAL(READ(&options, "--format=json", "a", "--model", "churn", "b", "-o", "x", "--strict"), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(lw_options_value(&options, "format"), "json");
    CU_ASSERT_STRING_EQUAL(lw_options_value(&options, "model"), "churn");
    CU_ASSERT_STRING_EQUAL(lw_options_value(&options, "output"), "x");
    CU_ASSERT(lw_options_has(&options, "strict"));
    CU_ASSERT_PTR_NULL(lw_options_value(&options, "run"));
    CU_ASSERT_EQUAL(options.operands_n, 2);
    CU_ASSERT_STRING_EQUAL(options.operands[1], "b");
    CU_ASSERT_EQUAL(READ(&options, "-ofile"), LW_ERR_OK);
    CU_ASSERT_STRING_EQUAL(lw_options_value(&options, "output"), "file");
}

static void two_dashes_end_the_options(void)
{
    struct lw_options options;

    CU_ASSERT_EQUAL(READ(&options, "-", "--", "--format", "-o"), LW_ERR_OK);
    CU_ASSERT_EQUAL(options.operands_n, 3);
    CU_ASSERT_STRING_EQUAL(options.operands[0], "-");
    CU_ASSERT_STRING_EQUAL(options.operands[1], "--format");
}

static void repeatable_options_keep_every_value_in_order(void)
{
    struct lw_options options;
    const struct lw_str *values;
    size_t n;

    CU_ASSERT_EQUAL(READ(&options, "--price", "a=1", "--price=b=2"), LW_ERR_OK);
    values = lw_options_values(&options, "price", &arena, &n);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    CU_ASSERT(lw_str_equal(values[0], LW_STR("a=1")));
    CU_ASSERT(lw_str_equal(values[1], LW_STR("b=2")));
}

static void a_mistyped_option_gets_the_nearest_one(void)
{
    struct lw_options options;

    CU_ASSERT_EQUAL(READ(&options, "--formt", "json"), LW_ERR_USAGE);
    CU_ASSERT_STRING_EQUAL(fault.text, "unknown option --formt: did you mean --format?");
    CU_ASSERT_EQUAL(READ(&options, "--base=1"), LW_ERR_USAGE);
    CU_ASSERT_STRING_EQUAL(fault.text, "unknown option --base: did you mean --baseline?");
    CU_ASSERT_EQUAL(READ(&options, "--quite-unlike-anything"), LW_ERR_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "leeway help analyze"));
}

static void errors_of_use_are_told(void)
{
    struct lw_options options;

    CU_ASSERT_EQUAL(READ(&options, "--model"), LW_ERR_USAGE);
    CU_ASSERT_STRING_EQUAL(fault.text, "--model needs a value: --model NAME");
    CU_ASSERT_EQUAL(READ(&options, "--model", "--strict"), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(READ(&options, "--strict=yes"), LW_ERR_USAGE);
    CU_ASSERT_EQUAL(READ(&options, "--model=a", "--model=b"), LW_ERR_USAGE);
    CU_ASSERT_STRING_EQUAL(fault.text, "--model is given twice: give it once");
    CU_ASSERT_EQUAL(READ(&options, "-x"), LW_ERR_USAGE);
}

static void the_nearest_word_is_at_most_two_edits_away(void)
{
    const char *const words[] = {"analyze", "models", "simulate", "demo"};

    CU_ASSERT_STRING_EQUAL(lw_options_nearest("analyse", words, 4), "analyze");
    CU_ASSERT_STRING_EQUAL(lw_options_nearest("anlayze", words, 4), "analyze");
    CU_ASSERT_STRING_EQUAL(lw_options_nearest("dmeo", words, 4), "demo");
    CU_ASSERT_STRING_EQUAL(lw_options_nearest("sim", words, 4), "simulate");
    CU_ASSERT_PTR_NULL(lw_options_nearest("watch", words, 4));
    CU_ASSERT_PTR_NULL(lw_options_nearest("", words, 4));
}

static void every_table_is_well_formed(void)
{
    for (size_t i = 0; i < lw_command_all_n; i++) {
        const struct lw_command *command = lw_command_all[i];

        for (size_t j = 0; j < command->options_n; j++) {
            const struct lw_option *option = &command->options[j];

            CU_ASSERT_PTR_NOT_NULL(option->group);
            CU_ASSERT_PTR_NOT_NULL(option->help);
            CU_ASSERT_NOT_EQUAL(option->help[strlen(option->help) - 1], '.');
            CU_ASSERT(option->argument != NULL || (option->values == NULL && option->preset == NULL));
            for (size_t k = 0; k < j; k++)
                CU_ASSERT_STRING_NOT_EQUAL(option->name, command->options[k].name);
        }
        CU_ASSERT_STRING_EQUAL(command->options[command->options_n - 1].name, "help");
    }
}

static void end(void)
{
    lw_arena_close(&arena);
}

KIT_SUITE("options", {"values follow an equals sign or a blank", values_follow_an_equals_sign_or_a_blank},
          {"two dashes end the options", two_dashes_end_the_options},
          {"repeatable options keep every value in order", repeatable_options_keep_every_value_in_order},
          {"a mistyped option gets the nearest one", a_mistyped_option_gets_the_nearest_one},
          {"errors of use are told", errors_of_use_are_told},
          {"the nearest word is at most two edits away", the_nearest_word_is_at_most_two_edits_away},
          {"every table is well formed", every_table_is_well_formed}, {"nothing is left over", end})
