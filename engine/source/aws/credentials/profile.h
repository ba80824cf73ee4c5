/* The shared files of AWS tools, ~/.aws/config and ~/.aws/credentials: values of one profile, looked up in their text. */
#ifndef LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_PROFILE_H
#define LEEWAY_ENGINE_SOURCE_AWS_CREDENTIALS_PROFILE_H

#include "leeway/str.h"

#include <stdbool.h>

/* The two files name their sections differently: [profile NAME] (and [default]) in config, [NAME] in credentials. */
enum lw_profile_file { LW_PROFILE_CONFIG, LW_PROFILE_CREDENTIALS };

/* The value of `key` in the section of `profile`, blanks at its ends taken off; keys in any case; of several the last one
   counts. Lines that begin with '#' or ';' are comments; indented lines belong to the key above them and are passed over.
   false when it is not there. Borrows from `text`. */
bool lw_profile_value(struct lw_str text, enum lw_profile_file file, struct lw_str profile, const char *key,
                      struct lw_str *value);
/* true when the file has a section of that name. */
bool lw_profile_there(struct lw_str text, enum lw_profile_file file, struct lw_str profile);

#endif
