// Engines: everything of one game server.
#ifndef SESSIONLOCKER_ENGINE_HPP
#define SESSIONLOCKER_ENGINE_HPP

#include "event.hpp"
#include "spec.hpp"

namespace slk {

// A message of the log with its fields. Its views live until the callback returns, and are empty where there is nothing.
class log_record {
public:
    explicit log_record(const slk_log_record &native) noexcept : native_(&native) {}
    log_level level() const noexcept { return static_cast<log_level>(native_->level); }
    log_kind kind() const noexcept { return static_cast<log_kind>(native_->kind); }
    trouble_cause cause() const noexcept { return static_cast<trouble_cause>(native_->cause); }
    std::string_view server() const noexcept { return detail::view(native_->server); }
    std::string_view store() const noexcept { return detail::view(native_->store); }
    std::string_view spec() const noexcept { return detail::view(native_->spec); }
    std::string_view key() const noexcept { return detail::view(native_->key); }
    std::string_view text() const noexcept { return detail::view(native_->text, native_->text_length); }
    std::uint64_t epoch() const noexcept { return native_->epoch; }
    wall_time time() const noexcept { return wall_time(std::chrono::milliseconds(native_->wall_ms)); }

private:
    const slk_log_record *native_;
};

// What an engine has counted, and what there is now; the header says what each number is.
using metrics = slk_metrics;

// How an engine is set up. Zero and empty stand for the library's defaults; see slk_engine_options.
struct engine_options {
    // Unique among living servers. Empty: a random one.
    std::string server_id;
    std::chrono::milliseconds lease{};
    std::chrono::milliseconds beat_interval{};
    std::chrono::milliseconds request_timeout{};
    std::uint32_t max_requests_in_flight = 0;
    // You vouch that no process that used this server id before is alive.
    bool predecessor_gone = false;
    // Takes messages, down to this level. Called on the threads that call the engine.
    callback<void(log_level level, std::string_view text)> log;
    slk::log_level log_level = slk::log_level::warning;
    // The same with fields, beside `log` or instead of it.
    callback<void(const slk::log_record &)> log_record;
    // Players' keys and the ids of purchases stand in the log as short digests.
    bool mask_ids = false;
    // How many requests each store gets in a second. 0: no limit.
    std::uint32_t max_requests_per_second = 0;
    // For tests that are to run the same way each time. 0: random.
    std::uint64_t seed = 0;
    // The steady clock, since any origin; the system's if there is none. Called on any thread, often; nothing of the
    // library may be called inside. If it throws, time stands still.
    callback<std::chrono::nanoseconds()> clock;
    // The wall clock, for times that people read.
    callback<std::chrono::system_clock::time_point()> wall_clock;
};

namespace detail {

struct engine_callbacks {
    callback<void(log_level, std::string_view)> log;
    callback<void(const slk::log_record &)> log_record;
    callback<std::chrono::nanoseconds()> clock;
    callback<std::chrono::system_clock::time_point()> wall_clock;
    // What the clocks said last, for when they fail.
    std::atomic<std::uint64_t> steady_ns{0};
    std::atomic<std::int64_t> wall_ms{0};
};

// Where the trampoline of dispatch notes what the visitor threw.
template <class Visitor>
struct dispatching {
    Visitor &visitor;
    failure first{};
};

template <class Visitor>
void dispatch_one(void *user_data, const slk_event *native) noexcept {
    auto &now = *static_cast<dispatching<Visitor> *>(user_data);
    contain([&] { event(*native).visit(now.visitor); },
            [&](result_code code, const char *words) {
                if (now.first.code == result_code::ok)
                    now.first = failure{code, words == nullptr ? "" : words};
            });
}

} // namespace detail

extern "C" {

inline std::uint64_t slk_cpp_clock(void *user_data) noexcept {
    auto &callbacks = *static_cast<detail::engine_callbacks *>(user_data);
    detail::contain([&] { callbacks.steady_ns = static_cast<std::uint64_t>(callbacks.clock().count()); },
                    [](result_code, const char *) {});
    return callbacks.steady_ns;
}

inline std::int64_t slk_cpp_wall_clock(void *user_data) noexcept {
    auto &callbacks = *static_cast<detail::engine_callbacks *>(user_data);
    detail::contain(
        [&] {
            const auto since_1970 = callbacks.wall_clock().time_since_epoch();
            callbacks.wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
        },
        [](result_code, const char *) {});
    return callbacks.wall_ms;
}

inline void slk_cpp_log(void *user_data, std::int32_t level, const char *text, std::size_t length) noexcept {
    const auto &callbacks = *static_cast<detail::engine_callbacks *>(user_data);
    detail::contain([&] { callbacks.log(static_cast<log_level>(level), detail::view(text, length)); },
                    [](result_code, const char *) {});
}

inline void slk_cpp_log_record(void *user_data, const slk_log_record *record) noexcept {
    const auto &callbacks = *static_cast<detail::engine_callbacks *>(user_data);
    detail::contain([&] { callbacks.log_record(log_record(*record)); }, [](result_code, const char *) {});
}

inline void slk_cpp_destroy_engine(void *user_data) noexcept { detail::dispose<detail::engine_callbacks>(user_data); }

} // extern "C"

// One game server. Destroyed, it takes its specs and lockers with it, saved or not: begin_shutdown comes first.
class engine {
public:
    engine() noexcept = default;
    // Takes over a handle.
    explicit engine(slk_engine handle) noexcept : own_(handle) {}
    slk_engine handle() const noexcept { return own_.get(); }
    // Gives the handle away.
    slk_engine release() noexcept { return own_.release(); }
    // Ends it now, and tells how that went.
    result<void> destroy() { return own_.end_now(); }

