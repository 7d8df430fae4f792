// Stores: memory, SQLite, and your own by deriving from blocking_store or async_store.
#ifndef SESSIONLOCKER_STORE_HPP
#define SESSIONLOCKER_STORE_HPP

#include "common.hpp"
#include "enums.hpp"

#include <initializer_list>

namespace slk {

// What a store is asked to do. Its views live until the request is answered; where the callback answers by returning,
// until it returns.
class request_view {
public:
    explicit request_view(const slk_request_view &native) noexcept : native_(&native) {}
    request_kind kind() const noexcept { return static_cast<request_kind>(native_->kind); }
    slk::key_kind key_kind() const noexcept { return static_cast<slk::key_kind>(native_->key_kind); }
    // The name of the record's spec; empty for a server record.
    std::string_view spec() const noexcept { return detail::view(native_->spec, native_->spec_length); }
    // List: the name after which to begin; empty: from the start.
    std::string_view key() const noexcept { return detail::view(native_->key, native_->key_length); }
    // List: the most names to answer with.
    std::uint32_t limit() const noexcept { return native_->limit; }
    // What to write.
    std::string_view value() const noexcept { return bytes_view(native_->value, native_->value_length).as_text(); }
    // Put and remove: whether the key must be missing, or else which version must be there.
    bool must_be_missing() const noexcept { return native_->version == nullptr; }
    std::string_view version() const noexcept {
        return bytes_view(native_->version, native_->version_length).as_text();
    }
    // Put, hints that any store may ignore: so many bytes at the beginning of the value are the record's header (0: not
    // known), whether the data behind it say the same as those stored under the version, and the id of the server that
    // waits for this write (empty: none): a store that can push tells it the key once the write is durable.
    std::uint32_t header_length() const noexcept { return native_->header_length; }
    bool data_unchanged() const noexcept { return (native_->flags & SLK_REQUEST_DATA_UNCHANGED) != 0; }
    std::string_view announce() const noexcept { return detail::view(native_->announce, native_->announce_length); }

private:
    const slk_request_view *native_;
};

// What became of a request that failed.
enum class trouble : slk_result {
    // It was surely not carried out; the store is in trouble, and it will be tried again.
    not_applied = SLK_E_NOT_APPLIED,
    // It may have been carried out, or may yet be.
    unknown_outcome = SLK_E_UNKNOWN_OUTCOME,
    // It can never be carried out: this value, this key, or no permission.
    invalid = SLK_E_INVALID_ARGUMENT,
    too_long = SLK_E_TOO_LONG,
    unsupported = SLK_E_UNSUPPORTED,
};

/* Answers of a store. A version is up to 255 bytes, of your own making, and never comes back for a key. */

struct found {
    std::string value;
    std::string version;
};
struct missing {};
struct written {
    std::string version;
};
struct removed {};
struct conflict {};
// The next names, in the order of their bytes, and whether there are more.
struct keys {
    std::vector<std::string> names;
    bool more = false;
};
struct store_failed {
    slk::trouble trouble = slk::trouble::unknown_outcome;
    std::string text;
};

using get_answer = std::variant<found, missing, store_failed>;
using put_answer = std::variant<written, conflict, store_failed>;
using remove_answer = std::variant<removed, conflict, store_failed>;
using list_answer = std::variant<keys, store_failed>;

// A store whose functions do the work and return when it is done. They are called on threads of the library. What they
// throw counts as trouble::unknown_outcome.
class blocking_store {
public:
    virtual ~blocking_store() = default;
    virtual get_answer get(const request_view &request) = 0;
    virtual put_answer put(const request_view &request) = 0;
    virtual remove_answer remove(const request_view &request) = 0;
    // Lists keys of one kind and spec. Asked for only if store_options::lists says so.
    virtual list_answer list(const request_view & /*request*/) {
        return store_failed{trouble::unsupported, "the store does not list its keys"};
    }
};

// The right to answer one request, once, from any thread. Destroyed without an answer, it is given up, and the outcome
// counts as unknown.
class request {
public:
    request() noexcept = default;
    request(slk_request handle, const slk_request_view &view) noexcept : own_(handle), view_(&view) {}

    // What is asked for; null once it is answered or moved away.
    const slk_request_view *native_view() const noexcept { return own_.get().id == 0 ? nullptr : view_; }
    request_view view() const noexcept {
        static const slk_request_view nothing{};
        return request_view(native_view() == nullptr ? nothing : *view_);
    }
    // Names the request in async_store::cancel.
    std::uint64_t id() const noexcept { return own_.get().id; }

