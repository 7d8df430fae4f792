/*
 * Random calls of every function of the header, with good and odd arguments, handles that live, have ended or never were,
 * and callbacks that fail and call back. What must hold: each call gives a result, each failure has words, what is
 * written on success only is left alone on failure, no handle that has ended is taken for a living one, no bug is caught,
 * nobody waits for ever, user data are ended once, and nothing is left in the end.
 *
 * misuse_fuzz alone FIRST_SEED CASES        one thread: the seed decides all that is called
 * misuse_fuzz crowd FIRST_SEED CASES        2 to 4 threads that share all handles; the seed decides what each does
 * misuse_fuzz calls                         lists the functions that it calls
 * With a number and an `s` instead of CASES, it goes on for so many seconds.
 */
#include "misuse/rivals.h"

enum { STEPS = 400, CROWD_STEPS = 200, PATIENCE_SECONDS = 120 };

/* The watchdog. ----------------------------------------------------------------------------------------------------- */

static atomic_int watching = 1;

static void *watch(void *nothing)
{
    (void)nothing;
    uint64_t seen = 0;
    for (unsigned quiet = 0; atomic_load(&watching); quiet++) {
        sleep_us(100000);
        uint64_t now = atomic_load(&progress);
        if (now != seen)
            quiet = 0;
        seen = now;
        if (quiet < PATIENCE_SECONDS * 10)
            continue;
        fprintf(stderr, "misuse: no call has returned for %d s; seed %llu of a run that began with %llu\n",
                PATIENCE_SECONDS, (unsigned long long)current_seed, (unsigned long long)first_seed);
        for (int thread = 0; thread < MOST_THREADS; thread++)
            if (hands[thread] != NULL) {
                fprintf(stderr, " thread %d\n", thread);
                show_steps(hands[thread]);
            }
        abort();
    }
    return NULL;
}

/* One case. --------------------------------------------------------------------------------------------------------- */

static void take_hand(int thread, uint64_t seed)
{
    begin_with(seed, (uint64_t)thread);
    me.step_count = 0;
    hands[thread] = &me;
}

/* Something to play with: one store, two engines, the same records in both. */
static void set_the_table(void)
{
    static const char *const makers[] = { "slk_engine_create", "slk_engine_create", "slk_spec_create",   "slk_spec_create",
                                          "slk_spec_create",   "slk_locker_create", "slk_locker_create", "slk_locker_create",
                                          "slk_locker_create" };
    static const char *const stores[] = { "slk_store_open_memory", "slk_store_create", "slk_store_create" };
    (void)make_call_of(stores[below(3)]);
    if (one_in(3))
        (void)make_call_of("slk_store_open_faulty");
    for (unsigned at = 0; at < sizeof makers / sizeof makers[0]; at++)
        for (int tries = 0; tries < 4 && !make_call_of(makers[at]); tries++)
            ;
    for (int at = 0; at < 6; at++)
        (void)make_call_of("slk_locker_mark_should_acquire");
    if (one_in(4))
        ask_a_holder();
}

static void play(unsigned steps)
{
    for (unsigned step = 0; step < steps; step++)
        make_random_call();
}

static void destroy_known(int kind)
{
    for (unsigned at = 0; at < TABLE; at++) {
        struct known known = known_at(at);
        uint64_t id = known.id;
        if (id == 0 || known.kind != kind || known.is_dead)
            continue;
        slk_result result = kind == SLK_OBJECT_STORE     ? slk_store_destroy((slk_store){ id })
                            : kind == SLK_OBJECT_ENGINE  ? slk_engine_destroy((slk_engine){ id })
                            : kind == SLK_OBJECT_REQUEST ? slk_request_abandon((slk_request){ id })
                            : kind == SLK_OBJECT_MIGRATIONS ? slk_migrations_destroy((slk_migrations){ id })
                                                            : slk_document_destroy((slk_document){ id });
        HOLDS(result == SLK_OK || result == SLK_E_INVALID_HANDLE);
        atomic_fetch_add(&progress, 1);
    }
}

/* Ends everything, and looks whether that is all. */
static void clear_the_table(void)
{
    static const int kinds[] = { SLK_OBJECT_ENGINE,     SLK_OBJECT_REQUEST,  SLK_OBJECT_STORE,
                                 SLK_OBJECT_MIGRATIONS, SLK_OBJECT_DOCUMENT };
    atomic_store(&all_quiet, 1);
    /* Twice: a thread of a store may be inside a callback still, and make something before its store ends. */
    for (int time = 0; time < 2; time++)
        for (unsigned at = 0; at < sizeof kinds / sizeof kinds[0]; at++)
            destroy_known(kinds[at]);
    atomic_store(&all_quiet, 0);
    for (int kind = 1; kind < KINDS; kind++)
        if (slk_object_count(kind) != 0) {
            fprintf(stderr, "%d of kind %d are left\n", (int)slk_object_count(kind), kind);
            give_up("everything was destroyed");
        }
    no_owner_is_left();
    forget_all();
}

