// A player's data as types of the game, by nlohmann/json.
//
//     c++ -std=c++17 typed_data.cpp -I<include> -I<bindings/cpp> libsessionlocker.a -lpthread -ldl -lm
#include <sessionlocker.hpp>
#include <sessionlocker/nlohmann.hpp>

#include <cstdio>

namespace game {

struct Item {
    std::string name;
    int count = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Item, name, count)

struct Character {
    std::int64_t gold = 0;
    std::vector<Item> items;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Character, gold, items)

} // namespace game

// These types are written and read by nlohmann/json.
template <>
struct slk::by_nlohmann<game::Item> : std::true_type {};
template <>
struct slk::by_nlohmann<game::Character> : std::true_type {};

int main() try {
    const auto store = slk::store::open_memory().value();
    slk::profiles_options options;
    options.name = "character";
    options.default_data = slk::codec<game::Character>::encode({10, {{"sword", 1}}}).value();
    const auto players = slk::profiles::open(store, std::move(options)).value();

    auto player = players.start("ann").value();
    auto loaded = player.loaded();
    while (!loaded.is_decided())
        players.tick().value();
    loaded.take().value();

    // One part of the data, or all of it.
    player.append("/items", game::Item{"arrow", 20}).value();
    auto character = player.get<game::Character>("").value();
    character.gold -= 5;
    player.set("", character).value();

    for (const game::Item &item : player.get<game::Character>("").value().items)
        std::printf("%d %s\n", item.count, item.name.c_str());
    std::printf("%ld gold\n", static_cast<long>(player.get<std::int64_t>("/gold").value()));
    // Data of another shape are a failure, and say where they differ.
    std::puts(player.get<game::Item>("/gold").error().message().c_str());
    players.shutdown(std::chrono::seconds(10)).value();
} catch (const slk::exception &failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
}
