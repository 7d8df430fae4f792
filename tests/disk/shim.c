/*
 * Stands between a program and the system (LD_PRELOAD), for the files in one folder and for new threads. It counts calls
 * by class, lets chosen ones fail or kill the process, and keeps a log of all that would reach the disk and of all that
 * the program said meanwhile, in the order in which it happened.
 *
 *   SHIM_FOLDER  the folder whose files are watched
 *   SHIM_FAULT   "class first last action": the calls of that class from the first-th to the last-th, counted from 1.
 *                The action is a number of errno, or `short` (half is written), `kill` (kill -9 instead of the call),
 *                `tear` (half is written, then kill -9), `move` (the file SHIM_MOVE has another name from the first of
 *                these calls to the last)
 *   SHIM_COUNTS  a file of two numbers for each class, calls and injected, which outlives the process
 *   SHIM_LOG     the log, in the form that power.rs reads
 *   SHIM_NO_SYNC flushes succeed without being done: what they promise is looked at in the log
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum class { OPEN, READ, WRITE, SYNC, TRUNCATE, UNLINK, RENAME, MKDIR, MAP, LOCK, THREAD, CLASSES };

static const char *const class_names[CLASSES] = { "open", "read", "write", "sync", "truncate", "unlink",
                                                  "rename", "mkdir", "map", "lock", "thread" };

enum { SHORT = -1, KILL = -2, TEAR = -3, MOVE = -4 };

enum entry_kind { LOG_OPEN = 1, LOG_WRITE, LOG_TRUNCATE, LOG_SYNC, LOG_UNLINK, LOG_RENAME, LOG_MKDIR, LOG_SAID,
                  LOG_SYNC_FAILED };

enum { CREATED = 1, EMPTIED = 2, FOLDER = 1 };

enum { MAX_FILES = 4096 };

static struct {
    const char *folder;
    int fault_class;
    uint64_t first, last;
    int action;
    uint64_t *counts;
    int log;
    int no_sync;
    const char *moved;
    char away[4096];
    char *paths[MAX_FILES]; /* of the watched files, by descriptor */
    pthread_mutex_t order;  /* held while something is done and written to the log */
} shim = { .fault_class = -1, .log = -1, .order = PTHREAD_MUTEX_INITIALIZER };

static struct {
    int (*open)(const char *, int, ...);
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*pread)(int, void *, size_t, off_t);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    int (*fsync)(int);
    int (*ftruncate)(int, off_t);
    int (*unlink)(const char *);
    int (*rename)(const char *, const char *);
    int (*mkdir)(const char *, mode_t);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*fcntl)(int, int, ...);
    int (*close)(int);
    int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
} real;

/* ISO C knows no way from a pointer to data to one to a function, POSIX demands that there is one. */
static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

static void give_up(const char *why)
{
    fprintf(stderr, "shim: %s\n", why);
    _exit(99);
}

static void read_fault(const char *text)
{
    char name[16], action[16];
    if (sscanf(text, "%15s %lu %lu %15s", name, &shim.first, &shim.last, action) != 4)
        give_up("SHIM_FAULT makes no sense");
    for (int at = 0; at < CLASSES; at++)
        if (strcmp(name, class_names[at]) == 0)
            shim.fault_class = at;
    if (shim.fault_class < 0)
        give_up("SHIM_FAULT names no class");
    shim.action = strcmp(action, "short") == 0  ? SHORT
                  : strcmp(action, "kill") == 0 ? KILL
                  : strcmp(action, "tear") == 0 ? TEAR
                  : strcmp(action, "move") == 0 ? MOVE
                                                : atoi(action);
}

static uint64_t *map_counts(const char *path)
{
    int file = real.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    size_t size = 2 * CLASSES * sizeof(uint64_t);
    if (file < 0 || real.ftruncate(file, (off_t)size) != 0)
        give_up("SHIM_COUNTS cannot be made");
    void *counts = real.mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    real.close(file);
    if (counts == MAP_FAILED)
        give_up("SHIM_COUNTS cannot be mapped");
    return counts;
}

