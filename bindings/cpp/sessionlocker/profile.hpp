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

#include <map>
#include <thread>
#include <unordered_map>

namespace slk {

// What a product of the shop does.
struct product {
    // Gives it. Nothing or ok: granted. result_code::not_applicable: the player gets credit; rejected: turned down;
    // unknown_product: kept until a version of the game knows it.
    callback<result<void>(const receipt_view &receipt, document_ref draft)> grant;
    // Takes it back after a refund. not_applicable, or none: it becomes a debt.
    callback<result<void>(const receipt_view &receipt, document_ref draft)> take_back;
};

// The settings of an engine and of its one kind of record.
struct profiles_options : engine_options, spec_options {
    // By name. Other products are for apply_receipt and revoke_receipt; without these they are kept until a version of the
    // game knows them.
    std::map<std::string, product, std::less<>> products;
    // What applies the changes that others send, by their kind. Other kinds are for apply_change; without it they wait for
    // a version of the game that knows them.
    std::map<std::string, callback<result<void>(const change_view &change, document_ref draft)>, std::less<>> changes;
};

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
    // granted, credited if it could not be applied, parked if its product is not known, pending or rejected as the platform
    // or the game said, or revoked.
    result_code outcome = result_code::granted;
    // It had been dealt with before, and nothing was done now.
    bool duplicate = false;
    // Why it was rejected.
    std::string text;
};

// A record as it was seen without taking it.
struct seen_record {
    slk::document data;
    // Who holds it, if anybody does, and since when.
    std::string server;
    wall_time since{};
    std::uint64_t schema_version = 0;
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

// The records of a person, as far as they have come.
struct export_so_far {
    std::shared_ptr<promised<std::vector<document>>> promise;
    std::vector<document> records;
};

// Puts the tables of products and changes in front of the callbacks.
inline void use_tables(profiles_options &options) {
    if (!options.products.empty()) {
        auto products = std::make_shared<decltype(options.products)>(std::move(options.products));
        options.apply_receipt = [products, other = std::move(options.apply_receipt)](const receipt_view &receipt,
                                                                                    document_ref draft) -> result<void> {
            const auto known = products->find(receipt.product());
            if (known != products->end() && known->second.grant)
                return known->second.grant(receipt, draft);
            return other ? other(receipt, draft) : result_code::unknown_product;
        };
        options.revoke_receipt = [products, other = std::move(options.revoke_receipt)](const receipt_view &receipt,
                                                                                      document_ref draft) -> result<void> {
            const auto known = products->find(receipt.product());
            if (known != products->end() && known->second.take_back)
                return known->second.take_back(receipt, draft);
            return other ? other(receipt, draft) : result_code::not_applicable;
        };
    }
    if (!options.changes.empty())
        options.apply_change = [changes = std::move(options.changes), other = std::move(options.apply_change)](
                                   const change_view &change, document_ref draft) -> result<void> {
            const auto known = changes.find(change.kind());
            if (known != changes.end())
                return known->second(change, draft);
            return other ? other(change, draft) : result_code::not_applicable;
        };
}

// Everything of one slk::profiles. Lives on while one of its callbacks runs.
struct pool {
    slk::engine engine;
    slk::spec spec;
    std::unordered_map<std::string, std::shared_ptr<session>> sessions;
    std::unordered_map<std::uint64_t, std::shared_ptr<promised<void>>> saves;
    std::unordered_map<std::uint64_t, std::shared_ptr<promised<purchase>>> purchases;
    std::unordered_map<std::uint64_t, std::shared_ptr<promised<seen_record>>> views;
    std::unordered_map<std::uint64_t, export_so_far> exports;
    std::unordered_map<std::uint64_t, std::shared_ptr<promised<std::uint64_t>>> erasures;
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
        for (const auto &[tag, promise] : std::exchange(views, {}))
            promise->decide(none_left());
        for (const auto &[tag, asked] : std::exchange(exports, {}))
            asked.promise->decide(none_left());
        for (const auto &[tag, promise] : std::exchange(erasures, {}))
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

