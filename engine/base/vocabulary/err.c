#include "leeway/err.h"

#include <stddef.h>

const char *lw_err_text(enum lw_err code)
{
    static const char *const texts[] = {
#define LW_ERR_ROW(name, text) [LW_ERR_##name] = text,
        LW_ERR_LIST(LW_ERR_ROW)
#undef LW_ERR_ROW
    };

    if ((size_t)code >= sizeof(texts) / sizeof(texts[0]))
        return "unknown error";
    return texts[code];
}