static uint64_t play_alone(uint64_t seed)
{
    take_hand(0, seed);
    me.trace = 14695981039346656037u;
    set_the_table();
    play(STEPS);
    clear_the_table();
    return me.trace;
}

struct player {
    pthread_t thread;
    int number;
    uint64_t seed;
};

static void *play_in_crowd(void *argument)
{
    const struct player *player = argument;
    take_hand(player->number, player->seed);
    play(CROWD_STEPS);
    hands[player->number] = NULL;
    return NULL;
}

static void play_with_others(uint64_t seed)
{
    struct player players[MOST_THREADS];
    take_hand(0, seed);
    set_the_table();
    int count = 2 + (int)below(MOST_THREADS - 2);
    for (int at = 0; at < count; at++) {
        players[at].number = at + 1;
        players[at].seed = seed;
        HOLDS(pthread_create(&players[at].thread, NULL, play_in_crowd, &players[at]) == 0);
    }
    for (int at = 0; at < count; at++)
        HOLDS(pthread_join(players[at].thread, NULL) == 0);
    clear_the_table();
}

/* The run. ---------------------------------------------------------------------------------------------------------- */

static uint64_t run_seed(uint64_t seed)
{
    current_seed = seed;
    if (!crowded)
        return play_alone(seed);
    play_with_others(seed);
    return 0;
}

/* Those that find something to do too seldom to be missed, or need a server. */
static int is_rare(const char *function)
{
    static const char *const rare[] = { "slk_store_open_postgres",      "slk_postgres_create_tables",
                                        "slk_store_open_redis",         "slk_redis_create_layout",
                                        "slk_request_complete_removed", "slk_request_complete_keys",
                                        "slk_engine_is_store_critical", "slk_store_check" };
    for (unsigned at = 0; at < sizeof rare / sizeof rare[0]; at++)
        if (strcmp(function, rare[at]) == 0)
            return 1;
    return 0;
}

static void report(uint64_t cases, double seconds, uint64_t trace)
{
    unsigned never_ok = 0;
    uint64_t calls = 0;
    for (unsigned at = 0; at < CALLS; at++) {
        unsigned long long called = atomic_load(&times_called[at]), ok = atomic_load(&times_ok[at]);
        printf("%8llu calls %8llu ok  %s\n", called, ok, all_calls[at].function);
        calls += called;
        if (ok == 0 && !is_rare(all_calls[at].function)) {
            printf("never succeeded: %s\n", all_calls[at].function);
            never_ok++;
        }
    }
    printf("%s: seeds %llu to %llu, %llu calls of %d functions, %.0f seeds a second, trace %016llx\n",
           crowded ? "crowd" : "alone", (unsigned long long)first_seed, (unsigned long long)(first_seed + cases - 1),
           (unsigned long long)calls, CALLS, seconds > 0 ? (double)cases / seconds : 0, (unsigned long long)trace);
    if (cases >= 1000 && never_ok > 0) {
        fprintf(stderr, "misuse: a function that never succeeds is not tested\n");
        exit(1);
    }
}

static double now_seconds(void)
{
    struct timespec now;
    HOLDS(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int list_calls(void)
{
    for (unsigned at = 0; at < CALLS; at++)
        puts(all_calls[at].function);
    return 0;
}

/* Databases of earlier runs are removed, and a file is made that is none. */
static void prepare_files(void)
{
    (void)remove("misuse-1.db");
    (void)remove("misuse-2.db");
    FILE *file = fopen("misuse.txt", "w");
    HOLDS(file != NULL && fputs("This is a letter, and no database of anybody. It is left as it is.", file) >= 0);
    HOLDS(fclose(file) == 0);
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "calls") == 0)
        return list_calls();
    if (count != 4) {
        fprintf(stderr, "usage: misuse_fuzz calls | (alone | crowd) FIRST_SEED (CASES | SECONDSs)\n");
        return 2;
    }
    char *unit;
    crowded = strcmp(arguments[1], "crowd") == 0;
    first_seed = strtoull(arguments[2], NULL, 10);
    uint64_t limit = strtoull(arguments[3], &unit, 10), cases = 0, trace = 0;
    pthread_t watchdog;
    prepare_files();
    HOLDS(pthread_create(&watchdog, NULL, watch, NULL) == 0);
    double begin = now_seconds();
    while (*unit == 's' ? now_seconds() < begin + (double)limit : cases < limit)
        trace = trace * 31 + run_seed(first_seed + cases++);
    atomic_store(&watching, 0);
    HOLDS(pthread_join(watchdog, NULL) == 0);
    report(cases, now_seconds() - begin, trace);
    return 0;
}
