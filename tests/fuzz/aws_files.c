/* The shared files of AWS tools, and command lines in them: lookups stay within the text, words are terminated. */
#include "engine/source/aws/credentials/process.h"
#include "engine/source/aws/credentials/profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"aws_access_key_id", "role_arn", "credential_process", "x"};
    struct lw_str text = {(const char *)data, size}, value = {0};
    struct lw_arena arena = {.ceiling = 64 << 20};
    char **words;

    for (int file = 0; file < 2; file++) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            if (!lw_profile_value(text, (enum lw_profile_file)file, LW_STR("default"), keys[i], &value))
                continue;
            if (value.at < text.at || value.at + value.len > text.at + text.len ||
                !lw_profile_there(text, (enum lw_profile_file)file, LW_STR("default")))
                abort();
        }
    }
    if (lw_process_split(text, &arena, &words, NULL) == LW_ERR_OK) {
        size_t n = 0, characters = 0;

        while (words[n] != NULL)
            characters += strlen(words[n++]);
        if (n == 0 || n > LW_PROCESS_WORDS_MAX || characters > size)
            abort();
    }
    lw_arena_close(&arena);
    return 0;
}
