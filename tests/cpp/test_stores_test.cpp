// Stores for tests, the check of stores, and lists. Comes after stores_test.cpp, whose stores it uses.
#include "world.hpp"

namespace {

TEST(values_are_put_and_taken_out) {
    auto memory = *slk::store::open_memory();
    CHECK_CODE(empty, memory.value("player", "1"));
    const std::string bytes("\0\xff and more", 11);
    CHECK_OK(memory.set_value("player", "1", bytes));
    CHECK(memory.value("player", "1").value_or("") == bytes);
    CHECK_OK(memory.set_value("player", "2", std::string()));
    CHECK(memory.value("player", "2").value_or("x").empty());
    CHECK_CODE(invalid_argument, memory.value(std::string("a\0b", 3), "1"));
    auto yours = *slk::store::create(std::make_shared<blocking_shelf>());
    CHECK_CODE(unsupported, yours.set_value("player", "1", bytes));
}

TEST(a_faulty_store_fails_as_it_is_told) {
    auto memory = *slk::store::open_memory();
    slk::fault_options faults;
    faults.refused = 5000;
    faults.reply_lost = 1000;
    faults.seed = 3;
    auto faulty = *slk::store::open_faulty(memory, faults);
    memory = {};
    CHECK_OK(faulty.set_value("player", "1", std::string("{}")));
    CHECK(faulty.fault_counts()->requests == 0);
    world::server server(std::move(faulty), world::server_options("a"), world::player_options());
    const auto locker = server.join("1x");
    const auto counts = server.store.fault_counts();
    CHECK_OK(counts);
    CHECK(counts->requests > 2 && counts->refused > 0 && counts->late == 0);
    CHECK_OK(server.store.clear_faults());
    const auto change = locker.add("/gold", 1);
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
    CHECK(server.store.fault_counts()->refused >= counts->refused);
    slk::fault_options too_many;
    too_many.delayed = slk::fault_options::always;
    too_many.late = 1;
    CHECK_CODE(invalid_argument, server.store.set_faults(too_many));
    auto plain = *slk::store::open_memory();
    CHECK_CODE(unsupported, plain.set_faults(faults));
    CHECK_CODE(unsupported, plain.fault_counts());
}

TEST(a_read_only_store_keeps_what_it_is_given) {
    auto memory = *slk::store::open_memory();
    CHECK_OK(memory.set_value("player", "1", std::string("inner")));
    auto outer = *slk::store::open_read_only(memory);
    CHECK(outer.value("player", "1").value_or("") == "inner");
    CHECK_OK(outer.set_value("player", "1", std::string("outer")));
    CHECK(outer.value("player", "1").value_or("") == "outer");
    CHECK(memory.value("player", "1").value_or("") == "inner");
    CHECK_CODE(invalid_handle, slk::store::open_read_only(slk::store()));
}

// Forgets what it should have compared.
class careless_shelf : public blocking_shelf {
public:
    slk::remove_answer remove(const slk::request_view &) override { return slk::removed{}; }
};

TEST(stores_of_ones_own_are_checked) {
    slk::store_options options;
    options.lists = true;
    options.max_value_bytes = 4096;
    CHECK_OK(slk::store::create(std::make_shared<blocking_shelf>(), options)->check());
    const auto broken = slk::store::create(std::make_shared<careless_shelf>(), options)->check(2s);
    CHECK_CODE(broken_store, broken);
    CHECK(broken.error().text.find(": ") != std::string::npos);
    CHECK_CODE(invalid_argument, slk::store::open_memory()->check(std::chrono::milliseconds(-1)));
}

// Whether a person's records are found, which takes a list.
slk::result_code find_people(slk::store store) {
    auto server = server_on(std::move(store));
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    CHECK(tick_until(server, [&] { return locker.is_available(); }));
    CHECK_OK(locker.add_user("person"));
    CHECK_OK(locker.mark_should_release());
    CHECK(tick_until(server, [&] { return locker.is_idle(); }));
    if (const auto asked = server.spec.export_user("person", 1); !asked)
        return asked.code();
    slk::result_code outcome = slk::result_code::pending;
    std::uint64_t count = 0;
    const auto visitor = slk::overload{[&](const slk::events::user_done &now) {
        outcome = now.outcome;
        count = now.count;
    }};
    for (int i = 0; i < patience_ms && outcome == slk::result_code::pending; ++i) {
        CHECK_OK(server.engine.update());
        CHECK_OK(server.engine.dispatch(visitor));
        world::now() += 1ms;
        std::this_thread::sleep_for(1ms);
    }
    CHECK(outcome != slk::result_code::ok || count == 1);
    return outcome;
}

TEST(stores_of_ones_own_list_their_keys) {
    slk::store_options options;
    CHECK(find_people(*slk::store::create(std::make_shared<blocking_shelf>(), options)) == slk::result_code::unsupported);
    options.lists = true;
    CHECK(find_people(*slk::store::create(std::make_shared<blocking_shelf>(), options)) == slk::result_code::ok);
    auto asynchronous = std::make_shared<async_shelf>();
    asynchronous->trouble = 5;
    CHECK(find_people(*slk::store::create(asynchronous, options)) == slk::result_code::ok);
}

// Fails to list once, in one way or the other, and then does it.
class failing_shelf : public blocking_shelf {
public:
    explicit failing_shelf(int how) : how_(how) {}
    slk::list_answer list(const slk::request_view &asked) override {
        CHECK(asked.kind() == slk::request_kind::list && asked.limit() > 0);
        switch (std::exchange(how_, -1)) {
        case 0: return slk::store_failed{slk::trouble::not_applied, "the index is being built"};
        case 1: return slk::keys{{std::string("a\0b", 3)}, false};
#if SLK_CPP_EXCEPTIONS
        case 2: throw std::runtime_error("the index is broken");
        case 3: throw 42;
#endif
        default: return blocking_shelf::list(asked);
        }
    }

private:
    int how_;
};

TEST(what_a_list_says_or_throws_does_no_harm) {
    slk::store_options options;
    options.lists = true;
    for (int how = 0; how < 4; ++how) {
        const auto outcome = find_people(*slk::store::create(std::make_shared<failing_shelf>(how), options));
        // It is asked again.
        CHECK(outcome == slk::result_code::ok);
    }
}

} // namespace
