// Changes between records.
#include "world.hpp"

namespace {

// What a change does here: a gift of gold. Anything else is not known.
slk::result<void> take_gift(const slk::change_view &change, slk::document_ref draft) {
    if (change.kind() != "gift")
        return slk::result_code::not_applicable;
    const auto gold = change.get<int>("/gold");
    if (!gold)
        return gold.error();
    return draft.add("/gold", *gold);
}

slk::spec_options gift_options() {
    auto options = world::player_options();
    options.apply_change = take_gift;
    options.inbox_limit = 2;
    return options;
}

TEST(a_change_is_sent_and_applied) {
    auto options = world::player_options();
    options.apply_change = [](const slk::change_view &change, slk::document_ref draft) {
        CHECK(change.key() == "ann" && change.from() == "a" && change.returned_from().empty());
        CHECK(!change.is_update() && !change.is_returned() && change.user_tag() == 5 && change.locker());
        CHECK(change.json() == R"({"gold":5})" && change.sent().time_since_epoch().count() > 0);
        return take_gift(change, draft);
    };
    world::server server(std::move(options));
    const auto ann = server.join("ann", 5);
    CHECK_OK(server.spec.send_change("ann", "gift", R"({"gold":5})", 77));
    CHECK(server.engine.visits_in_progress().value_or(0) == 1);
    std::string applied;
    slk::result_code sent = slk::result_code::pending;
    const auto visitor = slk::overload{
        [&](const slk::events::change_sent &now) {
            CHECK(now.tag == 77 && now.key == "ann" && now.spec == server.spec);
            sent = now.outcome;
        },
        [&](const slk::events::change_applied &now) {
            CHECK(now.kind == "gift" && now.change != 0 && now.user_tag == 5);
            applied = now.from;
        },
    };
    CHECK(server.tick_until(visitor, [&] { return sent != slk::result_code::pending && !applied.empty(); }));
    CHECK(sent == slk::result_code::ok && applied == "a" && ann.get<int>("/gold").value_or(0) == 5);
}

TEST(a_change_waits_for_its_target_until_there_is_no_room) {
    world::server server(gift_options());
    std::vector<slk::result_code> outcomes;
    const auto visitor = slk::overload{[&](const slk::events::change_sent &now) { outcomes.push_back(now.outcome); }};
    const auto send = [&](slk::if_missing missing) {
        const auto before = outcomes.size();
        CHECK_OK(server.spec.send_change("ann", "gift", R"({"gold":5})", 1, missing));
        CHECK(server.tick_until(visitor, [&] { return outcomes.size() > before; }));
        return outcomes.back();
    };
    CHECK(send(slk::if_missing::fail) == slk::result_code::empty);
    CHECK(send(slk::if_missing::create) == slk::result_code::ok);
    CHECK(send(slk::if_missing::fail) == slk::result_code::ok);
    CHECK(send(slk::if_missing::fail) == slk::result_code::full);
    const auto ann = server.join("ann");
    CHECK(server.tick_until(visitor, [&] { return ann.get<int>("/gold").value_or(0) == 10; }));
    CHECK_CODE(invalid_json, server.spec.send_change("ann", "gift", "{"));
    CHECK_CODE(invalid_argument, server.spec.send_change(std::string("a\0b", 3), "gift"));
}

TEST(a_gift_leaves_with_the_own_data_and_comes_back_if_it_must) {
    auto options = gift_options();
    std::string returned;
    options.apply_change = [&](const slk::change_view &change, slk::document_ref draft) {
        if (change.is_returned())
            returned = change.returned_from();
        return take_gift(change, draft);
    };
    world::server server(std::move(options));
    const auto ann = server.join("ann");
    const auto bob = server.join("bob");
    CHECK_OK(bob.mark_force_save());
    const auto nothing = [](const slk::events::saved &) {};
    CHECK_OK(ann.set("/gold", 100));
    CHECK_OK(ann.add("/gold", -10));
    CHECK_OK(ann.queue_change(server.spec, "bob", "gift", R"({"gold":10})"));
    CHECK(ann.status()->outgoing_changes == 1);
    CHECK_OK(ann.mark_force_save());
    CHECK(server.tick_until(nothing, [&] { return bob.get<int>("/gold").value_or(0) == 10; }));
    CHECK(server.tick_until(nothing, [&] { return ann.status()->outgoing_changes == 0; }));
    CHECK(ann.get<int>("/gold").value_or(0) == 90 && returned.empty());
    CHECK_OK(ann.add("/gold", -20));
    CHECK_OK(ann.queue_change(server.spec, "nobody", "gift", R"({"gold":20})"));
    CHECK_OK(ann.mark_force_save());
    CHECK(server.tick_until(nothing, [&] { return ann.get<int>("/gold").value_or(0) == 90; }));
    CHECK(returned == "player/nobody");
    CHECK(ann.status()->incoming_changes == 0);
    CHECK_CODE(invalid_handle, ann.queue_change(slk::spec_ref(), "bob", "gift"));
}

TEST(a_draft_can_queue_a_change) {
    auto options = gift_options();
    slk::spec_ref players;
    options.apply_receipt = [&](const slk::receipt_view &, slk::document_ref draft) {
        return draft.queue_change(players, "bob", "gift", R"({"gold":3})", slk::if_missing::create);
    };
    world::server server(std::move(options));
    players = server.spec;
    const auto ann = server.join("ann");
    CHECK_OK(ann.process_receipt(world::receipt_of("p1")));
    const auto nothing = [](const slk::events::saved &) {};
    CHECK(server.tick_until(nothing, [&] { return ann.status()->saved_change == ann.status()->latest_change &&
                                                  ann.status()->outgoing_changes == 0 &&
                                                  ann.status()->purchases_in_progress == 0; }));
    CHECK(server.join("bob").get<int>("/gold").has_value());
    const auto bob = server.join("bob");
    CHECK(server.tick_until(nothing, [&] { return bob.get<int>("/gold").value_or(0) == 3; }));
    const auto no_draft = slk::document::from_json("{}");
    CHECK_CODE(invalid_argument, slk::document_ref(no_draft->handle()).queue_change(players, "bob", "gift"));
}

TEST(a_record_that_nobody_holds_is_updated) {
    auto options = world::player_options();
    options.apply_change = [](const slk::change_view &change, slk::document_ref draft) -> slk::result<void> {
        if (change.kind() == "refuse")
            return slk::failure{slk::result_code::callback, "not this one"};
        CHECK(change.is_update());
        return take_gift(change, draft);
    };
    world::server server(std::move(options));
    slk::result_code outcome = slk::result_code::pending;
    std::string text;
    const auto visitor = slk::overload{[&](const slk::events::record_updated &now) {
        CHECK(now.tag == 5 && now.key == "guild" && now.server.empty());
        outcome = now.outcome;
        text = now.text;
    }};
    CHECK_OK(server.spec.update_record("guild", "gift", R"({"gold":5})", 5));
    CHECK(server.tick_until(visitor, [&] { return outcome == slk::result_code::saved; }));
    CHECK_OK(server.spec.update_record("guild", "refuse", "null", 5));
    CHECK(server.tick_until(visitor, [&] { return outcome == slk::result_code::callback; }));
    CHECK(check::contains(text, "not this one"));
    CHECK(server.join("guild").get<int>("/gold").value_or(0) == 5);
    world::server without;
    CHECK_CODE(unsupported, without.spec.update_record("guild", "gift"));
}

#if SLK_CPP_EXCEPTIONS
TEST(what_apply_change_throws_is_told_and_drops_its_edits) {
    auto options = world::player_options();
    options.apply_change = [](const slk::change_view &, slk::document_ref draft) -> slk::result<void> {
        draft.set("/gold", -1).ignore();
        throw std::runtime_error("no room in the bag");
    };
    world::server server(std::move(options));
    const auto ann = server.join("ann");
    CHECK_OK(server.spec.send_change("ann", "gift"));
    std::string text;
    const auto visitor = slk::overload{[&](const slk::events::callback_failed &now) { text = now.text; }};
    CHECK(server.tick_until(visitor, [&] { return !text.empty(); }));
    CHECK(check::contains(text, "no room in the bag") && ann.get<int>("/gold").value_or(-1) == 0);
    const auto change = ann.add("/gold", 1);
    CHECK(server.save(ann, change.value_or(0)) == slk::change_state::saved);
}
#endif

} // namespace
