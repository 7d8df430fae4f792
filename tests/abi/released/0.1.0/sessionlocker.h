#ifndef SESSIONLOCKER_H
#define SESSIONLOCKER_H
#include <stddef.h>
#include <stdint.h>
#if defined(_WIN32) && !defined(SLK_STATIC)
#define SLK_API __declspec(dllimport)
#else
#define SLK_API
#endif
#if defined(__cplusplus) && __cplusplus >= 201703L
#define SLK_NODISCARD [[nodiscard]]
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L
#define SLK_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define SLK_NODISCARD __attribute__((warn_unused_result))
#else
#define SLK_NODISCARD
#endif
#define SLK_NUL_TERMINATED SIZE_MAX
#ifdef __cplusplus
extern "C" {
#endif
#define SLK_VERSION_MAJOR 0
#define SLK_VERSION_MINOR 1
#define SLK_VERSION_PATCH 0
#define SLK_ABI_VERSION 1
SLK_API uint32_t slk_version(void);
SLK_API const char *slk_version_text(void);
SLK_API uint32_t slk_abi_version(void);
typedef int32_t slk_result;
#define SLK_OK 0
#define SLK_EMPTY 1
#define SLK_BUSY 2
#define SLK_IDLE 3
#define SLK_PENDING 4
#define SLK_SAVED 5
#define SLK_LOST 6
#define SLK_UNKNOWN 7
#define SLK_NOT_APPLICABLE 8
#define SLK_DEFERRED 9
#define SLK_CONFLICT 10
#define SLK_GRANTED 20
#define SLK_CREDITED 21
#define SLK_NOT_PROCESSED 22
#define SLK_PARKED 23
#define SLK_REJECTED 24
#define SLK_REVOKED 25
#define SLK_UNKNOWN_PRODUCT 26
#define SLK_LOCKED_ELSEWHERE 40
#define SLK_UNREADABLE 41
#define SLK_E_INVALID_ARGUMENT (-1)
#define SLK_E_INVALID_HANDLE (-2)
#define SLK_E_INVALID_UTF8 (-3)
#define SLK_E_TOO_LONG (-4)
#define SLK_E_INVALID_JSON (-5)
#define SLK_E_INVALID_POINTER (-6)
#define SLK_E_WRONG_TYPE (-7)
#define SLK_E_OUT_OF_RANGE (-8)
#define SLK_E_NOT_LOADED (-9)
#define SLK_E_BUSY (-10)
#define SLK_E_REENTRANT (-11)
#define SLK_E_PANIC (-12)
#define SLK_E_STORE (-13)
#define SLK_E_NOT_A_DATABASE (-14)
#define SLK_E_UNSUPPORTED (-15)
#define SLK_E_EXISTS (-16)
#define SLK_E_SHUTTING_DOWN (-17)
#define SLK_E_DELETED (-18)
#define SLK_E_OUT_OF_MEMORY (-19)
#define SLK_E_CALLBACK (-20)
#define SLK_E_BUFFER_TOO_SMALL (-21)
#define SLK_E_ABI (-22)
#define SLK_E_STRUCT_SIZE (-23)
#define SLK_E_UNKNOWN_OUTCOME (-24)
#define SLK_E_NOT_APPLIED (-25)
#define SLK_E_LATE (-26)
#define SLK_E_FULL (-40)
#define SLK_E_BROKEN_STORE (-50)
SLK_API const char *slk_result_name(slk_result result);
SLK_API slk_result slk_last_error(char *buffer, size_t capacity, size_t *needed);
#define SLK_MAX_NAME_BYTES 128
#define SLK_MAX_KEY_BYTES 512
#define SLK_MAX_TEXT_BYTES 4096
#define SLK_MAX_DATA_BYTES 67108864
#define SLK_MAX_POINTER_BYTES 4096
#define SLK_OBJECT_STORE 1
#define SLK_OBJECT_ENGINE 2
#define SLK_OBJECT_SPEC 3
#define SLK_OBJECT_LOCKER 4
#define SLK_OBJECT_DOCUMENT 5
#define SLK_OBJECT_REQUEST 6
#define SLK_OBJECT_ERROR_SINK 7
#define SLK_OBJECT_MIGRATIONS 8
#define SLK_OBJECT_BUFFER 9
typedef struct slk_store {
    uint64_t id;
} slk_store;
typedef struct slk_engine {
    uint64_t id;
} slk_engine;
typedef struct slk_spec {
    uint64_t id;
} slk_spec;
typedef struct slk_locker {
    uint64_t id;
} slk_locker;
typedef struct slk_document {
    uint64_t id;
} slk_document;
typedef struct slk_request {
    uint64_t id;
} slk_request;
typedef struct slk_error_sink {
    uint64_t id;
} slk_error_sink;
typedef struct slk_migrations {
    uint64_t id;
} slk_migrations;
typedef struct slk_buffer {
    uint64_t id;
} slk_buffer;
SLK_NODISCARD SLK_API uint64_t slk_object_count(int32_t kind);
#define SLK_LOG_ERROR 1
#define SLK_LOG_WARNING 2
#define SLK_LOG_INFO 3
#define SLK_LOG_DEBUG 4
#define SLK_LOG_KIND_ENGINE 1
#define SLK_LOG_KIND_STORE 2
#define SLK_LOG_KIND_LOCKER 3
#define SLK_LOG_KIND_PURCHASE 4
#define SLK_LOG_KIND_CALLBACK 5
#define SLK_CAUSE_NONE 0
#define SLK_CAUSE_REQUEST 1
#define SLK_CAUSE_STORE 2
#define SLK_CAUSE_UNKNOWN 3
typedef struct slk_log_record {
    uint32_t struct_size;
    int32_t level;
    int32_t kind;
    int32_t cause;
    const char *server;
    const char *store;
    const char *spec;
    const char *key;
    const char *text;
    size_t text_length;
    uint64_t epoch;
    int64_t wall_ms;
} slk_log_record;
typedef uint64_t (*slk_clock)(void *user_data);
typedef int64_t (*slk_wall_clock)(void *user_data);
typedef void (*slk_log)(void *user_data, int32_t level, const char *text, size_t length);
typedef void (*slk_log_structured)(void *user_data, const slk_log_record *record);
typedef void (*slk_destroy)(void *user_data);
SLK_API slk_result slk_error_sink_set(slk_error_sink sink, const char *text);
#define SLK_TYPE_NULL 1
#define SLK_TYPE_BOOL 2
#define SLK_TYPE_INTEGER 3
#define SLK_TYPE_NUMBER 4
#define SLK_TYPE_STRING 5
#define SLK_TYPE_ARRAY 6
#define SLK_TYPE_OBJECT 7
#define SLK_TYPE_BYTES 8
SLK_NODISCARD SLK_API slk_result slk_document_create_json(const char *json, size_t length, slk_document *document);
SLK_NODISCARD SLK_API slk_result slk_document_create_bytes(const void *bytes, size_t length, slk_document *document);
SLK_API slk_result slk_document_destroy(slk_document document);
SLK_NODISCARD SLK_API slk_result slk_document_get_type(slk_document document, const char *pointer, int32_t *value);
SLK_NODISCARD SLK_API slk_result slk_document_get_bool(slk_document document, const char *pointer, int32_t *value);
SLK_NODISCARD SLK_API slk_result slk_document_get_i64(slk_document document, const char *pointer, int64_t *value);
SLK_NODISCARD SLK_API slk_result slk_document_get_f64(slk_document document, const char *pointer, double *value);
SLK_NODISCARD SLK_API slk_result slk_document_get_string(slk_document document, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_document_get_json(slk_document document, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_document_get_bytes(slk_document document, void *buffer, size_t capacity,
        size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_document_length(slk_document document, const char *pointer, size_t *value);
SLK_NODISCARD SLK_API slk_result slk_document_key_at(slk_document document, const char *pointer, size_t index,
        char *buffer, size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_document_set_null(slk_document document, const char *pointer);
SLK_NODISCARD SLK_API slk_result slk_document_set_bool(slk_document document, const char *pointer, int32_t value);
SLK_NODISCARD SLK_API slk_result slk_document_set_i64(slk_document document, const char *pointer, int64_t value);
SLK_NODISCARD SLK_API slk_result slk_document_set_f64(slk_document document, const char *pointer, double value);
SLK_NODISCARD SLK_API slk_result slk_document_set_string(slk_document document, const char *pointer, const char *value,
        size_t length);
SLK_NODISCARD SLK_API slk_result slk_document_set_json(slk_document document, const char *pointer, const char *value,
        size_t length);
SLK_NODISCARD SLK_API slk_result slk_document_set_bytes(slk_document document, const void *value, size_t length);
SLK_NODISCARD SLK_API slk_result slk_document_add_i64(slk_document document, const char *pointer, int64_t delta);
SLK_NODISCARD SLK_API slk_result slk_document_add_f64(slk_document document, const char *pointer, double delta);
SLK_NODISCARD SLK_API slk_result slk_document_append_json(slk_document document, const char *pointer,
        const char *value, size_t length);
SLK_NODISCARD SLK_API slk_result slk_document_remove(slk_document document, const char *pointer);
#define SLK_MAX_VERSION_BYTES 255
#define SLK_REQUEST_GET 1
#define SLK_REQUEST_PUT 2
#define SLK_REQUEST_REMOVE 3
#define SLK_REQUEST_LIST 4
#define SLK_KEY_RECORD 1
#define SLK_KEY_SERVER 2
#define SLK_REQUEST_DATA_UNCHANGED 1
typedef struct slk_request_view {
    uint32_t struct_size;
    int32_t kind;
    int32_t key_kind;
    uint32_t flags;
    const char *spec;
    size_t spec_length;
    const char *key;
    size_t key_length;
    const void *value;
    size_t value_length;
    const void *version;
    size_t version_length;
    uint32_t limit;
    uint32_t header_length;
    const char *announce;
    size_t announce_length;
} slk_request_view;
SLK_NODISCARD SLK_API slk_result slk_request_complete_found(slk_request request, const void *value,
        size_t value_length, const void *version, size_t version_length);
SLK_NODISCARD SLK_API slk_result slk_request_complete_missing(slk_request request);
SLK_NODISCARD SLK_API slk_result slk_request_complete_written(slk_request request, const void *version,
        size_t version_length);
SLK_NODISCARD SLK_API slk_result slk_request_complete_removed(slk_request request);
SLK_NODISCARD SLK_API slk_result slk_request_complete_conflict(slk_request request);
SLK_NODISCARD SLK_API slk_result slk_request_complete_keys(slk_request request, const char *const *names, size_t count,
        int32_t more);
SLK_NODISCARD SLK_API slk_result slk_request_complete_failed(slk_request request, slk_result result, const char *text);
SLK_API slk_result slk_request_abandon(slk_request request);
SLK_NODISCARD SLK_API slk_result slk_store_open_memory(slk_store *store);
SLK_API slk_result slk_store_destroy(slk_store store);
SLK_API slk_result slk_store_notify(slk_store store, int32_t key_kind, const char *spec, const char *key);
#define SLK_SQLITE_FULL 0
#define SLK_SQLITE_NORMAL 1
#define SLK_SQLITE_MUST_EXIST 1
#define SLK_SQLITE_CHECKPOINT_AT_CLOSE 2
typedef struct slk_sqlite_options {
    uint32_t struct_size;
    int32_t durability;
    uint32_t flags;
    uint32_t busy_timeout_ms;
    uint32_t read_threads;
    uint32_t batch;
} slk_sqlite_options;
SLK_NODISCARD SLK_API slk_result slk_store_open_sqlite(const char *path, const slk_sqlite_options *options,
        slk_store *store);
SLK_API slk_result slk_sqlite_options_init(slk_sqlite_options *options, size_t size);
#define SLK_POSTGRES_REQUIRE_TLS 1
#define SLK_POSTGRES_REQUIRE_SYNCHRONOUS 2
typedef struct slk_postgres_options {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t connections;
    uint32_t batch;
    uint32_t connect_timeout_ms;
    uint32_t request_timeout_ms;
} slk_postgres_options;
SLK_NODISCARD SLK_API slk_result slk_store_open_postgres(const char *url, const slk_postgres_options *options,
        slk_store *store);
SLK_NODISCARD SLK_API slk_result slk_postgres_create_tables(const char *url, const slk_postgres_options *options);
SLK_API slk_result slk_postgres_options_init(slk_postgres_options *options, size_t size);
#define SLK_REDIS_REQUIRE_TLS 1
#define SLK_REDIS_REQUIRE_DURABLE 2
typedef struct slk_redis_options {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t connections;
    uint32_t batch;
    uint32_t connect_timeout_ms;
    uint32_t request_timeout_ms;
    uint32_t wait_replicas;
    uint32_t wait_ms;
} slk_redis_options;
SLK_NODISCARD SLK_API slk_result slk_store_open_redis(const char *url, const slk_redis_options *options,
        slk_store *store);
SLK_NODISCARD SLK_API slk_result slk_redis_create_layout(const char *url, const slk_redis_options *options);
SLK_API slk_result slk_redis_options_init(slk_redis_options *options, size_t size);
#define SLK_STORE_ASYNCHRONOUS 0
#define SLK_STORE_BLOCKING 1
#define SLK_STORE_BLOCKING_CONCURRENT 2
#define SLK_MAX_STORE_THREADS 256
typedef void (*slk_store_call)(void *user_data, slk_request request, const slk_request_view *view);
typedef void (*slk_store_cancel)(void *user_data, slk_request request);
typedef struct slk_store_callbacks {
    uint32_t struct_size;
    int32_t mode;
    const char *name;
    void *user_data;
    slk_store_call get;
    slk_store_call put;
    slk_store_call remove;
    slk_store_cancel cancel;
    slk_destroy destroy;
    uint64_t max_value_bytes;
    uint32_t max_key_bytes;
    uint32_t threads;
    slk_store_call list;
} slk_store_callbacks;
SLK_NODISCARD SLK_API slk_result slk_store_create(const slk_store_callbacks *callbacks, slk_store *store);
SLK_API slk_result slk_store_callbacks_init(slk_store_callbacks *callbacks, size_t size);
#define SLK_FAULTS_SPARE_READS 1
#define SLK_FAULTS_SPARE_WRITES 2
#define SLK_FAULTS_SPARE_SERVERS 4
#define SLK_FAULTS_ALWAYS 10000
typedef struct slk_fault_options {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t seed;
    uint32_t refused;
    uint32_t unknown;
    uint32_t request_lost;
    uint32_t reply_lost;
    uint32_t delayed;
    uint32_t late;
    uint32_t conflict;
    uint32_t longest;
} slk_fault_options;
typedef struct slk_fault_counts {
    uint64_t requests;
    uint64_t refused;
    uint64_t unknown;
    uint64_t requests_lost;
    uint64_t replies_lost;
    uint64_t delayed;
    uint64_t late;
    uint64_t conflicts;
    uint64_t held;
} slk_fault_counts;
SLK_NODISCARD SLK_API slk_result slk_store_open_faulty(slk_store inner, const slk_fault_options *options,
        slk_store *store);
SLK_API slk_result slk_store_set_faults(slk_store store, const slk_fault_options *options);
SLK_API slk_result slk_store_fault_counts(slk_store store, slk_fault_counts *counts, size_t size);
SLK_API slk_result slk_fault_options_init(slk_fault_options *options, size_t size);
SLK_NODISCARD SLK_API slk_result slk_store_open_read_only(slk_store inner, slk_store *store);
SLK_API slk_result slk_store_set_value(slk_store store, const char *spec, const char *key, const void *bytes,
        size_t length);
SLK_NODISCARD SLK_API slk_result slk_store_get_value(slk_store store, const char *spec, const char *key, void *buffer,
        size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_store_check(slk_store store, uint32_t timeout_ms, char *report, size_t capacity,
        size_t *needed);
#define SLK_ENGINE_PREDECESSOR_GONE 1
typedef struct slk_engine_options {
    uint32_t struct_size;
    uint32_t abi_version;
    const char *server_id;
    uint32_t lease_ms;
    uint32_t beat_interval_ms;
    uint32_t request_timeout_ms;
    uint32_t max_requests_in_flight;
    uint32_t flags;
    int32_t log_level;
    slk_clock clock;
    slk_wall_clock wall_clock;
    slk_log log;
    void *user_data;
    slk_destroy destroy;
    uint32_t max_requests_per_second;
    int32_t mask_ids;
    slk_log_structured log_record;
    uint64_t seed;
} slk_engine_options;
SLK_NODISCARD SLK_API slk_result slk_engine_create(const slk_engine_options *options, slk_engine *engine);
SLK_API slk_result slk_engine_options_init(slk_engine_options *options, size_t size, uint32_t abi_version);
SLK_API slk_result slk_engine_destroy(slk_engine engine);
SLK_NODISCARD SLK_API slk_result slk_engine_update(slk_engine engine, uint32_t budget_us);
SLK_NODISCARD SLK_API slk_result slk_engine_purchases_in_progress(slk_engine engine, uint64_t *count);
SLK_NODISCARD SLK_API slk_result slk_engine_begin_shutdown(slk_engine engine, uint32_t deadline_ms);
SLK_NODISCARD SLK_API slk_result slk_engine_shutdown(slk_engine engine, uint32_t deadline_ms);
SLK_NODISCARD SLK_API slk_result slk_engine_visits_in_progress(slk_engine engine, uint64_t *count);
#define SLK_EVENT_LOADED 1
#define SLK_EVENT_LOAD_STATUS 2
#define SLK_EVENT_RELEASED 3
#define SLK_EVENT_LOST 4
#define SLK_EVENT_SAVED 5
#define SLK_EVENT_CHANGE_SETTLED 6
#define SLK_EVENT_SAVE_TROUBLE 7
#define SLK_EVENT_HANDOVER_REQUESTED 8
#define SLK_EVENT_AVAILABLE 9
#define SLK_EVENT_RECEIPT 10
#define SLK_EVENT_CREDIT_USED 11
#define SLK_EVENT_CALLBACK_FAILED 12
#define SLK_EVENT_IDLE 13
#define SLK_EVENT_LEFT_BEHIND 14
#define SLK_EVENT_CREDIT_CHANGED 16
#define SLK_EVENT_SUSPECT 20
#define SLK_EVENT_ENDED 21
#define SLK_EVENT_SERVER_ID_IN_USE 22
#define SLK_EVENT_SUPERSEDED 23
#define SLK_EVENT_STORE_TROUBLE 24
#define SLK_EVENT_SHUTDOWN_DONE 25
#define SLK_EVENT_SAVING 15
#define SLK_EVENT_CHANGE_APPLIED 17
#define SLK_EVENT_DELETED 19
#define SLK_EVENT_CHANGE_SENT 26
#define SLK_EVENT_RECORD_UPDATED 27
#define SLK_EVENT_RECORD_VIEWED 28
#define SLK_EVENT_RECORD_ERASED 29
#define SLK_EVENT_RECORD_EXPORTED 30
#define SLK_EVENT_USER_DONE 31
#define SLK_EVENT_OFFLINE_DROPPED 34
#define SLK_EVENT_SAVE_REFUSED 35
#define SLK_EVENT_SIZE_WARNING 18
#define SLK_EVENT_STORE_CRITICAL 32
#define SLK_EVENT_STORE_RECOVERED 33
#define SLK_LOAD_IDLE 0
#define SLK_LOAD_LOADING 1
#define SLK_LOAD_STORE_FAILURE 2
#define SLK_LOAD_LOCKED_ELSEWHERE 3
#define SLK_LOAD_UNKNOWN_VERSION 4
#define SLK_LOAD_UNREADABLE 5
#define SLK_LOAD_LOADED 6
#define SLK_LOAD_RELEASING 7
#define SLK_LOAD_DATA_REFUSED 8
#define SLK_LOSS_TAKEN 1
#define SLK_LOSS_ERASED 2
#define SLK_LOSS_ROLLED_BACK 3
#define SLK_RELEASE_RELEASED 1
#define SLK_RELEASE_HANDED_OVER 2
#define SLK_RELEASE_SHUTDOWN 3
#define SLK_EVENT_REFUSED 1
#define SLK_EVENT_DUPLICATE 2
#define SLK_EVENT_DIRTY 4
#define SLK_EVENT_TAKEN_UP 8
typedef struct slk_event {
    int32_t kind;
    slk_result result;
    slk_locker locker;
    uint64_t user_tag;
    const char *key;
    size_t key_length;
    const char *text;
    size_t text_length;
    const char *name;
    size_t name_length;
    uint64_t epoch;
    uint64_t change;
    uint64_t unknown_change;
    uint64_t tag;
    slk_document document;
    uint64_t count;
    int64_t since_ms;
    int32_t detail;
    uint32_t flags;
    slk_spec spec;
    int32_t cause;
    int64_t amount;
} slk_event;
typedef void (*slk_event_callback)(void *user_data, const slk_event *event);
SLK_NODISCARD SLK_API slk_result slk_engine_next_event(slk_engine engine, slk_event *event, size_t size);
SLK_NODISCARD SLK_API slk_result slk_engine_next_events(slk_engine engine, slk_event *events, size_t size,
        size_t capacity, size_t *count);
SLK_NODISCARD SLK_API slk_result slk_engine_dispatch(slk_engine engine, slk_event_callback callback, void *user_data);
#define SLK_APPLY_RECEIPT 1
#define SLK_APPLY_CREDIT 2
#define SLK_PURCHASE_VALIDATE 1
#define SLK_PURCHASE_APPLY 2
#define SLK_PURCHASE_RECORD 3
#define SLK_PURCHASE_REVOKE 4
#define SLK_RECEIPT_PURCHASED 0
#define SLK_RECEIPT_PENDING 1
#define SLK_RECEIPT_REJECTED 2
#define SLK_RECEIPT_REVOKED 3
#define SLK_MAX_PARKED 64
#define SLK_MAX_PARKED_BYTES 65536
typedef struct slk_receipt {
    uint32_t struct_size;
    uint32_t reserved;
    const char *provider;
    const char *environment;
    const char *purchase_id;
    const char *product;
    const void *context;
    size_t context_length;
    uint64_t tag;
    int32_t state;
} slk_receipt;
typedef struct slk_receipt_view {
    uint32_t struct_size;
    int32_t kind;
    slk_locker locker;
    uint64_t user_tag;
    const char *key;
    const char *product;
    const char *provider;
    const char *environment;
    const char *purchase_id;
    const void *context;
    size_t context_length;
    uint64_t tag;
    int32_t operation;
    slk_result effect;
} slk_receipt_view;
typedef slk_result (*slk_apply_receipt)(void *user_data, const slk_receipt_view *receipt, slk_document draft,
        slk_error_sink error);
SLK_NODISCARD SLK_API slk_result slk_locker_process_receipt(slk_locker locker, const slk_receipt *receipt);
SLK_API slk_result slk_receipt_init(slk_receipt *receipt, size_t size);
SLK_NODISCARD SLK_API slk_result slk_locker_credit(slk_locker locker, const char *product, int64_t *amount);
SLK_NODISCARD SLK_API slk_result slk_locker_give_credit(slk_locker locker, const char *product, int64_t amount,
        uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_use_credit(slk_locker locker, const char *product, uint64_t tag);
SLK_NODISCARD SLK_API slk_result slk_locker_retry_parked(slk_locker locker);
SLK_NODISCARD SLK_API slk_result slk_locker_find_purchase(slk_locker locker, const char *provider,
        const char *environment, const char *purchase_id, slk_result *state);
SLK_NODISCARD SLK_API slk_result slk_locker_get_purchases(slk_locker locker, char *buffer, size_t capacity,
        size_t *needed);
#define SLK_MIGRATION_COMPATIBLE 1
#define SLK_LATEST_PATCH UINT32_MAX
typedef struct slk_migration_view {
    uint32_t struct_size;
    uint32_t from_version;
    uint32_t from_patch;
    uint32_t to_version;
    slk_locker locker;
    uint64_t user_tag;
    const char *key;
} slk_migration_view;
typedef slk_result (*slk_migrate)(void *user_data, const slk_migration_view *view, slk_document draft,
        slk_error_sink error);
SLK_NODISCARD SLK_API slk_result slk_migrations_create(slk_migrations *migrations);
SLK_NODISCARD SLK_API slk_result slk_migrations_add_migrator(slk_migrations migrations, uint32_t from_version,
        uint32_t gives_patch, uint32_t flags, slk_migrate migrate, void *user_data, slk_destroy destroy);
SLK_NODISCARD SLK_API slk_result slk_migrations_add_patcher(slk_migrations migrations, uint32_t version,
        uint32_t from_patch, slk_migrate patch, void *user_data, slk_destroy destroy);
SLK_NODISCARD SLK_API slk_result slk_migrations_check(slk_migrations migrations, uint32_t schema_version);
SLK_API slk_result slk_migrations_destroy(slk_migrations migrations);
#define SLK_SEND_CREATE 1
#define SLK_CHANGE_UPDATE 1
#define SLK_CHANGE_RETURNED 2
typedef struct slk_change_view {
    uint32_t struct_size;
    uint32_t flags;
    slk_locker locker;
    uint64_t user_tag;
    const char *key;
    const char *kind;
    const char *payload;
    size_t payload_length;
    const char *from;
    const char *returned_from;
    int64_t sent_ms;
} slk_change_view;
typedef slk_result (*slk_apply_change)(void *user_data, const slk_change_view *change, slk_document draft,
        slk_error_sink error);
SLK_NODISCARD SLK_API slk_result slk_spec_send_change(slk_spec spec, const char *key, const char *kind,
        const char *payload, size_t length, uint32_t flags, uint64_t tag);
SLK_NODISCARD SLK_API slk_result slk_spec_update_record(slk_spec spec, const char *key, const char *kind,
        const char *payload, size_t length, uint64_t tag);
SLK_NODISCARD SLK_API slk_result slk_locker_queue_change(slk_locker locker, slk_spec target, const char *key,
        const char *kind, const char *payload, size_t length, uint32_t flags, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_document_queue_change(slk_document draft, slk_spec target, const char *key,
        const char *kind, const char *payload, size_t length, uint32_t flags);
#define SLK_CODEC_NONE 0
#define SLK_CODEC_ZSTD 1
#define SLK_CODEC_CALLBACKS 2
#define SLK_MAX_CODEC_NAME_BYTES 64
typedef slk_result (*slk_codec_run)(void *user_data, const void *bytes, size_t length, slk_buffer out,
        slk_error_sink error);
SLK_API slk_result slk_buffer_append(slk_buffer buffer, const void *bytes, size_t length);
#define SLK_DATA_JSON 0
#define SLK_DATA_BYTES 1
#define SLK_HANDOVER_GIVE 0
#define SLK_HANDOVER_REFUSE 1
#define SLK_SAVE_AUTOSAVE 1
#define SLK_SAVE_ASKED 2
#define SLK_SAVE_RECEIPT 3
#define SLK_SAVE_CONFIRM 4
#define SLK_SAVE_RELEASED 5
#define SLK_SAVE_HANDED_OVER 6
#define SLK_SAVE_SHUTDOWN 7
#define SLK_SPEC_RECONCILE 1
#define SLK_SPEC_IMPORT_ORIGINAL 2
#define SLK_SPEC_IMPORT_PLAIN 4
typedef slk_result (*slk_default_data)(void *user_data, const char *key, slk_document draft, slk_error_sink error);
typedef struct slk_save_view {
    uint32_t struct_size;
    int32_t reason;
    slk_locker locker;
    uint64_t user_tag;
    const char *key;
} slk_save_view;
typedef slk_result (*slk_before_save)(void *user_data, const slk_save_view *save, slk_document draft,
        slk_error_sink error);
typedef struct slk_data_view {
    uint32_t struct_size;
    uint32_t reserved;
    slk_locker locker;
    uint64_t user_tag;
    const char *key;
} slk_data_view;
typedef slk_result (*slk_validate)(void *user_data, const slk_data_view *view, slk_document data, slk_error_sink error);
typedef slk_result (*slk_merge_offline)(void *user_data, const slk_data_view *view, slk_document offline,
        slk_document draft, slk_error_sink error);
typedef struct slk_spec_options {
    uint32_t struct_size;
    uint32_t schema_version;
    const char *name;
    slk_store store;
    int32_t data_kind;
    int32_t handover_mode;
    uint32_t handover_delay_ms;
    uint32_t autosave_ms;
    uint32_t retry_min_ms;
    uint32_t retry_max_ms;
    const void *default_data;
    size_t default_data_length;
    slk_default_data default_data_for;
    slk_before_save before_save;
    slk_apply_receipt apply_receipt;
    void *user_data;
    slk_destroy destroy;
    slk_migrations migrations;
    uint32_t flags;
    uint32_t import_schema_version;
    uint32_t inbox_limit;
    uint32_t reserved;
    slk_validate validate;
    slk_merge_offline merge_offline;
    slk_apply_change apply_change;
    uint64_t max_value_bytes;
    uint32_t size_warning_percent;
    slk_apply_receipt validate_receipt;
    slk_apply_receipt record_receipt;
    slk_apply_receipt revoke_receipt;
    uint32_t purchase_history;
    int32_t codec;
    int32_t codec_level;
    const char *codec_name;
    slk_codec_run codec_encode;
    slk_codec_run codec_decode;
} slk_spec_options;
SLK_NODISCARD SLK_API slk_result slk_spec_create(slk_engine engine, const slk_spec_options *options, slk_spec *spec);
SLK_API slk_result slk_spec_options_init(slk_spec_options *options, size_t size);
SLK_API slk_result slk_spec_destroy(slk_spec spec);
#define SLK_ERASE_FORCE 1
SLK_NODISCARD SLK_API slk_result slk_spec_view_record(slk_spec spec, const char *key, uint64_t tag);
SLK_NODISCARD SLK_API slk_result slk_spec_erase_record(slk_spec spec, const char *key, uint32_t flags, uint64_t tag);
SLK_NODISCARD SLK_API slk_result slk_spec_export_user(slk_spec spec, const char *user_id, uint64_t tag);
SLK_NODISCARD SLK_API slk_result slk_spec_erase_user(slk_spec spec, const char *user_id, uint32_t flags, uint64_t tag);
#define SLK_ANSWER_GIVE 1
#define SLK_ANSWER_REFUSE 2
typedef struct slk_locker_status {
    int32_t load;
    int32_t refused;
    int64_t since_ms;
    uint64_t epoch;
    uint64_t latest_change;
    uint64_t saved_change;
    uint64_t purchases_in_progress;
    int32_t available;
    int32_t wanted;
    int32_t dirty;
    int32_t idle;
    uint64_t incoming_changes;
    uint64_t outgoing_changes;
} slk_locker_status;
SLK_NODISCARD SLK_API slk_result slk_locker_create(slk_spec spec, const char *key, uint64_t user_tag,
        slk_locker *locker);
SLK_NODISCARD SLK_API slk_result slk_locker_create_artificial(slk_spec spec, const char *key, uint64_t user_tag,
        slk_locker *locker);
SLK_API slk_result slk_locker_destroy(slk_locker locker);
SLK_NODISCARD SLK_API slk_result slk_locker_mark_deleted(slk_locker locker);
SLK_NODISCARD SLK_API slk_result slk_locker_mark_should_acquire(slk_locker locker, const char *name);
SLK_NODISCARD SLK_API slk_result slk_locker_take_over(slk_locker locker, const char *name);
SLK_NODISCARD SLK_API slk_result slk_locker_mark_should_release(slk_locker locker, const char *name);
SLK_NODISCARD SLK_API slk_result slk_locker_mark_should_save(slk_locker locker);
SLK_NODISCARD SLK_API slk_result slk_locker_mark_force_save(slk_locker locker);
SLK_NODISCARD SLK_API slk_result slk_locker_mark_changed(slk_locker locker, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_update(slk_locker locker, uint32_t budget_us);
SLK_NODISCARD SLK_API int32_t slk_locker_is_available(slk_locker locker);
SLK_NODISCARD SLK_API int32_t slk_locker_is_loaded(slk_locker locker);
SLK_NODISCARD SLK_API int32_t slk_locker_is_idle(slk_locker locker);
SLK_NODISCARD SLK_API slk_result slk_locker_get_status(slk_locker locker, slk_locker_status *status, size_t size);
SLK_NODISCARD SLK_API slk_result slk_locker_change_status(slk_locker locker, uint64_t change);
SLK_NODISCARD SLK_API slk_result slk_locker_await_change(slk_locker locker, uint64_t change, uint64_t tag);
SLK_NODISCARD SLK_API slk_result slk_locker_answer_handover(slk_locker locker, int32_t answer, uint32_t delay_ms);
SLK_NODISCARD SLK_API int32_t slk_locker_is_syncing(slk_locker locker);
SLK_NODISCARD SLK_API slk_result slk_locker_add_user(slk_locker locker, const char *user_id, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_remove_user(slk_locker locker, const char *user_id, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_get_users(slk_locker locker, char *buffer, size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_locker_get_type(slk_locker locker, const char *pointer, int32_t *value);
SLK_NODISCARD SLK_API slk_result slk_locker_get_bool(slk_locker locker, const char *pointer, int32_t *value);
SLK_NODISCARD SLK_API slk_result slk_locker_get_i64(slk_locker locker, const char *pointer, int64_t *value);
SLK_NODISCARD SLK_API slk_result slk_locker_get_f64(slk_locker locker, const char *pointer, double *value);
SLK_NODISCARD SLK_API slk_result slk_locker_get_string(slk_locker locker, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_locker_get_json(slk_locker locker, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_locker_get_bytes(slk_locker locker, void *buffer, size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_locker_length(slk_locker locker, const char *pointer, size_t *value);
SLK_NODISCARD SLK_API slk_result slk_locker_key_at(slk_locker locker, const char *pointer, size_t index, char *buffer,
        size_t capacity, size_t *needed);
SLK_NODISCARD SLK_API slk_result slk_locker_set_null(slk_locker locker, const char *pointer, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_set_bool(slk_locker locker, const char *pointer, int32_t value,
        uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_set_i64(slk_locker locker, const char *pointer, int64_t value,
        uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_set_f64(slk_locker locker, const char *pointer, double value,
        uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_set_string(slk_locker locker, const char *pointer, const char *value,
        size_t length, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_set_json(slk_locker locker, const char *pointer, const char *value,
        size_t length, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_set_bytes(slk_locker locker, const void *value, size_t length,
        uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_add_i64(slk_locker locker, const char *pointer, int64_t delta,
        uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_add_f64(slk_locker locker, const char *pointer, double delta,
        uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_append_json(slk_locker locker, const char *pointer, const char *value,
        size_t length, uint64_t *change);
SLK_NODISCARD SLK_API slk_result slk_locker_remove(slk_locker locker, const char *pointer, uint64_t *change);
typedef struct slk_metrics {
    uint64_t sessions_acquired;
    uint64_t sessions_released;
    uint64_t sessions_released_by_shutdown;
    uint64_t handovers_given;
    uint64_t handovers_received;
    uint64_t handovers_refused;
    uint64_t takeovers;
    uint64_t lost_taken;
    uint64_t lost_erased;
    uint64_t lost_rolled_back;
    uint64_t waits_living_server;
    uint64_t waits_dead_server;
    uint64_t waits_store_failure;
    double wait_seconds_living_server;
    double wait_seconds_dead_server;
    double wait_seconds_store_failure;
    double longest_wait_seconds_living_server;
    double longest_wait_seconds_dead_server;
    double longest_wait_seconds_store_failure;
    uint64_t saves;
    uint64_t saves_timed;
    double save_seconds;
    double longest_save_seconds;
    double oldest_unsaved_seconds;
    uint64_t requests_sent;
    uint64_t requests_sent_beats;
    uint64_t requests_sent_loads;
    uint64_t requests_ok;
    uint64_t conflicts;
    uint64_t requests_timed;
    double request_seconds;
    double longest_request_seconds;
    uint64_t errors_request;
    uint64_t errors_store;
    uint64_t errors_unknown;
    uint64_t stores_critical;
    uint64_t times_critical;
    uint64_t requests_in_flight;
    uint64_t requests_queued_purchase;
    uint64_t requests_queued_release;
    uint64_t requests_queued_force;
    uint64_t requests_queued_save;
    uint64_t requests_queued_load;
    uint64_t lockers_idle;
    uint64_t lockers_loading;
    uint64_t lockers_held;
    uint64_t lockers_suspect;
    double held_seconds;
    double requests_per_player_hour;
    uint64_t receipts_granted;
    uint64_t receipts_granted_before;
    uint64_t receipts_credited;
    uint64_t receipts_credited_before;
    uint64_t receipts_not_processed;
    uint64_t callbacks_failed;
    uint64_t events_queued;
    uint64_t receipts_pending;
    uint64_t receipts_rejected;
    uint64_t receipts_revoked;
    uint64_t receipts_parked;
} slk_metrics;
SLK_NODISCARD SLK_API slk_result slk_engine_get_metrics(slk_engine engine, slk_metrics *metrics, size_t size);
SLK_NODISCARD SLK_API slk_result slk_engine_metrics_text(slk_engine engine, char *buffer, size_t capacity,
        size_t *needed);
SLK_NODISCARD SLK_API int32_t slk_engine_is_store_critical(slk_engine engine, slk_store store);
#define SLK_STORE_CALLBACKS_INIT { \
    sizeof(slk_store_callbacks),  \
    SLK_STORE_ASYNCHRONOUS,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    0,  \
    0,  \
    0,  \
    NULL  \
}
#define SLK_SQLITE_OPTIONS_INIT { \
    sizeof(slk_sqlite_options),  \
    SLK_SQLITE_FULL,  \
    0,  \
    0,  \
    0,  \
    0  \
}
#define SLK_POSTGRES_OPTIONS_INIT { \
    sizeof(slk_postgres_options),  \
    0,  \
    0,  \
    0,  \
    0,  \
    0  \
}
#define SLK_REDIS_OPTIONS_INIT { \
    sizeof(slk_redis_options),  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0  \
}
#define SLK_FAULT_OPTIONS_INIT { \
    sizeof(slk_fault_options),  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0  \
}
#define SLK_ENGINE_OPTIONS_INIT { \
    sizeof(slk_engine_options),  \
    SLK_ABI_VERSION,  \
    NULL,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    0,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    0,  \
    0,  \
    NULL,  \
    0  \
}
#define SLK_SPEC_OPTIONS_INIT { \
    sizeof(slk_spec_options),  \
    0,  \
    NULL,  \
    { 0 },  \
    SLK_DATA_JSON,  \
    SLK_HANDOVER_GIVE,  \
    0,  \
    0,  \
    0,  \
    0,  \
    NULL,  \
    0,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    { 0 },  \
    0,  \
    0,  \
    0,  \
    0,  \
    NULL,  \
    NULL,  \
    NULL,  \
    0,  \
    0,  \
    NULL,  \
    NULL,  \
    NULL,  \
    0,  \
    SLK_CODEC_NONE,  \
    0,  \
    NULL,  \
    NULL,  \
    NULL  \
}
#define SLK_RECEIPT_INIT { \
    sizeof(slk_receipt),  \
    0,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    NULL,  \
    0,  \
    0,  \
    SLK_RECEIPT_PURCHASED  \
}
#ifdef __cplusplus
}
#endif
#endif
