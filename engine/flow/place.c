#define _XOPEN_SOURCE 700
#include "engine/flow/place.h"

#include "engine/base/fault.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef LW_DATA_DIR
#define LW_DATA_DIR "/usr/local/share/leeway"
#endif

/* The folder in which the program itself lies, or "." when the system does not say. */
static void own_folder(char folder[LW_PLACE_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, LW_PLACE_MAX - 1);
    char *slash;

    if (n < 0)
        n = 0;
    folder[n] = '\0';
    slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    else
        memcpy(folder, ".", 2);
}

/* true when the folder has the data; `folder` is then its plain name. */
static bool holds_data(const char *base, const char *below, char folder[LW_PLACE_MAX])
{
    char path[2 * LW_PLACE_MAX];

    snprintf(path, sizeof(path), "%s%s/logs", base, below);
    if (access(path, R_OK | X_OK) != 0)
        return false;
    path[strlen(path) - strlen("/logs")] = '\0';
    return realpath(path, folder) != NULL;
}

enum lw_err lw_place_demo(char folder[LW_PLACE_MAX], struct lw_fault *fault)
{
    static const char *const below[] = {"/../share/leeway/demo", "/../tests/data/sagemaker",
                                        "/../../tests/data/sagemaker"};
    char own[LW_PLACE_MAX];

    own_folder(own);
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
        if (holds_data(own, below[i], folder))
            return LW_ERR_OK;
        if (i == 0 && holds_data(LW_DATA_DIR, "/demo", folder))
            return LW_ERR_OK;
    }
    return lw_fault_set(fault, LW_ERR_IO,
                        "the data of the demo are not beside the program (share/leeway/demo): install it again with "
                        "`make install`");
}

enum lw_err lw_place_store(char path[LW_PLACE_MAX], struct lw_fault *fault)
{
    /* The XDG specification: a path that is not absolute is as if it were not there. */
    static const struct {
        const char *variable, *below;
    } places[] = {{"STATE_DIRECTORY", ""}, {"XDG_STATE_HOME", "/leeway"}, {"HOME", "/.local/state/leeway"}};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *folder = getenv(places[i].variable);
        int n;

        if (folder == NULL || folder[0] != '/')
            continue;
        n = snprintf(path, LW_PLACE_MAX, "%.*s%s/leeway.db", (int)(i == 0 ? strcspn(folder, ":") : strlen(folder)),
                     folder, places[i].below);
        if (n > 0 && n < LW_PLACE_MAX)
            return LW_ERR_OK;
    }
    return lw_fault_set(fault, LW_ERR_USAGE,
                        "there is no place for the store: set HOME or XDG_STATE_HOME, or name it with --store");
}
