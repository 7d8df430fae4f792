// How calls end: result_code, failure, result<T>, and, where exceptions are on, slk::exception.
#ifndef SESSIONLOCKER_RESULT_HPP
#define SESSIONLOCKER_RESULT_HPP

#include <sessionlocker.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

// 1 where exceptions are on. Set it to 0 yourself to have none of the throwing layer.
#ifndef SLK_CPP_EXCEPTIONS
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define SLK_CPP_EXCEPTIONS 1
#else
#define SLK_CPP_EXCEPTIONS 0
#endif
#endif

#if SLK_CPP_EXCEPTIONS
#include <stdexcept>
#endif

namespace slk {

// The slk_results: ok, states above it, errors below it.
enum class result_code : slk_result {
    ok = SLK_OK,
    empty = SLK_EMPTY,
    busy = SLK_BUSY,
    idle = SLK_IDLE,
    pending = SLK_PENDING,
    saved = SLK_SAVED,
    lost = SLK_LOST,
    unknown = SLK_UNKNOWN,
    not_applicable = SLK_NOT_APPLICABLE,
    deferred = SLK_DEFERRED,
    conflict = SLK_CONFLICT,
    granted = SLK_GRANTED,
    credited = SLK_CREDITED,
    not_processed = SLK_NOT_PROCESSED,
    parked = SLK_PARKED,
    rejected = SLK_REJECTED,
    revoked = SLK_REVOKED,
    unknown_product = SLK_UNKNOWN_PRODUCT,
    locked_elsewhere = SLK_LOCKED_ELSEWHERE,
    unreadable = SLK_UNREADABLE,
    invalid_argument = SLK_E_INVALID_ARGUMENT,
    invalid_handle = SLK_E_INVALID_HANDLE,
    invalid_utf8 = SLK_E_INVALID_UTF8,
    too_long = SLK_E_TOO_LONG,
    invalid_json = SLK_E_INVALID_JSON,
    invalid_pointer = SLK_E_INVALID_POINTER,
    wrong_type = SLK_E_WRONG_TYPE,
    out_of_range = SLK_E_OUT_OF_RANGE,
    not_loaded = SLK_E_NOT_LOADED,
    thread_busy = SLK_E_BUSY,
    reentrant = SLK_E_REENTRANT,
    panic = SLK_E_PANIC,
    store = SLK_E_STORE,
    not_a_database = SLK_E_NOT_A_DATABASE,
    unsupported = SLK_E_UNSUPPORTED,
    exists = SLK_E_EXISTS,
    shutting_down = SLK_E_SHUTTING_DOWN,
    deleted = SLK_E_DELETED,
    out_of_memory = SLK_E_OUT_OF_MEMORY,
    callback = SLK_E_CALLBACK,
    buffer_too_small = SLK_E_BUFFER_TOO_SMALL,
    abi = SLK_E_ABI,
    struct_size = SLK_E_STRUCT_SIZE,
    unknown_outcome = SLK_E_UNKNOWN_OUTCOME,
    not_applied = SLK_E_NOT_APPLIED,
    late = SLK_E_LATE,
    full = SLK_E_FULL,
    broken_store = SLK_E_BROKEN_STORE,
};

// The constant's name in the C header, such as "SLK_E_STORE". Never null.
inline const char *name_of(result_code code) noexcept { return slk_result_name(static_cast<slk_result>(code)); }

// Why something has no value: an error, or a state such as result_code::empty.
struct failure {
    result_code code = result_code::ok;
    std::string text;

    // Whether it is nobody's mistake: nothing there, try again in the next tick.
    bool is_state() const noexcept { return static_cast<slk_result>(code) > SLK_OK; }

    // Both, for logs.
    std::string message() const { return text.empty() ? name_of(code) : std::string(name_of(code)) + ": " + text; }
};

#if SLK_CPP_EXCEPTIONS
// What result<T>::value() throws. Thrown by a callback of yours, its code is the callback's answer.
class exception : public std::runtime_error {
public:
    explicit exception(failure why) : std::runtime_error(why.message()), why_(std::move(why)) {}

    result_code code() const noexcept { return why_.code; }
    const failure &why() const noexcept { return why_; }

private:
    failure why_;
};
#endif

namespace detail {

// The end of the road for `*result` without a value: an exception, or, without exceptions, the end of the program.
[[noreturn]] inline void no_value(const failure &why) {
#if SLK_CPP_EXCEPTIONS
    throw exception(why);
#else
    static_cast<void>(why);
    std::abort();
#endif
}

} // namespace detail

// A value, or the failure that left none.
template <class T>
class [[nodiscard]] result {
    static_assert(!std::is_same_v<T, failure> && !std::is_reference_v<T>);

