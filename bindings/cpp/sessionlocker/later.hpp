// later<T>: a result that will be there in a later tick. Ask for it, give it a callback, or co_await it.
#ifndef SESSIONLOCKER_LATER_HPP
#define SESSIONLOCKER_LATER_HPP

#include "common.hpp"

#include <optional>

#if defined(__cpp_impl_coroutine) && defined(__has_include)
#if __has_include(<coroutine>)
#define SLK_CPP_COROUTINES 1
#include <coroutine>
#endif
#endif
#ifndef SLK_CPP_COROUTINES
#define SLK_CPP_COROUTINES 0
#endif

namespace slk {

namespace detail {

// Notes the first failure of the code that was called; see profiles::tick.
class trouble_note {
public:
    void add(result_code code, const char *words) {
        if (first_.code == result_code::ok)
            first_ = failure{code, words == nullptr ? "" : words};
    }
    failure take() noexcept { return std::exchange(first_, failure{}); }

private:
    failure first_;
};

// For coroutines, whose exceptions come out where nobody expects them.
inline trouble_note &troubles_of_this_thread() {
    static thread_local trouble_note note;
    return note;
}

// What a later<T> and whoever will decide it share.
template <class T>
struct promised {
    std::optional<result<T>> outcome;
    callback<void(result<T> &)> next;

    void decide(result<T> with) {
        if (outcome)
            return;
        outcome.emplace(std::move(with));
        const auto follow = std::move(next);
        next = nullptr;
        if (follow)
            contain([&] { follow(*outcome); },
                    [](result_code code, const char *words) { troubles_of_this_thread().add(code, words); });
    }
};

} // namespace detail

// A result that is decided in a later tick, on the thread that ticks. May be dropped: what was asked for happens all the
// same. Only one callback or coroutine waits for it.
template <class T>
class later {
public:
    explicit later(std::shared_ptr<detail::promised<T>> shared) noexcept : shared_(std::move(shared)) {}

    bool is_decided() const noexcept { return shared_->outcome.has_value(); }
    // The result if it is decided, else result_code::pending.
    result<T> take() {
        if (!is_decided())
            return failure{result_code::pending, "not decided yet; it will be in a later tick"};
        return std::move(*shared_->outcome);
    }

    // Calls `next` with the result: inside the tick that decides it, or now if it is decided already.
    void then(callback<void(result<T> &)> next) {
        if (is_decided())
            next(*shared_->outcome);
        else
            shared_->next = std::move(next);
    }

#if SLK_CPP_COROUTINES
    bool await_ready() const noexcept { return is_decided(); }
    void await_suspend(std::coroutine_handle<> waiting) {
        shared_->next = [waiting](result<T> &) { waiting.resume(); };
    }
    result<T> await_resume() { return std::move(*shared_->outcome); }
#endif

private:
    std::shared_ptr<detail::promised<T>> shared_;
};

#if SLK_CPP_COROUTINES
// What a coroutine returns that nobody waits for, such as the life of one player. It begins at once. An exception that
// leaves it is reported by the next profiles::tick of that thread.
struct task {
    struct promise_type {
        task get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept {
#if SLK_CPP_EXCEPTIONS
            detail::contain([] { throw; },
                            [](result_code code, const char *words) {
                                detail::troubles_of_this_thread().add(code, words);
                            });
#endif
        }
    };
};
#endif

} // namespace slk

#endif
