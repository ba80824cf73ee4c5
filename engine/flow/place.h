/* Where the files lie that are installed beside the program, and where it keeps its own. */
#ifndef LEEWAY_ENGINE_FLOW_PLACE_H
#define LEEWAY_ENGINE_FLOW_PLACE_H

#include "leeway/err.h"

#define LW_PLACE_MAX 4096 /* bytes of a path, as PATH_MAX on Linux */

/* The folder of the demo's data: of the installation that this program belongs to, of the one it was configured for, or
   of the source tree that it was built in. LW_ERR_IO names what was looked for. */
LW_MUST_USE enum lw_err lw_place_demo(char folder[LW_PLACE_MAX], struct lw_fault *fault);
/* The store where nobody names another: leeway.db in the first folder of $STATE_DIRECTORY (systemd), else in
   $XDG_STATE_HOME/leeway, else in ~/.local/state/leeway. LW_ERR_USAGE when none of these is set. */
LW_MUST_USE enum lw_err lw_place_store(char path[LW_PLACE_MAX], struct lw_fault *fault);

#endif