    // Each answer uses the request up. result_code::late: nobody waits for it any longer, which is no mistake.
    result<void> found(bytes_view value, bytes_view version) {
        return detail::checked(
            slk_request_complete_found(own_.release(), value.data, value.size, version.data, version.size));
    }
    result<void> missing() { return detail::checked(slk_request_complete_missing(own_.release())); }
    result<void> written(bytes_view version) {
        return detail::checked(slk_request_complete_written(own_.release(), version.data, version.size));
    }
    result<void> removed() { return detail::checked(slk_request_complete_removed(own_.release())); }
    result<void> conflict() { return detail::checked(slk_request_complete_conflict(own_.release())); }
    result<void> keys(const std::vector<std::string> &names, bool more) {
        std::vector<const char *> pointers;
        pointers.reserve(names.size());
        for (const std::string &name : names) {
            if (name.find('\0') != std::string::npos)
                return failed(trouble::invalid, "a name in the list has a NUL inside");
            pointers.push_back(name.c_str());
        }
        return detail::checked(
            slk_request_complete_keys(own_.release(), pointers.data(), pointers.size(), more ? 1 : 0));
    }
    result<void> failed(trouble why, const text_in &text = nullptr) {
        const slk_request handle = own_.release();
        const slk_result code = static_cast<slk_result>(why);
        if (!text.hides_nul())
            return detail::checked(slk_request_complete_failed(handle, code, text.c_str()));
        return detail::checked(slk_request_complete_failed(handle, code, detail::harmless(text.c_str()).c_str()));
    }
    result<void> abandon() { return detail::checked(slk_request_abandon(own_.release())); }

    result<void> answer(const get_answer &with) { return answer_with(with); }
    result<void> answer(const put_answer &with) { return answer_with(with); }
    result<void> answer(const remove_answer &with) { return answer_with(with); }
    result<void> answer(const list_answer &with) { return answer_with(with); }

private:
    template <class Answer>
    result<void> answer_with(const Answer &with) {
        return std::visit([this](const auto &one) { return this->give(one); }, with);
    }
    result<void> give(const slk::found &one) { return found(one.value, one.version); }
    result<void> give(const slk::missing &) { return missing(); }
    result<void> give(const slk::written &one) { return written(one.version); }
    result<void> give(const slk::removed &) { return removed(); }
    result<void> give(const slk::conflict &) { return conflict(); }
    result<void> give(const slk::keys &one) { return keys(one.names, one.more); }
    result<void> give(const store_failed &one) { return failed(one.trouble, one.text); }

