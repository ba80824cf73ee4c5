#define _GNU_SOURCE
#include "engine/store/guard.h"

#include "engine/base/again.h"
#include "engine/base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PATH_ROOM ((size_t)4096)

/* From the headers of Linux (include/uapi/linux/magic.h) and of the projects themselves. */
static const struct {
    uint64_t type;
    const char *name;
} networks[] = {
    {0x6969, "NFS"},        {0x517b, "SMB"},        {0xfe534d42, "SMB2"},     {0xff534d42, "CIFS"},
    {0x5346414f, "AFS"},    {0x6b414653, "AFS"},    {0x73757245, "Coda"},     {0x564c, "NCP"},
    {0x01021997, "9p"},     {0x00c36400, "Ceph"},   {0x01161970, "GFS2"},     {0x7461636f, "OCFS2"},
    {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"},   {0x20030528, "OrangeFS"}, {0x19830326, "BeeGFS"},
    {0x786f4256, "vboxsf"}, {0xbacbacbc, "vmhgfs"},
};

#define FUSE 0x65735546

const char *lw_guard_network(uint64_t type)
{
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
        if (networks[i].type == type)
            return networks[i].name;
    return NULL;
}

/* FUSE is one number for local and remote ones (sshfs, s3fs, gluster, virtiofs): the table of mounts has the name. Only
   those are let pass that are known to be local. */
static bool fuse_is_local(const char *folder)
{
    static const char *const local[] = {" - fuseblk ", " - fuse.fuse-overlayfs ", " - fuse.ext4 ", " - fuse.ntfs-3g "};
    struct stat about;
    char device[32], line[4096];
    FILE *mounts = stat(folder, &about) == 0 ? fopen("/proc/self/mountinfo", "re") : NULL;
    bool found = false;

    if (mounts == NULL)
        return false;
    snprintf(device, sizeof(device), " %u:%u ", major(about.st_dev), minor(about.st_dev));
    while (!found && fgets(line, sizeof(line), mounts) != NULL)
        for (size_t i = 0; strstr(line, device) != NULL && i < sizeof(local) / sizeof(local[0]); i++)
            found = found || strstr(line, local[i]) != NULL;
    fclose(mounts);
    return found;
}

static enum lw_err check_file_system(const char *folder, struct lw_fault *fault)
{
    struct statfs about;
    const char *name;

    if (statfs(folder, &about) != 0)
        return lw_fault_set(fault, LW_ERR_IO, "cannot look at %.150s: %s", folder, strerror(errno));
    name = lw_guard_network((uint64_t)about.f_type & 0xffffffffu);
    if (name == NULL && ((uint64_t)about.f_type & 0xffffffffu) == FUSE && !fuse_is_local(folder))
        name = "FUSE";
    if (name != NULL)
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "%.120s lies on a network file system, %s, where locks do not hold: put the store on a "
                            "local disk",
                            folder, name);
    return LW_ERR_OK;
}

/* All folders of a path that are missing. */
static enum lw_err make_folders(char *folder, struct lw_fault *fault)
{
    struct stat about;

    if (stat(folder, &about) == 0)
        return S_ISDIR(about.st_mode) ? LW_ERR_OK : lw_fault_set(fault, LW_ERR_USAGE, "%.150s is not a folder", folder);
    for (char *at = folder + 1;; at++) {
        char kept = *at;

        if (kept != '/' && kept != '\0')
            continue;
        *at = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return lw_fault_set(fault, errno == ENOSPC ? LW_ERR_FULL : LW_ERR_IO, "cannot make the folder %.150s: %s",
                                folder, strerror(errno));
        *at = kept;
        if (kept == '\0')
            return LW_ERR_OK;
    }
}

static enum lw_err check_file(const char *path, bool *there, struct lw_fault *fault)
{
    struct stat about;

