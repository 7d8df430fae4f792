// Records that are not held, people whom records are about, and players who are not real.
#include "world.hpp"

namespace {

void save_and_leave(world::server &server, const char *key, int gold, const char *user = nullptr) {
    const auto locker = server.join(key);
    auto change = locker.set("/gold", gold);
    if (user != nullptr)
        change = locker.add_user(user);
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
    CHECK_OK(locker.mark_should_release());
    CHECK(server.tick_until([](const slk::events::idle &) {}, [&] { return locker.is_idle(); }));
}

TEST(a_record_is_looked_at_without_taking_it) {
    world::server server;
    save_and_leave(server, "1", 7);
    slk::document seen;
    slk::result_code outcome = slk::result_code::pending;
    std::string holder;
    const auto visitor = slk::overload{[&](slk::events::record_viewed now) {
        CHECK(now.tag == 5 && now.spec == server.spec);
        outcome = now.outcome;
        holder = now.server;
        if (now.outcome == slk::result_code::ok)
            CHECK(now.schema_version == 1);
        seen = std::move(now.document);
    }};
    CHECK_OK(server.spec.view_record("1", 5));
    CHECK(server.tick_until(visitor, [&] { return outcome == slk::result_code::ok; }));
    CHECK(seen.get<int>("/gold").value_or(0) == 7 && holder.empty());
    CHECK_OK(server.spec.view_record("nobody", 5));
    CHECK(server.tick_until(visitor, [&] { return outcome == slk::result_code::empty; }));
    const auto held = server.join("1");
    CHECK_OK(server.spec.view_record("1", 5));
    CHECK(server.tick_until(visitor, [&] { return outcome == slk::result_code::ok; }));
    CHECK(holder == "a");
}

TEST(a_record_is_erased) {
    world::server server;
    save_and_leave(server, "1", 7);
    slk::result_code outcome = slk::result_code::pending;
    std::string holder;
    bool lost = false;
    const auto visitor = slk::overload{
        [&](const slk::events::record_erased &now) {
            CHECK(now.key == "1" && now.tag == 5);
            outcome = now.outcome;
            holder = now.server;
        },
        [&](const slk::events::lost &now) { lost = now.cause == slk::loss_cause::erased; },
    };
    {
        const auto held = server.join("1");
        CHECK_OK(server.spec.erase_record("1", 5));
        CHECK(server.tick_until(visitor, [&] { return outcome == slk::result_code::locked_elsewhere; }));
        CHECK(holder == "a" && held.is_available());
        CHECK_OK(server.spec.erase_record("1", 5, slk::if_held::erase));
        CHECK(server.tick_until(visitor, [&] { return outcome == slk::result_code::ok; }));
        // A session on the same server hears of it at once.
        CHECK(server.tick_until(visitor, [&] { return lost; }));
    }
    CHECK(server.join("1").get<int>("/gold").value_or(-1) == 0);
}

TEST(the_records_of_a_person_are_exported_and_erased) {
    world::server server;
    save_and_leave(server, "1", 7, "person");
    save_and_leave(server, "2", 8, "another");
    save_and_leave(server, "3", 9, "person");
    save_and_leave(server, "4", 10);
    std::vector<int> gold;
    std::uint64_t count = 99, erased = 0;
    const auto visitor = slk::overload{
        [&](slk::events::record_exported now) {
            CHECK(now.tag == 5 && now.document.get<std::string>("/users/0").value_or("") == "person");
            gold.push_back(now.document.get<int>("/data/gold").value_or(0));
        },
        [&](const slk::events::record_erased &now) { erased += now.outcome == slk::result_code::ok ? 1 : 0; },
        [&](const slk::events::user_done &now) {
            CHECK(now.outcome == slk::result_code::ok && now.tag == 5);
            count = now.count;
        },
    };
    CHECK_OK(server.spec.export_user("person", 5));
    CHECK(server.tick_until(visitor, [&] { return count == 2; }));
    CHECK((gold == std::vector<int>{7, 9}));
    count = 99;
    CHECK_OK(server.spec.erase_user("person", 5));
    CHECK(server.tick_until(visitor, [&] { return count == 2; }));
    CHECK(erased == 2);
    CHECK_OK(server.spec.export_user("person", 5));
    CHECK(server.tick_until(visitor, [&] { return count == 0; }));
}

TEST(people_are_added_and_removed) {
    world::server server;
    const auto locker = server.join("1");
    CHECK_OK(locker.add_user("bob"));
    CHECK_OK(locker.add_user("ann"));
    CHECK((*locker.users() == std::vector<std::string>{"ann", "bob"}));
    CHECK_OK(locker.remove_user("bob"));
    CHECK_CODE(empty, locker.remove_user("bob"));
    CHECK((*locker.users() == std::vector<std::string>{"ann"}));
    for (int i = 0; i < 63; ++i)
        CHECK_OK(locker.add_user(std::to_string(i)));
    CHECK_CODE(full, locker.add_user("one too many"));
    CHECK_CODE(invalid_argument, locker.add_user(std::string("a\0b", 3)));
}

TEST(players_who_are_not_real_leave_nothing) {
    world::server server;
    auto bot = *server.spec.open_artificial("1", 3);
    CHECK_OK(bot.mark_should_acquire());
    CHECK(server.tick_until([](const slk::events::loaded &) {}, [&] { return bot.is_loaded(); }));
    const auto change = bot.add("/gold", 1);
    CHECK(server.save(bot, change.value_or(0)) == slk::change_state::saved);
    CHECK_CODE(empty, server.store.value("player", "1"));
    CHECK(server.join("1").get<int>("/gold").value_or(-1) == 0);
}

TEST(a_record_is_taken_from_a_living_server) {
    auto store = *slk::store::open_memory();
    world::server first(slk::store(), world::server_options("a"), world::player_options(), store);
    auto options = world::player_options();
    options.before_save = [](const slk::save_view &, slk::document_ref) {};
    world::server second(slk::store(), world::server_options("b"), std::move(options), store);
    const auto here = first.join("1");
    auto there = *second.spec.open_locker("1");
    CHECK_OK(there.take_over());
    CHECK(!there.is_syncing());
    for (int i = 0; i < 50 && !there.is_loaded(); ++i)
        CHECK_OK(second.engine.update());
    // In no time at all: without asking the other server.
    CHECK(there.is_loaded() && there.is_syncing());
    bool lost = false;
    const auto visitor = slk::overload{[&](const slk::events::lost &now) { lost = now.cause == slk::loss_cause::taken; }};
    CHECK_OK(here.add("/gold", 1));
    CHECK_OK(here.mark_force_save());
    CHECK(first.tick_until(visitor, [&] { return lost; }));
}

TEST(the_last_deletion_is_told) {
    slk_event native{};
    native.kind = SLK_EVENT_DELETED;
    native.key = "1";
    native.key_length = 1;
    bool deleted = false;
    slk::event(native).visit(slk::overload{[&](const slk::events::deleted &now) { deleted = now.key == "1"; }});
    CHECK(deleted);
}

} // namespace
