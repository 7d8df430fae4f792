// The easy API.
#include "world.hpp"

namespace {

slk::profiles_options options_for(const char *server_id) {
    slk::profiles_options options;
    static_cast<slk::engine_options &>(options) = world::server_options(server_id);
    static_cast<slk::spec_options &>(options) = world::player_options();
    return options;
}

struct easy {
    slk::store store = *slk::store::open_memory();
    slk::profiles players = *slk::profiles::open(store, options_for("a"));

    template <class Done>
    bool tick_until(Done &&done, int at_most = 3000) {
        for (int i = 0; i < at_most; ++i) {
            CHECK_OK(players.tick());
            if (done())
                return true;
            world::now() += 20ms;
        }
        return false;
    }
};

TEST(a_player_from_start_to_end) {
    easy game;
    auto player = *game.players.start("42");
    CHECK(player.key() == "42");
    std::vector<std::string> story;
    player.over().then([&](slk::result<slk::session_over> &over) {
        CHECK(over->why == slk::session_over::cause::ended);
        story.push_back("over");
    });
    player.loaded().then([&](slk::result<void> &loaded) {
        CHECK_OK(loaded);
        story.push_back("loaded");
        CHECK(player.is_available());
        CHECK_OK(player.add("/gold", 5));
        player.save().then([&](slk::result<void> &saved) {
            CHECK_OK(saved);
            story.push_back("saved");
            player.process(world::receipt_of("p1")).then([&](slk::result<slk::purchase> &bought) {
                CHECK(bought->outcome == slk::result_code::granted && !bought->duplicate);
                story.push_back("bought");
                player.process(world::receipt_of("p1")).then([&](slk::result<slk::purchase> &again) {
                    CHECK(again->outcome == slk::result_code::granted && again->duplicate);
                    CHECK(player.get<int>("/gold").value_or(0) == 105);
                    player.end().then([&](slk::result<void> &ended) {
                        CHECK_OK(ended);
                        story.push_back("ended");
                    });
                });
            });
        });
    });
    CHECK(story.empty());
    CHECK(game.tick_until([&] { return story.size() == 5; }));
    CHECK((story == std::vector<std::string>{"loaded", "saved", "bought", "over", "ended"}));
}

TEST(what_is_known_already_is_told_in_the_next_tick) {
    easy game;
    auto player = *game.players.start("1");
    CHECK(game.tick_until([&] { return player.is_available(); }));
    bool told = false;
    player.loaded().then([&](slk::result<void> &loaded) { told = loaded.has_value(); });
    auto saved = player.save();
    CHECK(!told && !saved.is_decided());
    CHECK_CODE(pending, saved.take());
    CHECK_OK(game.players.tick());
    CHECK(told && saved.is_decided());
    bool at_once = false;
    saved.then([&](slk::result<void> &) { at_once = true; });
    CHECK(at_once);
    CHECK_OK(saved.take());
}

TEST(credit_is_used) {
    auto options = options_for("a");
    bool may = false;
    options.apply_receipt = [&](const slk::receipt_view &, slk::document_ref draft) -> slk::result<void> {
        if (!may)
            return slk::result_code::not_applicable;
        return draft.set("/vip", true);
    };
    easy game;
    game.players = *slk::profiles::open(game.store, std::move(options));
    auto player = *game.players.start("1");
    CHECK(game.tick_until([&] { return player.is_available(); }));
    auto bought = player.process(world::receipt_of("p1"));
    CHECK(game.tick_until([&] { return bought.is_decided(); }));
    CHECK(bought.take()->outcome == slk::result_code::credited);
    auto nothing = player.use_credit("another");
    may = true;
    auto used = player.use_credit("gold100");
    CHECK(game.tick_until([&] { return used.is_decided() && nothing.is_decided(); }));
    CHECK_OK(used.take());
    CHECK_CODE(empty, nothing.take());
}

TEST(profiles_of_one_key_share_a_session) {
    easy game;
    auto first = *game.players.start("1");
    auto second = *game.players.start("1");
    CHECK(first.handle().id == second.handle().id);
    CHECK(game.tick_until([&] { return first.is_available(); }));
    first = slk::profile();
    CHECK(second.is_available());
    auto ended = second.end();
    // Back before it is gone: the end is called off.
    auto again = *game.players.start("1");
    CHECK(game.tick_until([&] { return ended.is_decided(); }));
    CHECK_CODE(exists, ended.take());
    CHECK(game.tick_until([&] { return again.is_available(); }));
}

TEST(a_dropped_profile_is_saved_and_forgotten) {
    easy game;
    slk_locker earlier{};
    {
        auto player = *game.players.start("1");
        CHECK(game.tick_until([&] { return player.is_available(); }));
        CHECK_OK(player.set("/name", "kept"));
        earlier = player.handle();
    }
    bool idle = false;
    for (int i = 0; i < 1000 && !idle; ++i) {
        CHECK_OK(game.players.tick(0us, slk::overload{[&](const slk::events::idle &) { idle = true; }}));
        world::now() += 20ms;
    }
    CHECK(idle);
    CHECK_CODE(invalid_handle, slk::locker_ref(earlier).status());
    auto player = *game.players.start("1");
    CHECK(game.tick_until([&] { return player.is_available(); }));
    CHECK(player.get<std::string>("/name").value_or("") == "kept");
    auto ended = player.end();
    CHECK(game.tick_until([&] { return ended.is_decided(); }));
    auto late = player.loaded();
    auto over = player.over();
    auto end_again = player.end();
    CHECK_OK(game.players.tick());
    CHECK_CODE(idle, late.take());
    CHECK_OK(over.take());
    CHECK_OK(end_again.take());
}

TEST(a_load_that_is_called_off_is_told) {
    easy game;
    auto player = *game.players.start("1");
    auto loaded = player.loaded();
    auto ended = player.end();
    CHECK(game.tick_until([&] { return loaded.is_decided() && ended.is_decided(); }));
    CHECK_OK(ended.take());
}

TEST(a_lost_player_brings_the_data) {
    easy game;
    auto other = *slk::profiles::open(game.store, options_for("b"));
    auto here = *game.players.start("1");
    CHECK(game.tick_until([&] { return here.is_available(); }));
    CHECK_OK(here.set("/name", "unsaved"));
    auto over = here.over();
    auto saved = here.save();
    auto there = *other.start("1");
    for (int i = 0; i < 20000 && !there.is_available(); ++i) {
        CHECK_OK(other.tick());
        world::now() += 20ms;
    }
    CHECK(there.is_available());
    CHECK(game.tick_until([&] { return over.is_decided() && saved.is_decided(); }));
    const auto told = over.take();
    CHECK_OK(told);
    CHECK(told->why == slk::session_over::cause::lost && !told->text.empty());
    CHECK(told->document.get<std::string>("/name").value_or("") == "unsaved");
    CHECK(!saved.take());
}

TEST(a_lost_players_data_go_to_the_visitor_if_nobody_else_waits) {
    easy game;
    auto other = *slk::profiles::open(game.store, options_for("b"));
    auto here = *game.players.start("1");
    CHECK(game.tick_until([&] { return here.is_available(); }));
    auto there = *other.start("1");
    for (int i = 0; i < 20000 && !there.is_available(); ++i) {
        CHECK_OK(other.tick());
        world::now() += 20ms;
    }
    slk::document unsaved;
    for (int i = 0; i < 1000 && unsaved.handle().id == 0; ++i) {
        CHECK_OK(game.players.tick(
            0us, slk::overload{[&](slk::events::lost now) { unsaved = std::move(now.document); }}));
        world::now() += 20ms;
    }
    CHECK(unsaved.get<int>("/gold").has_value());
}

TEST(shutting_down_saves_and_tells_everybody) {
    easy game;
    auto player = *game.players.start("1");
    CHECK(game.tick_until([&] { return player.is_available(); }));
    auto over = player.over();
    CHECK_OK(player.add("/gold", 1));
    CHECK(!game.players.is_shut_down());
    CHECK_OK(game.players.shutdown(10s));
    CHECK(game.players.is_shut_down() && game.players.left_behind() == 0);
    CHECK(over.take()->why == slk::session_over::cause::shutdown);
    CHECK_CODE(shutting_down, game.players.start("2"));
}

TEST(closing_decides_everything) {
    easy game;
    auto player = *game.players.start("1");
    int told = 0;
    const auto count = [&](auto &result) {
        ++told;
        CHECK_CODE(shutting_down, result);
    };
    player.loaded().then(count);
    player.over().then(count);
    game.players = slk::profiles();
    CHECK(told == 2);
    CHECK_CODE(invalid_handle, player.get<int>("/gold"));
    CHECK_CODE(invalid_handle, player.save().take());
    CHECK_CODE(invalid_handle, player.loaded().take());
    CHECK_CODE(invalid_handle, player.end().take());
    CHECK_CODE(invalid_handle, game.players.start("1"));
    CHECK_CODE(invalid_handle, game.players.tick());
    CHECK_CODE(invalid_handle, slk::profile().over().take());
    CHECK_CODE(invalid_handle, slk::profile().process(world::receipt_of("p")).take());
    CHECK_CODE(invalid_handle, slk::profile().use_credit("p").take());
}

TEST(closing_inside_a_callback) {
    auto game = std::make_unique<easy>();
    auto player = *game->players.start("1");
    bool closed = false;
    player.loaded().then([&](slk::result<void> &) {
        CHECK_CODE(reentrant, game->players.tick());
        game.reset();
        closed = true;
    });
    slk::profiles *players = &game->players;
    for (int i = 0; i < 1000 && !closed; ++i)
        CHECK_OK(players->tick());
    CHECK(closed && !player.is_available());
}

TEST(a_session_can_be_started_again) {
    easy game;
    auto player = *game.players.start("1");
    CHECK(game.tick_until([&] { return player.is_available(); }));
    CHECK_OK(player.set("/name", "kept"));
    auto ended = player.end();
    CHECK(game.tick_until([&] { return ended.is_decided(); }));
    CHECK_OK(ended.take());
    CHECK(!player.is_available());
    auto again = player.start();
    CHECK(game.tick_until([&] { return again.is_decided(); }));
    CHECK_OK(again.take());
    CHECK(player.is_available() && player.get<std::string>("/name").value_or("") == "kept");
    // Back before it is gone.
    auto called_off = player.end();
    auto at_once = player.start();
    CHECK(game.tick_until([&] { return at_once.is_decided() && called_off.is_decided(); }));
    CHECK_CODE(exists, called_off.take());
    CHECK_CODE(invalid_handle, slk::profile().start().take());
}

slk::profiles_options shop_and_gifts() {
    auto options = options_for("a");
    options.apply_receipt = nullptr;
    options.products["gold100"] = {
        [](const slk::receipt_view &, slk::document_ref draft) { return draft.add("/gold", 100); },
        [](const slk::receipt_view &, slk::document_ref draft) -> slk::result<void> {
            if (draft.get<int>("/gold").value_or(0) < 100)
                return slk::result_code::not_applicable;
            return draft.add("/gold", -100);
        }};
    options.products["vip"].grant = [](const slk::receipt_view &, slk::document_ref draft) -> slk::result<void> {
        if (draft.get<bool>("/vip").value_or(false))
            return slk::result_code::not_applicable;
        return draft.set("/vip", true);
    };
    options.changes["gift"] = [](const slk::change_view &change, slk::document_ref draft) -> slk::result<void> {
        const auto gold = change.get<int>("/gold");
        if (!gold)
            return gold.error();
        return draft.add("/gold", *gold);
    };
    return options;
}

slk::result_code bought(easy &game, slk::later<slk::purchase> asked) {
    CHECK(game.tick_until([&] { return asked.is_decided(); }));
    const auto told = asked.take();
    return told ? told->outcome : told.code();
}

TEST(products_are_granted_credited_parked_and_taken_back) {
    easy game;
    game.players = *slk::profiles::open(game.store, shop_and_gifts());
    auto player = *game.players.start("1");
    CHECK(game.tick_until([&] { return player.is_available(); }));
    const auto notice = [](const char *id, const char *product) {
        auto made = world::receipt_of(id);
        made.product = product;
        return made;
    };
    CHECK(bought(game, player.process(notice("p1", "gold100"))) == slk::result_code::granted);
    CHECK(bought(game, player.process(notice("p2", "vip"))) == slk::result_code::granted);
    CHECK(bought(game, player.process(notice("p3", "vip"))) == slk::result_code::credited);
    CHECK(bought(game, player.process(notice("p4", "hat"))) == slk::result_code::parked);
    CHECK(bought(game, player.refund(notice("p1", "gold100"))) == slk::result_code::revoked);
    CHECK(player.get<int>("/gold").value_or(-1) == 0 && player.locker().credit("gold100").value_or(9) == 0);
    // It has no way back, so it becomes a debt, which the credit pays.
    CHECK(bought(game, player.refund(notice("p2", "vip"))) == slk::result_code::revoked);
    CHECK(player.get<bool>("/vip").value_or(false) && player.locker().credit("vip").value_or(9) == 0);
}

TEST(changes_are_sent_and_given) {
    easy game;
    game.players = *slk::profiles::open(game.store, shop_and_gifts());
    auto ann = *game.players.start("ann");
    CHECK(game.tick_until([&] { return ann.is_available(); }));
    auto sent = game.players.send("ann", "gift", R"({"gold":7})");
    auto nowhere = game.players.send("nobody", "gift", R"({"gold":7})");
    CHECK(game.tick_until([&] { return sent.is_decided() && nowhere.is_decided(); }));
    CHECK_OK(sent.take());
    CHECK_CODE(empty, nowhere.take());
    CHECK(game.tick_until([&] { return ann.get<int>("/gold").value_or(0) == 7; }));
    CHECK_OK(ann.send("bob", "gift", R"({"gold":5})", slk::if_missing::create));
    CHECK_OK(ann.add("/gold", -5));
    auto saved = ann.save();
    CHECK(game.tick_until([&] { return saved.is_decided() && ann.locker().status()->outgoing_changes == 0; }));
    auto bob = *game.players.start("bob");
    CHECK(game.tick_until([&] { return bob.is_available() && bob.get<int>("/gold").value_or(0) == 5; }));
    auto guild = game.players.update("guild", "gift", R"({"gold":3})");
    auto unknown = game.players.update("guild", "war");
    CHECK(game.tick_until([&] { return guild.is_decided() && unknown.is_decided(); }));
    CHECK_OK(guild.take());
    CHECK(!unknown.take());
    auto seen = game.players.view("guild");
    auto held = game.players.view("bob");
    auto nobody = game.players.view("nobody");
    CHECK(game.tick_until([&] { return seen.is_decided() && held.is_decided() && nobody.is_decided(); }));
    const auto guild_seen = seen.take();
    CHECK_OK(guild_seen);
    CHECK(guild_seen->data.get<int>("/gold").value_or(0) == 3 && guild_seen->server.empty());
    CHECK(guild_seen->schema_version == 1 && held.take()->server == "a");
    CHECK_CODE(empty, nobody.take());
    CHECK_CODE(invalid_handle, slk::profile().send("bob", "gift"));
}

TEST(people_are_exported_and_erased) {
    easy game;
    for (const char *key : {"1", "2", "3"}) {
        auto player = *game.players.start(key);
        CHECK(game.tick_until([&] { return player.is_available(); }));
        CHECK_OK(player.add_user(std::string(key) == "3" ? "another" : "person"));
        CHECK(player.users()->size() == 1);
        auto ended = player.end();
        CHECK(game.tick_until([&] { return ended.is_decided(); }));
    }
    auto exported = game.players.export_user("person");
    CHECK(game.tick_until([&] { return exported.is_decided(); }));
    const auto records = exported.take();
    CHECK_OK(records);
    CHECK(records->size() == 2 && records->front().get<std::string>("/key").value_or("") == "1");
    auto erased = game.players.erase_user("person");
    auto third = game.players.erase("3");
    auto fourth = game.players.erase("4");
    CHECK(game.tick_until([&] { return erased.is_decided() && third.is_decided() && fourth.is_decided(); }));
    CHECK(erased.take().value_or(0) == 2);
    CHECK_OK(third.take());
    CHECK_CODE(empty, fourth.take());
    auto player = *game.players.start("3");
    CHECK(game.tick_until([&] { return player.is_available(); }));
    CHECK(player.users()->empty());
    CHECK_CODE(empty, player.remove_user("another"));
}

TEST(profiles_migrate) {
    easy game;
    {
        auto player = *game.players.start("1");
        CHECK(game.tick_until([&] { return player.is_available(); }));
        auto ended = player.end();
        CHECK(game.tick_until([&] { return ended.is_decided(); }));
    }
    auto options = options_for("b");
    options.schema_version = 2;
    options.migrations = *slk::migrations::create();
    CHECK_OK(options.migrations.add_migrator(1, [](const slk::migration_view &, slk::document_ref draft) {
        return draft.set("/level", 1);
    }));
    game.players = *slk::profiles::open(game.store, std::move(options));
    auto player = *game.players.start("1");
    auto loaded = player.loaded();
    CHECK(game.tick_until([&] { return loaded.is_decided(); }));
    CHECK(player.get<int>("/level").value_or(0) == 1);
}

TEST(closing_decides_what_is_asked_of_others) {
    easy game;
    auto sent = game.players.send("1", "gift");
    auto seen = game.players.view("1");
    auto exported = game.players.export_user("person");
    auto erased = game.players.erase_user("person");
    game.players = slk::profiles();
    CHECK_CODE(shutting_down, sent.take());
    CHECK_CODE(shutting_down, seen.take());
    CHECK_CODE(shutting_down, exported.take());
    CHECK_CODE(shutting_down, erased.take());
    CHECK_CODE(invalid_handle, game.players.send("1", "gift").take());
    CHECK_CODE(invalid_handle, game.players.view("1").take());
    CHECK_CODE(invalid_handle, game.players.export_user("person").take());
}

TEST(keys_that_are_none_are_refused) {
    easy game;
    CHECK_CODE(invalid_argument, game.players.start(nullptr));
    CHECK_CODE(invalid_argument, game.players.start(std::string("a\0b", 3)));
    CHECK_CODE(too_long, game.players.start(std::string(slk::limits::key_bytes + 1, 'k')));
    CHECK(game.players.engine().handle().id != 0 && game.players.spec().handle().id != 0);
}

#if SLK_CPP_EXCEPTIONS
TEST(what_callbacks_throw_comes_out_of_the_tick) {
    easy game;
    auto first = *game.players.start("1");
    auto second = *game.players.start("2");
    bool second_told = false;
    first.loaded().then([](slk::result<void> &) { throw std::runtime_error("the lobby is full"); });
    second.loaded().then([&](slk::result<void> &) { second_told = true; });
    std::string text;
    for (int i = 0; i < 1000 && !(second_told && !text.empty()); ++i) {
        if (const auto ticked = game.players.tick(); !ticked)
            text = ticked.error().text;
        world::now() += 20ms;
    }
    CHECK(second_told && text == "the lobby is full");
    // Also what the visitor throws.
    auto ended = first.end();
    bool thrown = false;
    for (int i = 0; i < 1000 && !ended.is_decided(); ++i) {
        const auto ticked = game.players.tick(0us, slk::overload{[](const slk::events::released &) { throw 42; }});
        thrown = thrown || ticked.code() == slk::result_code::callback;
        world::now() += 20ms;
    }
    CHECK(ended.is_decided() && thrown);
}
#endif

} // namespace
