// Lines of words: the form of the protocol and of the audit log.
#ifndef GAME_WORDS_HPP
#define GAME_WORDS_HPP

#include <string>
#include <string_view>
#include <type_traits>

namespace game {

inline std::string word(std::string_view text) { return std::string(text); }

template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
std::string word(Number number) {
    return std::to_string(number);
}

// The words with a space between each.
template <class First, class... Rest>
std::string sentence(const First &first, const Rest &...rest) {
    std::string line = word(first);
    ((line += ' ', line += word(rest)), ...);
    return line;
}

} // namespace game

#endif
