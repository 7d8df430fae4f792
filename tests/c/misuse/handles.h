/* Handles that the fuzzer has seen: living ones, ended ones, and such as never were. */
#ifndef MISUSE_HANDLES_H
#define MISUSE_HANDLES_H

#include "hand.h"

#include <pthread.h>

enum { KINDS = SLK_OBJECT_BUFFER + 1, POOL = 10, TABLE = 1 << 14 };

/* Which are given to calls: the latest of each kind, some of them ended meanwhile. */
static atomic_uint_fast64_t pools[KINDS][POOL];

/* All of a case. */
struct known {
    uint64_t id;
    uint64_t parent; /* of specs and lockers the engine, of stores the one behind them */
    int kind, is_dead, loses_requests;
    int asks; /* of requests what is asked, an SLK_REQUEST_ constant */
};

static struct known all_known[TABLE];
static unsigned known_count;
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static struct known *find_known(uint64_t id)
{
    for (unsigned at = (unsigned)(id * 0x9E3779B97F4A7C15u >> 50); all_known[at].id != 0; at = (at + 1) % TABLE)
        if (all_known[at].id == id)
            return &all_known[at];
    return NULL;
}

static void remember(int kind, uint64_t id, uint64_t parent)
{
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    if (id != 0 && find_known(id) == NULL) {
        HOLDS(++known_count < TABLE / 2);
        unsigned at = (unsigned)(id * 0x9E3779B97F4A7C15u >> 50);
        while (all_known[at].id != 0)
            at = (at + 1) % TABLE;
        all_known[at] = (struct known){ id, parent, kind, 0, 0, 0 };
    }
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
    if (id != 0)
        atomic_store(&pools[kind][below(POOL)], id);
}

/* It has ended, and with it what it made. */
static void bury(uint64_t id)
{
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    struct known *known = find_known(id);
    if (known != NULL)
        known->is_dead = 1;
    for (unsigned at = 0; at < TABLE && known != NULL && known->kind == SLK_OBJECT_ENGINE; at++)
        if (all_known[at].parent == id)
            all_known[at].is_dead = 1;
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
}

/* It ends when the callback that got it returns. In a crowd another thread may use it until then, so that it is not known
 * to have ended. */
static void bury_at_return(uint64_t id)
{
    if (!crowded)
        bury(id);
}

static struct known lookup(uint64_t id)
{
    static const struct known nothing;
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    const struct known *found = find_known(id);
    struct known known = found != NULL ? *found : nothing;
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
    return known;
}

static int is_dead(uint64_t id)
{
    return id == 0 || lookup(id).is_dead;
}

static struct known known_at(unsigned place)
{
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    struct known known = all_known[place];
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
    return known;
}

static void mark_loses_requests(uint64_t id)
{
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    find_known(id)->loses_requests = 1;
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
}

static void mark_asks(uint64_t id, int asks)
{
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    struct known *known = find_known(id);
    if (known != NULL)
        known->asks = asks;
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
}

/* A request that waits for an answer to this; 0 if there is none. */
static uint64_t waiting_request(int asks)
{
    uint64_t id = 0;
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    for (unsigned at = 0; at < TABLE && id == 0; at++)
        if (all_known[at].kind == SLK_OBJECT_REQUEST && !all_known[at].is_dead && all_known[at].asks == asks)
            id = all_known[at].id;
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
    return id;
}

/* The locker that another server asked for last. */
static atomic_uint_fast64_t asked_for;

static uint64_t living(int kind)
{
    unsigned from = below(POOL);
    for (unsigned at = 0; at < POOL; at++) {
        uint64_t id = atomic_load(&pools[kind][(from + at) % POOL]);
        if (id != 0 && !is_dead(id))
            return id;
    }
    return 0;
}

static uint64_t odd_handle(int kind)
{
    uint64_t id = atomic_load(&pools[kind][below(POOL)]);
    switch (below(6)) {
    case 0:
        return 0;
    case 1:
        return random_bits();
    case 2:
        return atomic_load(&pools[1 + below(KINDS - 1)][below(POOL)]); /* of another type */
    case 3:
        return id ^ (uint64_t)1 << (32 + below(28)); /* of another generation */
    case 4:
        return (uint64_t)(unsigned)kind << 60 | (uint64_t)(below(3)) << 32 | below(200); /* made up */
    default:
        return id; /* living or ended */
    }
}

/* A handle for the present call. */
static uint64_t any_handle(int kind)
{
    uint64_t id = odd(3) ? odd_handle(kind) : living(kind);
    if (is_dead(id))
        me.dead_given = 1;
    return id;
}

/* The same where the null handle stands for nothing. */
static uint64_t any_handle_or_null(int kind)
{
    int dead_given = me.dead_given;
    uint64_t id = any_handle(kind);
    if (id == 0)
        me.dead_given = dead_given;
    return id;
}

static slk_store any_store(void)
{
    return (slk_store){ any_handle(SLK_OBJECT_STORE) };
}

static slk_engine any_engine(void)
{
    return (slk_engine){ any_handle(SLK_OBJECT_ENGINE) };
}

static slk_spec any_spec(void)
{
    return (slk_spec){ any_handle(SLK_OBJECT_SPEC) };
}

static slk_locker any_locker(void)
{
    return (slk_locker){ any_handle(SLK_OBJECT_LOCKER) };
}

static slk_locker any_asked_locker(void)
{
    uint64_t id = odd(3) ? 0 : atomic_load(&asked_for);
    return is_dead(id) ? any_locker() : (slk_locker){ id };
}

static slk_document any_document(void)
{
    return (slk_document){ any_handle(SLK_OBJECT_DOCUMENT) };
}

static slk_request any_request(void)
{
    return (slk_request){ any_handle(SLK_OBJECT_REQUEST) };
}

/* The same, and more often than not one that the answer fits. */
static slk_request any_request_for(int asks)
{
    uint64_t id = odd(3) ? 0 : waiting_request(asks);
    return id != 0 ? (slk_request){ id } : any_request();
}

static slk_error_sink any_sink(void)
{
    return (slk_error_sink){ any_handle(SLK_OBJECT_ERROR_SINK) };
}

static slk_migrations any_migrations(void)
{
    return (slk_migrations){ any_handle(SLK_OBJECT_MIGRATIONS) };
}

static slk_buffer any_buffer(void)
{
    return (slk_buffer){ any_handle(SLK_OBJECT_BUFFER) };
}

/* The result of a call that ends a handle. */
static slk_result ended(slk_result result, uint64_t id)
{
    if (result == SLK_OK && id != 0)
        bury(id);
    return result;
}

/* The result of a call that makes a handle, at this place if it succeeded. */
static slk_result made(slk_result result, int kind, const void *place, uint64_t parent)
{
    uint64_t id;
    if (result == SLK_OK) {
        memcpy(&id, place, sizeof id);
        HOLDS(id != 0);
        remember(kind, id, parent);
    }
    return result;
}

static void forget_all(void)
{
    HOLDS(pthread_mutex_lock(&known_lock) == 0);
    memset(all_known, 0, sizeof all_known);
    known_count = 0;
    HOLDS(pthread_mutex_unlock(&known_lock) == 0);
    atomic_store(&asked_for, 0);
    for (int kind = 0; kind < KINDS; kind++)
        for (unsigned at = 0; at < POOL; at++)
            atomic_store(&pools[kind][at], 0);
}

#endif
