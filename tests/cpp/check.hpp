// A tiny test harness: tests register themselves, a failed check says where, and the rest goes on.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <cstdio>
#include <string>
#include <vector>

namespace check {

struct test {
    const char *name;
    void (*run)();
};

inline std::vector<test> &tests() {
    static std::vector<test> all;
    return all;
}

inline int &failures() {
    static int count = 0;
    return count;
}

struct registration {
    registration(const char *name, void (*run)()) { tests().push_back({name, run}); }
};

inline void failed(const char *file, int line, const char *what, const std::string &detail) {
    ++failures();
    std::printf("%s:%d: not so: %s%s%s\n", file, line, what, detail.empty() ? "" : "\n    ", detail.c_str());
}

inline bool contains(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

// Runs the tests whose names contain the filter; the exit code.
inline int run_all(const std::string &filter) {
    int count = 0;
    for (const test &one : tests()) {
        if (!contains(one.name, filter.c_str()))
            continue;
        ++count;
        const int before = failures();
        one.run();
        if (failures() != before)
            std::printf("FAILED %s\n", one.name);
    }
    std::printf("%d tests, %d checks failed\n", count, failures());
    return failures() == 0 && count > 0 ? 0 : 1;
}

} // namespace check

#define TEST(name)                                                                                                     \
    static void name();                                                                                                \
    static const check::registration name##_registration(#name, name);                                                \
    static void name()

#define CHECK(...)                                                                                                     \
    do {                                                                                                               \
        if (!(__VA_ARGS__))                                                                                            \
            check::failed(__FILE__, __LINE__, #__VA_ARGS__, "");                                                       \
    } while (false)

// That a slk::result has a value.
#define CHECK_OK(...)                                                                                                  \
    do {                                                                                                               \
        const auto &checked_result = __VA_ARGS__;                                                                      \
        if (!checked_result)                                                                                           \
            check::failed(__FILE__, __LINE__, #__VA_ARGS__, checked_result.error().message());                         \
    } while (false)

// That it has this code.
#define CHECK_CODE(expected, ...)                                                                                      \
    do {                                                                                                               \
        const auto &checked_result = __VA_ARGS__;                                                                      \
        if (checked_result.code() != slk::result_code::expected)                                                       \
            check::failed(__FILE__, __LINE__, #__VA_ARGS__, checked_result.error().message());                         \
    } while (false)

#endif