__attribute__((constructor)) static void start(void)
{
    find(&real.open, "open");
    find(&real.read, "read");
    find(&real.pread, "pread");
    find(&real.write, "write");
    find(&real.pwrite, "pwrite");
    find(&real.fsync, "fsync");
    find(&real.ftruncate, "ftruncate");
    find(&real.unlink, "unlink");
    find(&real.rename, "rename");
    find(&real.mkdir, "mkdir");
    find(&real.mmap, "mmap");
    find(&real.fcntl, "fcntl");
    find(&real.close, "close");
    find(&real.pthread_create, "pthread_create");
    const char *text = getenv("SHIM_FAULT");
    if (text != NULL)
        read_fault(text);
    if ((text = getenv("SHIM_COUNTS")) != NULL)
        shim.counts = map_counts(text);
    if ((text = getenv("SHIM_LOG")) != NULL
        && (shim.log = real.open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) < 0)
        give_up("SHIM_LOG cannot be made");
    shim.no_sync = getenv("SHIM_NO_SYNC") != NULL;
    shim.folder = getenv("SHIM_FOLDER");
    const char *moved = getenv("SHIM_MOVE");
    if (moved != NULL && (size_t)snprintf(shim.away, sizeof shim.away, "%s.away", moved) < sizeof shim.away)
        shim.moved = moved;
}

/* Faults */

/* Away at the first call, back at the last. */
static void move(uint64_t number)
{
    if (number == shim.first)
        (void)real.rename(shim.moved, shim.away);
    if (number == shim.last && access(shim.moved, F_OK) != 0)
        (void)real.rename(shim.away, shim.moved);
}

/* Counts a call. Gives 0 if it is to be done, an errno if it is to fail with that, or SHORT or TEAR. */
static int fault(enum class which)
{
    static uint64_t without_file[2 * CLASSES];
    uint64_t *counts = shim.counts != NULL ? shim.counts : without_file;
    uint64_t number = __atomic_add_fetch(&counts[2 * which], 1, __ATOMIC_SEQ_CST);
    if ((int)which != shim.fault_class || number < shim.first || number > shim.last)
        return 0;
    (void)__atomic_add_fetch(&counts[2 * which + 1], 1, __ATOMIC_SEQ_CST);
    if (shim.action == KILL)
        (void)raise(SIGKILL);
    if (shim.action == MOVE && shim.moved != NULL)
        move(number);
    return shim.action == MOVE ? 0 : shim.action;
}

/* The same for calls that cannot be done by half. */
static int fails(enum class which)
{
    int action = fault(which);
    if (action == TEAR)
        (void)raise(SIGKILL);
    if (action == 0)
        return 0;
    errno = action > 0 ? action : EIO;
    return 1;
}

/* Files */

static int is_watched(const char *path)
{
    return shim.folder != NULL && strncmp(path, shim.folder, strlen(shim.folder)) == 0;
}

static const char *path_of(int file)
{
    return file >= 0 && file < MAX_FILES ? __atomic_load_n(&shim.paths[file], __ATOMIC_SEQ_CST) : NULL;
}

static void remember(int file, char *path)
{
    if (file >= MAX_FILES)
        give_up("too many files");
    free(__atomic_exchange_n(&shim.paths[file], path, __ATOMIC_SEQ_CST));
}

/* The log */

static void begin(void)
{
    if (shim.log >= 0)
        (void)pthread_mutex_lock(&shim.order);
}

static void end(void)
{
    int error = errno;
    if (shim.log >= 0)
        (void)pthread_mutex_unlock(&shim.order);
    errno = error;
}

static void log_bytes(const void *bytes, size_t size)
{
    if (size > 0 && real.write(shim.log, bytes, size) != (ssize_t)size)
        give_up("the log cannot be written");
}

static void log_entry(enum entry_kind kind, const char *path, uint64_t a, uint64_t b, const void *data, size_t size)
{
    int error = errno;
    if (shim.log < 0)
        return;
    uint64_t head[5] = { kind, strlen(path), a, b, size };
    log_bytes(head, sizeof head);
    log_bytes(path, (size_t)head[1]);
    log_bytes(data, size);
    errno = error;
}

static uint64_t inode(int file)
{
    struct stat status;
    return fstat(file, &status) == 0 ? (uint64_t)status.st_ino : 0;
}

/* The wrapped calls. The functions with 64 in their names are the same ones where an off_t has 64 bits. */