    detail::owner<slk_request> own_;
    const slk_request_view *view_ = nullptr;
};

// A store whose functions start the work and return at once. They are called inside update, on its thread. Move the
// request to wherever the answer will come from; one that is still there when the function returns is given up.
class async_store {
public:
    virtual ~async_store() = default;
    virtual void get(request &&asked) = 0;
    virtual void put(request &&asked) = 0;
    virtual void remove(request &&asked) = 0;
    // Lists keys of one kind and spec. Asked for only if store_options::lists says so.
    virtual void list(request &&asked) {
        asked.failed(trouble::unsupported, "the store does not list its keys").ignore();
    }
    // Nobody waits for this request any longer; it still has to be answered or given up, which may be done here.
    virtual void cancel(std::uint64_t /*request_id*/) {}
};

namespace detail {

// Carries out one request of a blocking store, whatever happens in it.
template <class Work>
void work(slk_request handle, const slk_request_view *view, Work &&carry_out) noexcept {
    request asked(handle, *view);
    contain([&] { asked.answer(carry_out(request_view(*view))).ignore(); },
            [&](result_code, const char *words) {
                if (asked.id() != 0)
                    asked.failed(trouble::unknown_outcome, harmless(words == nullptr ? "" : words)).ignore();
            });
}

// Hands one request to an asynchronous store.
template <class Start>
void start(slk_request handle, const slk_request_view *view, Start &&hand_over) noexcept {
    request asked(handle, *view);
    contain([&] { hand_over(std::move(asked)); },
            [&](result_code, const char *words) {
                // If it was moved away before, whoever has it answers.
                if (asked.id() != 0)
                    asked.failed(trouble::unknown_outcome, harmless(words == nullptr ? "" : words)).ignore();
            });
}

using blocking_user_data = std::shared_ptr<blocking_store>;
using async_user_data = std::shared_ptr<async_store>;

inline blocking_store &blocking(void *user_data) { return **static_cast<blocking_user_data *>(user_data); }
inline async_store &asynchronous(void *user_data) { return **static_cast<async_user_data *>(user_data); }

} // namespace detail

extern "C" {

inline void slk_cpp_blocking_get(void *user_data, slk_request request, const slk_request_view *view) noexcept {
    detail::work(request, view, [&](const request_view &asked) { return detail::blocking(user_data).get(asked); });
}
inline void slk_cpp_blocking_put(void *user_data, slk_request request, const slk_request_view *view) noexcept {
    detail::work(request, view, [&](const request_view &asked) { return detail::blocking(user_data).put(asked); });
}
inline void slk_cpp_blocking_remove(void *user_data, slk_request request, const slk_request_view *view) noexcept {
    detail::work(request, view, [&](const request_view &asked) { return detail::blocking(user_data).remove(asked); });
}
inline void slk_cpp_blocking_list(void *user_data, slk_request request, const slk_request_view *view) noexcept {
    detail::work(request, view, [&](const request_view &asked) { return detail::blocking(user_data).list(asked); });
}
inline void slk_cpp_blocking_destroy(void *user_data) noexcept {
    detail::dispose<detail::blocking_user_data>(user_data);
}

inline void slk_cpp_async_get(void *user_data, slk_request handle, const slk_request_view *view) noexcept {
    detail::start(handle, view, [&](request &&asked) { detail::asynchronous(user_data).get(std::move(asked)); });
}
inline void slk_cpp_async_put(void *user_data, slk_request handle, const slk_request_view *view) noexcept {
    detail::start(handle, view, [&](request &&asked) { detail::asynchronous(user_data).put(std::move(asked)); });
}
inline void slk_cpp_async_remove(void *user_data, slk_request handle, const slk_request_view *view) noexcept {
    detail::start(handle, view, [&](request &&asked) { detail::asynchronous(user_data).remove(std::move(asked)); });
}
inline void slk_cpp_async_list(void *user_data, slk_request handle, const slk_request_view *view) noexcept {
    detail::start(handle, view, [&](request &&asked) { detail::asynchronous(user_data).list(std::move(asked)); });
}
inline void slk_cpp_async_cancel(void *user_data, slk_request handle) noexcept {
    detail::contain([&] { detail::asynchronous(user_data).cancel(handle.id); }, [](result_code, const char *) {});
}
inline void slk_cpp_async_destroy(void *user_data) noexcept { detail::dispose<detail::async_user_data>(user_data); }

} // extern "C"

// Zero stands for the library's default in each field; see slk_sqlite_options.
struct sqlite_options {
    slk::durability durability = slk::durability::full;
    // A missing or empty file is an error, instead of being made.
    bool must_exist = false;
    bool checkpoint_at_close = false;
    std::chrono::milliseconds busy_timeout{};
    std::uint32_t read_threads = 0;
    std::uint32_t batch = 0;
};

// Zero stands for the library's default in each field; see slk_postgres_options.
struct postgres_options {
    // Through TLS only, and only if the server's certificate is trusted and of its name.
    bool require_tls = false;
    // Refuse a server that does not replicate synchronously.
    bool require_synchronous = false;
    std::uint32_t connections = 0;
    std::uint32_t batch = 0;
    std::chrono::milliseconds connect_timeout{};
    std::chrono::milliseconds request_timeout{};
};

// Zero stands for the library's default in each field; see slk_redis_options.
struct redis_options {
    // Refuse URLs without TLS.
    bool require_tls = false;
    // Refuse a server that can lose a save that was reported, as far as it tells how it is set up.
    bool require_durable = false;
    std::uint32_t connections = 0;
    std::uint32_t batch = 0;
    std::chrono::milliseconds connect_timeout{};
    std::chrono::milliseconds request_timeout{};
    // A write is answered as done only when so many replicas have it; how long they are waited for.
    std::uint32_t wait_replicas = 0;
    std::chrono::milliseconds wait{};
};

// Zero stands for the library's default in each field; see slk_store_callbacks.
struct store_options {
    // What the store is called in errors and in the log.
    std::string name = "callbacks";
    // Blocking stores: on how many threads the functions are called at once; never twice at once for one key.
    std::uint32_t threads = 1;
    std::uint64_t max_value_bytes = 0;
    std::uint32_t max_key_bytes = 0;
    // Its function `list` may be asked.
    bool lists = false;
};

// Faults of a store that fails on purpose: rates in parts of `always`, all together at most that. See slk_fault_options.
struct fault_options {
    static constexpr std::uint32_t always = SLK_FAULTS_ALWAYS;

