/*
 * One thread of the fuzzer: its random numbers, its last calls, and the memory that it lends to the call that it is in.
 *
 * What a call is given lies in blocks of exactly the size that it may look at, and is freed when it returns, so that
 * AddressSanitizer sees who reads too far or keeps what it should have copied.
 */
#ifndef MISUSE_HAND_H
#define MISUSE_HAND_H

#include "../harness.h"

#include <stdatomic.h>

enum { LAST_STEPS = 24, MOST_LOANS = 256, MOST_THREADS = 5, UNTOUCHED = 0xA5 };

/* What becomes of a block that was lent to a call. */
enum role {
    LOAN_IN,     /* read only */
    LOAN_OUT,    /* written on success only */
    LOAN_HANDLE, /* receives a handle: null on failure */
    LOAN_LENGTH, /* `needed`: also written when a buffer is too small */
    LOAN_TEXT    /* receives what fits, also on failure */
};

struct loan {
    unsigned char *at;
    size_t size;
    enum role role;
};

struct step {
    const char *function;
    slk_result result;
    int inside; /* how many callbacks deep */
    int returned;
};

struct hand {
    uint64_t random;
    uint64_t trace; /* of functions and results; of one thread alone equal for equal runs. What ran before in the same
                       process counts: the numbers of handles go on from there */
    struct loan loans[MOST_LOANS];
    unsigned loan_count;
    struct step steps[LAST_STEPS];
    unsigned step_count;
    int inside;     /* callbacks on this thread's stack */
    int tame;       /* gives good arguments only */
    int dead_given; /* a handle that surely names nothing was given to the present call */
    int answer_now; /* stores of ours answer inside their callbacks */
    int started;
};

static _Thread_local struct hand me;

/* The hands of the fuzzer's own threads, for the watchdog. */
static struct hand *hands[MOST_THREADS];

/* Raised by each call that returns. */
static atomic_uint_fast64_t progress;

/* More than one thread: then nobody can say what another does meanwhile. */
static int crowded;

static uint64_t first_seed, current_seed;

/* As `last_error`, for many threads. */
static const char *last_words(void)
{
    static _Thread_local char words[8192];
    (void)slk_last_error(words, sizeof words, NULL);
    return words;
}

static void show_steps(const struct hand *hand)
{
    unsigned from = hand->step_count > LAST_STEPS ? hand->step_count - LAST_STEPS : 0;
    for (unsigned at = from; at < hand->step_count; at++) {
        const struct step *step = &hand->steps[at % LAST_STEPS];
        fprintf(stderr, "  %*s%s: %s\n", 2 * step->inside, "", step->function,
                step->returned ? slk_result_name(step->result) : "not returned");
    }
}

static void give_up(const char *what)
{
    fprintf(stderr, "misuse: %s\n  seed %llu of a run that began with %llu\n  last error: %s\n  last calls:\n", what,
            (unsigned long long)current_seed, (unsigned long long)first_seed, last_words());
    show_steps(&me);
    abort();
}