static int open_watched(const char *path, int flags, mode_t mode)
{
    if (fails(OPEN))
        return -1;
    begin();
    int missing = access(path, F_OK) != 0;
    int file = real.open(path, flags, mode);
    if (file >= 0) {
        remember(file, strdup(path));
        uint64_t what = (missing ? CREATED : 0u) | ((flags & O_TRUNC) != 0 ? EMPTIED : 0u);
        if (what != 0)
            log_entry(LOG_OPEN, path, inode(file), what, NULL, 0);
    }
    end();
    return file;
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return is_watched(path) ? open_watched(path, flags, mode) : real.open(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int close(int file)
{
    if (path_of(file) != NULL)
        remember(file, NULL);
    return real.close(file);
}

ssize_t read(int file, void *buffer, size_t size)
{
    if (path_of(file) != NULL && fails(READ))
        return -1;
    return real.read(file, buffer, size);
}

ssize_t pread(int file, void *buffer, size_t size, off_t offset)
{
    if (path_of(file) != NULL && fails(READ))
        return -1;
    return real.pread(file, buffer, size, offset);
}

ssize_t pread64(int file, void *buffer, size_t size, off_t offset) __attribute__((alias("pread")));

static ssize_t write_watched(int file, const char *path, const void *bytes, size_t size, off_t offset)
{
    int action = fault(WRITE);
    if (action > 0) {
        errno = action;
        return -1;
    }
    if (action < 0)
        size = (size + 1) / 2;
    begin();
    ssize_t written = real.pwrite(file, bytes, size, offset);
    if (written > 0)
        log_entry(LOG_WRITE, path, inode(file), (uint64_t)offset, bytes, (size_t)written);
    end();
    if (action == TEAR)
        (void)raise(SIGKILL);
    return written;
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset)
{
    const char *path = path_of(file);
    return path != NULL ? write_watched(file, path, bytes, size, offset) : real.pwrite(file, bytes, size, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off_t offset) __attribute__((alias("pwrite")));

ssize_t write(int file, const void *bytes, size_t size)
{
    const char *path = path_of(file);
    if (path == NULL) {
        begin();
        if (file == STDOUT_FILENO)
            log_entry(LOG_SAID, "", 0, 0, bytes, size);
        ssize_t said = real.write(file, bytes, size);
        end();
        return said;
    }
    off_t offset = lseek(file, 0, SEEK_CUR);
    ssize_t written = write_watched(file, path, bytes, size, offset);
    if (written > 0 && lseek(file, offset + written, SEEK_SET) < 0)
        return -1;
    return written;
}

int fsync(int file)
{
    const char *path = path_of(file);
    struct stat status;
    if (path == NULL)
        return real.fsync(file);
    int failed = fails(SYNC);
    begin();
    int result = failed ? -1 : shim.no_sync ? 0 : real.fsync(file);
    enum entry_kind kind = result == 0 ? LOG_SYNC : LOG_SYNC_FAILED;
    if (fstat(file, &status) == 0)
        log_entry(kind, path, (uint64_t)status.st_ino, S_ISDIR(status.st_mode) ? FOLDER : 0, NULL, 0);
    end();
    return result;
}

int fdatasync(int file) __attribute__((alias("fsync")));

int ftruncate(int file, off_t size)
{
    const char *path = path_of(file);
    if (path == NULL)
        return real.ftruncate(file, size);
    if (fails(TRUNCATE))
        return -1;
    begin();
    int result = real.ftruncate(file, size);
    if (result == 0)
        log_entry(LOG_TRUNCATE, path, inode(file), (uint64_t)size, NULL, 0);
    end();
    return result;
}

int ftruncate64(int file, off_t size) __attribute__((alias("ftruncate")));

int unlink(const char *path)
{
    if (!is_watched(path))
        return real.unlink(path);
    if (fails(UNLINK))
        return -1;
    begin();
    int result = real.unlink(path);
    if (result == 0)
        log_entry(LOG_UNLINK, path, 0, 0, NULL, 0);
    end();
    return result;
}

int rename(const char *from, const char *to)
{
    if (!is_watched(to))
        return real.rename(from, to);
    if (fails(RENAME))
        return -1;
    begin();
    int result = real.rename(from, to);
    if (result == 0)
        log_entry(LOG_RENAME, from, 0, 0, to, strlen(to));
    end();
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    if (!is_watched(path))
        return real.mkdir(path, mode);
    if (fails(MKDIR))
        return -1;
    begin();
    int result = real.mkdir(path, mode);
    if (result == 0)
        log_entry(LOG_MKDIR, path, 0, 0, NULL, 0);
    end();
    return result;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    if (path_of(file) != NULL && fails(MAP))
        return MAP_FAILED;
    return real.mmap(address, size, protection, flags, file, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int file, off_t offset)
    __attribute__((alias("mmap")));

int fcntl(int file, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (path_of(file) != NULL && command == F_SETLK && fails(LOCK))
        return -1;
    return real.fcntl(file, command, argument);
}

int fcntl64(int file, int command, ...) __attribute__((alias("fcntl")));

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument)
{
    int action = fault(THREAD);
    return action > 0 ? action : real.pthread_create(thread, attributes, body, argument);
}
