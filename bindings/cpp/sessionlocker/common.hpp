// What the parts share: text on its way in, times, owners of handles, callbacks.
#ifndef SESSIONLOCKER_COMMON_HPP
#define SESSIONLOCKER_COMMON_HPP

#include "result.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace slk {

// A text that is passed in. C strings and std::string are passed on as they are; a std::string_view is copied, because
// the library wants a NUL at the end. A null pointer stands for "none" where that is allowed.
class text_in {
public:
    text_in(const char *text) noexcept : pointer_(text) {}
    text_in(std::nullptr_t) noexcept {}
    text_in(const std::string &text) noexcept
        : pointer_(text.c_str()), hides_nul_(text.find('\0') != std::string::npos) {}
    text_in(std::string_view text)
        : copy_(text), copied_(true), hides_nul_(text.find('\0') != std::string_view::npos) {}
    text_in(const text_in &) = delete;
    text_in &operator=(const text_in &) = delete;

    const char *c_str() const noexcept { return copied_ ? copy_.c_str() : pointer_; }
    // Whether C would see only a part of it.
    bool hides_nul() const noexcept { return hides_nul_; }

private:
    const char *pointer_ = nullptr;
    std::string copy_;
    bool copied_ = false;
    bool hides_nul_ = false;
};

// Bytes that somebody else keeps.
struct bytes_view {
    const void *data = nullptr;
    std::size_t size = 0;

    constexpr bytes_view() noexcept = default;
    constexpr bytes_view(const void *from, std::size_t count) noexcept : data(from), size(count) {}
    // Any row of single bytes: std::string, std::vector<std::uint8_t>, std::array<std::byte, N>.
    template <class Row, class Element = std::remove_pointer_t<decltype(std::declval<const Row &>().data())>,
              class = std::enable_if_t<sizeof(Element) == 1>>
    constexpr bytes_view(const Row &row) noexcept : data(row.data()), size(row.size()) {}

    std::string_view as_text() const noexcept { return {static_cast<const char *>(data), data == nullptr ? 0 : size}; }
};

namespace detail {

inline failure hidden_nul(const char *argument) {
    return {result_code::invalid_argument, std::string(argument) + " has a NUL inside"};
}

// What C takes for a time; less than nothing and more than fits are refused.
template <class Unit>
result<std::uint32_t> to_u32(Unit time, const char *argument) {
    if (time.count() < 0 || static_cast<std::uint64_t>(time.count()) > std::numeric_limits<std::uint32_t>::max())
        return failure{result_code::invalid_argument,
                       std::string(argument) + " is " + std::to_string(time.count()) + ", which is no time to wait"};
    return static_cast<std::uint32_t>(time.count());
}

// A C string that may be null.
inline std::string_view view(const char *text) noexcept { return text == nullptr ? std::string_view() : text; }
inline std::string_view view(const char *text, std::size_t length) noexcept {
    return text == nullptr ? std::string_view() : std::string_view(text, length);
}

// Takes out text of unknown length, which may grow between the calls. `read(buffer, capacity, needed)` is a C call.
template <class Read>
result<std::string> take_text(Read read) {
    char small[256];
    std::size_t needed = 0;
    slk_result code = read(small, sizeof small, &needed);
    if (code == SLK_OK)
        return std::string(small, needed);
    std::string large;
    while (code == SLK_E_BUFFER_TOO_SMALL) {
        large.resize(needed + 1);
        code = read(large.data(), large.size(), &needed);
    }
    if (code != SLK_OK)
        return failed(code);
    large.resize(needed);
    return large;
}

// The same for bytes, which have no NUL at the end.
template <class Read>
result<std::string> take_bytes(Read read) {
    std::string all;
    std::size_t needed = 0;
    slk_result code = read(nullptr, 0, &needed);
    while (needed != all.size() && (code == SLK_OK || code == SLK_E_BUFFER_TOO_SMALL)) {
        all.resize(needed);
        code = read(all.data(), all.size(), &needed);
    }
    if (code != SLK_OK)
        return failed(code);
    return all;
}

/* Owners */

inline slk_result end(slk_store handle) noexcept { return slk_store_destroy(handle); }
inline slk_result end(slk_engine handle) noexcept { return slk_engine_destroy(handle); }
inline slk_result end(slk_spec handle) noexcept { return slk_spec_destroy(handle); }
inline slk_result end(slk_locker handle) noexcept { return slk_locker_destroy(handle); }
inline slk_result end(slk_document handle) noexcept { return slk_document_destroy(handle); }
inline slk_result end(slk_migrations handle) noexcept { return slk_migrations_destroy(handle); }
inline slk_result end(slk_request handle) noexcept { return slk_request_abandon(handle); }

// Handles whose owners were destroyed inside a callback, or while another thread was ticking, when the library cannot end
// engines, specs and stores. They are ended after the tick.
class graveyard {
public:
    // Never destroyed: owners with static lifetime may come here at the very end.
    static graveyard &instance() {
        static graveyard &the = *new graveyard;
        return the;
    }

    template <class Handle>
    void add(Handle handle) {
        const std::lock_guard<std::mutex> lock(mutex_);
        waiting_.push_back({[](std::uint64_t id) noexcept { return end(Handle{id}); }, handle.id});
        any_.store(true, std::memory_order_release);
    }

