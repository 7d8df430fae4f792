#ifndef GAME_OPTIONS_H
#define GAME_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum store_kind {
    STORE_SQLITE,
    STORE_FILES,
    STORE_POSTGRES,
    STORE_REDIS
};

struct options {
    enum store_kind store;    /* where the players are */
    const char *where;        /* the SQLite file, the folder, or the URL */
    bool create_tables;       /* make what PostgreSQL or Redis needs, if it is not there yet */
    bool check_store;         /* try the store out and end */
    const char *server_id;    /* names this server in records: unique among living processes */
    const char *log;          /* audit log; NULL: none */
    uint16_t port;            /* 0: the system chooses */
    uint32_t lease_ms;        /* 0: the library's default */
    uint32_t game_version;    /* 1 or 2 */
    uint32_t autosave_ms;     /* 0: the library's default */
    bool predecessor_gone;    /* the operator vouches that an older process with this server id is dead */
};

/* Prints what is wrong, or the help, and returns false if the program should not go on. */
bool options_parse(int count, char **arguments, struct options *options);

#endif
