// Typed data by nlohmann/json, where it is installed.
#include "world.hpp"

#if defined(__has_include)
#if __has_include(<nlohmann/json.hpp>)
#define HAVE_NLOHMANN 1
#endif
#endif

#ifdef HAVE_NLOHMANN
#include <sessionlocker/nlohmann.hpp>

namespace shop {
struct item {
    std::string name;
    int count = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(item, name, count)

struct bag {
    std::vector<item> items;
    std::int64_t gold = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(bag, items, gold)
} // namespace shop

template <>
struct slk::by_nlohmann<shop::item> : std::true_type {};
template <>
struct slk::by_nlohmann<shop::bag> : std::true_type {};

namespace {

TEST(types_that_nlohmann_json_knows_are_data) {
    world::server server;
    const auto locker = server.join("1");
    shop::bag bag;
    bag.gold = std::numeric_limits<std::int64_t>::max();
    bag.items.push_back({"sword", 1});
    CHECK_OK(locker.set("", bag));
    CHECK_OK(locker.append("/items", shop::item{"arrow", 20}));
    const auto read = locker.get<shop::bag>("");
    CHECK_OK(read);
    CHECK(read->gold == bag.gold && read->items.size() == 2 && read->items[1].count == 20);
    CHECK(locker.json().value_or("") ==
          R"({"gold":9223372036854775807,"items":[{"count":1,"name":"sword"},{"count":20,"name":"arrow"}]})");
    const auto tree = locker.get<nlohmann::json>("/items/0");
    CHECK_OK(tree);
    CHECK((*tree)["name"] == "sword");
    CHECK_OK(locker.set("/tree", nlohmann::json{{"leaves", 7}}));
    CHECK(locker.get<int>("/tree/leaves").value_or(0) == 7);
#if SLK_CPP_EXCEPTIONS
    const auto wrong = locker.get<shop::item>("/gold");
    CHECK_CODE(wrong_type, wrong);
    CHECK(!wrong.error().text.empty());
    CHECK_CODE(invalid_utf8, locker.set("/bad", nlohmann::json("\xff")));
#endif
}

} // namespace
#endif
