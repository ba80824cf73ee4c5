/* A document read into memory against json-c: the same documents are taken (but for what json-c is lenient about or
   bounds otherwise), and their nodes nest. */
#include "engine/base/json/json_in.h"

#include <json-c/json.h>
#include <stdlib.h>

static void nests(const struct lw_json_in *in, const struct lw_json_node *node, size_t size)
{
    if (node->end <= (uint32_t)(node - in->nodes) || node->end > in->n || node->byte + node->byte_n > size)
        abort();
    for (const struct lw_json_node *child = lw_json_in_first(in, node); child != NULL;
         child = lw_json_in_next(in, node, child)) {
        if (child->end > node->end)
            abort();
        nests(in, child, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_arena arena = {.ceiling = 64 << 20};
    struct lw_json_in in;

    if (lw_json_in_read(&in, (struct lw_str){(const char *)data, size}, &arena, NULL) == LW_ERR_OK) {
        char *text = calloc(size + 1, 1);
        struct json_object *object;
        enum json_tokener_error error = json_tokener_success;

        if (in.nodes[0].end != in.n)
            abort();
        nests(&in, in.nodes, size);
        memcpy(text, data, size);
        object = json_tokener_parse_verbose(text, &error);
        if (error != json_tokener_success && error != json_tokener_error_depth && memchr(text, 0, size) == NULL &&
            !(size > 2 && memcmp(text, "\xef\xbb\xbf", 3) == 0))
            abort();
        json_object_put(object);
        free(text);
    }
    lw_arena_close(&arena);
    return 0;
}