    *there = false;
    if (lstat(path, &about) != 0)
        return errno == ENOENT ? LW_ERR_OK
                               : lw_fault_set(fault, LW_ERR_IO, "cannot look at %.150s: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return lw_fault_set(fault, LW_ERR_USAGE, "%.150s is %s: the store must be a plain file", path,
                            S_ISLNK(about.st_mode)   ? "a symbolic link"
                            : S_ISDIR(about.st_mode) ? "a folder"
                                                     : "a device or a pipe");
    if (about.st_nlink > 1)
        return lw_fault_set(fault, LW_ERR_USAGE,
                            "%.150s has a second name (hard link), under which it could be destroyed: remove that",
                            path);
    *there = about.st_size > 0;
    return LW_ERR_OK;
}

enum lw_err lw_guard_path(const char *path, bool make, struct lw_buf *out, bool *there, struct lw_fault *fault)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char folder[PATH_ROOM], plain[PATH_ROOM];
    enum lw_err err = LW_ERR_OK;

    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strlen(path) >= PATH_ROOM - 16)
        return lw_fault_set(fault, LW_ERR_USAGE, "'%.150s' is not the path of a file", path);
    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (folder[0] == '\0')
        memcpy(folder, "/", 2);
    if (make)
        err = make_folders(folder, fault);
    if (err != LW_ERR_OK)
        return err;
    if (realpath(folder, plain) == NULL)
        return lw_fault_set(fault, LW_ERR_IO, "there is no folder %.150s: %s", folder, strerror(errno));
    err = check_file_system(plain, fault);
    if (err != LW_ERR_OK)
        return err;
    lw_buf_format(out, "%s/%s", strcmp(plain, "/") == 0 ? "" : plain, name);
    lw_buf_char(out, '\0');
    if (out->error != LW_ERR_OK)
        return lw_fault_memory(fault, "the path of the store");
    return check_file(out->at, there, fault);
}

static enum lw_err locked(const char *path, int fd, struct lw_fault *fault)
{
    char pid[24] = "";
    ssize_t n = lw_again_pread(fd, pid, sizeof(pid) - 1, 0);

    pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    return lw_fault_set(fault, LW_ERR_LOCKED,
                        "the store %.150s is in use by process %s: end that first, or let it do the work", path,
                        pid[0] ? pid : "(unknown)");
}

enum lw_err lw_guard_lock(const char *path, int *lock, struct lw_fault *fault)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    enum lw_err err = LW_ERR_OK;
    char name[PATH_ROOM], pid[24];
    int fd, n;

    snprintf(name, sizeof(name), "%s.lock", path);
    fd = lw_again_open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return lw_fault_set(fault, errno == ENOSPC || errno == EDQUOT ? LW_ERR_FULL : LW_ERR_IO,
                            "cannot open the lock %.150s: %s", name, strerror(errno));
    /* Of the open file, not of the process: closing another descriptor does not drop it, and two stores in one process
       exclude each other too. */
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        err = errno == EAGAIN || errno == EACCES
                  ? locked(path, fd, fault)
                  : lw_fault_set(fault, LW_ERR_IO, "cannot lock %.150s: %s", name, strerror(errno));
        close(fd);
        return err;
    }
    /* The pid is for people: without it (a full disk) the lock holds just as well. */
    n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (lw_again_truncate(fd, 0) != 0 || lw_again_pwrite(fd, pid, (size_t)n, 0) != 0)
        (void)!lw_again_truncate(fd, 0);
    *lock = fd;
    return LW_ERR_OK;
}

enum lw_err lw_guard_sync_folder(const char *path, struct lw_fault *fault)
{
    char folder[PATH_ROOM];
    const char *slash = strrchr(path, '/');
    int fd, failed;

    snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 2, slash ? path : "./");
    fd = lw_again_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        close(fd);
    return failed ? lw_fault_set(fault, LW_ERR_IO, "cannot sync the folder %.150s: %s", folder, strerror(errno))
                  : LW_ERR_OK;
}
