#define _POSIX_C_SOURCE 200809L
#include "tests/kit/kit.h"

#include "engine/base/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void the_clock_is_the_system_s(void)
{
    struct lw_world world = lw_world_real();
    int64_t before = (int64_t)time(NULL);
    int64_t now = world.now(world.self).ms;

    CU_ASSERT(now >= before * LW_SECOND && now <= ((int64_t)time(NULL) + 1) * LW_SECOND);
}

static void the_ticks_never_go_back(void)
{
    struct lw_world world = lw_world_real();
    lw_span last = world.ticks(world.self);

    for (int i = 0; i < 1000; i++) {
        lw_span next = world.ticks(world.self);

        CU_ASSERT(next.ms >= last.ms);
        last = next;
    }
}

/* What a note writes to stderr, which is a file for the time being. */
static size_t note_text(enum lw_note level, const char *text, char *got, size_t size)
{
    struct lw_world world = lw_world_real();
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    size_t n;

    if (file == NULL || kept < 0 || dup2(fileno(file), STDERR_FILENO) < 0)
        abort();
    world.note(world.self, level, text);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    n = fread(got, 1, size - 1, file);
    got[n] = '\0';
    fclose(file);
    return n;
}

static void notes_are_one_harmless_line(void)
{
    char got[2048];
    char endless[3000];

    note_text(LW_NOTE_ERROR, "cannot open a\nb\x1b[31m", got, sizeof(got));
    CU_ASSERT_STRING_EQUAL(got, "leeway: cannot open a?b?[31m\n");
    note_text(LW_NOTE_WARNING, "odd", got, sizeof(got));
    CU_ASSERT_STRING_EQUAL(got, "leeway: warning: odd\n");
    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    CU_ASSERT(note_text(LW_NOTE_INFO, endless, got, sizeof(got)) < 1000);
    CU_ASSERT_EQUAL(got[strlen(got) - 1], '\n');
}

KIT_SUITE("world", {"the clock is the system's", the_clock_is_the_system_s},
          {"the ticks never go back", the_ticks_never_go_back},
          {"a note is one line that no terminal obeys", notes_are_one_harmless_line})