    // The same seed and the same requests give the same faults.
    std::uint64_t seed = 0;
    // Not carried out, and the answer says so.
    std::uint32_t refused = 0;
    // Carried out, but the outcome is said to be unknown.
    std::uint32_t unknown = 0;
    // Never arrives; or is carried out, but the answer never comes.
    std::uint32_t request_lost = 0;
    std::uint32_t reply_lost = 0;
    // The answer comes 1 to `longest` requests later.
    std::uint32_t delayed = 0;
    // Writes: of unknown outcome, and carried out 1 to `longest` requests later.
    std::uint32_t late = 0;
    // Writes: a conflict that is none.
    std::uint32_t conflict = 0;
    std::uint32_t longest = 0;
    // What goes well all the same.
    bool spare_reads = false;
    bool spare_writes = false;
    bool spare_servers = false;
};

// What a store that fails on purpose has done; the header says what each number is.
using fault_counts = slk_fault_counts;

// Where records live. Destroyed, it lives on until the last engine that uses it is gone.
class store {
public:
    store() noexcept = default;
    // Takes over a handle.
    explicit store(slk_store handle) noexcept : own_(handle) {}
    slk_store handle() const noexcept { return own_.get(); }
    // Gives the handle away.
    slk_store release() noexcept { return own_.release(); }
    // Ends it now, and tells how that went.
    result<void> destroy() { return own_.end_now(); }

    // Somebody may have written under this key, for stores that can push. A hint: who waits for the key or holds it looks
    // at it in the next update. `spec` is null for a server record.
    result<void> notify(key_kind kind, const text_in &spec, const text_in &key) const {
        if (spec.hides_nul() || key.hides_nul())
            return detail::hidden_nul("key");
        return detail::checked(slk_store_notify(handle(), static_cast<std::int32_t>(kind), spec.c_str(), key.c_str()));
    }

    /* For tests */

    // Puts a value under a record's key, whatever is there. For stores in memory, read-only ones, and faulty ones in front
    // of these.
    result<void> set_value(const text_in &spec, const text_in &key, bytes_view value) const {
        if (spec.hides_nul() || key.hides_nul())
            return detail::hidden_nul("spec or key");
        return detail::checked(slk_store_set_value(handle(), spec.c_str(), key.c_str(), value.data, value.size));
    }

    // What is stored under a record's key, byte for byte; result_code::empty if nothing is. Blocks.
    result<std::string> value(const text_in &spec, const text_in &key) const {
        if (spec.hides_nul() || key.hides_nul())
            return detail::hidden_nul("spec or key");
        return detail::take_bytes([&](char *to, std::size_t size, std::size_t *needed) {
            return slk_store_get_value(handle(), spec.c_str(), key.c_str(), to, size, needed);
        });
    }

    // Finds out which of its promises a store of your own breaks: result_code::broken_store with a line for each. Blocks.
    result<void> check(std::chrono::milliseconds timeout = {}) const {
        const auto time = detail::to_u32(timeout, "timeout");
        if (!time)
            return time.error();
        // What has to be longer than this is cut.
        std::string report(std::size_t{64} * 1024, '\0');
        const slk_result code = slk_store_check(handle(), *time, report.data(), report.size(), nullptr);
        if (code == SLK_E_BROKEN_STORE)
            return failure{result_code::broken_store, report.c_str()};
        return detail::checked(code);
    }

    // Fails on purpose, in front of another store, which lives as long as this one.
    static result<store> open_faulty(const store &inner, const fault_options &faults = {}) {
        const slk_fault_options native = to_native(faults);
        return open([&](slk_store *made) { return slk_store_open_faulty(inner.handle(), &native, made); });
    }
    // Other faults from the next request on.
    result<void> set_faults(const fault_options &faults) const {
        const slk_fault_options native = to_native(faults);
        return detail::checked(slk_store_set_faults(handle(), &native));
    }
    // None from now on; what was held back comes out at once.
    result<void> clear_faults() const { return detail::checked(slk_store_set_faults(handle(), nullptr)); }
    result<slk::fault_counts> fault_counts() const {
        slk::fault_counts counts{};
        const slk_result code = slk_store_fault_counts(handle(), &counts, sizeof counts);
        return code == SLK_OK ? result<slk::fault_counts>(counts) : result<slk::fault_counts>(detail::failed(code));
    }

