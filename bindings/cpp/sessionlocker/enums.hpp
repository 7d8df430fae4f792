// The header's constants as scoped enumerations. The comments beside the constants in sessionlocker.h say what each means.
#ifndef SESSIONLOCKER_ENUMS_HPP
#define SESSIONLOCKER_ENUMS_HPP

#include "result.hpp"

#include <cstddef>

namespace slk {

enum class value_type : std::int32_t {
    null = SLK_TYPE_NULL,
    boolean = SLK_TYPE_BOOL,
    integer = SLK_TYPE_INTEGER,
    number = SLK_TYPE_NUMBER,
    string = SLK_TYPE_STRING,
    array = SLK_TYPE_ARRAY,
    object = SLK_TYPE_OBJECT,
    bytes = SLK_TYPE_BYTES,
};

enum class data_kind : std::int32_t { json = SLK_DATA_JSON, bytes = SLK_DATA_BYTES };

enum class log_level : std::int32_t {
    error = SLK_LOG_ERROR,
    warning = SLK_LOG_WARNING,
    info = SLK_LOG_INFO,
    debug = SLK_LOG_DEBUG,
};

// What a message of the log is about.
enum class log_kind : std::int32_t {
    engine = SLK_LOG_KIND_ENGINE,
    store = SLK_LOG_KIND_STORE,
    locker = SLK_LOG_KIND_LOCKER,
    purchase = SLK_LOG_KIND_PURCHASE,
    callback = SLK_LOG_KIND_CALLBACK,
};

// Whose trouble it is.
enum class trouble_cause : std::int32_t {
    none = SLK_CAUSE_NONE,
    request = SLK_CAUSE_REQUEST,
    store = SLK_CAUSE_STORE,
    unknown = SLK_CAUSE_UNKNOWN,
};

// What a store is asked to do.
enum class request_kind : std::int32_t {
    get = SLK_REQUEST_GET,
    put = SLK_REQUEST_PUT,
    remove = SLK_REQUEST_REMOVE,
    list = SLK_REQUEST_LIST,
};

// What a key of a store names.
enum class key_kind : std::int32_t { record = SLK_KEY_RECORD, server = SLK_KEY_SERVER };

enum class durability : std::int32_t { full = SLK_SQLITE_FULL, normal = SLK_SQLITE_NORMAL };

enum class handover_mode : std::int32_t { give = SLK_HANDOVER_GIVE, refuse = SLK_HANDOVER_REFUSE };

enum class handover_answer : std::int32_t { give = SLK_ANSWER_GIVE, refuse = SLK_ANSWER_REFUSE };

enum class save_reason : std::int32_t {
    autosave = SLK_SAVE_AUTOSAVE,
    asked = SLK_SAVE_ASKED,
    receipt = SLK_SAVE_RECEIPT,
    confirm = SLK_SAVE_CONFIRM,
    released = SLK_SAVE_RELEASED,
    handed_over = SLK_SAVE_HANDED_OVER,
    shutdown = SLK_SAVE_SHUTDOWN,
};

enum class apply_kind : std::int32_t { receipt = SLK_APPLY_RECEIPT, credit = SLK_APPLY_CREDIT };

// What the platform says of a purchase.
enum class receipt_state : std::int32_t {
    purchased = SLK_RECEIPT_PURCHASED,
    pending = SLK_RECEIPT_PENDING,
    rejected = SLK_RECEIPT_REJECTED,
    revoked = SLK_RECEIPT_REVOKED,
};

// Which step of dealing with a purchase a callback is asked for.
enum class purchase_step : std::int32_t {
    validate = SLK_PURCHASE_VALIDATE,
    apply = SLK_PURCHASE_APPLY,
    record = SLK_PURCHASE_RECORD,
    revoke = SLK_PURCHASE_REVOKE,
};

// How records are stored: as they are, compressed, or encoded by callbacks of yours.
enum class codec_kind : std::int32_t {
    none = SLK_CODEC_NONE,
    zstd = SLK_CODEC_ZSTD,
    callbacks = SLK_CODEC_CALLBACKS,
};

// Whether servers that know the version before can go on working with a migrator's result.
enum class migration_kind : std::uint32_t { breaking = 0, compatible = SLK_MIGRATION_COMPATIBLE };

// What becomes of a change whose target does not exist: it fails or comes back, or the target is made.
enum class if_missing : std::uint32_t { fail = 0, create = SLK_SEND_CREATE };

// Whether a record that a living server holds is left alone when it is to be erased.
enum class if_held : std::uint32_t { leave = 0, erase = SLK_ERASE_FORCE };

enum class load_state : std::int32_t {
    idle = SLK_LOAD_IDLE,
    loading = SLK_LOAD_LOADING,
    store_failure = SLK_LOAD_STORE_FAILURE,
    locked_elsewhere = SLK_LOAD_LOCKED_ELSEWHERE,
    unknown_version = SLK_LOAD_UNKNOWN_VERSION,
    unreadable = SLK_LOAD_UNREADABLE,
    loaded = SLK_LOAD_LOADED,
    releasing = SLK_LOAD_RELEASING,
    data_refused = SLK_LOAD_DATA_REFUSED,
};

enum class loss_cause : std::int32_t {
    taken = SLK_LOSS_TAKEN,
    erased = SLK_LOSS_ERASED,
    rolled_back = SLK_LOSS_ROLLED_BACK,
};

enum class release_cause : std::int32_t {
    released = SLK_RELEASE_RELEASED,
    handed_over = SLK_RELEASE_HANDED_OVER,
    shutdown = SLK_RELEASE_SHUTDOWN,
};

enum class event_kind : std::int32_t {
    loaded = SLK_EVENT_LOADED,
    load_status = SLK_EVENT_LOAD_STATUS,
    released = SLK_EVENT_RELEASED,
    lost = SLK_EVENT_LOST,
    saved = SLK_EVENT_SAVED,
    change_settled = SLK_EVENT_CHANGE_SETTLED,
    save_trouble = SLK_EVENT_SAVE_TROUBLE,
    handover_requested = SLK_EVENT_HANDOVER_REQUESTED,
    available = SLK_EVENT_AVAILABLE,
    receipt = SLK_EVENT_RECEIPT,
    credit_used = SLK_EVENT_CREDIT_USED,
    callback_failed = SLK_EVENT_CALLBACK_FAILED,
    idle = SLK_EVENT_IDLE,
    left_behind = SLK_EVENT_LEFT_BEHIND,
    suspect = SLK_EVENT_SUSPECT,
    ended = SLK_EVENT_ENDED,
    server_id_in_use = SLK_EVENT_SERVER_ID_IN_USE,
    superseded = SLK_EVENT_SUPERSEDED,
    store_trouble = SLK_EVENT_STORE_TROUBLE,
    shutdown_done = SLK_EVENT_SHUTDOWN_DONE,
    saving = SLK_EVENT_SAVING,
    credit_changed = SLK_EVENT_CREDIT_CHANGED,
    change_applied = SLK_EVENT_CHANGE_APPLIED,
    size_warning = SLK_EVENT_SIZE_WARNING,
    deleted = SLK_EVENT_DELETED,
    change_sent = SLK_EVENT_CHANGE_SENT,
    record_updated = SLK_EVENT_RECORD_UPDATED,
    record_viewed = SLK_EVENT_RECORD_VIEWED,
    record_erased = SLK_EVENT_RECORD_ERASED,
    record_exported = SLK_EVENT_RECORD_EXPORTED,
    user_done = SLK_EVENT_USER_DONE,
    store_critical = SLK_EVENT_STORE_CRITICAL,
    store_recovered = SLK_EVENT_STORE_RECOVERED,
    offline_dropped = SLK_EVENT_OFFLINE_DROPPED,
    save_refused = SLK_EVENT_SAVE_REFUSED,
};

// Kinds of handles, for object_count.
enum class object_kind : std::int32_t {
    store = SLK_OBJECT_STORE,
    engine = SLK_OBJECT_ENGINE,
    spec = SLK_OBJECT_SPEC,
    locker = SLK_OBJECT_LOCKER,
    document = SLK_OBJECT_DOCUMENT,
    request = SLK_OBJECT_REQUEST,
    error_sink = SLK_OBJECT_ERROR_SINK,
    migrations = SLK_OBJECT_MIGRATIONS,
    buffer = SLK_OBJECT_BUFFER,
};

// How many handles of a kind are alive in this process, for tests that look for what was not destroyed.
inline std::uint64_t object_count(object_kind kind) noexcept {
    return slk_object_count(static_cast<std::int32_t>(kind));
}

// Limits of what the library takes.
namespace limits {
inline constexpr std::size_t name_bytes = SLK_MAX_NAME_BYTES;
inline constexpr std::size_t key_bytes = SLK_MAX_KEY_BYTES;
inline constexpr std::size_t text_bytes = SLK_MAX_TEXT_BYTES;
inline constexpr std::size_t data_bytes = SLK_MAX_DATA_BYTES;
inline constexpr std::size_t pointer_bytes = SLK_MAX_POINTER_BYTES;
inline constexpr std::size_t version_bytes = SLK_MAX_VERSION_BYTES;
inline constexpr std::size_t store_threads = SLK_MAX_STORE_THREADS;
inline constexpr std::size_t parked = SLK_MAX_PARKED;
inline constexpr std::size_t parked_bytes = SLK_MAX_PARKED_BYTES;
inline constexpr std::size_t codec_name_bytes = SLK_MAX_CODEC_NAME_BYTES;
} // namespace limits

} // namespace slk

#endif
