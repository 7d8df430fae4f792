// Stores made by deriving from the two interfaces.
#include "world.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace {

// What both stores here keep: values by kind, spec and key, with versions that never come back.
class shelf {
public:
    slk::get_answer get(const slk::request_view &asked) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto place = values_.find(name_of(asked));
        if (place == values_.end())
            return slk::missing{};
        return slk::found{place->second.value, place->second.version};
    }
    slk::put_answer put(const slk::request_view &asked) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!is_expected(asked))
            return slk::conflict{};
        const std::string version = std::to_string(++last_version_);
        values_[name_of(asked)] = {std::string(asked.value()), version};
        return slk::written{version};
    }
    slk::remove_answer remove(const slk::request_view &asked) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!is_expected(asked))
            return slk::conflict{};
        values_.erase(name_of(asked));
        return slk::removed{};
    }
    slk::list_answer list(const slk::request_view &asked) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const std::string first = name_of(asked);
        const std::string folder = first.substr(0, first.size() - asked.key().size());
        slk::keys listed;
        for (auto place = values_.upper_bound(first); place != values_.end(); ++place) {
            // An empty name to begin with stands before all of them.
            if (place->first.compare(0, folder.size(), folder) != 0)
                break;
            if (listed.names.size() == asked.limit()) {
                listed.more = true;
                break;
            }
            listed.names.push_back(place->first.substr(folder.size()));
        }
        return listed;
    }
    std::size_t size() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return values_.size();
    }

private:
    struct entry {
        std::string value;
        std::string version;
    };

    static std::string name_of(const slk::request_view &asked) {
        const std::string kind = asked.key_kind() == slk::key_kind::record ? "record/" : "server/";
        // No name has this in it, so that no two keys become one.
        const std::string between(1, '\0');
        return kind + std::string(asked.spec()) + between + std::string(asked.key());
    }
    bool is_expected(const slk::request_view &asked) {
        const auto place = values_.find(name_of(asked));
        if (asked.must_be_missing() || place == values_.end())
            return asked.must_be_missing() && place == values_.end();
        return place->second.version == asked.version();
    }

    std::mutex mutex_;
    std::map<std::string, entry> values_;
    std::uint64_t last_version_ = 0;
};

// So many milliseconds at most: far more than any machine needs.
constexpr int patience_ms = 100000;

