#include "protocol.h"

#include "players.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 4, MAX_WORD = 64 };

struct command {
    const char *name;
    int words; /* with the name of the command */
    const char *usage;
    void (*run)(client_id client, char **words);
};

/* A positive amount, bounded so that no sum of a few can overflow. */
static bool parse_amount(client_id client, char **words, int64_t *amount)
{
    char *end;
    errno = 0;
    long long number = strtoll(words[2], &end, 10);
    if (end == words[2] || *end != '\0' || errno != 0 || number <= 0 || number > 1000000000) {
        clients_print(client, "error %s %s: the amount must be 1 to 1000000000, not '%s'", words[0], words[1], words[2]);
        return false;
    }
    *amount = number;
    return true;
}

static void run_join(client_id client, char **words)
{
    players_join(client, words[1]);
}

static void run_leave(client_id client, char **words)
{
    players_leave(client, words[1]);
}

static void run_earn(client_id client, char **words)
{
    int64_t amount;
    if (parse_amount(client, words, &amount))
        players_earn(client, words[1], amount);
}

static void run_spend(client_id client, char **words)
{
    int64_t amount;
    if (parse_amount(client, words, &amount))
        players_spend(client, words[1], amount);
}

static void run_buy(client_id client, char **words)
{
    players_buy(client, words[1], words[2], words[3]);
}

static void run_save(client_id client, char **words)
{
    players_save(client, words[1]);
}

static void run_show(client_id client, char **words)
{
    players_show(client, words[1]);
}

static void run_letters(client_id client, char **words)
{
    players_letters(client, words[1]);
}

static void run_gift(client_id client, char **words)
{
    int64_t amount;
    char *as_amount[] = { words[0], words[1], words[3] };
    if (parse_amount(client, as_amount, &amount))
        players_gift(client, words[1], words[2], amount);
}

static void run_mail(client_id client, char **words)
{
    players_mail(client, words[1], words[2]);
}

static void run_redeem(client_id client, char **words)
{
    players_redeem(client, words[1], words[2]);
}

static void run_refund(client_id client, char **words)
{
    players_refund(client, words[1], words[2], words[3]);
}

static void run_shutdown(client_id client, char **words)
{
    (void)words;
    players_begin_shutdown(client);
}

static void run_help(client_id client, char **words);

static const struct command COMMANDS[] = {
    {"join", 2, "join <player>", run_join},
    {"leave", 2, "leave <player>", run_leave},
    {"earn", 3, "earn <player> <gold>", run_earn},
    {"spend", 3, "spend <player> <gold>", run_spend},
    {"buy", 4, "buy <player> gold100|vip <receipt id>", run_buy},
    {"gift", 4, "gift <player> <to> <gold>", run_gift},
    {"mail", 3, "mail <to> <word>", run_mail},
    {"redeem", 3, "redeem <player> gold100|vip", run_redeem},
    {"refund", 4, "refund <player> gold100|vip <receipt id>", run_refund},
    {"save", 2, "save <player>", run_save},
    {"show", 2, "show <player>", run_show},
    {"letters", 2, "letters <player>", run_letters},
    {"shutdown", 1, "shutdown", run_shutdown},
    {"help", 1, "help", run_help},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void run_help(client_id client, char **words)
{
    (void)words;
    for (int i = 0; i < COMMAND_COUNT; i++)
        clients_print(client, "* %s", COMMANDS[i].usage);
    clients_print(client, "ok help");
}

/* Words become part of keys, lines and the audit log, so this game allows few characters. The library would take any
 * UTF-8 as a key. */
static bool is_word(const char *word)
{
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    return length > 0 && length <= MAX_WORD && word[length] == '\0';
}

/* Cuts the line into words; returns how many there are, or -1. */
static int split(char *line, char **words)
{
    int count = 0;
    char *next = line;
    while (*next != '\0') {
        size_t length = strcspn(next, " ");
        char *rest = next + length + (next[length] == ' ');
        next[length] = '\0';
        if (length > 0) {
            if (count == MAX_WORDS || !is_word(next))
                return -1;
            words[count++] = next;
        }
        next = rest;
    }
    return count;
}

void protocol_line(client_id client, char *line)
{
    char *words[MAX_WORDS];
    int count = split(line, words);
    if (count == 0)
        return;
    for (int i = 0; i < COMMAND_COUNT && count > 0; i++) {
        if (strcmp(words[0], COMMANDS[i].name) != 0)
            continue;
        if (count == COMMANDS[i].words)
            COMMANDS[i].run(client, words);
        else
            clients_print(client, "error usage: %s", COMMANDS[i].usage);
        return;
    }
    clients_print(client, "error not understood; 'help' lists the commands");
}