    // Reads from another store and never writes to it: what is written ends with this store.
    static result<store> open_read_only(const store &inner) {
        return open([&](slk_store *made) { return slk_store_open_read_only(inner.handle(), made); });
    }

    // In the memory of this process, for tests.
    static result<store> open_memory() {
        return open([](slk_store *made) { return slk_store_open_memory(made); });
    }

    // A SQLite database: the embedded store, for one machine.
    static result<store> open_sqlite(const text_in &path, const sqlite_options &options = {}) {
        const auto busy_timeout = detail::to_u32(options.busy_timeout, "busy_timeout");
        if (!busy_timeout)
            return busy_timeout.error();
        if (path.hides_nul())
            return detail::hidden_nul("path");
        slk_sqlite_options native = SLK_SQLITE_OPTIONS_INIT;
        native.durability = static_cast<std::int32_t>(options.durability);
        native.flags = (options.must_exist ? std::uint32_t{SLK_SQLITE_MUST_EXIST} : 0) |
                       (options.checkpoint_at_close ? std::uint32_t{SLK_SQLITE_CHECKPOINT_AT_CLOSE} : 0);
        native.busy_timeout_ms = *busy_timeout;
        native.read_threads = options.read_threads;
        native.batch = options.batch;
        return open([&](slk_store *made) { return slk_store_open_sqlite(path.c_str(), &native, made); });
    }

    // The store in a PostgreSQL database, for servers on many machines: `postgresql://user:password@host/database`. Its
    // tables must be there.
    static result<store> open_postgres(const text_in &url, const postgres_options &options = {}) {
        const auto native = postgres_native(url, options);
        if (!native)
            return native.error();
        return open([&](slk_store *made) { return slk_store_open_postgres(url.c_str(), &*native, made); });
    }

    // Makes those tables, where they are not there yet.
    static result<void> create_postgres_tables(const text_in &url, const postgres_options &options = {}) {
        const auto native = postgres_native(url, options);
        if (!native)
            return native.error();
        return detail::checked(slk_postgres_create_tables(url.c_str(), &*native));
    }

    // The store in a Redis or Valkey server, or in a cluster of them: `redis://user:password@host:port/database`. Its layout
    // must be there.
    static result<store> open_redis(const text_in &url, const redis_options &options = {}) {
        const auto native = redis_native(url, options);
        if (!native)
            return native.error();
        return open([&](slk_store *made) { return slk_store_open_redis(url.c_str(), &*native, made); });
    }

    // Makes that layout, where it is not there yet: once, when a game is set up.
    static result<void> create_redis_layout(const text_in &url, const redis_options &options = {}) {
        const auto native = redis_native(url, options);
        if (!native)
            return native.error();
        return detail::checked(slk_redis_create_layout(url.c_str(), &*native));
    }

    // Stores of your own. The object lives until the last request to it is over.
    static result<store> create(std::shared_ptr<blocking_store> yours, const store_options &options = {}) {
        slk_store_callbacks native = SLK_STORE_CALLBACKS_INIT;
        native.mode = options.threads == 1 ? SLK_STORE_BLOCKING : SLK_STORE_BLOCKING_CONCURRENT;
        native.threads = options.threads == 1 ? 0 : options.threads;
        native.get = slk_cpp_blocking_get;
        native.put = slk_cpp_blocking_put;
        native.remove = slk_cpp_blocking_remove;
        native.destroy = slk_cpp_blocking_destroy;
        native.list = options.lists ? slk_cpp_blocking_list : nullptr;
        return create_with(native, std::move(yours), options);
    }
    static result<store> create(std::shared_ptr<async_store> yours, const store_options &options = {}) {
        slk_store_callbacks native = SLK_STORE_CALLBACKS_INIT;
        native.mode = SLK_STORE_ASYNCHRONOUS;
        native.get = slk_cpp_async_get;
        native.put = slk_cpp_async_put;
        native.remove = slk_cpp_async_remove;
        native.cancel = slk_cpp_async_cancel;
        native.destroy = slk_cpp_async_destroy;
        native.list = options.lists ? slk_cpp_async_list : nullptr;
        return create_with(native, std::move(yours), options);
    }

private:
    static result<slk_postgres_options> postgres_native(const text_in &url, const postgres_options &options) {
        const auto connect_timeout = detail::to_u32(options.connect_timeout, "connect_timeout");
        if (!connect_timeout)
            return connect_timeout.error();
        const auto request_timeout = detail::to_u32(options.request_timeout, "request_timeout");
        if (!request_timeout)
            return request_timeout.error();
        if (url.hides_nul())
            return detail::hidden_nul("url");
        slk_postgres_options native = SLK_POSTGRES_OPTIONS_INIT;
        native.flags = (options.require_tls ? std::uint32_t{SLK_POSTGRES_REQUIRE_TLS} : 0) |
                       (options.require_synchronous ? std::uint32_t{SLK_POSTGRES_REQUIRE_SYNCHRONOUS} : 0);
        native.connections = options.connections;
        native.batch = options.batch;
        native.connect_timeout_ms = *connect_timeout;
        native.request_timeout_ms = *request_timeout;
        return native;
    }