    // Whoever waits for the end of an earlier session waits in vain: that end is called off, or hardly noticed.
    void call_off(promises<void> &ends) {
        promises<void> now;
        now.swap(ends);
        for (auto &promise : now)
            known.push_back([promise = std::move(promise)] {
                promise->decide(failure{result_code::exists, "a new session was started for this key"});
            });
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
        // All else may pass; these need somebody to do something about them.
        if (now.state == load_state::unknown_version)
            fail_loading(*session, result_code::unsupported, now.text);
        if (now.state == load_state::data_refused)
            fail_loading(*session, result_code::callback, now.text);
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
        // All else is durable.
        if (now.outcome == result_code::not_processed)
            promise->decide(failure{now.outcome, std::string(now.text)});
        else
            promise->decide(purchase{now.outcome, now.duplicate, std::string(now.text)});
    }

    void on(const events::change_sent &now) { settle(now, result_code::ok); }
    void on(const events::record_updated &now) { settle(now, result_code::saved); }
    void on(const events::record_erased &now) { settle(now, result_code::ok); }

    // What was asked for with a tag of ours succeeded if the outcome is this one.
    void settle(const events::of_record &now, result_code success) {
        const auto promise = take(saves, now.tag);
        if (promise == nullptr)
            return;
        if (now.outcome == success)
            promise->decide(result<void>());
        else
            promise->decide(failure{now.outcome, std::string(now.text)});
    }

    void on(events::record_viewed now) {
        const auto promise = take(views, now.tag);
        if (now.outcome == result_code::ok)
            promise->decide(seen_record{std::move(now.document), std::string(now.server), now.since, now.schema_version});
        else
            promise->decide(failure{now.outcome, std::string(now.text)});
    }

    void on(events::record_exported now) { exports[now.tag].records.push_back(std::move(now.document)); }

    void on(const events::user_done &now) {
        const auto exported = exports.find(now.tag);
        const auto erased = take(erasures, now.tag);
        const failure why{now.outcome, std::string(now.text)};
        if (erased != nullptr)
            erased->decide(now.outcome == result_code::ok ? result<std::uint64_t>(now.count) : result<std::uint64_t>(why));
        if (exported == exports.end())
            return;
        export_so_far done = std::move(exported->second);
        exports.erase(exported);
        if (now.outcome == result_code::ok)
            done.promise->decide(std::move(done.records));
        else
            done.promise->decide(why);
    }

    // Whether the data that come with this event are for somebody here, and not for the visitor.
    bool wants(const events::lost &now) const {
        const auto session = find(now.key);
        return session != nullptr && !session->over.empty();
    }
    bool wants(const events::record_viewed &now) const { return views.count(now.tag) > 0; }
    bool wants(const events::record_exported &now) const { return exports.count(now.tag) > 0; }

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

    // Begins another session after one has ended, or calls its end off. Decided as `loaded`.
    later<void> start() {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return gone<void>();
        if (const auto marked = locker().mark_should_acquire(); !marked)
            return pool->decided<void>(marked.error());
        pool->call_off(session_->ended);
        return loaded();
    }

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