    void sweep() noexcept {
        if (!any_.load(std::memory_order_acquire))
            return;
        std::vector<entry> now;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            now.swap(waiting_);
            any_.store(false, std::memory_order_release);
        }
        for (const entry &one : now) {
            const slk_result ended = one.end(one.id);
            if (ended == SLK_E_REENTRANT || ended == SLK_E_BUSY)
                put_back(one);
        }
    }

private:
    struct entry {
        slk_result (*end)(std::uint64_t) noexcept;
        std::uint64_t id;
    };

    void put_back(const entry &one) noexcept {
        const std::lock_guard<std::mutex> lock(mutex_);
        waiting_.push_back(one);
        any_.store(true, std::memory_order_release);
    }

    std::mutex mutex_;
    std::vector<entry> waiting_;
    std::atomic<bool> any_{false};
};

// Owns a handle. Moved from, it has the null handle.
template <class Handle>
class owner {
public:
    owner() noexcept = default;
    explicit owner(Handle handle) noexcept : handle_(handle) {}
    owner(owner &&other) noexcept : handle_(other.release()) {}
    owner &operator=(owner &&other) noexcept {
        if (this != &other) {
            reset();
            handle_ = other.release();
        }
        return *this;
    }
    ~owner() { reset(); }

    Handle get() const noexcept { return handle_; }
    Handle release() noexcept { return std::exchange(handle_, Handle{}); }

    void reset() noexcept {
        const Handle handle = release();
        if (handle.id == 0)
            return;
        const slk_result ended = end(handle);
        if (ended == SLK_E_REENTRANT || ended == SLK_E_BUSY)
            graveyard::instance().add(handle);
    }

    // As reset, but tells how it went; on failure the handle stays here.
    result<void> end_now() {
        const slk_result ended = end(handle_);
        if (ended != SLK_OK)
            return failed(ended);
        handle_ = Handle{};
        return {};
    }

private:
    Handle handle_{};
};

} // namespace detail

/* Callbacks */

// Any callable, also one that can only be moved. One that returns nothing serves where result<void> is wanted.
template <class Signature>
class callback;

template <class Answer, class... Arguments>
class callback<Answer(Arguments...)> {
    struct body {
        virtual ~body() = default;
        virtual Answer call(Arguments... arguments) = 0;
    };

    template <class Function>
    struct holder final : body {
        static_assert(std::is_nothrow_destructible_v<Function>, "what a callback captures must not throw when destroyed");
        explicit holder(Function given) : function(std::move(given)) {}
        Answer call(Arguments... arguments) override {
            using returned = std::invoke_result_t<Function &, Arguments...>;
            if constexpr (std::is_void_v<returned> && !std::is_void_v<Answer>) {
                function(std::forward<Arguments>(arguments)...);
                return Answer();
            } else {
                return function(std::forward<Arguments>(arguments)...);
            }
        }
        Function function;
    };

public:
    callback() noexcept = default;
    callback(std::nullptr_t) noexcept {}
    template <class Function, class = std::enable_if_t<!std::is_same_v<std::decay_t<Function>, callback> &&
                                                       std::is_invocable_v<std::decay_t<Function> &, Arguments...>>>
    callback(Function &&function)
        : body_(std::make_unique<holder<std::decay_t<Function>>>(std::forward<Function>(function))) {}

    explicit operator bool() const noexcept { return body_ != nullptr; }
    Answer operator()(Arguments... arguments) const { return body_->call(std::forward<Arguments>(arguments)...); }

private:
    std::unique_ptr<body> body_;
};

namespace detail {

// A text that C takes for sure, whatever an exception or a system call put into it: cut, without NULs, UTF-8.
inline std::string harmless(std::string_view words) {
    std::string clean(words.substr(0, 1000));
    for (char &letter : clean)
        if (static_cast<unsigned char>(letter) >= 0x80 || letter == '\0')
            letter = '?';
    return clean;
}

inline void say(slk_error_sink sink, const char *words) {
    if (words == nullptr || *words == '\0' || slk_error_sink_set(sink, words) == SLK_OK)
        return;
    slk_error_sink_set(sink, harmless(words).c_str());
}

// Runs what may throw; `report(code, words)` hears of what was thrown. Nothing leaves it.
template <class Body, class Report>
void contain(Body &&body, Report &&report) noexcept {
#if SLK_CPP_EXCEPTIONS
    // Making words may run out of memory in its turn.
    try {
        try {
            body();
        } catch (const slk::exception &thrown) {
            const bool is_ok = thrown.code() == result_code::ok;
            report(is_ok ? result_code::callback : thrown.code(), thrown.why().text.c_str());
        } catch (const std::exception &thrown) {
            report(result_code::callback, thrown.what());
        } catch (...) {
            report(result_code::callback, "threw something that is no std::exception");
        }
    } catch (...) {
    }
#else
    static_cast<void>(report);
    body();
#endif
}

// Runs a callback that answers with a result, and says in the sink why it failed.
template <class Body>
slk_result answer(slk_error_sink sink, Body &&body) noexcept {
    slk_result answered = SLK_E_CALLBACK;
    contain(
        [&] {
            const result<void> outcome = body();
            answered = static_cast<slk_result>(outcome.code());
            if (!outcome)
                say(sink, outcome.error().text.c_str());
        },
        [&](result_code code, const char *words) {
            answered = static_cast<slk_result>(code);
            say(sink, words);
        });
    return answered;
}

// The end of a user_data that was made by new.
template <class Callbacks>
void dispose(void *user_data) noexcept {
    delete static_cast<Callbacks *>(user_data);
}

} // namespace detail
} // namespace slk

#endif
