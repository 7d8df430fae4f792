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
 *   - "Written" is said only when a power cut cannot undo it: file flushed, renamed, folder flushed; before that the
 *     folders that lead there.
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
    atomic_bool in_doubt; /* a folder could not be flushed after a write */
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

/* Places */

/* Writes the key as a file name: what is not a plain character becomes %XX, so that no key can leave the folder or
 * meet another key's file. */
static bool file_name(const char *key, char name[MAX_NAME + 1])
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t length = 0;
    for (; *key != '\0'; key++) {
        if (length + 3 > MAX_NAME)
            return false;
        if (strchr(PLAIN, *key) != NULL)
            name[length++] = *key;
        else
            length += (size_t)snprintf(name + length, 4, "%%%02X", (unsigned)(unsigned char)*key);
    }
    name[length] = '\0';
    return true;
}

static unsigned lock_number(const char *path)
{
    uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
    for (; *path != '\0'; path++)
        hash = (hash ^ (unsigned char)*path) * UINT32_C(16777619);
    return hash % LOCK_FILES;
}

static bool fits(int length)
{
    return length > 0 && length < MAX_PATH;
}

/* Finds the place of the request's key, and makes the folders that it needs. */
static bool find_place(const struct file_store *store, const slk_request_view *view, struct place *place)
{
    char name[MAX_NAME + 1], spec[MAX_NAME + 1], parent[MAX_PATH];
    if (!file_name(view->key, name) || !file_name(view->spec, spec))
        return false;
    if (view->key_kind == SLK_KEY_SERVER) {
        if (!fits(snprintf(place->folder, MAX_PATH, "%s/servers", store->folder)))
            return false;
    } else if (!fits(snprintf(parent, MAX_PATH, "%s/records", store->folder))
               || !fits(snprintf(place->folder, MAX_PATH, "%s/records/%s", store->folder, spec))
               || !platform_make_folder(parent)) {
        return false;
    }
    return platform_make_folder(place->folder)
           && fits(snprintf(place->file, MAX_PATH, "%s/%s", place->folder, name))
           && fits(snprintf(place->temporary, MAX_PATH, "%s/%s.new", place->folder, name))
           && fits(snprintf(place->lock, MAX_PATH, "%s/locks/%u", store->folder, lock_number(place->file)));
}

/* Contents */

/* Reads what is stored. False if it cannot be read or is no file of this store: then nothing may be written either. */
static bool read_content(const struct place *place, struct content *content)
{
    size_t size = 0;
    memset(content, 0, sizeof *content);
    char *bytes = platform_read_file(place->file, &size);
    if (bytes == NULL)
        return errno == ENOENT;
    const char *version = bytes + sizeof MAGIC - 1;
    const char *line_end = memchr(bytes, '\n', size);
    if (line_end == NULL || strncmp(bytes, MAGIC, sizeof MAGIC - 1) != 0) {
        free(bytes);
        errno = EILSEQ;
        return false;
    }
    content->bytes = bytes;
    content->version = version;
    content->version_size = (size_t)(line_end - version);
    content->value = line_end + 1;
    content->value_size = size - (size_t)(content->value - bytes);
    return true;
}

/* Whether what is stored is what the request expects. */
static bool is_expected(const struct content *content, const slk_request_view *view)
{
    if (content->bytes == NULL || view->version == NULL)
        return content->bytes == NULL && view->version == NULL;
    return content->version_size == view->version_length
           && memcmp(content->version, view->version, view->version_length) == 0;
}

/* Answers */

/* An answer that is not taken is no error of this program: the request was given up meanwhile. */
static void answered(slk_result result)
{
    if (result != SLK_OK && result != SLK_E_LATE)
        fprintf(stderr, "game_server: the answer of the file store was refused: %s\n", slk_result_name(result));
}

static void fail(slk_request request, slk_result result, const char *what, const char *path)
{
    char text[MAX_PATH + 256];
    snprintf(text, sizeof text, "%s %s: %s", what, path, strerror(errno));
    answered(slk_request_complete_failed(request, result, text));
}

/* The requests. They come on threads of the library, several at once. */

/* Whether no power cut can undo what is in a folder. A read decides what became of a write of unknown outcome, and would
 * say "written" of one that can still be undone. */
static bool is_durable(const struct file_store *store, const struct place *place)
{
    return !atomic_load(&store->in_doubt) || platform_flush_folder(place->folder);
}

static void get(void *user_data, slk_request request, const slk_request_view *view)
{
    struct file_store *store = user_data;
    struct place place;
    struct content content = { 0 };
    platform_lock lock;
    if (!find_place(store, view, &place)) {
        fail(request, SLK_E_NOT_APPLIED, "cannot find the place of", view->key);
        return;
    }
    /* The lock also for reading: what is read here must not be undone by a power cut, so its flush must be over. */
    if (!platform_lock_file(place.lock, &lock)) {
        fail(request, SLK_E_NOT_APPLIED, "cannot lock", place.lock);
        return;
    }
    bool readable = is_durable(store, &place) && read_content(&place, &content);
    int error = errno;
    platform_unlock_file(lock);
    errno = error;
    if (!readable)
        fail(request, SLK_E_NOT_APPLIED, "cannot read", place.file);
    else if (content.bytes == NULL)
        answered(slk_request_complete_missing(request));
    else
        answered(slk_request_complete_found(request, content.value, content.value_size, content.version,
                                            content.version_size));
    free(content.bytes);
}

