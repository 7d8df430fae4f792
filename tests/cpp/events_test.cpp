// Events: by visitor, by loop, several at once.
#include "world.hpp"

namespace {

// Two servers on one store.
struct pair {
    world::server first;
    world::server second;

    explicit pair(slk::store shared = *slk::store::open_memory(), slk::spec_options options = world::player_options())
        : pair(shared.handle(), std::move(options)) {
        static_cast<void>(shared.release());
    }

    // Lets both tick until `done`.
    template <class First, class Second, class Done>
    bool tick_until(First &&on_first, Second &&on_second, Done &&done) {
        for (int i = 0; i < 3000; ++i) {
            CHECK_OK(first.engine.update());
            first.engine.dispatch(on_first).ignore();
            CHECK_OK(second.engine.update());
            second.engine.dispatch(on_second).ignore();
            if (done())
                return true;
            world::now() += 20ms;
        }
        return false;
    }

private:
    // The first server owns the store; the other only uses it, as another process would.
    pair(slk_store handle, slk::spec_options options)
        : first(slk::store(handle), world::server_options("a"), std::move(options)),
          second(slk::store(), world::server_options("b"), world::player_options(), first.store) {}
};

const auto no_visitor = slk::overload{[](const slk::events::other &) {}};

TEST(a_player_is_handed_over) {
    pair both;
    const auto here = both.first.join("1", 1);
    const auto change = here.add("/gold", 5);
    CHECK_OK(change);
    auto there = *both.second.spec.open_locker("1", 2);
    CHECK_OK(there.mark_should_acquire());
    std::string asked_by, locked_by;
    bool released = false, loaded = false;
    slk::release_cause cause = slk::release_cause::released;
    const auto on_first = slk::overload{
        [&](const slk::events::handover_requested &now) { asked_by = now.server; },
        [&](const slk::events::released &now) {
            released = now.key == "1" && now.user_tag == 1 && now.saved_change >= *change;
            cause = now.cause;
        },
    };
    const auto on_second = slk::overload{
        [&](const slk::events::load_status &now) {
            if (now.state == slk::load_state::locked_elsewhere)
                locked_by = now.server;
        },
        [&](const slk::events::loaded &now) { loaded = now.user_tag == 2 && now.epoch > 1; },
    };
    CHECK(both.tick_until(on_first, on_second, [&] { return loaded; }));
    CHECK(asked_by == "b" && locked_by == "a" && released && cause == slk::release_cause::handed_over);
    CHECK(there.get<int>("/gold").value_or(0) == 5);
    CHECK(!here.is_available() && there.is_available());
}

TEST(a_hand_over_can_be_refused) {
    auto options = world::player_options();
    options.handover_delay = 10s;
    pair both(*slk::store::open_memory(), std::move(options));
    const auto here = both.first.join("1");
    auto there = *both.second.spec.open_locker("1");
    CHECK_OK(there.mark_should_acquire());
    bool refused = false;
    const auto on_first = slk::overload{[&](const slk::events::handover_requested &now) {
        CHECK_OK(now.locker.answer_handover(slk::handover_answer::refuse));
    }};
    const auto on_second = slk::overload{[&](const slk::events::load_status &now) { refused = refused || now.refused; }};
    CHECK(both.tick_until(on_first, on_second, [&] { return refused; }));
    CHECK(here.is_available());
    CHECK_CODE(invalid_argument, here.answer_handover(slk::handover_answer::give, std::chrono::milliseconds(-1)));
}

TEST(a_lost_session_brings_its_data) {
    pair both;
    const auto here = both.first.join("1");
    CHECK_OK(here.set("/name", "unsaved"));
    // The first server is frozen for so long that the second may declare it dead.
    auto there = *both.second.spec.open_locker("1");
    CHECK_OK(there.mark_should_acquire());
    CHECK(both.second.tick_until(no_visitor, [&] { return there.is_loaded(); }, 20000));
    slk::document unsaved;
    std::string key;
    const auto on_first = slk::overload{[&](slk::events::lost now) {
        unsaved = std::move(now.document);
        key = now.key;
        CHECK(now.cause == slk::loss_cause::taken && !now.text.empty());
    }};
    CHECK(both.tick_until(on_first, no_visitor, [&] { return !key.empty(); }));
    CHECK(key == "1" && unsaved.get<std::string>("/name").value_or("") == "unsaved");
}

TEST(events_come_by_loop) {
    world::server server;
    auto locker = *server.spec.open_locker("1", 5);
    CHECK_OK(locker.mark_should_acquire());
    std::vector<slk::event_kind> kinds;
    for (int i = 0; i < 100 && kinds.empty(); ++i) {
        CHECK_OK(server.engine.update());
        while (auto event = server.engine.next_event()) {
            switch (event->kind()) {
            case slk::event_kind::loaded:
                CHECK(event->key() == "1" && event->user_tag() == 5 && event->epoch() > 0 && event->locker());
                CHECK(event->text().empty() && event->name().empty() && event->count() == 0);
                kinds.push_back(event->kind());
                break;
            default:
                break;
            }
        }
        CHECK_CODE(empty, server.engine.next_event());
    }
    CHECK(kinds.size() == 1);
}

TEST(events_come_several_at_once) {
    world::server server;
    std::vector<slk::locker> lockers;
    for (int i = 0; i < 10; ++i) {
        lockers.push_back(*server.spec.open_locker(std::to_string(i)));
        CHECK_OK(lockers.back().mark_should_acquire());
    }
    int loaded = 0;
    for (int i = 0; i < 100; ++i) {
        CHECK_OK(server.engine.update());
        for (;;) {
            auto some = server.engine.next_events(3);
            CHECK_OK(some);
            CHECK(some->size() <= 3);
            if (some->empty())
                break;
            for (auto &event : *some)
                event.visit(slk::overload{[&](const slk::events::loaded &) { ++loaded; }});
        }
        world::now() += 20ms;
    }
    CHECK(loaded == 10);
    CHECK(server.engine.next_events(0)->empty());
}

TEST(one_locker_can_be_updated_by_itself) {
    world::server server;
    auto locker = *server.spec.open_locker("1");
    CHECK(locker.update().value_or(false));
    CHECK_OK(locker.mark_should_acquire("inventory"));
    for (int i = 0; i < 1000 && !locker.is_loaded(); ++i) {
        CHECK_OK(locker.update());
        world::now() += 20ms;
    }
    CHECK(locker.is_available() && !locker.is_idle());
    CHECK_OK(locker.mark_should_release("inventory"));
    bool idle = false;
    for (int i = 0; i < 1000 && !idle; ++i) {
        idle = locker.update(500us).value_or(false);
        world::now() += 20ms;
    }
    CHECK(idle && locker.is_idle());
    CHECK_OK(locker.mark_deleted());
    CHECK_CODE(deleted, locker.mark_should_acquire());
}

TEST(a_shutdown_saves_everybody) {
    world::server server;
    const auto locker = server.join("1");
    const auto change = locker.add("/gold", 1);
    CHECK_OK(change);
    CHECK_OK(server.engine.begin_shutdown(30s));
    bool released = false, done = false;
    const auto visitor = slk::overload{
        [&](const slk::events::released &now) {
            released = now.cause == slk::release_cause::shutdown && now.saved_change >= *change;
        },
        [&](const slk::events::shutdown_done &now) { done = now.left_behind == 0; },
    };
    CHECK(server.tick_until(visitor, [&] { return done; }));
    CHECK(released);
    CHECK_CODE(shutting_down, server.spec.open_locker("2"));

    world::server blocking;
    const auto other = blocking.join("1");
    CHECK_OK(other.add("/gold", 1));
    CHECK_OK(blocking.engine.shutdown(10s));
}

TEST(visitors_take_events_by_value_or_reference_and_may_be_anything) {
    world::server server;
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    CHECK_OK(server.engine.update());
    int all = 0;
    CHECK_OK(server.engine.dispatch([&](const auto &) { ++all; }));
    CHECK(all > 0);
    struct counting {
        int loaded = 0;
        void operator()(slk::events::loaded) { ++loaded; }
        void operator()(const slk::events::of_locker &) {}
    } visitor;
    CHECK_OK(locker.mark_should_release());
    CHECK(server.tick_until(visitor, [&] { return locker.is_idle(); }));
}

} // namespace
