// The easy way: a session for each player, without handling events.
//
//     auto players = slk::profiles::open(*store, std::move(options));
//     auto player = players->start("42");
//     player->loaded().then([](slk::result<void> &loaded) { ... });
//     while (running)
//         players->tick(std::chrono::milliseconds(1)).ignore();
//
// All of it is for one thread: the one that ticks.
#ifndef SESSIONLOCKER_PROFILE_HPP
#define SESSIONLOCKER_PROFILE_HPP

#include "engine.hpp"
#include "later.hpp"

#include <thread>
#include <unordered_map>

namespace slk {

// The settings of an engine and of its one kind of record.
struct profiles_options : engine_options, spec_options {};

// How a session ended.
struct session_over {
    // `ended`: as asked for by profile::end or by destroying the profile. The player must be kicked in the other cases.
    enum class cause { ended, handed_over, shutdown, lost };
    cause why = cause::ended;
    // Of a lost session: the data as they were here. Some of it may not be saved.
    slk::document document;
    std::string text;
};

// What became of a purchase.
struct purchase {
    // granted, or credited if it could not be applied.
    result_code outcome = result_code::granted;
    // It had been dealt with before, and nothing was done now.
    bool duplicate = false;
};

namespace detail {

template <class T>
using promises = std::vector<std::shared_ptr<promised<T>>>;

// One player's session, shared by the profiles of its key.
struct session {
    std::string key;
    slk::locker locker;
    // How many profiles there are.
    std::size_t users = 0;
    promises<void> loaded;
    promises<void> ended;
    promises<session_over> over;

    bool nobody_waits() const noexcept { return loaded.empty() && ended.empty() && over.empty(); }
};

// Everything of one slk::profiles. Lives on while one of its callbacks runs.
struct pool {
    slk::engine engine;
    slk::spec spec;
    std::unordered_map<std::string, std::shared_ptr<session>> sessions;
    std::unordered_map<std::uint64_t, std::shared_ptr<promised<void>>> saves;
    std::unordered_map<std::uint64_t, std::shared_ptr<promised<purchase>>> purchases;
    // What is known already and is told in the next tick, so that no callback runs inside the call that asks.
    std::vector<callback<void()>> known;
    // Apart from the tags that a host would use for calls of its own.
    std::uint64_t last_tag = std::uint64_t{1} << 63;
    bool ticking = false;
    bool closed = false;
    bool shut_down = false;
    std::uint64_t left_behind = 0;

    template <class T>
    later<T> decided(result<T> outcome) {
        auto promise = std::make_shared<promised<T>>();
        // A callback must be callable more than once, in principle; this one is not called twice.
        known.push_back([promise, outcome = std::move(outcome)]() mutable { promise->decide(std::move(outcome)); });
        return later<T>(promise);
    }

    // Takes the list before telling, because those who are told may ask anew.
    template <class T, class Make>
    static void decide_all(promises<T> &list, Make make) {
        promises<T> now;
        now.swap(list);
        for (const auto &promise : now)
            promise->decide(make());
    }

    void close() {
        closed = true;
        engine = slk::engine();
        const auto none_left = [] { return failure{result_code::shutting_down, "the profiles were closed"}; };
        const auto open_sessions = std::exchange(sessions, {});
        for (const auto &[key, session] : open_sessions) {
            decide_all(session->loaded, none_left);
            decide_all(session->ended, none_left);
            decide_all(session->over, none_left);
        }
        for (const auto &[tag, promise] : std::exchange(saves, {}))
            promise->decide(none_left());
        for (const auto &[tag, promise] : std::exchange(purchases, {}))
            promise->decide(none_left());
        tell_known();
    }

    void tell_known() {
        std::vector<callback<void()>> now;
        now.swap(known);
        for (const auto &tell : now)
            tell();
    }

    std::shared_ptr<session> find(std::string_view key) const {
        const auto place = sessions.find(std::string(key));
        return place == sessions.end() ? nullptr : place->second;
    }

    template <class T>
    static std::shared_ptr<promised<T>> take(std::unordered_map<std::uint64_t, std::shared_ptr<promised<T>>> &all,
                                             std::uint64_t tag) {
        const auto place = all.find(tag);
        if (place == all.end())
            return nullptr;
        auto promise = std::move(place->second);
        all.erase(place);
        return promise;
    }

    /* What happens */

    void on(const events::loaded &now) {
        if (const auto session = find(now.key))
            decide_all(session->loaded, [] { return result<void>(); });
    }