    static result<engine> create(engine_options options = {}) {
        if (const auto fits = detail::check_abi(); !fits)
            return fits.error();
        slk_engine_options native = SLK_ENGINE_OPTIONS_INIT;
        if (options.server_id.find('\0') != std::string::npos)
            return detail::hidden_nul("server_id");
        native.server_id = options.server_id.empty() ? nullptr : options.server_id.c_str();
        if (const auto set = put_times(options, native); !set)
            return set.error();
        native.max_requests_in_flight = options.max_requests_in_flight;
        native.flags = options.predecessor_gone ? SLK_ENGINE_PREDECESSOR_GONE : 0;
        native.max_requests_per_second = options.max_requests_per_second;
        native.mask_ids = options.mask_ids ? 1 : 0;
        native.seed = options.seed;
        native.log_level = options.log || options.log_record ? static_cast<std::int32_t>(options.log_level) : 0;
        auto callbacks = std::make_unique<detail::engine_callbacks>();
        native.log = options.log ? slk_cpp_log : nullptr;
        native.log_record = options.log_record ? slk_cpp_log_record : nullptr;
        native.clock = options.clock ? slk_cpp_clock : nullptr;
        native.wall_clock = options.wall_clock ? slk_cpp_wall_clock : nullptr;
        callbacks->log = std::move(options.log);
        callbacks->log_record = std::move(options.log_record);
        callbacks->clock = std::move(options.clock);
        callbacks->wall_clock = std::move(options.wall_clock);
        native.user_data = callbacks.get();
        native.destroy = slk_cpp_destroy_engine;
        slk_engine made{};
        const slk_result code = slk_engine_create(&native, &made);
        if (code != SLK_OK)
            return detail::failed(code);
        // The library owns them now, and ends them through slk_cpp_destroy_engine.
        static_cast<void>(callbacks.release());
        return engine(made);
    }

    result<spec> create_spec(const store &records, spec_options options) const {
        return spec::create(handle(), records, std::move(options));
    }

    // Does what is due; stops after the budget, which is measured in real time. Zero: no limit. Never waits.
    result<void> update(std::chrono::microseconds budget = {}) const {
        const auto time = detail::to_u32(budget, "budget");
        if (!time)
            return time.error();
        const auto done = detail::checked(slk_engine_update(handle(), *time));
        detail::graveyard::instance().sweep();
        return done;
    }

