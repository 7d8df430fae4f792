// Results, failures and texts that come in.
#include "world.hpp"

namespace {

slk::result<int> half(int number) {
    if (number % 2 != 0)
        return slk::failure{slk::result_code::invalid_argument, "odd"};
    return number / 2;
}

TEST(results_hold_a_value_or_say_why_not) {
    CHECK(half(4).has_value());
    CHECK(*half(4) == 2);
    CHECK(half(4).code() == slk::result_code::ok);
    CHECK(!half(3));
    CHECK(half(3).error().message() == "SLK_E_INVALID_ARGUMENT: odd");
    CHECK(half(3).value_or(9) == 9);
    CHECK(half(4).value_or(9) == 2);

    slk::result<std::unique_ptr<int>> owner = std::make_unique<int>(5);
    const auto taken = std::move(*owner);
    CHECK(*taken == 5);

    CHECK(slk::result<void>().has_value());
    CHECK(slk::result<void>(slk::result_code::ok).has_value());
    CHECK_CODE(not_applicable, slk::result<void>(slk::result_code::not_applicable));
    CHECK_CODE(invalid_argument, slk::result<void>(half(3)));
    CHECK((slk::failure{slk::result_code::busy, ""}.is_state()));
    CHECK((!slk::failure{slk::result_code::store, ""}.is_state()));
}

struct shelf_of_items {
    std::vector<std::string> items;
};

slk::result<shelf_of_items> load_items() { return shelf_of_items{{"a sword that is too long for a short string", "b"}}; }

TEST(values_of_temporaries_stay_for_the_whole_loop) {
    std::string all;
    for (const auto &item : (*load_items()).items)
        all += item;
    CHECK(all == "a sword that is too long for a short stringb");
}

#if SLK_CPP_EXCEPTIONS
TEST(the_throwing_layer_throws_the_failure) {
    CHECK(half(4).value() == 2);
    CHECK(slk::store::open_memory().value().handle().id != 0);
    bool thrown = false;
    try {
        static_cast<void>(half(3).value());
    } catch (const slk::exception &failed) {
        thrown = failed.code() == slk::result_code::invalid_argument && check::contains(failed.what(), "odd");
    }
    CHECK(thrown);
    thrown = false;
    try {
        slk::result<void>(half(3)).value();
    } catch (const std::runtime_error &) {
        thrown = true;
    }
    CHECK(thrown);
    thrown = false;
    try {
        static_cast<void>(*half(3));
    } catch (const slk::exception &) {
        thrown = true;
    }
    CHECK(thrown);
}
#endif

TEST(errors_name_function_and_argument) {
    const auto opened = slk::store::open_sqlite("/no/such/folder/players.db");
    CHECK_CODE(store, opened);
    CHECK(check::contains(opened.error().text, "slk_store_open_sqlite"));
    CHECK(check::contains(opened.error().text, "/no/such/folder/players.db"));
    CHECK(std::string(slk::name_of(slk::result_code::late)) == "SLK_E_LATE");
    CHECK(slk::version() >= 1000 && !std::string(slk::version_text()).empty());
}

TEST(texts_of_all_kinds_come_in_whole) {
    world::server server;
    const std::string owned = "second";
    const std::string_view cut = std::string_view("third player").substr(0, 5);
    for (const auto &opened : {server.spec.open_locker("first"), server.spec.open_locker(owned), server.spec.open_locker(cut)})
        CHECK_OK(opened);
    bool right = false;
    auto third = server.spec.open_locker(cut);
    CHECK_OK(third->mark_should_acquire());
    CHECK(server.tick_until(slk::overload{[&](const slk::events::loaded &now) { right = now.key == "third"; }},
                            [&] { return right; }));

    const std::string hidden("a\0b", 3);
    CHECK_CODE(invalid_argument, server.spec.open_locker(hidden));
    CHECK_CODE(invalid_argument, server.spec.open_locker(std::string_view(hidden)));
    CHECK_CODE(invalid_argument, server.spec.open_locker(nullptr));
    CHECK_CODE(invalid_argument, third->mark_should_acquire(hidden));
    CHECK_CODE(invalid_argument, third->get<int>(hidden));
    CHECK_CODE(invalid_argument, third->credit(hidden));
    CHECK_CODE(invalid_argument, slk::store::open_sqlite(hidden));
    CHECK_CODE(invalid_utf8, server.spec.open_locker("\xff\xfe"));
    slk::engine_options options;
    options.server_id = hidden;
    CHECK_CODE(invalid_argument, slk::engine::create(std::move(options)));
}

TEST(times_that_are_none_are_refused) {
    world::server server;
    CHECK_CODE(invalid_argument, server.engine.update(std::chrono::microseconds(-1)));
    CHECK_CODE(invalid_argument, server.engine.begin_shutdown(std::chrono::hours(24 * 365)));
    slk::engine_options options;
    options.lease = std::chrono::milliseconds(-5);
    const auto made = slk::engine::create(std::move(options));
    CHECK_CODE(invalid_argument, made);
    CHECK(check::contains(made.error().text, "lease"));
}

} // namespace
