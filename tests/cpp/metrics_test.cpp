// What an engine tells of itself: metrics, the log with fields, critical stores.
#include "world.hpp"

namespace {

TEST(metrics_count) {
    world::server server;
    const auto locker = server.join("somebody");
    const auto before = server.engine.metrics();
    CHECK_OK(before);
    CHECK(before->sessions_acquired == 1 && before->lockers_held == 1 && before->saves == 0);
    const auto change = locker.add("/gold", 1);
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
    CHECK(server.engine.metrics()->saves == 1);
    const auto text = server.engine.metrics_text();
    CHECK_OK(text);
    CHECK(check::contains(*text, "# TYPE sessionlocker_") && !check::contains(*text, "somebody"));
    CHECK(server.engine.purchases_in_progress().value_or(9) == 0 && server.engine.visits_in_progress().value_or(9) == 0);
    CHECK_CODE(invalid_handle, slk::engine().metrics());
    CHECK_CODE(invalid_handle, slk::engine().metrics_text());
    CHECK_CODE(invalid_handle, slk::engine().visits_in_progress());
}

TEST(the_log_comes_with_fields) {
    std::vector<std::string> keys;
    auto options = world::server_options("logging");
    options.log_level = slk::log_level::debug;
    options.mask_ids = true;
    options.seed = 5;
    options.max_requests_per_second = 1000;
    options.log_record = [&](const slk::log_record &told) {
        CHECK(told.server() == "logging" && !told.text().empty() && told.time().time_since_epoch().count() > 0);
        CHECK(told.level() >= slk::log_level::error && told.cause() == slk::trouble_cause::none);
        if (told.kind() != slk::log_kind::locker)
            return;
        CHECK(told.spec() == "player" && !told.store().empty());
        keys.emplace_back(told.key());
        if (told.epoch() > 0)
            keys.emplace_back("with an epoch");
    };
    world::server server(world::player_options(), std::move(options));
    const auto locker = server.join("secret");
    CHECK(!keys.empty());
    for (const std::string &key : keys)
        CHECK(key == "with an epoch" || (key.size() == 9 && key[0] == '#'));
}

TEST(a_limit_of_requests_that_leaves_no_room_is_refused) {
    auto options = world::server_options("a");
    options.max_requests_per_second = 1;
    options.beat_interval = 1s;
    CHECK_CODE(invalid_argument, slk::engine::create(std::move(options)));
}

TEST(a_store_in_a_critical_state_is_told_of) {
    auto memory = *slk::store::open_memory();
    world::server server(*slk::store::open_faulty(memory), world::server_options("a"), world::player_options());
    const auto locker = server.join("1");
    CHECK(!server.engine.is_store_critical(server.store));
    slk::fault_options faults;
    faults.refused = slk::fault_options::always;
    faults.spare_servers = true;
    CHECK_OK(server.store.set_faults(faults));
    CHECK_OK(locker.add("/gold", 1));
    bool critical = false, recovered = false;
    slk::trouble_cause cause = slk::trouble_cause::none, save_cause = slk::trouble_cause::none;
    const auto visitor = slk::overload{
        [&](const slk::events::store_critical &now) {
            critical = !now.store.empty() && !now.text.empty();
            cause = now.cause;
        },
        [&](const slk::events::store_recovered &) { recovered = true; },
        [&](const slk::events::save_trouble &now) { save_cause = now.cause; },
    };
    for (int i = 0; i < 40 && !critical; ++i) {
        CHECK_OK(locker.mark_force_save());
        server.tick_until(visitor, [&] { return critical; }, 50);
    }
    CHECK(critical && cause == slk::trouble_cause::store && save_cause == slk::trouble_cause::store);
    CHECK(server.engine.is_store_critical(server.store));
    CHECK_OK(server.store.clear_faults());
    CHECK(server.tick_until(visitor, [&] { return recovered; }, 20000));
    CHECK(!server.engine.is_store_critical(server.store));
}

#if SLK_CPP_EXCEPTIONS
TEST(what_the_log_with_fields_throws_stays_inside) {
    int called = 0;
    auto options = world::server_options("a");
    options.log_level = slk::log_level::debug;
    options.log_record = [&](const slk::log_record &) {
        ++called;
        throw std::runtime_error("the disk of the log is full");
    };
    world::server server(world::player_options(), std::move(options));
    CHECK(server.join("1").is_available() && called > 0);
}
#endif

} // namespace