// A time that really passes: stores on threads of the library do not follow the test's clock.
template <class Done>
bool tick_until(world::server &server, Done &&done) {
    for (int i = 0; i < patience_ms; ++i) {
        CHECK_OK(server.engine.update());
        server.engine.dispatch(slk::overload{[](const slk::events::other &) {}}).ignore();
        if (done())
            return true;
        world::now() += 1ms;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

world::server server_on(slk::store store) {
    return world::server(std::move(store), world::server_options("a"), world::player_options());
}

class blocking_shelf : public slk::blocking_store {
public:
    shelf kept;
    int trouble = -1;

    slk::get_answer get(const slk::request_view &asked) override {
        CHECK(asked.kind() == slk::request_kind::get && asked.value().empty());
        make_trouble();
        return kept.get(asked);
    }
    slk::put_answer put(const slk::request_view &asked) override {
        CHECK(asked.kind() == slk::request_kind::put && asked.limit() == 0);
        make_trouble();
        if (trouble == 0)
            return slk::store_failed{slk::trouble::not_applied, "the disk is full"};
        return kept.put(asked);
    }
    slk::remove_answer remove(const slk::request_view &asked) override { return kept.remove(asked); }
    slk::list_answer list(const slk::request_view &asked) override { return kept.list(asked); }

private:
    void make_trouble() const {
#if SLK_CPP_EXCEPTIONS
        if (trouble == 1)
            throw std::runtime_error("no route to the database");
        if (trouble == 2)
            throw 42;
#endif
    }
};

void play_on(world::server &server) {
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    CHECK(tick_until(server, [&] { return locker.is_available(); }));
    const auto change = locker.add("/gold", 5);
    CHECK_OK(change);
    CHECK_OK(locker.mark_force_save());
    CHECK(tick_until(server, [&] {
        return locker.change_status(change.value_or(0)).value_or(slk::change_state::lost) == slk::change_state::saved;
    }));
    CHECK_OK(locker.mark_should_release());
    CHECK(tick_until(server, [&] { return locker.is_idle(); }));
}

TEST(a_blocking_store_serves) {
    for (const std::uint32_t threads : {1u, 3u}) {
        auto yours = std::make_shared<blocking_shelf>();
        slk::store_options options;
        options.name = "shelf";
        options.threads = threads;
        {
            auto server = server_on(*slk::store::create(yours, options));
            play_on(server);
            // The player's record and the server's.
            CHECK(yours->kept.size() == 2);
            CHECK(yours.use_count() == 2);
        }
        CHECK(yours.use_count() == 1);
    }
}

TEST(what_a_blocking_store_says_or_throws_is_told) {
    for (const int trouble : {0, 1, 2}) {
        if (trouble > 0 && !SLK_CPP_EXCEPTIONS)
            continue;
        auto yours = std::make_shared<blocking_shelf>();
        auto server = server_on(*slk::store::create(yours));
        yours->trouble = trouble;
        auto locker = *server.spec.open_locker("1");
        CHECK_OK(locker.mark_should_acquire());
        const char *words[] = {"the disk is full", "no route to the database", "no std::exception"};
        std::string text;
        const auto is_told = [&] { return check::contains(text, words[trouble]); };
        // The store's thread takes the time that it needs: meanwhile the test's clock stands still.
        for (int i = 0; i < patience_ms && !is_told(); ++i) {
            CHECK_OK(server.engine.update());
            server.engine
                .dispatch(slk::overload{
                    [&](const slk::events::store_trouble &now) { text += now.text; },
                    [&](const slk::events::load_status &now) { text += now.text; },
                })
                .ignore();
            std::this_thread::sleep_for(1ms);
        }
        CHECK(is_told());
        // It recovers.
        yours->trouble = -1;
        CHECK(tick_until(server, [&] {
            world::now() += 1s;
            return locker.is_available();
        }));
    }
}

// Keeps each request until the test lets it go.
class async_shelf : public slk::async_store {
public:
    shelf kept;
    std::deque<slk::request> waiting;
    std::vector<std::uint64_t> cancelled;
    int trouble = -1;

    void get(slk::request &&asked) override { take(std::move(asked)); }
    void put(slk::request &&asked) override { take(std::move(asked)); }
    void remove(slk::request &&asked) override { take(std::move(asked)); }
    void list(slk::request &&asked) override { take(std::move(asked)); }
    void cancel(std::uint64_t request_id) override {
        cancelled.push_back(request_id);
        for (auto &one : waiting)
            if (one.id() == request_id)
                CHECK_OK(one.abandon());
#if SLK_CPP_EXCEPTIONS
        throw std::runtime_error("cancel failed");
#endif
    }

    void answer_one() {
        slk::request asked = std::move(waiting.front());
        waiting.pop_front();
        answer(asked);
    }
    void answer(slk::request &asked) {
        switch (asked.view().kind()) {
        case slk::request_kind::get: CHECK_OK(asked.answer(kept.get(asked.view()))); break;
        case slk::request_kind::put: CHECK_OK(asked.answer(kept.put(asked.view()))); break;
        case slk::request_kind::remove: CHECK_OK(asked.answer(kept.remove(asked.view()))); break;
        case slk::request_kind::list: CHECK_OK(asked.answer(kept.list(asked.view()))); break;
        }
        CHECK(asked.native_view() == nullptr && asked.view().key().empty());
        CHECK_CODE(invalid_handle, asked.missing());
    }

private:
    void take(slk::request &&asked) {
#if SLK_CPP_EXCEPTIONS
        if (trouble == 1)
            throw std::runtime_error("no connection left");
        if (trouble == 2) {
            const slk::request mine = std::move(asked);
            throw 42;
        }
#endif
        if (trouble == 3)
            return;
        if (trouble == 4) {
            CHECK_OK(asked.failed(slk::trouble::not_applied, std::string("NUL \0 inside", 12)));
            return;
        }
        if (trouble == 5)
            answer(asked);
        else
            waiting.push_back(std::move(asked));
    }
};

TEST(an_asynchronous_store_serves) {
    for (const int trouble : {-1, 5}) {
        auto yours = std::make_shared<async_shelf>();
        yours->trouble = trouble;
        {
            auto server = server_on(*slk::store::create(yours));
            auto locker = *server.spec.open_locker("1");
            CHECK_OK(locker.mark_should_acquire());
            CHECK(tick_until(server, [&] {
                while (!yours->waiting.empty())
                    yours->answer_one();
                return locker.is_available();
            }));
        }
        CHECK(yours.use_count() == 1);
    }
}

TEST(requests_outlive_the_engine) {
    auto yours = std::make_shared<async_shelf>();
    slk::request kept;
    {
        auto server = server_on(*slk::store::create(yours));
        CHECK_OK(server.engine.update());
        auto locker = *server.spec.open_locker("1");
        CHECK_OK(locker.mark_should_acquire());
        CHECK(tick_until(server, [&] { return !yours->waiting.empty(); }));
        kept = std::move(yours->waiting.front());
        yours->waiting.pop_front();
    }
    CHECK(!yours->cancelled.empty());
    CHECK(!kept.view().key().empty());
    // The store's object lives until its last request is over.
    CHECK(yours.use_count() == 2);
    CHECK_CODE(late, kept.missing());
    CHECK(yours.use_count() == 1);
}

TEST(what_an_asynchronous_store_does_wrong_is_told) {
    for (const int trouble : {1, 2, 3, 4}) {
        if (trouble < 3 && !SLK_CPP_EXCEPTIONS)
            continue;
        auto yours = std::make_shared<async_shelf>();
        yours->trouble = trouble;
        auto server = server_on(*slk::store::create(yours));
        auto locker = *server.spec.open_locker("1");
        CHECK_OK(locker.mark_should_acquire());
        std::string text;
        for (int i = 0; i < 100; ++i) {
            CHECK_OK(server.engine.update());
            server.engine.dispatch(slk::overload{[&](const slk::events::load_status &now) { text += now.text; },
                                                 [&](const slk::events::store_trouble &now) { text += now.text; }})
                .ignore();
            world::now() += 20ms;
        }
        if (trouble == 1)
            CHECK(check::contains(text, "no connection left"));
        if (trouble == 4)
            CHECK(check::contains(text, "NUL"));
        CHECK(!text.empty());
        yours->trouble = 5;
        CHECK(tick_until(server, [&] {
            world::now() += 1s;
            return locker.is_available();
        }));
    }
}

TEST(stores_can_tell_of_changes) {
    const auto store = slk::store::open_memory();
    CHECK_OK(store->notify(slk::key_kind::record, "player", "1"));
    CHECK_OK(store->notify(slk::key_kind::server, nullptr, "a"));
    CHECK_CODE(invalid_argument, store->notify(slk::key_kind::record, "player", std::string("1\0", 2)));
    CHECK_CODE(invalid_handle, slk::store().notify(slk::key_kind::record, "player", "1"));
}

TEST(stores_that_are_none_are_refused) {
    CHECK_CODE(invalid_argument, slk::store::create(std::shared_ptr<slk::blocking_store>()));
    CHECK_CODE(invalid_argument, slk::store::create(std::shared_ptr<slk::async_store>()));
    slk::store_options options;
    options.threads = 100000;
    auto yours = std::make_shared<blocking_shelf>();
    CHECK_CODE(invalid_argument, slk::store::create(yours, options));
    CHECK(yours.use_count() == 1);
    slk::sqlite_options sqlite;
    sqlite.must_exist = true;
    CHECK(!slk::store::open_sqlite("there-is-no-such-file.db", sqlite));
    slk::postgres_options postgres;
    postgres.require_synchronous = true;
    postgres.connect_timeout = std::chrono::seconds(1);
    const std::string nowhere = "postgresql://me@/game?host=%2Fno%2Fsuch%2Ffolder";
    CHECK(!slk::store::open_postgres(nowhere, postgres));
    CHECK(!slk::store::create_postgres_tables(nowhere));
    postgres.request_timeout = std::chrono::hours(10000);
    CHECK_CODE(invalid_argument, slk::store::open_postgres(nowhere, postgres));
    CHECK_CODE(invalid_argument, slk::store::open_postgres(std::string("a\0b", 3)));
    slk::redis_options redis;
    redis.require_durable = true;
    redis.wait_replicas = 1;
    redis.wait = std::chrono::milliseconds(100);
    const std::string no_socket = "redis+unix:///no/such/socket";
    CHECK(!slk::store::open_redis(no_socket, redis));
    CHECK(!slk::store::create_redis_layout(no_socket));
    redis.wait = std::chrono::hours(10000);
    CHECK_CODE(invalid_argument, slk::store::open_redis(no_socket, redis));
    CHECK_CODE(invalid_argument, slk::store::open_redis(std::string("a\0b", 3)));
}

} // namespace