#define HOLDS(condition) \
    do { \
        if (!(condition)) \
            give_up(#condition); \
    } while (0)

/* Random numbers (SplitMix64). ------------------------------------------------------------------------------------- */

static atomic_uint_fast64_t library_threads;

static uint64_t mixed(uint64_t bits)
{
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
    return bits ^ bits >> 31;
}

/* Neighbouring seeds must not give the same numbers one place apart. */
static void begin_with(uint64_t seed, uint64_t thread)
{
    me.started = 1;
    me.random = mixed(mixed(seed) + thread);
}

static uint64_t random_bits(void)
{
    if (!me.started) /* a thread of the library that calls a store of ours */
        begin_with(first_seed, 1000 + atomic_fetch_add(&library_threads, 1));
    return mixed(me.random += 0x9E3779B97F4A7C15u);
}

static unsigned below(unsigned limit)
{
    return (unsigned)(random_bits() % limit);
}

static int one_in(unsigned chances)
{
    return below(chances) == 0;
}

/* Whether an argument is to be odd. */
static int odd(unsigned chances)
{
    return !me.tame && one_in(chances);
}

/* Loans. ------------------------------------------------------------------------------------------------------------ */

static void *lend(size_t size, enum role role)
{
    HOLDS(me.loan_count < MOST_LOANS);
    unsigned char *at = malloc(size == 0 ? 1 : size);
    HOLDS(at != NULL);
    memset(at, UNTOUCHED, size);
    me.loans[me.loan_count++] = (struct loan){ at, size, role };
    return at;
}

/* An out-parameter: sometimes NULL. */
static void *out(size_t size, enum role role)
{
    return odd(12) ? NULL : lend(size, role);
}

static int is_filled_with(const struct loan *loan, unsigned char byte)
{
    for (size_t at = 0; at < loan->size; at++)
        if (loan->at[at] != byte)
            return 0;
    return 1;
}

static void check_loan(const struct loan *loan, slk_result result)
{
    if (loan->role == LOAN_OUT && result != SLK_OK)
        HOLDS(is_filled_with(loan, UNTOUCHED) && "what is written on success only was left alone");
    if (loan->role == LOAN_HANDLE && result != SLK_OK)
        HOLDS(is_filled_with(loan, 0) && "an out-handle is null on failure");
    if (loan->role == LOAN_LENGTH && result != SLK_OK && result != SLK_E_BUFFER_TOO_SMALL)
        HOLDS(is_filled_with(loan, UNTOUCHED) && "a length is written only if there is one");
}

static void end_loans(unsigned from)
{
    while (me.loan_count > from)
        free(me.loans[--me.loan_count].at);
}

/* Calls. ------------------------------------------------------------------------------------------------------------ */

/* What a function gives back. */
enum answer { ANSWER_RESULT, ANSWER_NUMBER };

struct call {
    const char *function;
    slk_result (*make)(void);
    enum answer answer;
    unsigned weight;
};

static void check_failure(const struct call *call, slk_result result)
{
    HOLDS(result != SLK_E_PANIC);
    HOLDS(strcmp(slk_result_name(result), "unknown slk_result") != 0);
    if (result >= SLK_OK || strcmp(call->function, "slk_last_error") == 0)
        return;
    size_t length = strlen(call->function);
    const char *words = last_words();
    HOLDS(strncmp(words, call->function, length) == 0 && "a failure has words that name the function");
    HOLDS(words[length] == ':' && words[length + 1] == ' ' && words[length + 2] != '\0');
}

static slk_result make_call(const struct call *call)
{
    unsigned loans = me.loan_count, place = me.step_count++ % LAST_STEPS;
    int tame = me.tame, dead_given = me.dead_given;
    me.steps[place] = (struct step){ call->function, SLK_OK, me.inside, 0 };
    me.tame = !one_in(3);
    me.dead_given = 0;
    slk_result result = call->make();
    me.steps[place].function = call->function; /* calls inside callbacks may have gone round */
    me.steps[place].result = result;
    me.steps[place].inside = me.inside;
    me.steps[place].returned = 1;
    if (call->answer == ANSWER_RESULT)
        check_failure(call, result);
    HOLDS((!me.dead_given || (call->answer == ANSWER_RESULT ? result < SLK_OK : result == 0)) &&
          "a handle that names nothing gives an error");
    for (unsigned at = loans; call->answer == ANSWER_RESULT && at < me.loan_count; at++)
        check_loan(&me.loans[at], result);
    end_loans(loans);
    me.tame = tame;
    me.dead_given = dead_given;
    me.trace = (me.trace ^ (uint32_t)result ^ (uint64_t)strlen(call->function) << 32) * 1099511628211u;
    atomic_fetch_add(&progress, 1);
    return result;
}

#endif
