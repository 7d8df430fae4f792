/*
 * What the host gives to the library as user data, and what callbacks have in common: each must find its user data alive,
 * and may call back into the library.
 */
#ifndef MISUSE_OWNER_H
#define MISUSE_OWNER_H

#include "values.h"

enum { ALIVE = 0x5eed, MOST_KEPT = 4096 };

struct owner {
    unsigned alive;
    const char *of; /* the function that it was given to */
    struct owner *next, **before; /* all that are alive */
    uint64_t time; /* of an engine's steady clock; never goes back */
    pthread_mutex_t lock;
    struct record *records; /* of a store */
    uint64_t versions;
};

struct record {
    struct record *next;
    char *name;
    unsigned char *value;
    size_t length;
    uint64_t version;
};

static struct owner *owners;
static pthread_mutex_t owners_lock = PTHREAD_MUTEX_INITIALIZER;

/* User data without a destroy callback: they end with the case. */
static struct owner *kept[MOST_KEPT];
static unsigned kept_count;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

/* Makes random calls; see calls.h. */
static void meddle(unsigned chances);

/* The case is ending: nobody calls back any more. */
static atomic_int all_quiet;

static struct owner *new_owner(const char *of)
{
    struct owner *owner = calloc(1, sizeof *owner);
    HOLDS(owner != NULL && pthread_mutex_init(&owner->lock, NULL) == 0);
    owner->alive = ALIVE;
    owner->of = of;
    owner->time = 1000000000000u;
    HOLDS(pthread_mutex_lock(&owners_lock) == 0);
    owner->next = owners;
    owner->before = &owners;
    if (owners != NULL)
        owners->before = &owner->next;
    owners = owner;
    HOLDS(pthread_mutex_unlock(&owners_lock) == 0);
    return owner;
}

static void free_record(struct record *record)
{
    free(record->name);
    free(record->value);
    free(record);
}

static void end_owner(struct owner *owner)
{
    HOLDS(owner->alive == ALIVE);
    while (owner->records != NULL) {
        struct record *next = owner->records->next;
        free_record(owner->records);
        owner->records = next;
    }
    HOLDS(pthread_mutex_lock(&owners_lock) == 0);
    *owner->before = owner->next;
    if (owner->next != NULL)
        owner->next->before = owner->before;
    HOLDS(pthread_mutex_unlock(&owners_lock) == 0);
    HOLDS(pthread_mutex_destroy(&owner->lock) == 0);
    owner->alive = 0;
    free(owner);
}

static struct owner *enter_callback(void *user_data)
{
    struct owner *owner = user_data;
    HOLDS(owner->alive == ALIVE);
    return owner;
}

static void owner_destroyed(void *user_data)
{
    struct owner *owner = enter_callback(user_data);
    meddle(4);
    end_owner(owner);
}

static slk_destroy any_destroy(void)
{
    return one_in(8) ? NULL : owner_destroyed;
}

/* What was given to a call that ended like this: the library's now, or ours again. */
static void settle(struct owner *owner, slk_result result, slk_destroy destroy)
{
    if (result != SLK_OK) {
        end_owner(owner);
    } else if (destroy == NULL) {
        HOLDS(pthread_mutex_lock(&kept_lock) == 0);
        HOLDS(kept_count < MOST_KEPT);
        kept[kept_count++] = owner;
        HOLDS(pthread_mutex_unlock(&kept_lock) == 0);
    }
}

static void end_kept(void)
{
    while (kept_count > 0)
        end_owner(kept[--kept_count]);
}

/* In the end, when everything that owners were given to is gone. */
static void no_owner_is_left(void)
{
    end_kept();
    for (const struct owner *owner = owners; owner != NULL; owner = owner->next)
        fprintf(stderr, "the user data of a %s were not ended\n", owner->of);
    HOLDS(owners == NULL && "user data are ended once, when what they were given to is gone");
}

/* A text that was shown to us: it ends where it says. */
static void look_at(const char *text, size_t length)
{
    HOLDS(text != NULL && strlen(text) == length);
}

static void look_at_string(const char *text)
{
    HOLDS(text != NULL && strlen(text) < A_MEGABYTE * 8u);
}

/* Mostly done, sometimes anything. */
static slk_result any_answer(void)
{
    static const slk_result answers[] = { SLK_NOT_APPLICABLE, SLK_REJECTED,       SLK_UNKNOWN_PRODUCT, SLK_DEFERRED, -1,
                                          SLK_E_CALLBACK,     SLK_E_INVALID_JSON, 12345,               INT32_MIN };
    return one_in(4) ? answers[below(sizeof answers / sizeof answers[0])] : SLK_OK;
}

#endif