    void on(const events::load_status &now) {
        const auto session = find(now.key);
        if (session == nullptr)
            return;
        // All else may pass; these two need somebody to do something about them.
        if (now.state == load_state::unknown_version)
            fail_loading(*session, result_code::unsupported, now.text);
        if (now.state == load_state::unreadable)
            fail_loading(*session, result_code::store, now.text);
    }

    static void fail_loading(session &which, result_code code, std::string_view text) {
        const failure why{code, std::string(text)};
        decide_all(which.loaded, [&] { return why; });
    }

    void on(const events::released &now) {
        const auto session = find(now.key);
        if (session == nullptr)
            return;
        decide_over(*session, now.cause == release_cause::shutdown      ? session_over::cause::shutdown
                              : now.cause == release_cause::handed_over ? session_over::cause::handed_over
                                                                        : session_over::cause::ended);
        decide_all(session->ended, [] { return result<void>(); });
    }

    static void decide_over(session &which, session_over::cause why) {
        decide_all(which.over, [&] {
            session_over told;
            told.why = why;
            return result<session_over>(std::move(told));
        });
    }

    void on(events::lost now) {
        const auto session = find(now.key);
        if (session == nullptr)
            return;
        const failure why{result_code::lost, std::string(now.text)};
        decide_all(session->over, [&] {
            session_over told;
            told.why = session_over::cause::lost;
            // Only one can have it.
            told.document = std::move(now.document);
            told.text = why.text;
            return result<session_over>(std::move(told));
        });
        decide_all(session->ended, [&] { return why; });
    }

    void on(const events::change_settled &now) {
        const auto promise = take(saves, now.tag);
        if (promise == nullptr)
            return;
        if (now.state == change_state::saved)
            promise->decide(result<void>());
        else
            promise->decide(failure{static_cast<result_code>(now.state), "the session ended before the save"});
    }

    void on(const events::receipt_settled &now) {
        const auto promise = take(purchases, now.tag);
        if (promise == nullptr)
            return;
        if (now.outcome == result_code::granted || now.outcome == result_code::credited)
            promise->decide(purchase{now.outcome, now.duplicate});
        else
            promise->decide(failure{now.outcome, std::string(now.text)});
    }

    void on(const events::credit_used &now) {
        const auto promise = take(saves, now.tag);
        if (promise == nullptr)
            return;
        if (now.outcome == result_code::ok)
            promise->decide(result<void>());
        else
            promise->decide(failure{now.outcome, std::string(now.text)});
    }

    void on(const events::left_behind &now) {
        if (const auto session = find(now.key))
            decide_all(session->ended, [] {
                return failure{result_code::pending, "the shutdown's deadline was over before the last save"};
            });
    }

    void on(const events::idle &now) {
        const auto session = find(now.key);
        if (session == nullptr)
            return;
        fail_loading(*session, result_code::idle, "the session ended before it was loaded");
        decide_over(*session, session_over::cause::ended);
        decide_all(session->ended, [] { return result<void>(); });
        if (session->users == 0)
            sessions.erase(session->key);
    }

    void on(const events::shutdown_done &now) {
        shut_down = true;
        left_behind = now.left_behind;
    }
};

} // namespace detail

// One player. Destroyed, the session is saved and released in its own time. Profiles of one key share one session.
class profile : public detail::data_access<profile, change_id> {
public:
    profile() noexcept = default;
    profile(profile &&other) noexcept = default;
    profile &operator=(profile &&other) noexcept {
        if (this != &other) {
            drop();
            pool_ = std::move(other.pool_);
            session_ = std::move(other.session_);
        }
        return *this;
    }
    ~profile() { drop(); }

    // The player's locker, for everything that is not here.
    locker_ref locker() const noexcept { return locker_ref(handle()); }
    slk_locker handle() const noexcept { return session_ == nullptr ? slk_locker{} : session_->locker.handle(); }
    std::string key() const { return session_ == nullptr ? std::string() : session_->key; }
    // Whether the session is surely ours now: the only time to believe in what is read and changed.
    bool is_available() const noexcept { return locker().is_available(); }

    // Decided when the record is loaded and held, or cannot be.
    later<void> loaded() {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return gone<void>();
        const auto status = locker().status();
        if (!status)
            return pool->decided<void>(status.error());
        if (status->load == load_state::loaded)
            return pool->decided<void>({});
        if (!status->wanted)
            return pool->decided<void>(failure{result_code::idle, "the session has ended"});
        return waiting(session_->loaded);
    }

    // Decided when the session ends, however that comes.
    later<session_over> over() {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return gone<session_over>();
        if (locker().is_idle())
            return pool->decided<session_over>(session_over());
        return waiting(session_->over);
    }

