/* What a store of your own takes: get, put and remove with compare-and-set on one key.
 *
 * A record is a file whose first line names its version:
 *
 *     slk-file 1 <version>\n<value>
 *
 * The rules that make it safe, and that hold for every store:
 *
 *   - Compare and set are one step. Here a lock file is held from reading the old version to renaming the new file.
 *     The lock excludes threads and processes, and the system ends it when a process dies.
 *   - A version never comes back, not even after remove and create. Here it is a random number drawn for each opening
 *     of the store and a counter.
 *   - "Written" is said only when a power cut cannot undo it: file flushed, renamed, folder flushed.
 *   - Failures say whether the write surely did not happen or may have happened. The library deals with both, but must
 *     not be told the first where only the second is known.
 */
#include "file_store.h"

#include "platform.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* A key's file name is at most three times as long as the key, and file names end at 255 bytes. */
    MAX_KEY = 80,
    MAX_NAME = MAX_KEY * 3,
    MAX_PATH = 4096,
    /* Keys share these lock files, so that there are not as many locks as players. */
    LOCK_FILES = 256,
    MAX_VERSION = 64
};

static const char MAGIC[] = "slk-file 1 ";

struct file_store {
    char *folder;
    char opening[33]; /* random, in hexadecimal */
    atomic_uint_least64_t written;
};

/* Where a key lives. */
struct place {
    char folder[MAX_PATH];
    char file[MAX_PATH];
    char temporary[MAX_PATH]; /* one for each key is enough: it is written under the key's lock */
    char lock[MAX_PATH];
};

/* What is stored there. */
struct content {
    char *bytes; /* of the whole file; NULL if there is none */
    const char *version;
    size_t version_size;
    const char *value;
    size_t value_size;
};