    // The same for a purchase that was paid back: it is taken back, or becomes a debt.
    later<purchase> refund(receipt notice) {
        notice.state = receipt_state::revoked;
        return process(std::move(notice));
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

    // Sends a change to another player as part of this one's data: what is changed here before the next tick is saved in
    // the same write, and the change arrives exactly once. It comes back to the handler if there is no such player.
    result<change_id> send(const text_in &key, const text_in &kind, std::string_view json = "null",
                           if_missing missing = if_missing::fail) const {
        const auto pool = pool_.lock();
        if (pool == nullptr)
            return failure{result_code::invalid_handle, "the profile was moved away, or its profiles were closed"};
        return locker().queue_change(pool->spec, key, kind, json, missing);
    }

    // Says that the data are, or are no longer, about this person; see profiles::export_user.
    result<change_id> add_user(const text_in &user_id) const { return locker().add_user(user_id); }
    result<change_id> remove_user(const text_in &user_id) const { return locker().remove_user(user_id); }
    result<std::vector<std::string>> users() const { return locker().users(); }

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
        detail::use_tables(options);
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
        pool_->call_off(session->ended);
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
                // Data go to whoever waits for them, and only then to the visitor.
                if constexpr (can_want<kind>) {
                    if (pool->wants(now))
                        return pool->on(std::move(now));
                    if constexpr (std::is_same_v<kind, events::lost>)
                        pool->on(events::lost{now, now.cause, {}, now.saved_change, now.unknown_change, now.text});
                    return pass_on(visitor, std::move(now));
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

    /* Players who need not be here */

    // Sends a change to a player, whether this server has the player, or another one, or none: exactly once. Decided when
    // it is on its way for sure.
    later<void> send(const text_in &key, const text_in &kind, std::string_view json = "null",
                     if_missing missing = if_missing::fail) const {
        return ask<void>(&detail::pool::saves, [&](std::uint64_t tag) {
            return pool_->spec.send_change(key, kind, json, tag, missing);
        });
    }

    // Applies a change to a record that nobody holds, such as a guild. Decided when it is saved.
    later<void> update(const text_in &key, const text_in &kind, std::string_view json = "null") const {
        return ask<void>(&detail::pool::saves,
                         [&](std::uint64_t tag) { return pool_->spec.update_record(key, kind, json, tag); });
    }

    // Looks at a player without taking the record. result_code::empty if there is none.
    later<seen_record> view(const text_in &key) const {
        return ask<seen_record>(&detail::pool::views,
                                [&](std::uint64_t tag) { return pool_->spec.view_record(key, tag); });
    }

    // Erases a player's data. Unless it is to be forced, it fails for a record that a living server holds.
    later<void> erase(const text_in &key, if_held held = if_held::leave) const {
        return ask<void>(&detail::pool::saves,
                         [&](std::uint64_t tag) { return pool_->spec.erase_record(key, tag, held); });
    }

    // All records that are about a person (profile::add_user); how many were erased.
    later<std::uint64_t> erase_user(const text_in &user_id, if_held held = if_held::leave) const {
        return ask<std::uint64_t>(&detail::pool::erasures,
                                  [&](std::uint64_t tag) { return pool_->spec.erase_user(user_id, tag, held); });
    }
    later<std::vector<document>> export_user(const text_in &user_id) const {
        const auto answer = std::make_shared<detail::promised<std::vector<document>>>();
        if (pool_ == nullptr) {
            answer->decide(closed());
            return later<std::vector<document>>(answer);
        }
        const std::uint64_t tag = ++pool_->last_tag;
        if (const auto asked = pool_->spec.export_user(user_id, tag); !asked)
            return pool_->decided<std::vector<document>>(asked.error());
        pool_->exports[tag].promise = answer;
        return later<std::vector<document>>(answer);
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

    template <class Event, class = void>
    struct wanted : std::false_type {};
    template <class Event>
    struct wanted<Event, std::void_t<decltype(std::declval<detail::pool &>().wants(std::declval<const Event &>()))>>
        : std::true_type {};
    template <class Event>
    static constexpr bool can_want = wanted<Event>::value;

    // Asks with a new tag, under which one of the pool's tables has whoever waits for the answer.
    template <class T, class Table, class Ask>
    later<T> ask(Table detail::pool::*table, Ask call) const {
        auto answer = std::make_shared<detail::promised<T>>();
        if (pool_ == nullptr) {
            answer->decide(closed());
            return later<T>(answer);
        }
        const std::uint64_t tag = ++pool_->last_tag;
        if (const auto asked = call(tag); !asked)
            return pool_->template decided<T>(asked.error());
        (pool_.get()->*table).emplace(tag, answer);
        return later<T>(answer);
    }

    template <class Visitor, class Event>
    static void pass_on(Visitor &visitor, Event &&now) {
        if constexpr (std::is_invocable_v<Visitor &, Event>)
            visitor(std::forward<Event>(now));
    }

    static failure closed() {
        return {result_code::invalid_handle, "the profiles were moved away or closed"};
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