    static result<slk_redis_options> redis_native(const text_in &url, const redis_options &options) {
        const auto connect_timeout = detail::to_u32(options.connect_timeout, "connect_timeout");
        if (!connect_timeout)
            return connect_timeout.error();
        const auto request_timeout = detail::to_u32(options.request_timeout, "request_timeout");
        if (!request_timeout)
            return request_timeout.error();
        const auto wait = detail::to_u32(options.wait, "wait");
        if (!wait)
            return wait.error();
        if (url.hides_nul())
            return detail::hidden_nul("url");
        slk_redis_options native = SLK_REDIS_OPTIONS_INIT;
        native.flags = (options.require_tls ? std::uint32_t{SLK_REDIS_REQUIRE_TLS} : 0) |
                       (options.require_durable ? std::uint32_t{SLK_REDIS_REQUIRE_DURABLE} : 0);
        native.connections = options.connections;
        native.batch = options.batch;
        native.connect_timeout_ms = *connect_timeout;
        native.request_timeout_ms = *request_timeout;
        native.wait_replicas = options.wait_replicas;
        native.wait_ms = *wait;
        return native;
    }

    static slk_fault_options to_native(const fault_options &faults) {
        slk_fault_options native = SLK_FAULT_OPTIONS_INIT;
        native.flags = (faults.spare_reads ? std::uint32_t{SLK_FAULTS_SPARE_READS} : 0) |
                       (faults.spare_writes ? std::uint32_t{SLK_FAULTS_SPARE_WRITES} : 0) |
                       (faults.spare_servers ? std::uint32_t{SLK_FAULTS_SPARE_SERVERS} : 0);
        native.seed = faults.seed;
        native.refused = faults.refused;
        native.unknown = faults.unknown;
        native.request_lost = faults.request_lost;
        native.reply_lost = faults.reply_lost;
        native.delayed = faults.delayed;
        native.late = faults.late;
        native.conflict = faults.conflict;
        native.longest = faults.longest;
        return native;
    }

    template <class Open>
    static result<store> open(Open make) {
        if (const auto fits = detail::check_abi(); !fits)
            return fits.error();
        slk_store made{};
        const slk_result code = make(&made);
        return code == SLK_OK ? result<store>(store(made)) : result<store>(detail::failed(code));
    }

    template <class Interface>
    static result<store> create_with(slk_store_callbacks &native, std::shared_ptr<Interface> yours,
                                     const store_options &options) {
        if (yours == nullptr)
            return failure{result_code::invalid_argument, "store::create: no store object was given"};
        if (options.name.find('\0') != std::string::npos)
            return detail::hidden_nul("name");
        native.name = options.name.c_str();
        native.max_value_bytes = options.max_value_bytes;
        native.max_key_bytes = options.max_key_bytes;
        auto keeper = std::make_unique<std::shared_ptr<Interface>>(std::move(yours));
        native.user_data = keeper.get();
        auto made = open([&](slk_store *handle) { return slk_store_create(&native, handle); });
        // Made, the library owns it, and ends it through `destroy`.
        if (made)
            static_cast<void>(keeper.release());
        return made;
    }

    detail::owner<slk_store> own_;
};

} // namespace slk

#endif