/* What put and remove have in common: under the lock, if the key is as expected, `write` it and answer. */
static void compare_and_set(struct file_store *store, slk_request request, const slk_request_view *view,
                            void (*write)(struct file_store *, slk_request, const slk_request_view *,
                                          const struct place *))
{
    struct place place;
    struct content content;
    platform_lock lock;
    if (!find_place(store, view, &place)) {
        fail(request, SLK_E_NOT_APPLIED, "cannot find the place of", view->key);
        return;
    }
    if (!platform_lock_file(place.lock, &lock)) {
        fail(request, SLK_E_NOT_APPLIED, "cannot lock", place.lock);
        return;
    }
    if (!read_content(&place, &content))
        fail(request, SLK_E_NOT_APPLIED, "cannot read", place.file);
    else if (!is_expected(&content, view))
        answered(slk_request_complete_conflict(request));
    else
        write(store, request, view, &place);
    free(content.bytes);
    platform_unlock_file(lock);
}

/* Whoever puts a file where there was none has flushed the folders above it before, and so each file that is there can
 * be found after a power cut, whoever made its folders. */
static bool flush_way(const struct file_store *store, const slk_request_view *view)
{
    char records[MAX_PATH];
    if (view->key_kind != SLK_KEY_SERVER
        && !(fits(snprintf(records, sizeof records, "%s/records", store->folder)) && platform_flush_folder(records)))
        return false;
    return platform_flush_folder(store->folder);
}

/* The write is done, but a power cut may undo it. */
static void fail_in_doubt(struct file_store *store, slk_request request, const struct place *place)
{
    atomic_store(&store->in_doubt, true);
    fail(request, SLK_E_UNKNOWN_OUTCOME, "cannot flush", place->folder);
}

static void write_file(struct file_store *store, slk_request request, const slk_request_view *view,
                       const struct place *place)
{
    char head[sizeof MAGIC + MAX_VERSION + 1];
    uint64_t number = atomic_fetch_add(&store->written, 1);
    int length = snprintf(head, sizeof head, "%s%s-%" PRIu64 "\n", MAGIC, store->opening, number);
    const char *version = head + sizeof MAGIC - 1;
    size_t version_size = (size_t)length - sizeof MAGIC; /* without the line end */
    if (view->version == NULL && !flush_way(store, view)) {
        fail(request, SLK_E_NOT_APPLIED, "cannot flush", store->folder);
        return;
    }
    switch (platform_write_file(place->file, place->temporary, place->folder, head, (size_t)length, view->value,
                                view->value_length)) {
    case 0:
        answered(slk_request_complete_written(request, version, version_size));
        break;
    case 1:
        fail(request, SLK_E_NOT_APPLIED, "cannot write", place->file);
        break;
    default:
        fail_in_doubt(store, request, place);
    }
}

static void put(void *user_data, slk_request request, const slk_request_view *view)
{
    compare_and_set(user_data, request, view, write_file);
}

static void remove_file(struct file_store *store, slk_request request, const slk_request_view *view,
                        const struct place *place)
{
    (void)view;
    switch (platform_remove_file(place->file, place->folder)) {
    case 0:
        answered(slk_request_complete_removed(request));
        break;
    case 1:
        fail(request, SLK_E_NOT_APPLIED, "cannot remove", place->file);
        break;
    default:
        fail_in_doubt(store, request, place);
    }
}

static void remove_key(void *user_data, slk_request request, const slk_request_view *view)
{
    compare_and_set(user_data, request, view, remove_file);
}

/* Opening */

static void destroy(void *user_data)
{
    struct file_store *store = user_data;
    free(store->folder);
    free(store);
}

/* Flushes the folder that a path is in. */
static bool flush_parent(const char *path)
{
    char parent[MAX_PATH];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return platform_flush_folder(".");
    int length = slash == path ? 1 : (int)(slash - path);
    return fits(snprintf(parent, sizeof parent, "%.*s", length, path)) && platform_flush_folder(parent);
}

static bool make_folders(const char *folder)
{
    char locks[MAX_PATH];
    return fits(snprintf(locks, sizeof locks, "%s/locks", folder)) && platform_make_folder(folder)
           && flush_parent(folder) && platform_make_folder(locks);
}

static struct file_store *create(const char *folder)
{
    unsigned char random[16];
    struct file_store *store = calloc(1, sizeof *store);
    size_t length = strlen(folder);
    if (store == NULL || (store->folder = malloc(length + 1)) == NULL || !platform_random(random, sizeof random)) {
        if (store != NULL)
            destroy(store);
        return NULL;
    }
    memcpy(store->folder, folder, length + 1);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(store->opening + 2 * i, 3, "%02x", random[i]);
    return store;
}

slk_result file_store_open(const char *folder, slk_store *store)
{
    struct file_store *files = make_folders(folder) ? create(folder) : NULL;
    if (files == NULL) {
        fprintf(stderr, "game_server: %s: %s\n", folder, strerror(errno));
        return SLK_E_STORE;
    }
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.mode = SLK_STORE_BLOCKING_CONCURRENT;
    callbacks.name = "files";
    callbacks.user_data = files;
    callbacks.get = get;
    callbacks.put = put;
    callbacks.remove = remove_key;
    callbacks.destroy = destroy;
    callbacks.max_key_bytes = MAX_KEY;
    slk_result result = slk_store_create(&callbacks, store);
    if (result != SLK_OK)
        destroy(files); /* the library has not taken it over */
    return result;
}
