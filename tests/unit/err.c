#include "tests/kit/kit.h"

#include "leeway/err.h"

#include <string.h>

static void every_code_has_a_text(void)
{
    for (int code = LW_ERR_OK; code <= LW_ERR_STATE; code++)
        CU_ASSERT(strlen(lw_err_text((enum lw_err)code)) > 5);
}

KIT_SUITE("err", {"every error code has a text", every_code_has_a_text})
