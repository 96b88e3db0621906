#include "io/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#include <sys/param.h>
#endif

/* Magic numbers of statfs(2) and the kernel's magic.h, by file system. 9p is left out: it is the
 * disk of many virtual machines, shared with the host alone. */
static const struct {
    uint64_t magic;
    const char *name;
} network_systems[] = {
    {0x6969, "NFS"},      {0xFF534D42, "CIFS"},   {0xFE534D42, "SMB2"}, {0x517B, "SMB"},
    {0x5346414F, "AFS"},  {0x6B414653, "AFS"},    {0x73757245, "Coda"}, {0x564C, "NCP"},
    {0x00C36400, "Ceph"}, {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"}, {0x19830326, "BeeGFS"},
};

static const uint64_t fuse_magic = 0x65735546;

/* FUSE file systems whose files lie on another machine, as mountinfo names them. */
static const char *const network_fuse[] = {
    "fuse.sshfs",         "fuse.glusterfs", "fuse.ceph-fuse",  "fuse.ceph",      "fuse.s3fs",
    "fuse.goofys",        "fuse.gcsfuse",   "fuse.rclone",     "fuse.davfs",     "fuse.davfs2",
    "fuse.curlftpfs",     "fuse.mount-s3",  "fuse.blobfuse",   "fuse.blobfuse2", "fuse.juicefs",
    "fuse.moosefs",       "fuse.mfs",       "fuse.lizardfs",   "fuse.smbnetfs",  "fuse.nfs",
    "fuse.mountpoint-s3", "fuse.seaweedfs", "fuse.gvfsd-fuse",
};

const char *file_network_name(uint64_t magic, const char *mount_type)
{
    for (size_t i = 0; i < COUNT_OF(network_systems); i++) {
        if (network_systems[i].magic == magic) {
            return network_systems[i].name;
        }
    }
    if (magic != fuse_magic || mount_type == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(network_fuse); i++) {
        if (strcmp(network_fuse[i], mount_type) == 0) {
            return network_fuse[i];
        }
    }
    return NULL;
}

#ifdef __linux__

/* Finds the type of the mount of device `wanted` ("major:minor") in one line of
 * /proc/self/mountinfo: "id parent major:minor root point options [fields] - type source options".
 * Cuts the line up. NULL when the line is of another device. */
static const char *mount_type_of_line(char *line, const char *wanted)
{
    char *rest = line;
    for (int field = 0; field < 2; field++) {
        rest = strchr(rest, ' ');
        if (rest == NULL) {
            return NULL;
        }
        rest++;
    }
    size_t length = strlen(wanted);
    if (strncmp(rest, wanted, length) != 0 || rest[length] != ' ') {
        return NULL;
    }
    char *type = strstr(rest, " - ");
    if (type == NULL) {
        return NULL;
    }
    type += strlen(" - ");
    type[strcspn(type, " ")] = '\0';
    return type;
}

/* The network name of the FUSE mount that device `id` is; NULL when unknown. */
static const char *fuse_network_name(dev_t id)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    if (mounts == NULL) {
        return NULL;
    }
    char wanted[32];
    snprintf(wanted, sizeof(wanted), "%u:%u", major(id), minor(id));
    char *line = NULL;
    size_t size = 0;
    const char *type = NULL;
    while (type == NULL && getline(&line, &size, mounts) > 0) {
        type = mount_type_of_line(line, wanted);
    }
    const char *name = type == NULL ? NULL : file_network_name(fuse_magic, type);
    free(line);
    (void)fclose(mounts);
    return name;
}

static const char *network_name(const char *path)
{
    struct statfs system;
    if (statfs(path, &system) != 0) {
        return NULL;
    }
    /* The field is signed and wider than the magic number on some machines. */
    uint64_t magic = (uint64_t)system.f_type & 0xFFFFFFFF;
    struct stat s;
    if (magic == fuse_magic && stat(path, &s) == 0) {
        return fuse_network_name(s.st_dev);
    }
    return file_network_name(magic, NULL);
}

#else

static const char *network_name(const char *path)
{
#ifdef MNT_LOCAL
    static struct statfs system;
    if (statfs(path, &system) == 0 && (system.f_flags & MNT_LOCAL) == 0) {
        return system.f_fstypename;
    }
#else
    (void)path;
#endif
    return NULL;
}

#endif

bool file_on_network(const char *path, const char **name)
{
    if (access(path, F_OK) == 0) {
        *name = network_name(path);
        return *name != NULL;
    }
    struct arena *a = arena_new(0);
    *name = network_name(file_directory(a, path));
    arena_free(a);
    return *name != NULL;
}
