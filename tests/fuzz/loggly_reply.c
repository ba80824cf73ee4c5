/* Any reply's body: what is taken as an acknowledgement, json-c takes for {"response": "ok"} too; and the other way round, but
   for what json-c is lax about. */
#include "engine/sink/verdict.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lw_str body = {(const char *)data, size};
    json_tokener *tokener;
    json_object *object, *response;

    if (size > 16384 || !lw_verdict_loggly_ok(body))
        return 0;
    tokener = json_tokener_new_ex(128);
    object = json_tokener_parse_ex(tokener, body.at, (int)size);
    if (!object || !json_object_object_get_ex(object, "response", &response) ||
        strcmp(json_object_get_string(response), "ok") != 0)
        abort();
    json_object_put(object);
    json_tokener_free(tokener);
    return 0;
}
