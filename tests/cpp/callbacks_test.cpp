// Callbacks: that their answers arrive, and that nothing that they throw gets through.
#include "world.hpp"

namespace {

struct heard {
    std::string callback_failed;
    slk::result_code outcome = slk::result_code::pending;
    std::string receipt_text;
    bool duplicate = false;

    auto visitor() {
        return slk::overload{
            [this](const slk::events::callback_failed &now) { callback_failed = now.text; },
            [this](const slk::events::receipt_settled &now) {
                outcome = now.outcome;
                duplicate = now.duplicate;
                receipt_text = now.text;
            },
            [this](const slk::events::credit_used &now) { outcome = now.outcome; },
        };
    }
};

// Buys something with this callback; what came of it.
heard buy(slk::callback<slk::result<void>(const slk::receipt_view &, slk::document_ref)> apply) {
    auto options = world::player_options();
    options.apply_receipt = std::move(apply);
    world::server server(std::move(options));
    const auto locker = server.join("1", 11);
    CHECK_OK(locker.process_receipt(world::receipt_of("p1")));
    heard now;
    CHECK(server.tick_until(now.visitor(), [&] { return now.outcome != slk::result_code::pending; }));
    return now;
}

TEST(callbacks_see_what_they_are_asked_about) {
    const auto now = buy([](const slk::receipt_view &receipt, slk::document_ref draft) -> slk::result<void> {
        CHECK(receipt.kind() == slk::apply_kind::receipt && receipt.product() == "gold100");
        CHECK(receipt.provider() == "shop" && receipt.environment() == "live" && receipt.purchase_id() == "p1");
        CHECK(receipt.key() == "1" && receipt.user_tag() == 11 && receipt.locker().is_loaded());
        CHECK(receipt.context().as_text().empty());
        return draft.add("/gold", 100);
    });
    CHECK(now.outcome == slk::result_code::granted && !now.duplicate);
}

TEST(callbacks_may_answer_with_nothing_or_refuse) {
    CHECK(buy([](const slk::receipt_view &, slk::document_ref) {}).outcome == slk::result_code::granted);
    const auto credited =
        buy([](const slk::receipt_view &, slk::document_ref) { return slk::result_code::not_applicable; });
    CHECK(credited.outcome == slk::result_code::credited);
    const auto refused = buy([](const slk::receipt_view &, slk::document_ref) {
        return slk::failure{slk::result_code::unsupported, "the shop sold what we do not have"};
    });
    CHECK(refused.outcome == slk::result_code::not_processed);
    CHECK(check::contains(refused.receipt_text + refused.callback_failed, "the shop sold what we do not have"));
    const auto wrong = buy([](const slk::receipt_view &, slk::document_ref draft) { return draft.add("/name", 1); });
    CHECK(wrong.outcome == slk::result_code::not_processed);
    // Words that C would not take are made harmless.
    const auto odd = buy([](const slk::receipt_view &, slk::document_ref) {
        return slk::failure{slk::result_code::callback, "caf\xe9 " + std::string(5000, 'x')};
    });
    CHECK(check::contains(odd.receipt_text + odd.callback_failed, "caf? xxx"));
}

TEST(credit_is_used_by_the_same_callback) {
    auto options = world::player_options();
    bool may = false;
    options.apply_receipt = [&](const slk::receipt_view &asked, slk::document_ref draft) -> slk::result<void> {
        if (!may)
            return slk::result_code::not_applicable;
        CHECK(asked.kind() == slk::apply_kind::credit && asked.purchase_id().empty());
        return draft.set("/vip", true);
    };
    world::server server(std::move(options));
    const auto locker = server.join("1");
    heard now;
    CHECK_OK(locker.process_receipt(world::receipt_of("p1")));
    CHECK(server.tick_until(now.visitor(), [&] { return now.outcome == slk::result_code::credited; }));
    CHECK(locker.credit("gold100").value_or(0) == 1);
    may = true;
    CHECK_OK(locker.use_credit("gold100", 3));
    CHECK(server.tick_until(now.visitor(), [&] { return now.outcome == slk::result_code::ok; }));
    CHECK(locker.get<bool>("/vip").value_or(false));
    CHECK_OK(locker.process_receipt(world::receipt_of("p1")));
    CHECK(server.tick_until(now.visitor(), [&] { return now.duplicate; }));
}

TEST(the_default_data_follow_the_key) {
    auto options = world::player_options();
    options.default_data_for = [](std::string_view key, slk::document_ref draft) -> slk::result<void> {
        if (key == "nobody")
            return slk::failure{slk::result_code::callback, "nobody may not play"};
        return draft.set("/name", key);
    };
    world::server server(std::move(options));
    CHECK(server.join("ann").get<std::string>("/name").value_or("") == "ann");
    const auto refused = server.spec.open_locker("nobody");
    CHECK_CODE(callback, refused);
    CHECK(check::contains(refused.error().text, "nobody may not play"));
}

TEST(callables_that_only_move_will_do) {
    auto options = world::player_options();
    options.before_save = [owned = std::make_unique<int>(7)](const slk::save_view &, slk::document_ref draft) {
        return draft.set("/owned", *owned);
    };
    world::server server(std::move(options));
    const auto locker = server.join("1");
    const auto change = locker.mark_changed();
    CHECK_OK(change);
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
    CHECK(locker.get<int>("/owned").value_or(0) == 7);
}

TEST(the_log_and_the_wall_clock_are_the_hosts) {
    std::string log;
    auto engine_options = world::server_options("logging");
    engine_options.log_level = slk::log_level::debug;
    engine_options.log = [&](slk::log_level level, std::string_view text) {
        CHECK(level >= slk::log_level::error && level <= slk::log_level::debug);
        log += text;
        log += '\n';
    };
    bool asked = false;
    engine_options.wall_clock = [&] {
        asked = true;
        return std::chrono::system_clock::time_point(std::chrono::hours(1));
    };
    world::server server(world::player_options(), std::move(engine_options));
    const auto locker = server.join("1");
    CHECK(!log.empty() && asked);
}

#if SLK_CPP_EXCEPTIONS
// Throws one of the things that people throw.
[[noreturn]] void throw_something(int which) {
    switch (which) {
    case 0: throw std::runtime_error("a runtime_error");
    case 1: throw slk::exception(slk::failure{slk::result_code::out_of_range, "a slk::exception"});
    case 2: throw 42;
    case 3: throw "a literal";
    case 4: throw std::bad_alloc();
    default: throw slk::exception(slk::failure{});
    }
}
constexpr int things = 6;

TEST(what_apply_receipt_throws_becomes_not_processed) {
    for (int which = 0; which < things; ++which) {
        const auto now = buy([which](const slk::receipt_view &, slk::document_ref draft) -> slk::result<void> {
            draft.add("/gold", 100).ignore();
            throw_something(which);
        });
        CHECK(now.outcome == slk::result_code::not_processed);
        CHECK(!(now.receipt_text + now.callback_failed).empty());
        if (which == 0)
            CHECK(check::contains(now.receipt_text + now.callback_failed, "a runtime_error"));
        if (which == 2)
            CHECK(check::contains(now.receipt_text + now.callback_failed, "no std::exception"));
    }
    const auto credited = buy([](const slk::receipt_view &, slk::document_ref) -> slk::result<void> {
        throw slk::exception(slk::failure{slk::result_code::not_applicable, ""});
    });
    CHECK(credited.outcome == slk::result_code::credited);
}

TEST(what_before_save_throws_drops_its_edits_only) {
    for (int which = 0; which < things; ++which) {
        auto options = world::player_options();
        options.before_save = [which](const slk::save_view &, slk::document_ref draft) -> slk::result<void> {
            draft.set("/gold", -1).ignore();
            throw_something(which);
        };
        world::server server(std::move(options));
        const auto locker = server.join("1");
        const auto change = locker.add("/gold", 5);
        CHECK_OK(change);
        heard now;
        CHECK_OK(locker.mark_force_save());
        CHECK(server.tick_until(now.visitor(), [&] { return !now.callback_failed.empty(); }));
        CHECK(server.tick_until(now.visitor(), [&] {
            return locker.change_status(*change).value_or(slk::change_state::lost) == slk::change_state::saved;
        }));
        CHECK(locker.get<int>("/gold").value_or(0) == 5);
    }
}

TEST(what_default_data_for_throws_fails_open_locker) {
    for (int which = 0; which < things; ++which) {
        auto options = world::player_options();
        options.default_data_for = [which](std::string_view, slk::document_ref) -> slk::result<void> {
            throw_something(which);
        };
        world::server server(std::move(options));
        CHECK_CODE(callback, server.spec.open_locker("1"));
    }
}

TEST(what_clocks_and_log_throw_stays_inside) {
    for (int which = 0; which < things; ++which) {
        bool may_throw = false;
        auto engine_options = world::server_options("a");
        engine_options.clock = [&, which] {
            if (may_throw)
                throw_something(which);
            return world::now();
        };
        engine_options.wall_clock = [&, which]() -> std::chrono::system_clock::time_point { throw_something(which); };
        engine_options.log_level = slk::log_level::debug;
        engine_options.log = [&, which](slk::log_level, std::string_view) { throw_something(which); };
        world::server server(world::player_options(), std::move(engine_options));
        const auto locker = server.join("1");
        CHECK(locker.is_available());
        may_throw = true;
        CHECK_OK(server.engine.update());
        CHECK(locker.is_available());
    }
}

TEST(what_a_visitor_throws_comes_out_of_dispatch) {
    for (int which = 0; which < things; ++which) {
        world::server server;
        int seen = 0;
        const auto first = server.join("1");
        const auto second = server.join("2");
        CHECK_OK(first.mark_should_release());
        CHECK_OK(second.mark_should_release());
        for (int i = 0; i < 100; ++i) {
            CHECK_OK(server.engine.update());
            if (i < 99)
                continue;
            const auto done = server.engine.dispatch(slk::overload{[&](const slk::events::released &) {
                ++seen;
                throw_something(which);
            }});
            CHECK(!done && done.error().code != slk::result_code::ok);
        }
        // The exception of one event does not swallow the next.
        CHECK(seen == 2);
    }
}
#endif

} // namespace
