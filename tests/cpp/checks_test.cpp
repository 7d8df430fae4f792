// What is checked, merged, filled in and limited on the way in and out.
#include "world.hpp"

namespace {

slk::result<void> refuse_negative_gold(const slk::data_view &about, slk::document_ref data) {
    CHECK(!about.key().empty());
    if (data.get<int>("/gold").value_or(0) < 0)
        return slk::failure{slk::result_code::callback, "/gold: must not be negative"};
    return {};
}

TEST(data_that_are_not_valid_are_not_saved) {
    auto options = world::player_options();
    options.validate = refuse_negative_gold;
    world::server server(std::move(options));
    const auto locker = server.join("1", 3);
    CHECK_OK(locker.set("/gold", -1));
    CHECK_OK(locker.mark_force_save());
    std::string trouble, refused;
    slk::document kept;
    const auto visitor = slk::overload{
        [&](const slk::events::save_trouble &now) { trouble = now.text; },
        [&](slk::events::save_refused now) {
            refused = now.text;
            kept = std::move(now.document);
        },
    };
    CHECK(server.tick_until(visitor, [&] { return !trouble.empty(); }));
    CHECK(check::contains(trouble, "/gold: must not be negative"));
    CHECK_OK(locker.mark_should_release());
    CHECK(server.tick_until(visitor, [&] { return locker.is_idle(); }));
    CHECK(check::contains(refused, "must not be negative") && kept.get<int>("/gold").value_or(0) == -1);
    CHECK(server.join("1").get<int>("/gold").value_or(-1) == 0);
}

TEST(data_that_are_not_valid_are_not_loaded) {
    auto options = world::player_options();
    options.validate = refuse_negative_gold;
    options.import_plain = true;
    world::server server(std::move(options));
    CHECK_OK(server.store.set_value("player", "1", std::string(R"({"gold":-7,"name":"x"})")));
    CHECK_OK(server.store.set_value("player", "2", std::string(R"({"gold":7,"name":"x"})")));
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    bool told = false;
    const auto on_status = slk::overload{
        [&](const slk::events::load_status &now) { told = told || now.state == slk::load_state::data_refused; }};
    CHECK(server.tick_until(on_status, [&] { return told; }));
    CHECK(server.join("2").get<int>("/gold").value_or(0) == 7);
}

TEST(what_was_edited_before_loading_is_merged) {
    auto options = world::player_options();
    options.merge_offline = [](const slk::data_view &about, slk::document_ref offline,
                               slk::document_ref draft) -> slk::result<void> {
        CHECK(about.key() == "1" && about.user_tag() == 4 && about.locker());
        return draft.add("/gold", offline.get<int>("/gold").value_or(0));
    };
    world::server server(std::move(options));
    {
        const auto locker = server.join("1", 4);
        CHECK_OK(locker.add("/gold", 100));
        CHECK_OK(locker.mark_should_release());
        CHECK(server.tick_until([](const slk::events::idle &) {}, [&] { return locker.is_idle(); }));
    }
    auto locker = *server.spec.open_locker("1", 4);
    CHECK_OK(locker.mark_should_acquire());
    CHECK_OK(locker.add("/gold", 5));
    CHECK(locker.get<int>("/gold").value_or(0) == 5 && !locker.is_loaded());
    CHECK(server.tick_until([](const slk::events::loaded &) {}, [&] { return locker.is_loaded(); }));
    CHECK(locker.get<int>("/gold").value_or(0) == 105);
}

TEST(members_that_are_missing_are_filled_in) {
    auto options = world::player_options();
    options.import_plain = true;
    options.import_schema_version = 1;
    options.reconcile = true;
    world::server server(std::move(options));
    CHECK_OK(server.store.set_value("player", "1", std::string(R"({"gold":7})")));
    const auto locker = server.join("1");
    CHECK(locker.get<int>("/gold").value_or(0) == 7 && locker.get<std::string>("/name").value_or("") == "new");
}

TEST(records_of_the_original_are_taken_over) {
    auto options = world::player_options();
    options.import_original = true;
    world::server server(std::move(options));
    CHECK_OK(server.store.set_value("player", "1", std::string(R"({"Version":1,"VersionPatch":0,"gold":3})")));
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    CHECK(server.tick_until([](const slk::events::loaded &) {}, [&] { return locker.is_loaded(); }));
    CHECK(locker.get<int>("/gold").value_or(0) == 3);
}

TEST(a_large_record_is_warned_of) {
    auto options = world::player_options();
    options.max_value_bytes = 4000;
    options.size_warning_percent = 50;
    world::server server(std::move(options));
    const auto locker = server.join("1");
    CHECK_OK(locker.set("/name", std::string(2500, 'x')));
    CHECK_OK(locker.mark_force_save());
    std::uint64_t bytes = 0;
    std::vector<slk::save_reason> reasons;
    const auto visitor = slk::overload{
        [&](const slk::events::size_warning &now) { bytes = now.bytes; },
        [&](const slk::events::saving &now) { reasons.push_back(now.reason); },
    };
    CHECK(server.tick_until(visitor, [&] { return bytes != 0 && !reasons.empty(); }));
    CHECK(bytes > 2500 && bytes < 4000 && reasons.front() == slk::save_reason::asked);
}

#if SLK_CPP_EXCEPTIONS
TEST(what_validate_throws_is_the_trouble) {
    auto options = world::player_options();
    options.validate = [](const slk::data_view &, slk::document_ref data) -> slk::result<void> {
        if (data.get<int>("/gold").value_or(0) == 13)
            throw std::runtime_error("unlucky");
        return {};
    };
    world::server server(std::move(options));
    const auto locker = server.join("1");
    CHECK_OK(locker.set("/gold", 13));
    CHECK_OK(locker.mark_force_save());
    std::string trouble;
    const auto visitor = slk::overload{[&](const slk::events::save_trouble &now) { trouble = now.text; }};
    CHECK(server.tick_until(visitor, [&] { return !trouble.empty(); }));
    CHECK(check::contains(trouble, "unlucky"));
    const auto change = locker.set("/gold", 14);
    CHECK(server.save(locker, change.value_or(0)) == slk::change_state::saved);
}

TEST(what_merge_offline_throws_drops_what_was_edited) {
    auto options = world::player_options();
    options.merge_offline = [](const slk::data_view &, slk::document_ref, slk::document_ref draft) -> slk::result<void> {
        draft.set("/gold", 77).ignore();
        throw 42;
    };
    world::server server(std::move(options));
    auto locker = *server.spec.open_locker("1");
    CHECK_OK(locker.mark_should_acquire());
    CHECK_OK(locker.add("/gold", 5));
    slk::document dropped;
    std::string text;
    const auto visitor = slk::overload{[&](slk::events::offline_dropped now) {
        dropped = std::move(now.document);
        text = now.text;
    }};
    CHECK(server.tick_until(visitor, [&] { return locker.is_loaded() && !text.empty(); }));
    CHECK(dropped.get<int>("/gold").value_or(0) == 5 && check::contains(text, "no std::exception"));
    CHECK(locker.get<int>("/gold").value_or(-1) == 0);
}
#endif

} // namespace