    // Saves at once. Decided when everything that was changed until now is durable, or is known not to be.
    later<void> save() {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return gone<void>();
        const auto status = locker().status();
        if (!status)
            return pool->decided<void>(status.error());
        if (status->latest_change == 0)
            return pool->decided<void>({});
        const std::uint64_t tag = ++pool->last_tag;
        if (const auto asked = locker().await_change(status->latest_change, tag); !asked)
            return pool->decided<void>(asked.error());
        // Without a session there is nothing to hurry, and the wait tells what became of the change.
        locker().mark_force_save().ignore();
        return waiting(pool->saves, tag);
    }

    // Applies a purchase. Decided when it is durable: only then may the platform be answered. The receipt's tag is not used.
    later<purchase> process(receipt notice) {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return gone<purchase>();
        notice.tag = ++pool->last_tag;
        if (const auto taken = locker().process_receipt(notice); !taken)
            return pool->decided<purchase>(taken.error());
        return waiting(pool->purchases, notice.tag);
    }

    // Applies a product that there is credit for. Decided when it is durable.
    later<void> use_credit(const text_in &product) {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return gone<void>();
        const std::uint64_t tag = ++pool->last_tag;
        if (const auto taken = locker().use_credit(product, tag); !taken)
            return pool->decided<void>(taken.error());
        return waiting(pool->saves, tag);
    }

    // Saves and lets go. Decided when another server could have the player.
    later<void> end() {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return gone<void>();
        if (const auto marked = locker().mark_should_release(); !marked)
            return pool->decided<void>(marked.error());
        if (locker().is_idle())
            return pool->decided<void>({});
        return waiting(session_->ended);
    }

private:
    friend class profiles;

    profile(const std::shared_ptr<detail::pool> &pool, std::shared_ptr<detail::session> session) noexcept
        : pool_(pool), session_(std::move(session)) {
        ++session_->users;
    }

    void drop() noexcept {
        const auto session = std::move(session_);
        session_ = nullptr;
        const auto pool = pool_.lock();
        if (session == nullptr || --session->users > 0 || pool == nullptr)
            return;
        // The locker is kept until the event that says that it is idle, which would not come without it.
        if (session->locker.is_idle() && session->nobody_waits())
            pool->sessions.erase(session->key);
        else
            session->locker.mark_should_release().ignore();
    }

    // Nobody ticks any longer, so there is nothing to wait for.
    template <class T>
    static later<T> gone() {
        auto promise = std::make_shared<detail::promised<T>>();
        promise->decide(failure{result_code::invalid_handle, "the profile was moved away, or its profiles were closed"});
        return later<T>(promise);
    }

    template <class T>
    static later<T> waiting(detail::promises<T> &list) {
        list.push_back(std::make_shared<detail::promised<T>>());
        return later<T>(list.back());
    }

    template <class T>
    static later<T> waiting(std::unordered_map<std::uint64_t, std::shared_ptr<detail::promised<T>>> &all,
                            std::uint64_t tag) {
        auto promise = std::make_shared<detail::promised<T>>();
        all.emplace(tag, promise);
        return later<T>(promise);
    }

    std::weak_ptr<detail::pool> pool_;
    std::shared_ptr<detail::session> session_;
};

// The players of one server. Destroyed, it decides everything that somebody waits for; shut it down before, to save.
class profiles {
public:
    static result<profiles> open(const store &records, profiles_options options) {
        auto made = engine::create(std::move(static_cast<engine_options &>(options)));
        if (!made)
            return made.error();
        auto kind = made->create_spec(records, std::move(static_cast<spec_options &>(options)));
        if (!kind)
            return kind.error();
        auto pool = std::make_shared<detail::pool>();
        pool->engine = std::move(*made);
        pool->spec = std::move(*kind);
        return profiles(std::move(pool));
    }

    profiles() noexcept = default;
    profiles(profiles &&) noexcept = default;
    profiles &operator=(profiles &&other) noexcept {
        if (this != &other) {
            close();
            pool_ = std::move(other.pool_);
        }
        return *this;
    }
    ~profiles() { close(); }

    // Starts a session: its record is loaded as soon as no other server has it.
    result<profile> start(const text_in &key) const {
        if (pool_ == nullptr)
            return closed();
        if (key.hides_nul() || key.c_str() == nullptr)
            return failure{result_code::invalid_argument, "profiles::start: the key is null or has a NUL inside"};
        auto session = pool_->find(key.c_str());
        if (session == nullptr) {
            auto opened = pool_->spec.open_locker(key);
            if (!opened)
                return opened.error();
            session = std::make_shared<detail::session>();
            session->key = key.c_str();
            session->locker = std::move(*opened);
        }
        if (const auto marked = session->locker.mark_should_acquire(); !marked)
            return marked.error();
        pool_->sessions.emplace(session->key, session);
        profile started(pool_, session);
        // Whoever waits for the end of an earlier session waits in vain: that end is called off, or hardly noticed.
        fail_later(session->ended);
        return started;
    }

