/* Several threads: who may be where at once, whose error text it is, and that no thread is left at the end. */
#include "harness.h"

#include <dirent.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void set(int *flag)
{
    CHECK(pthread_mutex_lock(&lock) == 0);
    *flag = 1;
    CHECK(pthread_cond_broadcast(&changed) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void wait_until(const int *flag)
{
    CHECK(pthread_mutex_lock(&lock) == 0);
    while (!*flag)
        CHECK(pthread_cond_wait(&changed, &lock) == 0);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static pthread_t start(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, argument) == 0);
    return thread;
}

static void join(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
}

/* One thread is inside a callback; what may another do meanwhile? ------------------------------------------------- */

struct shared {
    slk_engine engine;
    slk_locker locker, other;
    int inside, go_on, calls;
};

static slk_result before_save(void *user_data, const slk_save_view *save, slk_document draft, slk_error_sink error)
{
    struct shared *shared = user_data;
    (void)draft;
    (void)error;
    if (save->user_tag == 1 && shared->calls++ == 0) {
        set(&shared->inside);
        wait_until(&shared->go_on);
    }
    return SLK_OK;
}

static void *tick_until_saved(void *argument)
{
    struct shared *shared = argument;
    OK(slk_locker_mark_force_save(shared->locker));
    (void)wait_for_event(shared->engine, SLK_EVENT_SAVED);
    return NULL;
}

static void while_another_thread_is_in_a_callback(void)
{
    struct shared shared = { 0 };
    slk_store store;
    OK(slk_store_open_memory(&store));
    shared.engine = new_engine("eu-1");
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.before_save = before_save;
    options.user_data = &shared;
    slk_spec spec;
    OK(slk_spec_create(shared.engine, &options, &spec));
    shared.locker = new_locker(spec, "42", 1);
    shared.other = new_locker(spec, "43", 2);
    OK(slk_locker_mark_should_acquire(shared.locker, NULL));
    (void)wait_for_event(shared.engine, SLK_EVENT_LOADED);
    OK(slk_locker_mark_should_acquire(shared.other, NULL));
    (void)wait_for_event(shared.engine, SLK_EVENT_LOADED);

    pthread_t ticking = start(tick_until_saved, &shared);
    wait_until(&shared.inside);
    slk_event event;
    EXPECT(SLK_E_BUSY, slk_engine_update(shared.engine, 0));
    EXPECT(SLK_E_BUSY, slk_engine_next_event(shared.engine, &event, sizeof event));
    EXPECT(SLK_E_BUSY, slk_locker_update(shared.locker, 0));
    EXPECT(SLK_E_BUSY, slk_engine_shutdown(shared.engine, 1000));
    EXPECT(SLK_E_BUSY, slk_engine_destroy(shared.engine));
    EXPECT(SLK_BUSY, slk_locker_set_i64(shared.locker, "/gold", 1, NULL));
    OK(slk_locker_set_i64(shared.other, "/gold", 1, NULL));
    int64_t gold = 0;
    OK(slk_locker_get_i64(shared.other, "/gold", &gold));
    EXPECT(SLK_EMPTY, slk_locker_get_i64(shared.locker, "/gold", &gold));
    CHECK(slk_locker_is_available(shared.locker) == 1);
    set(&shared.go_on);
    join(ticking);
    OK(slk_locker_mark_should_acquire(shared.locker, NULL)); /* the shutdown that was refused has not begun */
    OK(slk_engine_destroy(shared.engine));
    OK(slk_store_destroy(store));
}

/* Many threads edit, create and destroy while one ticks. ---------------------------------------------------------- */

enum { THREADS = 4, EDITS = 500 };

struct crowd {
    slk_spec spec;
    slk_locker locker;
    pthread_t threads[THREADS];
    int done;
};

static void *edit(void *argument)
{
    struct crowd *crowd = argument;
    for (int at = 0; at < EDITS; at++) {
        slk_locker mine;
        OK(slk_locker_add_i64(crowd->locker, "/gold", 1, NULL));
        OK(slk_locker_create(crowd->spec, "shared", 1, &mine));
        OK(slk_locker_mark_should_acquire(mine, NULL));
        CHECK(slk_locker_is_available(mine) == 0 || slk_locker_is_loaded(mine) == 1);
        OK(slk_locker_destroy(mine));
        EXPECT(SLK_E_INVALID_HANDLE, slk_locker_mark_should_save(mine));
        CHECK(says("slk_locker_mark_should_save")); /* each thread has its own text */
    }
    CHECK(pthread_mutex_lock(&lock) == 0);
    crowd->done++;
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return NULL;
}

static void many_threads(void)
{
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    struct crowd crowd = { .spec = new_spec(engine, store) };
    crowd.locker = new_locker(crowd.spec, "42", 1);
    OK(slk_locker_mark_should_acquire(crowd.locker, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_locker_change_status(crowd.locker, 0));
    for (int at = 0; at < THREADS; at++)
        crowd.threads[at] = start(edit, &crowd);
    int done = 0;
    while (done < THREADS) {
        slk_event event;
        OK(slk_engine_update(engine, 100));
        (void)saw_event(engine, -1, &event);
        CHECK(pthread_mutex_lock(&lock) == 0);
        done = crowd.done;
        CHECK(pthread_mutex_unlock(&lock) == 0);
    }
    for (int at = 0; at < THREADS; at++)
        join(crowd.threads[at]);
    CHECK(says("slk_locker_change_status"));
    int64_t gold = 0;
    OK(slk_locker_get_i64(crowd.locker, "/gold", &gold));
    CHECK(gold == THREADS * EDITS);
    OK(slk_engine_begin_shutdown(engine, 1000));
    CHECK(wait_for_event(engine, SLK_EVENT_SHUTDOWN_DONE).count == 0);
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
}

/* Blocking stores: how many calls at once, and on which threads. -------------------------------------------------- */

struct blocking {
    int one_at_a_time;
    int inside, most_inside, calls, destroyed;
    char busy_keys[16][32];
    pthread_t ticking;
};

static void enter_key(struct blocking *blocking, const char *key)
{
    CHECK(pthread_mutex_lock(&lock) == 0);
    blocking->calls++;
    blocking->inside++;
    if (blocking->inside > blocking->most_inside)
        blocking->most_inside = blocking->inside;
    CHECK(!blocking->one_at_a_time || blocking->inside == 1);
    int free_place = -1;
    for (int at = 0; at < 16; at++) {
        CHECK(strcmp(blocking->busy_keys[at], key) != 0); /* never two calls for one key at once */
        if (blocking->busy_keys[at][0] == '\0')
            free_place = at;
    }
    CHECK(free_place >= 0);
    strcpy(blocking->busy_keys[free_place], key);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void leave_key(struct blocking *blocking, const char *key)
{
    CHECK(pthread_mutex_lock(&lock) == 0);
    blocking->inside--;
    for (int at = 0; at < 16; at++)
        if (strcmp(blocking->busy_keys[at], key) == 0)
            blocking->busy_keys[at][0] = '\0';
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static void refuse(void *user_data, slk_request request, const slk_request_view *view)
{
    struct blocking *blocking = user_data;
    CHECK(!pthread_equal(pthread_self(), blocking->ticking));
    enter_key(blocking, view->key);
    EXPECT(SLK_E_REENTRANT, slk_store_destroy((slk_store){ 0 }));
    sleep_us(2000);
    leave_key(blocking, view->key);
    OK(slk_request_complete_failed(request, SLK_E_NOT_APPLIED, "closed"));
}

static void destroy(void *user_data)
{
    struct blocking *blocking = user_data;
    CHECK(pthread_mutex_lock(&lock) == 0);
    blocking->destroyed++;
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

static int threads_of_process(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL)
        return 1;
    while (readdir(tasks) != NULL)
        count++;
    CHECK(closedir(tasks) == 0);
    return count - 2;
}

/* A count, as it stands now: the store's threads may be raising it. */
static int so_far(const int *count)
{
    CHECK(pthread_mutex_lock(&lock) == 0);
    int value = *count;
    CHECK(pthread_mutex_unlock(&lock) == 0);
    return value;
}

static void blocking_calls(int32_t mode)
{
    struct blocking blocking = { .one_at_a_time = mode == SLK_STORE_BLOCKING, .ticking = pthread_self() };
    int threads_before = threads_of_process();
    slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;
    callbacks.mode = mode;
    callbacks.user_data = &blocking;
    callbacks.get = callbacks.put = callbacks.remove = refuse;
    callbacks.destroy = destroy;
    callbacks.threads = 3;
    slk_store store;
    OK(slk_store_create(&callbacks, &store));
    slk_engine first = new_engine("eu-1"), second = new_engine("eu-2"), third = new_engine("eu-3");
    (void)new_spec(first, store);
    (void)new_spec(second, store);
    (void)new_spec(third, store);
    for (int tick = 0; tick < 200 && so_far(&blocking.calls) < 30; tick++) {
        OK(slk_engine_update(first, 0));
        OK(slk_engine_update(second, 0));
        OK(slk_engine_update(third, 0));
        sleep_us(2000);
        pass_ms(1000);
    }
    CHECK(so_far(&blocking.calls) >= 3);
    int most_inside = so_far(&blocking.most_inside);
    CHECK(mode == SLK_STORE_BLOCKING ? most_inside == 1 : most_inside > 1);
    OK(slk_store_destroy(store));
    OK(slk_engine_destroy(first));
    OK(slk_engine_destroy(second));
    CHECK(so_far(&blocking.destroyed) == 0);
    OK(slk_engine_destroy(third));
    CHECK(so_far(&blocking.destroyed) == 1);
    /* A thread that has ended may be listed for another moment. */
    for (int tries = 0; tries < 1000 && threads_of_process() != threads_before; tries++)
        sleep_us(1000);
    CHECK(threads_of_process() == threads_before);
}

int main(void)
{
    while_another_thread_is_in_a_callback();
    many_threads();
    blocking_calls(SLK_STORE_BLOCKING);
    blocking_calls(SLK_STORE_BLOCKING_CONCURRENT);
    return 0;
}
