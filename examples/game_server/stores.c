#include "stores.h"

#include "failures.h"
#include "file_store.h"

#include <stdio.h>

bool stores_open(const struct options *options, slk_store *store)
{
    const char *where = options->where;
    switch (options->store) {
    case STORE_FILES:
        return succeeded(file_store_open(where, store), "cannot open the folder of players");
    case STORE_POSTGRES:
        if (options->create_tables && !succeeded(slk_postgres_create_tables(where, NULL), "cannot make the tables"))
            return false;
        return succeeded(slk_store_open_postgres(where, NULL, store), "cannot open the store in PostgreSQL");
    case STORE_REDIS:
        if (options->create_tables && !succeeded(slk_redis_create_layout(where, NULL), "cannot make the layout"))
            return false;
        return succeeded(slk_store_open_redis(where, NULL, store), "cannot open the store in Redis");
    case STORE_SQLITE:
        break;
    }
    return succeeded(slk_store_open_sqlite(where, NULL, store), "cannot open the database");
}

bool stores_check(const struct options *options)
{
    static char report[64 * 1024]; /* a longer one is cut */
    slk_store store;
    if (!stores_open(options, &store))
        return false;
    slk_result result = slk_store_check(store, 0, report, sizeof report, NULL);
    if (result == SLK_OK)
        puts("the store keeps its promises");
    else if (result == SLK_E_BROKEN_STORE)
        fputs(report, stdout);
    else
        succeeded(result, "cannot check the store");
    return succeeded(slk_store_destroy(store), "cannot destroy the store") && result == SLK_OK;
}
