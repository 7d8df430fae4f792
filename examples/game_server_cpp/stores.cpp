#include "stores.hpp"

#include "file_store.hpp"

#include <cstdio>

namespace game {

slk::store open_store(const Options &options) {
    switch (options.store) {
    case StoreKind::files:
        return open_file_store(options.where).value();
    case StoreKind::postgres:
        if (options.create_tables)
            slk::store::create_postgres_tables(options.where).value();
        return slk::store::open_postgres(options.where).value();
    case StoreKind::redis:
        if (options.create_tables)
            slk::store::create_redis_layout(options.where).value();
        return slk::store::open_redis(options.where).value();
    case StoreKind::sqlite:
        break;
    }
    return slk::store::open_sqlite(options.where).value();
}

bool check_store(const Options &options) {
    const auto kept = open_store(options).check();
    std::puts(kept ? "the store keeps its promises" : kept.error().message().c_str());
    return kept.has_value();
}

} // namespace game
