#define _GNU_SOURCE
#include "engine/store/water.h"

#include "engine/base/again.h"
#include "engine/base/names.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* One line of fixed length, so that it is replaced in place by one write: session, turn, inode of the store, digest. */
#define LINE     "leeway 1 %26.26s %020" PRIu64 " %020" PRIu64 " "
#define LINE_LEN (9 + 26 + 1 + 20 + 1 + 20 + 1)
#define MARK_LEN (LINE_LEN + 16 + 1)

static int format(char mark[MARK_LEN + 1], const char *path, struct lw_str session, uint64_t turn)
{
    struct stat about;
    char text[32];

    if (stat(path, &about) != 0)
        return 0;
    snprintf(text, sizeof(text), "%.*s", (int)session.len, session.at);
    snprintf(mark, LINE_LEN + 1, LINE, text, turn, (uint64_t)about.st_ino);
    snprintf(mark + LINE_LEN, 16 + 2, "%016" PRIx64 "\n", lw_names_hash((struct lw_str){mark, LINE_LEN}));
    return MARK_LEN;
}

/* The turn of a mark; false when it is damaged. */
static bool read_turn(const char *mark, uint64_t *turn)
{
    char check[20];

    snprintf(check, sizeof(check), "%016" PRIx64 "\n", lw_names_hash((struct lw_str){mark, LINE_LEN}));
    if (memcmp(check, mark + LINE_LEN, 17) != 0)
        return false;
    *turn = 0;
    for (int i = 0; i < 20; i++)
        *turn = *turn * 10 + (uint64_t)(mark[9 + 26 + 1 + i] - '0');
    return true;
}

void lw_water_open(const char *path, struct lw_str session, uint64_t turn, int *water, bool *fits)
{
    char name[4096 + 16], mark[MARK_LEN + 1], want[MARK_LEN + 1];
    uint64_t reached;

    snprintf(name, sizeof(name), "%s.water", path);
    *fits = false;
    *water = lw_again_open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (*water < 0 || lw_again_pread(*water, mark, MARK_LEN, 0) != MARK_LEN || !read_turn(mark, &reached) ||
        reached > turn)
        return;
    /* Written anew for this store and that turn it must be the same text. */
    *fits = format(want, path, session, reached) == MARK_LEN && memcmp(mark, want, MARK_LEN) == 0;
}

void lw_water_write(int water, const char *path, struct lw_str session, uint64_t turn, bool sync)
{
    char mark[MARK_LEN + 1];

    if (water < 0 || format(mark, path, session, turn) != MARK_LEN)
        return;
    if (lw_again_pwrite(water, mark, MARK_LEN, 0) == 0 && sync)
        (void)!fdatasync(water);
}