    template <class U>
    static constexpr bool makes_value = std::is_convertible_v<U, T> && !std::is_same_v<std::decay_t<U>, result> &&
                                        !std::is_same_v<std::decay_t<U>, failure>;

public:
    using value_type = T;

    template <class U = T, class = std::enable_if_t<makes_value<U &&>>>
    result(U &&value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
    result(failure why) : state_(std::in_place_index<1>, std::move(why)) {}

    explicit operator bool() const noexcept { return has_value(); }
    bool has_value() const noexcept { return state_.index() == 0; }
    result_code code() const noexcept { return has_value() ? result_code::ok : error().code; }

    // The value; must not be asked of a failure: throws slk::exception, or without exceptions ends the program.
    T &operator*() & { return checked(*this); }
    const T &operator*() const & { return checked(*this); }
    // By value, so that nothing can be left of a temporary that has gone: `for (auto &item : *load())`.
    T operator*() && { return std::move(checked(*this)); }
    T *operator->() { return &checked(*this); }
    const T *operator->() const { return &checked(*this); }

#if SLK_CPP_EXCEPTIONS
    // The throwing layer: the value, or slk::exception.
    T &value() & { return checked(*this); }
    const T &value() const & { return checked(*this); }
    T value() && { return std::move(checked(*this)); }
#endif

    template <class U>
    T value_or(U &&other) const & {
        return has_value() ? *std::get_if<0>(&state_) : static_cast<T>(std::forward<U>(other));
    }
    template <class U>
    T value_or(U &&other) && {
        return has_value() ? *std::get_if<0>(&state_) : static_cast<T>(std::forward<U>(other));
    }

    // Why there is no value; code ok and no text if there is one.
    const failure &error() const noexcept {
        static const failure none;
        const failure *why = std::get_if<1>(&state_);
        return why == nullptr ? none : *why;
    }

    // Says that the failure may be overlooked here.
    void ignore() const noexcept {}

private:
    template <class Self>
    static auto &checked(Self &self) {
        if (!self.has_value())
            detail::no_value(self.error());
        return *std::get_if<0>(&self.state_);
    }

    std::variant<T, failure> state_;
};

// Success, or a failure.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() noexcept = default;
    result(failure why) noexcept : why_(std::move(why)) {}
    // So that a callback can say `return slk::result_code::not_applicable;`.
    result(result_code code) noexcept { why_.code = code; }
    // The value of another call does not matter here, only whether there is one.
    template <class T>
    result(const result<T> &other) : why_(other.error()) {}

    explicit operator bool() const noexcept { return has_value(); }
    bool has_value() const noexcept { return why_.code == result_code::ok; }
    result_code code() const noexcept { return why_.code; }
    const failure &error() const noexcept { return why_; }
    void ignore() const noexcept {}

#if SLK_CPP_EXCEPTIONS
    void value() const {
        if (!has_value())
            throw exception(why_);
    }
#endif

private:
    failure why_;
};

// The library that is loaded, as "0.1.0".
inline const char *version_text() noexcept { return slk_version_text(); }

// The same as a number: major * 1000000 + minor * 1000 + patch.
inline std::uint32_t version() noexcept { return slk_version(); }

namespace detail {

inline std::string header_version() {
    return std::to_string(SLK_VERSION_MAJOR) + "." + std::to_string(SLK_VERSION_MINOR) + "." +
           std::to_string(SLK_VERSION_PATCH);
}

// Whether header and library fit each other. Asked wherever a first handle comes from.
inline result<void> check_abi() {
    static const std::uint32_t loaded = slk_abi_version();
    if (loaded == SLK_ABI_VERSION)
        return {};
    return failure{result_code::abi, "this program was compiled with the header of sessionlocker " + header_version() +
                                         " (binary interface " + std::to_string(SLK_ABI_VERSION) +
                                         "), but the library that was loaded is " + version_text() +
                                         " (binary interface " + std::to_string(loaded) +
                                         "); see which file the loader finds first, and use both of one release"};
}

// The words for the call that just failed on this thread.
inline std::string last_words() {
    // What has to be longer than this is cut.
    char buffer[1024];
    const slk_result copied = slk_last_error(buffer, sizeof buffer, nullptr);
    return copied == SLK_OK || copied == SLK_E_BUFFER_TOO_SMALL ? std::string(buffer) : std::string();
}

inline failure failed(slk_result code) {
    failure why;
    why.code = static_cast<result_code>(code);
    // States have no words of their own, except for the one that is an obstacle.
    if (code < SLK_OK || code == SLK_BUSY)
        why.text = last_words();
    return why;
}

inline result<void> checked(slk_result code) {
    if (code == SLK_OK)
        return {};
    return failed(code);
}

} // namespace detail
} // namespace slk

#endif