    // The next event; result_code::empty if there is none.
    result<event> next_event() const {
        slk_event native{};
        const slk_result code = slk_engine_next_event(handle(), &native, sizeof native);
        detail::graveyard::instance().sweep();
        if (code != SLK_OK)
            return detail::failed(code);
        return event(native);
    }

    // Up to so many events at once.
    result<std::vector<event>> next_events(std::size_t at_most) const {
        // One more, because C wants a place even for none.
        std::vector<slk_event> natives(at_most + 1);
        std::size_t count = 0;
        const slk_result code = slk_engine_next_events(handle(), natives.data(), sizeof(slk_event), at_most, &count);
        std::vector<event> all;
        all.reserve(count);
        for (std::size_t index = 0; index < count; ++index)
            all.emplace_back(natives[index]);
        detail::graveyard::instance().sweep();
        if (code != SLK_OK && count == 0)
            return detail::failed(code);
        return all;
    }

    // Gives each waiting event to the visitor, see overload. If the visitor throws, it gets the other events all the same,
    // and the first failure is returned.
    template <class Visitor>
    result<void> dispatch(Visitor &&visitor) const {
        detail::dispatching<Visitor> now{visitor};
        const auto done = detail::checked(slk_engine_dispatch(handle(), detail::dispatch_one<Visitor>, &now));
        detail::graveyard::instance().sweep();
        if (done && now.first.code != result_code::ok)
            return now.first;
        return done;
    }

    // Begins to save and release everything. Go on updating until events::shutdown_done.
    result<void> begin_shutdown(std::chrono::milliseconds deadline) const {
        const auto time = detail::to_u32(deadline, "deadline");
        if (!time)
            return time.error();
        return detail::checked(slk_engine_begin_shutdown(handle(), *time));
    }

    // The same, blocking. result_code::pending: the deadline is over, and something was left behind.
    result<void> shutdown(std::chrono::milliseconds deadline) const {
        const auto time = detail::to_u32(deadline, "deadline");
        if (!time)
            return time.error();
        const auto done = detail::checked(slk_engine_shutdown(handle(), *time));
        detail::graveyard::instance().sweep();
        return done;
    }

    // It looks at each locker: for once in a while.
    result<slk::metrics> metrics() const {
        slk::metrics told{};
        const slk_result code = slk_engine_get_metrics(handle(), &told, sizeof told);
        return code == SLK_OK ? result<slk::metrics>(told) : result<slk::metrics>(detail::failed(code));
    }
    // The same, and more, in Prometheus' text format: to be served under `/metrics`.
    result<std::string> metrics_text() const {
        return detail::take_text([this](char *to, std::size_t size, std::size_t *needed) {
            return slk_engine_metrics_text(handle(), to, size, needed);
        });
    }

    // Between events::store_critical and events::store_recovered.
    bool is_store_critical(const store &used) const noexcept {
        return slk_engine_is_store_critical(handle(), used.handle()) == 1;
    }

    // Purchases and uses of credit that are not answered yet: at zero a shutdown interrupts none.
    result<std::uint64_t> purchases_in_progress() const { return count(slk_engine_purchases_in_progress); }
    // What was asked for on records that are not held, and is not answered yet.
    result<std::uint64_t> visits_in_progress() const { return count(slk_engine_visits_in_progress); }

private:
    template <class Call>
    result<std::uint64_t> count(Call call) const {
        std::uint64_t many = 0;
        const slk_result code = call(handle(), &many);
        return code == SLK_OK ? result<std::uint64_t>(many) : result<std::uint64_t>(detail::failed(code));
    }

    static result<void> put_times(const engine_options &options, slk_engine_options &native) {
        const auto lease = detail::to_u32(options.lease, "lease");
        const auto beat_interval = detail::to_u32(options.beat_interval, "beat_interval");
        const auto request_timeout = detail::to_u32(options.request_timeout, "request_timeout");
        for (const auto *time : {&lease, &beat_interval, &request_timeout})
            if (!*time)
                return time->error();
        native.lease_ms = *lease;
        native.beat_interval_ms = *beat_interval;
        native.request_timeout_ms = *request_timeout;
        return {};
    }

    detail::owner<slk_engine> own_;
};

} // namespace slk

#endif
