// Coroutines, where the compiler has them.
#include "world.hpp"

#if SLK_CPP_COROUTINES
namespace {

struct story {
    std::vector<std::string> told;
    bool done = false;
};

slk::task play(slk::profiles &players, story &now) {
    auto player = players.start("42");
    CHECK_OK(player);
    const auto loaded = co_await player->loaded();
    CHECK_OK(loaded);
    now.told.push_back("loaded");
    CHECK_OK(player->add("/gold", 5));
    CHECK_OK(co_await player->save());
    now.told.push_back("saved");
    const auto bought = co_await player->process(world::receipt_of("p1"));
    CHECK(bought && bought->outcome == slk::result_code::granted);
    now.told.push_back("bought");
    CHECK(player->get<int>("/gold").value_or(0) == 105);
    CHECK_OK(co_await player->end());
    now.told.push_back("ended");
    // Decided before it is awaited.
    auto once_more = player->end();
    players.tick().ignore();
    now.done = true;
}

slk::task watch(slk::profile &player, int &seen) {
    const auto over = co_await player.over();
    seen = over ? 1 : static_cast<int>(over.code());
}

slk::profiles open_players(const slk::store &store) {
    slk::profiles_options options;
    static_cast<slk::engine_options &>(options) = world::server_options("a");
    static_cast<slk::spec_options &>(options) = world::player_options();
    return *slk::profiles::open(store, std::move(options));
}

TEST(a_coroutine_plays_from_start_to_end) {
    const auto store = *slk::store::open_memory();
    auto players = open_players(store);
    story now;
    play(players, now);
    CHECK(now.told.empty());
    for (int i = 0; i < 3000 && !now.done; ++i) {
        CHECK_OK(players.tick());
        world::now() += 20ms;
    }
    CHECK((now.told == std::vector<std::string>{"loaded", "saved", "bought", "ended"}));
}

TEST(coroutines_end_when_the_profiles_close) {
    const auto store = *slk::store::open_memory();
    auto players = open_players(store);
    auto player = *players.start("1");
    int seen = 0;
    watch(player, seen);
    CHECK_OK(players.tick());
    CHECK(seen == 0);
    players = slk::profiles();
    CHECK(seen == static_cast<int>(slk::result_code::shutting_down));
}

TEST(what_is_decided_does_not_suspend) {
    const auto store = *slk::store::open_memory();
    auto players = open_players(store);
    auto player = *players.start("1");
    players = slk::profiles();
    int seen = 0;
    watch(player, seen);
    CHECK(seen == static_cast<int>(slk::result_code::invalid_handle));
}

#if SLK_CPP_EXCEPTIONS
slk::task fail_after(slk::profile &player) {
    static_cast<void>(co_await player.loaded());
    throw std::runtime_error("no such map");
}

slk::task fail_at_once() {
    throw std::runtime_error("at once");
    co_return;
}

TEST(what_a_coroutine_throws_comes_out_of_the_tick) {
    const auto store = *slk::store::open_memory();
    auto players = open_players(store);
    auto player = *players.start("1");
    fail_at_once();
    const auto first = players.tick();
    CHECK_CODE(callback, first);
    CHECK(first.error().text == "at once");
    fail_after(player);
    std::string text;
    for (int i = 0; i < 1000 && text.empty(); ++i) {
        if (const auto ticked = players.tick(); !ticked)
            text = ticked.error().text;
        world::now() += 20ms;
    }
    CHECK(text == "no such map");
}
#endif

} // namespace
#endif
