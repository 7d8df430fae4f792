// Migrations: sets, and what comes of them.
#include "world.hpp"

namespace {

slk::spec_options second_version(slk::migrations steps) {
    auto options = world::player_options();
    options.schema_version = 2;
    options.default_data = R"({"gold":0,"name":"new","mail":[]})";
    options.migrations = std::move(steps);
    return options;
}

// A store with a record of version 1.
slk::store old_store() {
    world::server old;
    const auto locker = old.join("1");
    const auto change = locker.add("/gold", 5);
    CHECK(old.save(locker, change.value_or(0)) == slk::change_state::saved);
    CHECK_OK(locker.mark_should_release());
    CHECK(old.tick_until([](const slk::events::idle &) {}, [&] { return locker.is_idle(); }));
    return std::move(old.store);
}

TEST(a_record_is_migrated_and_patched) {
    auto steps = *slk::migrations::create();
    CHECK(slk::object_count(slk::object_kind::migrations) == 1);
    auto counted = std::make_shared<int>(0);
    const auto migrate = [counted](const slk::migration_view &asked, slk::document_ref draft) {
        CHECK(asked.from_version() == 1 && asked.from_patch() == 0 && asked.to_version() == 2);
        CHECK(asked.key() == "1" && asked.user_tag() == 9 && asked.locker());
        ++*counted;
        return draft.set_json("/mail", "[]");
    };
    CHECK_OK(steps.add_migrator(1, migrate, slk::migration_kind::compatible, 0));
    CHECK_OK(steps.add_patcher(2, 0, [counted](const slk::migration_view &asked, slk::document_ref draft) {
        CHECK(asked.from_version() == 2 && asked.to_version() == 2);
        ++*counted;
        return draft.append("/mail", "welcome");
    }));
    CHECK_OK(steps.check(2));
    {
        world::server server(old_store(), world::server_options("b"), second_version(std::move(steps)));
        const auto locker = server.join("1", 9);
        CHECK(locker.get<int>("/gold").value_or(0) == 5);
        CHECK(locker.get<std::string>("/mail/0").value_or("") == "welcome");
        CHECK(*counted == 2);
    }
    // The engine is gone, and with it what the steps captured.
    CHECK(counted.use_count() == 2);
}

TEST(sets_of_migrations_are_checked) {
    auto steps = *slk::migrations::create();
    const auto nothing = [](const slk::migration_view &, slk::document_ref) {};
    CHECK_OK(steps.add_migrator(1, nothing));
    CHECK_CODE(exists, steps.add_migrator(1, nothing));
    CHECK_CODE(invalid_argument, steps.add_migrator(2, nullptr));
    CHECK_CODE(invalid_argument, steps.add_patcher(2, 0, nullptr));
    CHECK_OK(steps.check(2));
    CHECK_CODE(invalid_argument, steps.check(3));
    auto options = second_version(std::move(steps));
    options.schema_version = 3;
    world::server server;
    options.name = "another";
    CHECK_CODE(invalid_argument, server.engine.create_spec(server.store, std::move(options)));
    CHECK_CODE(invalid_handle, steps.add_migrator(2, nothing));
    auto again = *slk::migrations::create();
    CHECK_OK(again.destroy());
    CHECK_CODE(invalid_handle, slk::migrations().check(1));
}

#if SLK_CPP_EXCEPTIONS
TEST(what_a_migration_throws_leaves_the_record_as_it_is) {
    auto steps = *slk::migrations::create();
    CHECK_OK(steps.add_migrator(1, [](const slk::migration_view &, slk::document_ref) -> slk::result<void> {
        throw std::runtime_error("this player is from another world");
    }));
    world::server server(old_store(), world::server_options("b"), second_version(std::move(steps)));
    const auto before = server.store.value("player", "1");
    CHECK_OK(before);
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    std::string why;
    const auto on_status = slk::overload{[&](const slk::events::load_status &now) {
        if (now.state == slk::load_state::data_refused)
            why = now.text;
    }};
    CHECK(server.tick_until(on_status, [&] { return !why.empty(); }));
    CHECK(check::contains(why, "this player is from another world"));
    CHECK(server.store.value("player", "1").value_or("") == before.value_or("none"));
    // Others can play all the same.
    CHECK(server.join("2").is_available());
}
#endif

} // namespace
