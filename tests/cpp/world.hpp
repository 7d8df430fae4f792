// What most tests need: a store, servers on it, and a clock that the test moves.
#ifndef WORLD_HPP
#define WORLD_HPP

#include "check.hpp"

#include <sessionlocker.hpp>

#include <memory>

using namespace std::chrono_literals;

namespace world {

inline std::chrono::nanoseconds &now() {
    static std::chrono::nanoseconds time = 1000s;
    return time;
}

inline slk::engine_options server_options(const char *server_id) {
    slk::engine_options options;
    options.server_id = server_id;
    options.clock = [] { return now(); };
    return options;
}

inline slk::spec_options player_options() {
    slk::spec_options options;
    options.name = "player";
    options.default_data = R"({"gold":0,"name":"new"})";
    options.apply_receipt = [](const slk::receipt_view &, slk::document_ref draft) { return draft.add("/gold", 100); };
    return options;
}

inline slk::receipt receipt_of(const char *purchase_id) {
    slk::receipt notice;
    notice.provider = "shop";
    notice.environment = "live";
    notice.purchase_id = purchase_id;
    notice.product = "gold100";
    return notice;
}

// One game server with one kind of record.
struct server {
    slk::store store;
    slk::engine engine;
    slk::spec spec;
    std::vector<std::string> seen;

    explicit server(slk::spec_options options = player_options(), slk::engine_options engine_options = server_options("a"))
        : store(*slk::store::open_memory()), engine(*slk::engine::create(std::move(engine_options))),
          spec(*engine.create_spec(store, std::move(options))) {}

    // `used` is the store if the server does not own one.
    server(slk::store owned, slk::engine_options engine_options, slk::spec_options options, const slk::store &used)
        : store(std::move(owned)), engine(*slk::engine::create(std::move(engine_options))),
          spec(*engine.create_spec(used, std::move(options))) {}

    server(slk::store shared, slk::engine_options engine_options, slk::spec_options options)
        : store(std::move(shared)), engine(*slk::engine::create(std::move(engine_options))),
          spec(*engine.create_spec(store, std::move(options))) {}

    // Ticks, moving the clock, until `done` or too long.
    template <class Visitor, class Done>
    bool tick_until(Visitor &&visitor, Done &&done, int at_most = 2000) {
        for (int i = 0; i < at_most; ++i) {
            CHECK_OK(engine.update());
            engine.dispatch(visitor).ignore();
            if (done())
                return true;
            now() += 20ms;
        }
        return false;
    }

    slk::locker join(const char *key, std::uint64_t tag = 0) {
        auto made = spec.open_locker(key, tag);
        CHECK_OK(made);
        if (!made)
            return {};
        CHECK_OK(made->mark_should_acquire());
        bool loaded = false;
        CHECK(tick_until(slk::overload{[&](const slk::events::loaded &) { loaded = true; }}, [&] { return loaded; }));
        return std::move(*made);
    }

    // Saves what is changed and waits for the answer.
    slk::change_state save(const slk::locker &locker, slk::change_id change) {
        CHECK_OK(locker.await_change(change, 7));
        CHECK_OK(locker.mark_force_save());
        slk::change_state state = slk::change_state::pending;
        const auto settled = [&](const slk::events::change_settled &one) {
            if (one.tag == 7 && one.change == change)
                state = one.state;
        };
        CHECK(tick_until(slk::overload{settled}, [&] { return state != slk::change_state::pending; }));
        return state;
    }
};

} // namespace world

#endif