    // Does what is due, decides what is known, and gives each event to the visitor besides. If something that was called
    // here threw, all else is done, and the first failure is returned.
    template <class Visitor>
    result<void> tick(std::chrono::microseconds budget, Visitor &&visitor) const {
        // Kept while callbacks run, which may close the profiles.
        const auto pool = pool_;
        if (pool == nullptr)
            return closed();
        if (pool->ticking)
            return failure{result_code::reentrant, "profiles::tick was called inside a callback of a tick"};
        detail::trouble_note &troubles = detail::troubles_of_this_thread();
        pool->ticking = true;
        pool->tell_known();
        auto done = pool->engine.update(budget);
        while (!pool->closed) {
            auto happened = pool->engine.next_event();
            if (!happened)
                break;
            const auto handle = [&](auto &&now) {
                using kind = std::decay_t<decltype(now)>;
                // A lost session's data go to whoever waits for the session's end, and only then to the visitor.
                if constexpr (std::is_same_v<kind, events::lost>) {
                    const auto session = pool->find(now.key);
                    if (session == nullptr || session->over.empty()) {
                        pool->on(events::lost{now, now.cause, {}, now.saved_change, now.unknown_change, now.text});
                        return pass_on(visitor, std::move(now));
                    }
                    return pool->on(std::move(now));
                } else {
                    if constexpr (can_take<kind>)
                        pool->on(now);
                    return pass_on(visitor, std::move(now));
                }
            };
            detail::contain([&] { happened->visit(handle); },
                            [&](result_code code, const char *words) { troubles.add(code, words); });
        }
        pool->ticking = false;
        failure first = troubles.take();
        if (done && first.code != result_code::ok)
            return first;
        return done;
    }
    result<void> tick(std::chrono::microseconds budget = {}) const {
        return tick(budget, [](const events::other &) {});
    }

    // Begins to save and release everybody; tick on until is_shut_down().
    result<void> begin_shutdown(std::chrono::milliseconds deadline) const {
        return pool_ == nullptr ? closed() : pool_->engine.begin_shutdown(deadline);
    }
    bool is_shut_down() const noexcept { return pool_ == nullptr || pool_->shut_down; }
    // How many did not make it.
    std::uint64_t left_behind() const noexcept { return pool_ == nullptr ? 0 : pool_->left_behind; }

    // The same, ticking by itself until it is done. Blocks.
    result<void> shutdown(std::chrono::milliseconds deadline) const {
        if (const auto begun = begin_shutdown(deadline); !begun)
            return begun;
        while (!is_shut_down()) {
            if (const auto ticked = tick(); !ticked && ticked.code() != result_code::callback)
                return ticked;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (left_behind() > 0)
            return failure{result_code::pending, std::to_string(left_behind()) + " sessions were not released in time"};
        return {};
    }

    // For everything that is not here. Moved from, they are null.
    const slk::engine &engine() const noexcept {
        static const slk::engine none;
        return pool_ == nullptr ? none : pool_->engine;
    }
    const slk::spec &spec() const noexcept {
        static const slk::spec none;
        return pool_ == nullptr ? none : pool_->spec;
    }

private:
    explicit profiles(std::shared_ptr<detail::pool> pool) noexcept : pool_(std::move(pool)) {}

    template <class Event, class = void>
    struct taken : std::false_type {};
    template <class Event>
    struct taken<Event, std::void_t<decltype(std::declval<detail::pool &>().on(std::declval<const Event &>()))>>
        : std::true_type {};
    template <class Event>
    static constexpr bool can_take = taken<Event>::value;

    template <class Visitor, class Event>
    static void pass_on(Visitor &visitor, Event &&now) {
        if constexpr (std::is_invocable_v<Visitor &, Event>)
            visitor(std::forward<Event>(now));
    }

    static failure closed() {
        return {result_code::invalid_handle, "the profiles were moved away or closed"};
    }

    void fail_later(detail::promises<void> &list) const {
        detail::promises<void> now;
        now.swap(list);
        for (auto &promise : now)
            pool_->known.push_back([promise = std::move(promise)] {
                promise->decide(failure{result_code::exists, "a new session was started for this key"});
            });
    }

    void close() noexcept {
        const auto pool = std::move(pool_);
        pool_ = nullptr;
        if (pool != nullptr)
            detail::contain([&] { pool->close(); }, [](result_code, const char *) {});
    }

    std::shared_ptr<detail::pool> pool_;
};

} // namespace slk

#endif
