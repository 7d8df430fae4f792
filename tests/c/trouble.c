/* What an operator will meet one day: a full disk, and two servers that were given one id. */
#define _XOPEN_SOURCE 700
#include "harness.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const database = "trouble.db";

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = bytes;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static rlim_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (rlim_t)status.st_size : 0;
}

/* The save of a player whose data no longer fit on the disk is told as trouble, with key and file, and succeeds when
 * there is room. Nobody loses anything, and the session stays. */
static void a_full_disk(void)
{
    unlink(database);
    unlink("trouble.db-wal");
    unlink("trouble.db-shm");
    real_time = 1;
    slk_store store;
    OK(slk_store_open_sqlite(database, NULL, &store));
    slk_engine engine = new_engine("crowded");
    slk_locker locker = new_locker(new_spec(engine, store), "42", 42);
    OK(slk_locker_mark_should_acquire(locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);

    /* As on a disk without room: files cannot grow. */
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    limit_files(size_of("trouble.db-wal") + 4096);
    static char much[200001];
    memset(much, 'x', sizeof much - 1);
    uint64_t change;
    OK(slk_locker_set_string(locker, "/much", much, SLK_NUL_TERMINATED, &change));
    OK(slk_locker_mark_force_save(locker));
    slk_event trouble = wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE);
    CHECK(trouble.user_tag == 42 && strcmp(trouble.key, "42") == 0);
    CHECK(strstr(trouble.text, database) != NULL);
    printf("a full disk: player %s: %s\n", trouble.key, trouble.text);
    EXPECT(SLK_PENDING, slk_locker_change_status(locker, change));
    CHECK(slk_locker_is_loaded(locker) == 1);

    limit_files(RLIM_INFINITY);
    while (slk_locker_change_status(locker, change) == SLK_PENDING)
        (void)wait_for_event(engine, SLK_EVENT_SAVED);
    EXPECT(SLK_SAVED, slk_locker_change_status(locker, change));
    OK(slk_engine_shutdown(engine, 30000));
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
    real_time = 0;
}

/* The second of two engines with one server id waits, and says so; the first does not notice, and nobody is available
 * twice. When the first has ended in order, the second goes on by itself. */
static void two_engines_with_one_id(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine first = new_engine("twin"), second = new_engine("twin");
    slk_locker one = new_locker(new_spec(first, store), "7", 1), two = new_locker(new_spec(second, store), "7", 2);
    OK(slk_locker_mark_should_acquire(one, NULL));
    (void)wait_for_event(first, SLK_EVENT_LOADED);
    OK(slk_locker_mark_should_acquire(two, NULL));

    slk_event event;
    int told = 0;
    for (int tick = 0; tick < 20000; tick++) { /* 200 s, three leases */
        pass_ms(10);
        OK(slk_engine_update(first, 0));
        OK(slk_engine_update(second, 0));
        CHECK(slk_locker_is_available(one) == 1 && slk_locker_is_available(two) == 0);
        while (slk_engine_next_event(second, &event, sizeof event) == SLK_OK) {
            CHECK(event.kind != SLK_EVENT_LOADED);
            told += event.kind == SLK_EVENT_SERVER_ID_IN_USE;
        }
    }
    CHECK(told == 1);

    OK(slk_engine_shutdown(first, 1000));
    OK(slk_engine_destroy(first));
    (void)wait_for_event(second, SLK_EVENT_LOADED);
    CHECK(slk_locker_is_available(two) == 1);
    OK(slk_engine_shutdown(second, 1000));
    OK(slk_engine_destroy(second));
    OK(slk_store_destroy(store));
}

int main(void)
{
    a_full_disk();
    two_engines_with_one_id();
    return 0;
}
