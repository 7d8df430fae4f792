#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
    "usage: game_server [options]\n"
    "  --db <file>              SQLite file with the players (default: players.db)\n"
    "  --store <where>          instead: files:<folder>, one file for each player, or postgresql://... or redis://...\n"
    "  --create-tables          make what PostgreSQL or Redis needs first, if it is not there yet\n"
    "  --check-store            find out whether the store keeps what a store must promise, and end\n"
    "  --server-id <name>       unique among living servers (default: game-server)\n"
    "  --port <number>          0: the system chooses, and the program prints which (default: 0)\n"
    "  --lease-ms <number>      how long others wait before they take over a dead server's players\n"
    "  --autosave-ms <number>   how long a change may wait to be saved\n"
    "  --game-version <1|2>     the version of the game (default: 2)\n"
    "  --predecessor-gone       an older process with this server id is surely dead\n"
    "  --log <file>             audit log\n";

static bool parse_number(const char *name, const char *text, unsigned long limit, uint32_t *value)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number > limit) {
        fprintf(stderr, "game_server: %s takes a number up to %lu, not '%s'\n", name, limit, text);
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

static bool parse_store(const char *text, struct options *options)
{
    static const struct {
        const char *prefix;
        enum store_kind store;
    } KINDS[] = {
        {"files:", STORE_FILES},
        {"postgresql://", STORE_POSTGRES},
        {"postgres://", STORE_POSTGRES},
        {"redis://", STORE_REDIS},
        {"rediss://", STORE_REDIS},
        {"redis+unix://", STORE_REDIS},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        size_t length = strlen(KINDS[i].prefix);
        if (strncmp(text, KINDS[i].prefix, length) != 0 || text[length] == '\0')
            continue;
        options->store = KINDS[i].store;
        options->where = options->store == STORE_FILES ? text + length : text;
        return true;
    }
    fprintf(stderr, "game_server: --store takes files:<folder> or a URL of PostgreSQL or Redis, not '%s'\n", text);
    return false;
}

static bool parse_one(const char *name, const char *value, struct options *options)
{
    uint32_t port;
    if (strcmp(name, "--store") == 0)
        return parse_store(value, options);
    if (strcmp(name, "--lease-ms") == 0)
        return parse_number(name, value, 3600000, &options->lease_ms);
    if (strcmp(name, "--autosave-ms") == 0)
        return parse_number(name, value, 3600000, &options->autosave_ms);
    if (strcmp(name, "--game-version") == 0)
        return parse_number(name, value, 2, &options->game_version);
    if (strcmp(name, "--port") == 0) {
        if (!parse_number(name, value, 65535, &port))
            return false;
        options->port = (uint16_t)port;
        return true;
    }
    if (strcmp(name, "--db") == 0) {
        options->store = STORE_SQLITE;
        options->where = value;
    }
    else if (strcmp(name, "--server-id") == 0)
        options->server_id = value;
    else if (strcmp(name, "--log") == 0)
        options->log = value;
    else {
        fprintf(stderr, "game_server: unknown option '%s'\n%s", name, USAGE);
        return false;
    }
    return true;
}

bool options_parse(int count, char **arguments, struct options *options)
{
    memset(options, 0, sizeof *options);
    options->where = "players.db";
    options->server_id = "game-server";
    options->game_version = 2;
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--help") == 0) {
            fputs(USAGE, stdout);
            return false;
        }
        if (strcmp(name, "--predecessor-gone") == 0) {
            options->predecessor_gone = true;
            continue;
        }
        if (strcmp(name, "--create-tables") == 0) {
            options->create_tables = true;
            continue;
        }
        if (strcmp(name, "--check-store") == 0) {
            options->check_store = true;
            continue;
        }
        if (i + 1 == count) {
            fprintf(stderr, "game_server: '%s' is unknown or lacks its value\n%s", name, USAGE);
            return false;
        }
        if (!parse_one(name, arguments[++i], options))
            return false;
    }
    return true;
}
