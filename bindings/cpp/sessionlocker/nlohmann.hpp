// Typed data by nlohmann/json, for programs that have it. Needs its header, "json.hpp" 3.x.
//
//     struct Player { std::int64_t gold; };
//     NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Player, gold)
//     template <> struct slk::by_nlohmann<Player> : std::true_type {};
//
//     player.get<Player>("");
//
// With exceptions switched off, data of another shape than the type's end the program: that is how nlohmann/json does it.
#ifndef SESSIONLOCKER_NLOHMANN_HPP
#define SESSIONLOCKER_NLOHMANN_HPP

#include "data.hpp"

#include <nlohmann/json.hpp>

namespace slk {

// Which types are written and read by nlohmann/json: specialise it for yours.
template <class T>
struct by_nlohmann : std::false_type {};
template <>
struct by_nlohmann<nlohmann::json> : std::true_type {};
template <>
struct by_nlohmann<nlohmann::ordered_json> : std::true_type {};

template <class T>
struct codec<T, std::enable_if_t<by_nlohmann<T>::value>> {
    // The one that keeps the order of members is for those who ask for it: types are usually known to the other.
    using tree = std::conditional_t<std::is_same_v<T, nlohmann::ordered_json>, nlohmann::ordered_json, nlohmann::json>;

    static result<std::string> encode(const T &value) {
        result<std::string> text{failure{result_code::callback, ""}};
        // It throws for text that is not UTF-8.
        detail::contain([&] { text = tree(value).dump(); },
                        [&](result_code, const char *words) { text = failure{result_code::invalid_utf8, words}; });
        return text;
    }

    static result<T> decode(std::string_view json) {
        result<T> value{failure{result_code::callback, ""}};
        detail::contain(
            [&] {
                const auto parsed = tree::parse(json, nullptr, false);
                if (parsed.is_discarded())
                    value = failure{result_code::invalid_json, "the data are not JSON to nlohmann/json"};
                else
                    value = parsed.template get<T>();
            },
            [&](result_code, const char *words) { value = failure{result_code::wrong_type, words}; });
        return value;
    }
};

} // namespace slk

#endif
