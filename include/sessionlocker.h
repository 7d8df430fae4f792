/*
 * SessionLocker keeps players' save data safe in game servers.
 *
 * At most one server may write a player's record, what is reported as saved is saved, and each purchase takes effect
 * exactly once.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Results      Functions return an slk_result: SLK_OK is 0, errors are below 0, states that are no errors are above 0.
 *              Out-parameters are written only on success, except that an out-handle becomes null on failure, and that
 *              lengths called `needed` are written when a buffer is too small. Predicates (is_...) return 1 or 0, and 0
 *              for a bad handle. slk_last_error() has the words for the last failure of the calling thread.
 * Strings      UTF-8. Names, keys, ids, paths and JSON Pointers end at their NUL; data have a pointer and a length.
 *              What comes out has a length and a NUL after it.
 * Handles      Small structs, passed by value; all zero is the null handle. A stale, made-up or wrong handle gives
 *              SLK_E_INVALID_HANDLE. Destroying the null handle is SLK_OK.
 * Options      Structs that begin with struct_size and only grow at their end. Begin with the _INIT macro; zero stands
 *              for the default in every field.
 * Ownership    Who allocates frees. What is passed in is copied; views that are passed out say how long they live.
 * Threads      Every function may be called from any thread. update, next_event and dispatch of one engine are for one
 *              thread at a time; a second one gets SLK_E_BUSY.
 * Callbacks    Are called with no lock held. update, next_event, dispatch, shutdown, and destroying engines, specs and
 *              stores return SLK_E_REENTRANT inside one; all else is allowed. A C++ exception or a longjmp must not leave
 *              a callback.
 *
 * Generated from the library's source; do not edit.
 */
#ifndef SESSIONLOCKER_H
#define SESSIONLOCKER_H

#include <stddef.h>
#include <stdint.h>

/* Define SLK_STATIC where the library is linked statically on Windows. */
#if defined(_WIN32) && !defined(SLK_STATIC)
#define SLK_API __declspec(dllimport)
#else
#define SLK_API
#endif

/* A result that should not be ignored. */
#if defined(__cplusplus) && __cplusplus >= 201703L
#define SLK_NODISCARD [[nodiscard]]
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L
#define SLK_NODISCARD [[nodiscard]]
#elif defined(__GNUC__)
#define SLK_NODISCARD __attribute__((warn_unused_result))
#else
#define SLK_NODISCARD
#endif

/* As the length of a string: it ends at its NUL. */
#define SLK_NUL_TERMINATED SIZE_MAX

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ---- */

/** The version of this header: raised when something is removed or changes its meaning. */
#define SLK_VERSION_MAJOR 0
/** Raised when something is added. */
#define SLK_VERSION_MINOR 1
/** Raised when something is repaired. */
#define SLK_VERSION_PATCH 0

/**
 * The version of the binary interface. Programs and libraries with the same number fit each other; it is in the name
 * of the shared library, and checked when an engine is created.
 */
#define SLK_ABI_VERSION 1

/**
 * The version of the library that is loaded, as `major * 1000000 + minor * 1000 + patch`.
 *
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API uint32_t slk_version(void);

/**
 * The version of the library that is loaded, as text such as `"0.1.0"`. Never NULL; lives as long as the library.
 *
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API const char *slk_version_text(void);

/**
 * The `SLK_ABI_VERSION` of the library that is loaded, to be compared with that of the header.
 *
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API uint32_t slk_abi_version(void);

/* ---- Results ---- */

/** How a call ended: 0 is success, below 0 are errors, above 0 are states that are neither. */
typedef int32_t slk_result;

/** Done. */
#define SLK_OK 0
/** There is nothing there: no event, no value at this pointer. */
#define SLK_EMPTY 1
/** A callback has the locker's data just now; try again in the next tick. Nothing was changed. */
#define SLK_BUSY 2
/** The locker has nothing to do. */
#define SLK_IDLE 3
/** Not decided yet. */
#define SLK_PENDING 4
/** The change is durable in the store. */
#define SLK_SAVED 5
/** The change is surely not in the store and never will be. */
#define SLK_LOST 6
/** Whether the change is in the store cannot be known. */
#define SLK_UNKNOWN 7
/** A callback's answer: this cannot be applied now; give credit for it instead. */
#define SLK_NOT_APPLICABLE 8
/** A callback's answer: the answer will be given later. */
#define SLK_DEFERRED 9
/** The key was not as expected, and nothing was written. */
#define SLK_CONFLICT 10
/** The purchase is in the player's data, durably. Also the answer to a receipt that came again. */
#define SLK_GRANTED 20
/** The purchase could not be applied; the player has credit for it, durably. */
#define SLK_CREDITED 21
/** The receipt had no effect yet. Let the platform deliver it again. */
#define SLK_NOT_PROCESSED 22
/** The product of the purchase is not known to this version of the game; it is kept, durably, until one knows it. */
#define SLK_PARKED 23
/** The purchase was turned down, durably; nothing was granted. Also a callback's answer that turns it down. */
#define SLK_REJECTED 24
/** The purchase was paid back and taken back, or became a debt, durably. Nothing is granted for it again. */
#define SLK_REVOKED 25
/** A callback's answer: this version of the game does not know the product; keep the purchase until one does. */
#define SLK_UNKNOWN_PRODUCT 26
/** Another server holds the record. */
#define SLK_LOCKED_ELSEWHERE 40
/** The record is there, and cannot be read or worked with here. */
#define SLK_UNREADABLE 41
/** An argument is NULL where it must not be, outside its range, or makes no sense beside another. */
#define SLK_E_INVALID_ARGUMENT (-1)
/** The handle is null, of another type, destroyed already, or was never given out. */
#define SLK_E_INVALID_HANDLE (-2)
/** A string is not UTF-8. */
#define SLK_E_INVALID_UTF8 (-3)
/** A string, key or value is longer, or nested deeper, than allowed. */
#define SLK_E_TOO_LONG (-4)
/** A text is not JSON. */
#define SLK_E_INVALID_JSON (-5)
/** A text is not a JSON Pointer (RFC 6901), or what it names cannot be set because its parent is missing. */
#define SLK_E_INVALID_POINTER (-6)
/** The value is of another type than asked for. */
#define SLK_E_WRONG_TYPE (-7)
/** The number does not fit. */
#define SLK_E_OUT_OF_RANGE (-8)
/** The locker has no data that may be changed now: not loaded yet, releasing, or lost. */
#define SLK_E_NOT_LOADED (-9)
/** Another thread is inside a call that excludes this one. */
#define SLK_E_BUSY (-10)
/** The call is not allowed inside a callback. */
#define SLK_E_REENTRANT (-11)
/** A bug in this library was caught. The object can no longer be used, except to destroy it. */
#define SLK_E_PANIC (-12)
/** The store failed. */
#define SLK_E_STORE (-13)
/** The file is not a database, or not one of this library. */
#define SLK_E_NOT_A_DATABASE (-14)
/** The store, or this build of the library, lacks an ability that is needed. */
#define SLK_E_UNSUPPORTED (-15)
/** Something of that name exists already, with other settings. */
#define SLK_E_EXISTS (-16)
/** The engine is shutting down. */
#define SLK_E_SHUTTING_DOWN (-17)
/** The locker was deleted. */
#define SLK_E_DELETED (-18)
/** Memory could not be reserved. */
#define SLK_E_OUT_OF_MEMORY (-19)
/** A callback of yours refused or failed. */
#define SLK_E_CALLBACK (-20)
/** The buffer is too small; `needed` says how long the text is. */
#define SLK_E_BUFFER_TOO_SMALL (-21)
/** The header that the program was compiled with does not fit this library. */
#define SLK_E_ABI (-22)
/** The `struct_size` of an options struct is no size that this library knows, or what it does not know is set. */
#define SLK_E_STRUCT_SIZE (-23)
/** A store callback's answer: the request may have been carried out, or may yet be. */
#define SLK_E_UNKNOWN_OUTCOME (-24)
/** A store callback's answer: the request was surely not carried out and will not be. */
#define SLK_E_NOT_APPLIED (-25)
/** The answer came after the request was given up; it was taken, and counts for nothing. */
#define SLK_E_LATE (-26)
/** There is no room for more. */
#define SLK_E_FULL (-40)
/** The store that was checked breaks a promise. */
#define SLK_E_BROKEN_STORE (-50)

/**
 * The name of a result, such as `"SLK_E_INVALID_HANDLE"`, for logs.
 *
 * Parameters: `result`: any number.
 * Returns: a constant string, never NULL; `"unknown slk_result"` for a number that is no result of this version.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API const char *slk_result_name(slk_result result);

/**
 * Copies out what went wrong in the last failed call of this thread: the function, the argument or key, the reason.
 *
 * Later successful calls leave the text as it is. The text of a failure that is reported by an event is in the event.
 *
 * Parameters:
 *   `buffer`: receives the text and a NUL; may be NULL if `capacity` is 0.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length of the text in bytes without the NUL; may be NULL.
 * Returns:
 *   `SLK_OK`: the text was copied, or only its length was asked for; an empty text if nothing has failed yet.
 *   `SLK_E_BUFFER_TOO_SMALL`: what fits was copied, cut between two characters and with a NUL.
 *   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
 * Thread: any; each thread has its own text. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_last_error(char *buffer, size_t capacity, size_t *needed);

/* ---- Limits ---- */

/** The longest server id, name of a spec or holder, product, or part of a purchase's id, in bytes. */
#define SLK_MAX_NAME_BYTES 128
/** The longest key in bytes. */
#define SLK_MAX_KEY_BYTES 512
/** The longest path or text of a callback's error in bytes. */
#define SLK_MAX_TEXT_BYTES 4096
/** The largest JSON text or block of bytes that a call takes, in bytes. */
#define SLK_MAX_DATA_BYTES 67108864
/** The longest JSON Pointer in bytes. */
#define SLK_MAX_POINTER_BYTES 4096

/* ---- Handles ---- */

/** Stores. */
#define SLK_OBJECT_STORE 1
/** Engines. */
#define SLK_OBJECT_ENGINE 2
/** Specs. */
#define SLK_OBJECT_SPEC 3
/** Lockers. */
#define SLK_OBJECT_LOCKER 4
/** Documents, drafts that are lent to callbacks included. */
#define SLK_OBJECT_DOCUMENT 5
/** Requests to stores of yours that are neither completed nor abandoned. */
#define SLK_OBJECT_REQUEST 6
/** Error sinks that are lent to callbacks. */
#define SLK_OBJECT_ERROR_SINK 7
/** Sets of migrations. */
#define SLK_OBJECT_MIGRATIONS 8
/** Buffers that are lent to callbacks. */
#define SLK_OBJECT_BUFFER 9

/**
 * Where records live. Made by `slk_store_create` or one of the `slk_store_open_` functions; ended by `slk_store_destroy`,
 * after which it lives on until the last engine that uses it is gone.
 */
typedef struct slk_store {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_store;

/** Everything of one game server. Destroying it ends all that it made: specs, lockers and what they do. */
typedef struct slk_engine {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_engine;

/** The configuration that records of one kind share. */
typedef struct slk_spec {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_spec;

/** The state machine of one record on one engine. */
typedef struct slk_locker {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_locker;

/**
 * A JSON value or opaque bytes on its own: the unsaved data of a lost session, the draft of a callback, or one of your
 * own making.
 */
typedef struct slk_document {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_document;

/** The right to answer one request to a store of yours, once. */
typedef struct slk_request {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_request;

/** Takes the words of a callback that fails; see `slk_error_sink_set`. */
typedef struct slk_error_sink {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_error_sink;

/** Migrators and patchers on the way into a spec; see `slk_migrations_create`. */
typedef struct slk_migrations {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_migrations;

/** Takes the bytes that a callback gives; see `slk_buffer_append`. */
typedef struct slk_buffer {
    /** Opaque; 0 is the null handle. */
    uint64_t id;
} slk_buffer;

/**
 * Counts the living handles of one kind in this process: what a test looks at to find what was not destroyed.
 *
 * Parameters: `kind`: one of `SLK_OBJECT_`.
 * Returns: their number; 0 for a kind that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API uint64_t slk_object_count(int32_t kind);

/* ---- Clock and log ---- */

/** Data are at risk, or a promise could not be kept. */
#define SLK_LOG_ERROR 1
/** Something is wrong and is being dealt with. */
#define SLK_LOG_WARNING 2
/** Rare events of normal life: registered, taken over, handed over. */
#define SLK_LOG_INFO 3
/** Each step of each session. */
#define SLK_LOG_DEBUG 4
/** A message about the engine as a whole. */
#define SLK_LOG_KIND_ENGINE 1
/** A message about a store, or this server's standing in it. */
#define SLK_LOG_KIND_STORE 2
/** A message about the session of one key. */
#define SLK_LOG_KIND_LOCKER 3
/** A message about a receipt or a use of credit. */
#define SLK_LOG_KIND_PURCHASE 4
/** A message about a callback of yours. */
#define SLK_LOG_KIND_CALLBACK 5
/** Nobody's trouble. */
#define SLK_CAUSE_NONE 0
/** Our mistake: the request cannot succeed as it is. Too large, a key that the store cannot hold, no permission. */
#define SLK_CAUSE_REQUEST 1
/** The store's trouble: unreachable, full, overloaded, broken. */
#define SLK_CAUSE_STORE 2
/** Trouble of which it cannot be told whose it is. */
#define SLK_CAUSE_UNKNOWN 3

/**
 * A message with what it is about in fields of their own. Its strings end with a NUL and live until the callback returns;
 * they are NULL where there is nothing to say.
 */
typedef struct slk_log_record {
    /** The size of this struct in the library that fills it; it only grows. */
    uint32_t struct_size;
    /** One of `SLK_LOG_ERROR` to `SLK_LOG_DEBUG`. */
    int32_t level;
    /** What it is about: one of `SLK_LOG_KIND_`. */
    int32_t kind;
    /** Whose trouble it is: one of `SLK_CAUSE_`. */
    int32_t cause;
    /** This server's id. */
    const char *server;
    /** The store's name. */
    const char *store;
    /** The spec's name. */
    const char *spec;
    /**
     * The locker's key; with `mask_ids` what stands for it: `#` and eight hexadecimal digits, the same for the same key as
     * long as the engine lives.
     */
    const char *key;
    /** The message in words. */
    const char *text;
    /** Its length in bytes. */
    size_t text_length;
    /** The fencing token of the session; 0 where there is none. */
    uint64_t epoch;
    /** The wall clock in milliseconds since 1970-01-01 UTC. */
    int64_t wall_ms;
} slk_log_record;

/**
 * Gives the steady time in nanoseconds since any origin. It must never go back, and must count the time during which
 * the machine is suspended; from 2^63 on, after 292 years, it counts as standing still. Called on any thread that calls
 * the library, often; no function of the library may be called inside.
 */
typedef uint64_t (*slk_clock)(void *user_data);

/**
 * Gives the milliseconds since 1970-01-01 UTC. They are written into records for people to read; nothing depends on
 * them. Called like `slk_clock`.
 */
typedef int64_t (*slk_wall_clock)(void *user_data);

/**
 * Takes one message: `level` is one of `SLK_LOG_`, `text` ends with a NUL after `length` bytes and lives until the call
 * returns. Called inside update and the other functions of the engine, on their thread.
 */
typedef void (*slk_log)(void *user_data, int32_t level, const char *text, size_t length);

/** Takes one message with its fields. Called like `slk_log`. */
typedef void (*slk_log_structured)(void *user_data, const slk_log_record *record);

/** Ends the life of a `user_data`. */
typedef void (*slk_destroy)(void *user_data);

/* ---- Words of a failing callback ---- */

/**
 * Says in words why a callback fails: they end up in the event and in the log.
 *
 * Parameters:
 *   `sink`: as the callback got it; valid until the callback returns.
 *   `text`: the words, UTF-8, up to `SLK_MAX_TEXT_BYTES`; copied. Those of an earlier call are replaced.
 * Returns:
 *   `SLK_OK`: taken.
 *   `SLK_E_INVALID_HANDLE`: the callback has returned, or it is no sink.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the text.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_error_sink_set(slk_error_sink sink, const char *text);

/* ---- Types of values ---- */

/** `null` */
#define SLK_TYPE_NULL 1
/** `true` or `false` */
#define SLK_TYPE_BOOL 2
/** A whole number that fits into 64 bits. */
#define SLK_TYPE_INTEGER 3
/** Any other number. */
#define SLK_TYPE_NUMBER 4
/** A text. */
#define SLK_TYPE_STRING 5
/** A list of values. */
#define SLK_TYPE_ARRAY 6
/** Values by name. */
#define SLK_TYPE_OBJECT 7
/** Opaque bytes: the whole of a document that is no JSON. */
#define SLK_TYPE_BYTES 8

/* ---- Documents ---- */

/**
 * Makes a document from JSON text.
 *
 * Parameters:
 *   `json`: the text, UTF-8. Where an object names a member twice, the last one counts.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 *   `document`: receives the handle, to be ended by `slk_document_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: made.
 *   `SLK_E_INVALID_JSON`: the text is not JSON; the error text says where.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL, a bad string, too large or nested too deeply.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_create_json(const char *json, size_t length, slk_document *document);

/**
 * Makes a document of opaque bytes.
 *
 * Parameters:
 *   `bytes`: the bytes, copied; may be NULL if `length` is 0.
 *   `length`: their number.
 *   `document`: receives the handle, to be ended by `slk_document_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: made.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: NULL, or too large.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_create_bytes(const void *bytes, size_t length, slk_document *document);

/**
 * Ends a document that is the host's own.
 *
 * Parameters: `document`: a document, or the null handle, which does nothing.
 * Returns:
 *   `SLK_OK`: ended, or null.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 *   `SLK_E_INVALID_ARGUMENT`: it is the draft of a callback, which ends when the callback returns.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_document_destroy(slk_document document);

/**
 * Reads the type of a value: one of `SLK_TYPE_`.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_get_type(slk_document document, const char *pointer, int32_t *value);

/**
 * Reads a boolean, as 1 or 0.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it is no boolean.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_get_bool(slk_document document, const char *pointer, int32_t *value);

/**
 * Reads a whole number.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it is no whole number.
 *   `SLK_E_OUT_OF_RANGE`: it does not fit into 64 bits.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_get_i64(slk_document document, const char *pointer, int64_t *value);

/**
 * Reads a number, rounded if a double cannot hold all its digits.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it is no number.
 *   `SLK_E_OUT_OF_RANGE`: it is beyond all doubles.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_get_f64(slk_document document, const char *pointer, double *value);

/**
 * Reads a text.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: it is no string.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_get_string(slk_document document, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);

/**
 * Reads a value of any type as JSON text. The whole document comes as it was written if nobody changed it.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: the data are opaque bytes.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_get_json(slk_document document, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);

/**
 * Reads the opaque bytes, where the data are opaque.
 *
 * Parameters:
 *   `document`: the document.
 *   `buffer`: receives them, without a NUL; NULL with a capacity of 0 asks for the number only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives their number, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: they were copied, or their number was asked for.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for them; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: the data are JSON.
 *   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_get_bytes(slk_document document, void *buffer, size_t capacity,
        size_t *needed);

/**
 * Reads how many elements an array has, members an object, bytes a string.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it has no length.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_length(slk_document document, const char *pointer, size_t *value);

/**
 * Reads the name of one member of an object, in the order of the text: for walking through an object of `length`
 * members. As a step of a JSON Pointer, `~` in it is written `~0` and `/` is written `~1`.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `index`: which one, from 0; `SLK_EMPTY` behind the last.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: it is no object.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_key_at(slk_document document, const char *pointer, size_t index,
        char *buffer, size_t capacity, size_t *needed);

/**
 * Sets null.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_set_null(slk_document document, const char *pointer);

/**
 * Sets a boolean.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: 1 or 0.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_set_bool(slk_document document, const char *pointer, int32_t value);

/**
 * Sets a whole number.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the number.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_set_i64(slk_document document, const char *pointer, int64_t value);

/**
 * Sets a number.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the number; not infinite and not NaN, which JSON cannot hold.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_set_f64(slk_document document, const char *pointer, double value);

/**
 * Sets a text.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the text, UTF-8.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_set_string(slk_document document, const char *pointer, const char *value,
        size_t length);

/**
 * Sets a value given as JSON text. With "" as the pointer, replaces the whole document.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the JSON text.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_set_json(slk_document document, const char *pointer, const char *value,
        size_t length);

/**
 * Replaces the opaque bytes, where the data are opaque. Nothing is changed on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `value`: the bytes; may be NULL if `length` is 0.
 *   `length`: their number.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_WRONG_TYPE`: the data are JSON.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: of the bytes.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_set_bytes(slk_document document, const void *value, size_t length);

/**
 * Adds to a whole number; a missing one counts as 0.
 * Nothing is changed on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `delta`: what to add; may be negative.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_OUT_OF_RANGE`: the sum does not fit into 64 bits.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_add_i64(slk_document document, const char *pointer, int64_t delta);

/**
 * Adds to a number, in double arithmetic; a missing one counts as 0.
 * Nothing is changed on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `delta`: what to add; not infinite and not NaN.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_OUT_OF_RANGE`: the sum is beyond all doubles.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_add_f64(slk_document document, const char *pointer, double delta);

/**
 * Appends a value, given as JSON text, to an array; a missing array is made.
 * Nothing is changed on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the JSON text.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_append_json(slk_document document, const char *pointer,
        const char *value, size_t length);

/**
 * Removes a value; elements behind one move up. Nothing is changed on failure.
 *
 * Parameters:
 *   `document`: the document.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 * Returns:
 *   `SLK_OK`: it was removed.
 *   `SLK_EMPTY`: there was no such value; nothing was changed.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the whole document.
 *   `SLK_E_WRONG_TYPE`: stepping into something that is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer.
 *   `SLK_E_INVALID_HANDLE`: no living document.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_remove(slk_document document, const char *pointer);

/* ---- Requests to a store of your own ---- */

/** The longest version token in bytes. */
#define SLK_MAX_VERSION_BYTES 255
/** Read the value and its version. */
#define SLK_REQUEST_GET 1
/** Write the value if the key is as expected. */
#define SLK_REQUEST_PUT 2
/** Remove the key if it is as expected. */
#define SLK_REQUEST_REMOVE 3
/** List keys: those of the same kind and spec whose names come after `key`, in the order of their bytes. */
#define SLK_REQUEST_LIST 4
/** The key names a record of the game. */
#define SLK_KEY_RECORD 1
/** The key names a server record: how an engine shows that it is alive. */
#define SLK_KEY_SERVER 2
/** The data behind the header say the same as those stored under the expected version. */
#define SLK_REQUEST_DATA_UNCHANGED 1

/**
 * What a store is asked to do. Its memory belongs to the request: it stays until the request was completed or
 * abandoned, and in any case until the callback returns.
 */
typedef struct slk_request_view {
    /** The size of this struct in the library that fills it; it only grows. */
    uint32_t struct_size;
    /** `SLK_REQUEST_GET`, `SLK_REQUEST_PUT`, `SLK_REQUEST_REMOVE` or `SLK_REQUEST_LIST`. */
    int32_t kind;
    /** `SLK_KEY_RECORD` or `SLK_KEY_SERVER`. */
    int32_t key_kind;
    /**
     * Put: 0, or `SLK_REQUEST_DATA_UNCHANGED`: a store that keeps header and data apart may leave the stored data as
     * they are, if they were written apart and are as long. Any store may ignore it.
     */
    uint32_t flags;
    /** The name of the record's spec, with a NUL; empty for a server record. */
    const char *spec;
    /** Its length in bytes without the NUL. */
    size_t spec_length;
    /** The record's key or the server's id, with a NUL. List: the name after which to begin; empty: from the start. */
    const char *key;
    /** Its length in bytes without the NUL. */
    size_t key_length;
    /**
     * Put: the value to write: UTF-8 text of JSON without a NUL, or bytes of any kind where the spec has a codec; else
     * NULL.
     */
    const void *value;
    /** Its length in bytes. */
    size_t value_length;
    /**
     * Put and remove: the version that must be stored, as given by the store before. NULL: for a put, the key must be
     * missing; for a get, of no meaning.
     */
    const void *version;
    /** Its length in bytes, 1 to `SLK_MAX_VERSION_BYTES`; 0 if `version` is NULL. */
    size_t version_length;
    /** List: the most names to answer with; else 0. */
    uint32_t limit;
    /**
     * Put: so many bytes at the beginning of `value` are the record's header, and the game's data follow; 0 if the two
     * cannot be told apart.
     */
    uint32_t header_length;
    /**
     * Put: the id of the server that waits for this write, with a NUL; NULL if none does. A store that can push tells
     * that server the key once the write is durable, and the server calls `slk_store_notify`. It is a hint; any store
     * may ignore it.
     */
    const char *announce;
    /** Its length in bytes without the NUL; 0 if `announce` is NULL. */
    size_t announce_length;
} slk_request_view;

/**
 * Completes a get: this is stored. Value and version are copied before the call returns.
 *
 * Parameters:
 *   `request`: as the callback got it.
 *   `value`: the stored bytes; may be NULL if `value_length` is 0.
 *   `value_length`: their number, at most `SLK_MAX_DATA_BYTES`.
 *   `version`: the token of this state of the key.
 *   `version_length`: its length, 1 to `SLK_MAX_VERSION_BYTES`.
 * Returns:
 *   `SLK_OK`: the answer was taken.
 *   `SLK_E_INVALID_HANDLE`: the request was completed or abandoned before, or is none. Nothing happens.
 *   `SLK_E_LATE`: the request was given up meanwhile; the answer counts for nothing.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: the answer makes no sense or does not fit the request; the request is
 *   over and has failed.
 * The handle is used up in each case.
 * Thread: any, also inside the callback. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_request_complete_found(slk_request request, const void *value,
        size_t value_length, const void *version, size_t version_length);

/**
 * Completes a get: nothing is stored under the key.
 *
 * Parameters: `request`: as the callback got it.
 * Returns: as `slk_request_complete_found`.
 * Thread: any, also inside the callback. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_request_complete_missing(slk_request request);

/**
 * Completes a put: the value is written and durable. The version is copied before the call returns.
 *
 * Parameters:
 *   `request`: as the callback got it.
 *   `version`: the token of the new state. It must never have been given for this key before.
 *   `version_length`: its length, 1 to `SLK_MAX_VERSION_BYTES`.
 * Returns: as `slk_request_complete_found`.
 * Thread: any, also inside the callback. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_request_complete_written(slk_request request, const void *version,
        size_t version_length);

/**
 * Completes a remove: the key is gone, durably.
 *
 * Parameters: `request`: as the callback got it.
 * Returns: as `slk_request_complete_found`.
 * Thread: any, also inside the callback. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_request_complete_removed(slk_request request);

/**
 * Completes a put or a remove: the key was not as expected, and nothing was changed.
 *
 * Parameters: `request`: as the callback got it.
 * Returns: as `slk_request_complete_found`.
 * Thread: any, also inside the callback. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_request_complete_conflict(slk_request request);

/**
 * Completes a list: these are the next keys. The names are copied before the call returns.
 *
 * Parameters:
 *   `request`: as the callback got it.
 *   `names`: the names, UTF-8, each up to `SLK_MAX_KEY_BYTES`; each greater than the one before by the order of their
 *   bytes, and the first greater than the request's key. May be NULL if `count` is 0.
 *   `count`: their number, at most the request's `limit`; 0 only if no key is left.
 *   `more`: 1 if there are more behind the last name, else 0.
 * Returns: as `slk_request_complete_found`, and `SLK_E_INVALID_UTF8`.
 * Thread: any, also inside the callback. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_request_complete_keys(slk_request request, const char *const *names, size_t count,
        int32_t more);

/**
 * Completes any request: it failed.
 *
 * Parameters:
 *   `request`: as the callback got it.
 *   `result`: what became of it:
 *     `SLK_E_NOT_APPLIED`: surely not carried out, and will not be; the store is in trouble. It is tried again.
 *     `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`, `SLK_E_UNSUPPORTED`: surely not carried out, because this request
 *     cannot be: too large, a key that the store cannot hold, no permission.
 *     `SLK_E_UNKNOWN_OUTCOME`: it may have been carried out, or may yet be: the connection broke, no answer in time.
 *     Anything else counts as `SLK_E_UNKNOWN_OUTCOME`.
 *   `text`: what happened, in the store's own words, up to `SLK_MAX_TEXT_BYTES` and a NUL; it ends up in events and in
 *   the log. May be NULL.
 * Returns: as `slk_request_complete_found`; `SLK_E_INVALID_ARGUMENT` for another `result` than these.
 * Thread: any, also inside the callback. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_request_complete_failed(slk_request request, slk_result result, const char *text);

/**
 * Gives a request up without an answer: its outcome counts as unknown.
 *
 * Parameters: `request`: as the callback got it.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE` if it was completed or abandoned before, or is none.
 * Thread: any, also inside a callback. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_request_abandon(slk_request request);

/* ---- Stores ---- */

/**
 * Opens a store in the memory of this process, for tests. Engines of one process can share it; it ends with its last
 * user.
 *
 * Parameters: `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL.
 * Thread: any. Blocks: no. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_open_memory(slk_store *store);

/**
 * Ends the host's use of a store: the handle dies. The store itself lives until the last engine that uses it is gone.
 *
 * Parameters: `store`: a store, or the null handle, which does nothing.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_REENTRANT` inside a callback.
 * Thread: any. Blocks: if no engine uses the store, until the requests that its threads are carrying out are done.
 * Since 0.1.
 */
SLK_API slk_result slk_store_destroy(slk_store store);

/**
 * Tells that somebody may have written under a key of a store, for stores that can push: whoever in this process waits for
 * the key or holds it looks at it in its next update, instead of in its own time. It is a hint; nothing depends on it.
 *
 * Parameters:
 *   `store`: the store.
 *   `key_kind`: `SLK_KEY_RECORD` or `SLK_KEY_SERVER`.
 *   `spec`: the name of the record's spec; NULL or empty for a server record.
 *   `key`: the record's key, or the server's id.
 * Returns:
 *   `SLK_OK`: passed on, also if nobody is interested.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the key.
 *   `SLK_E_INVALID_HANDLE`: no living store.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_store_notify(slk_store store, int32_t key_kind, const char *spec, const char *key);

/* ---- The embedded store ---- */

/** A write counts as done when it is on the disk. Survives a power failure. */
#define SLK_SQLITE_FULL 0

/**
 * A write counts as done when the system has it. Survives the death of the process; a power failure may take the last
 * writes.
 */
#define SLK_SQLITE_NORMAL 1
/** A missing or empty file is an error, instead of being made. */
#define SLK_SQLITE_MUST_EXIST 1
/** Move the whole log into the database file when the store is closed, also while other processes use it. */
#define SLK_SQLITE_CHECKPOINT_AT_CLOSE 2

/** How to open a SQLite database. Begin with `SLK_SQLITE_OPTIONS_INIT`. */
typedef struct slk_sqlite_options {
    /** The size of this struct, set by `SLK_SQLITE_OPTIONS_INIT`. */
    uint32_t struct_size;
    /** `SLK_SQLITE_FULL` or `SLK_SQLITE_NORMAL`. */
    int32_t durability;
    /** Any of `SLK_SQLITE_MUST_EXIST` and `SLK_SQLITE_CHECKPOINT_AT_CLOSE`, added. */
    uint32_t flags;
    /** How long a request waits for the lock of another process, up to an hour. 0: 5,000. */
    uint32_t busy_timeout_ms;
    /** Threads and connections for reads. 0: 2. */
    uint32_t read_threads;
    /** The most writes in one transaction. 0: 256. */
    uint32_t batch;
} slk_sqlite_options;

/**
 * Opens a SQLite database as a store, or makes it: the embedded store, for one machine.
 *
 * Any number of processes of one machine may use the file, and several engines of one process. It may be neither moved,
 * replaced nor removed while it is open.
 *
 * Parameters:
 *   `path`: the file, UTF-8, up to `SLK_MAX_TEXT_BYTES`.
 *   `options`: how to open it; NULL for the defaults.
 *   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: open.
 *   `SLK_E_NOT_A_DATABASE`: the file is something else, or another program's database. It is left as it was.
 *   `SLK_E_UNSUPPORTED`: it is of a newer version, its filesystem cannot do it, or this build has no SQLite.
 *   `SLK_E_STORE`: all else that goes wrong with files; the text says what.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments.
 * Thread: any. Blocks: while the file is opened. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_open_sqlite(const char *path, const slk_sqlite_options *options,
        slk_store *store);

/**
 * Fills the struct with defaults, as `SLK_SQLITE_OPTIONS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `options`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_sqlite_options_init(slk_sqlite_options *options, size_t size);

/* ---- The store in a PostgreSQL server ---- */

/** Talk to the server through TLS only, and only if its certificate is trusted and of its name. */
#define SLK_POSTGRES_REQUIRE_TLS 1
/** Refuse a server that does not replicate synchronously: a failover could lose saves that were reported. */
#define SLK_POSTGRES_REQUIRE_SYNCHRONOUS 2

/** How to use a PostgreSQL server. Begin with `SLK_POSTGRES_OPTIONS_INIT`. */
typedef struct slk_postgres_options {
    /** The size of this struct, set by `SLK_POSTGRES_OPTIONS_INIT`. */
    uint32_t struct_size;
    /** Any of `SLK_POSTGRES_REQUIRE_TLS` and `SLK_POSTGRES_REQUIRE_SYNCHRONOUS`, added. */
    uint32_t flags;
    /** Connections to each database, up to 128. With more than one, half of them are for reads alone. 0: 4. */
    uint32_t connections;
    /** The most writes in one transaction. 0: 256. */
    uint32_t batch;
    /** How long each server of a URL is given to let this one in, up to an hour. 0: 5,000. */
    uint32_t connect_timeout_ms;
    /**
     * How long a batch of requests may take before its connection is given up and its writes are of unknown outcome, up
     * to an hour. The server gives up a statement after the same time, and a row that another transaction holds after
     * a quarter of it. 0: 8,000.
     */
    uint32_t request_timeout_ms;
} slk_postgres_options;

/**
 * Opens the store in a PostgreSQL database, for servers on many machines. Its tables must be there: see
 * `slk_postgres_create_tables`.
 *
 * The URL is `postgresql://user:password@host:port/database?options`, as libpq has it. It may name several hosts, of which
 * one at a time takes writes: a primary and its standbys. Several URLs, with spaces between them, are several primaries
 * over which the keys are spread; all servers of a game give the same ones in the same order. The password is in no text
 * of this library.
 *
 * Parameters:
 *   `url`: where the database is, UTF-8, up to `SLK_MAX_TEXT_BYTES`.
 *   `options`: how to use it; NULL for the defaults.
 *   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: open. That a server does not replicate synchronously is a warning in the log of each engine that uses it.
 *   `SLK_E_NOT_A_DATABASE`: there are no tables of this library.
 *   `SLK_E_UNSUPPORTED`: the tables are of a newer version, the server does not replicate synchronously although that is
 *     required, or this build has no PostgreSQL: it needs the feature `postgres`.
 *   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments.
 * Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_open_postgres(const char *url, const slk_postgres_options *options,
        slk_store *store);

/**
 * Makes the tables of the store in the PostgreSQL database of a URL, or in those of several, where they are not there yet.
 * What is there is left as it is. The user needs the right to create tables; to use them it needs SELECT, INSERT, UPDATE
 * and DELETE.
 *
 * Parameters: as `slk_store_open_postgres`.
 * Returns:
 *   `SLK_OK`: they are there.
 *   `SLK_E_UNSUPPORTED`: there are tables of a newer version, or this build has no PostgreSQL: it needs the feature
 *     `postgres`.
 *   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments;
 *     `SLK_E_INVALID_ARGUMENT` also where tables were made for other URLs, or in another order.
 * Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_postgres_create_tables(const char *url, const slk_postgres_options *options);

/**
 * Fills the struct with defaults, as `SLK_POSTGRES_OPTIONS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `options`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_postgres_options_init(slk_postgres_options *options, size_t size);

/* ---- The store in a Redis or Valkey server ---- */

/** Refuse URLs without TLS. With TLS the certificate must always be trusted and of the server's name. */
#define SLK_REDIS_REQUIRE_TLS 1
/** Refuse a server that can lose a save that was reported, as far as it tells how it is set up. */
#define SLK_REDIS_REQUIRE_DURABLE 2

/** How to use a Redis or Valkey server. Begin with `SLK_REDIS_OPTIONS_INIT`. */
typedef struct slk_redis_options {
    /** The size of this struct, set by `SLK_REDIS_OPTIONS_INIT`. */
    uint32_t struct_size;
    /** Any of `SLK_REDIS_REQUIRE_TLS` and `SLK_REDIS_REQUIRE_DURABLE`, added. */
    uint32_t flags;
    /**
     * Connections to each server, or to each node of a cluster, up to 128. With more than one, half of them are for reads
     * alone. 0: 4.
     */
    uint32_t connections;
    /** The most writes in one round trip. 0: 256. */
    uint32_t batch;
    /** How long each server of a URL is given to let this one in, up to an hour. 0: 5,000. */
    uint32_t connect_timeout_ms;
    /**
     * How long a batch of requests may take before its connection is given up and its writes are of unknown outcome, up
     * to an hour. 0: 8,000.
     */
    uint32_t request_timeout_ms;
    /**
     * A write is answered as done only when so many replicas have it, up to 100; otherwise its outcome is unknown. 0: it
     * waits for none.
     */
    uint32_t wait_replicas;
    /** How long they are waited for, less than `request_timeout_ms`. 0: 1,000. */
    uint32_t wait_ms;
} slk_redis_options;

/**
 * Opens the store in a Redis or Valkey server, or in a cluster of them, for servers on many machines. What such a server may
 * lose depends on how it is set up; docs/stores.md says how. Its layout must be there: see `slk_redis_create_layout`.
 *
 * The URL is `redis://user:password@host:port/database`, with `rediss` for TLS, or `redis+unix:///path/of/socket?db=database`;
 * `valkey` may stand for `redis`. It may name several hosts, separated by commas, of which one at a time takes writes: a
 * primary and its replicas; or some of the nodes of a cluster, which needs no other word. Several URLs, with spaces between
 * them, are several servers over which the keys are spread; all servers of a game give the same ones in the same order. A file
 * of certificates to trust instead of the system's is named by `?sslrootcert=`. The password is in no text of this library.
 *
 * Parameters:
 *   `url`: where the server is, UTF-8, up to `SLK_MAX_TEXT_BYTES`.
 *   `options`: how to use it; NULL for the defaults.
 *   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: open. What a server can lose is a warning in the log of each engine that uses it.
 *   `SLK_E_NOT_A_DATABASE`: there is no layout of this library: nothing was made there yet, or the server has lost it.
 *   `SLK_E_UNSUPPORTED`: the layout is of a newer version, the server can lose saves although that is to be refused, or this
 *     build has no Redis: it needs the feature `redis`.
 *   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments.
 * Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_open_redis(const char *url, const slk_redis_options *options,
        slk_store *store);

/**
 * Makes the layout of the store on the server of a URL, or on those of several, where it is not there yet. What is there is
 * left as it is. To be called once, when a game is set up, and not by each game server: a server that has lost its data is
 * told from a new one by it.
 *
 * Parameters: as `slk_store_open_redis`.
 * Returns:
 *   `SLK_OK`: it is there.
 *   `SLK_E_UNSUPPORTED`: there is a layout of a newer version, or this build has no Redis: it needs the feature `redis`.
 *   `SLK_E_STORE`: all else that goes wrong with servers; the text says what.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the arguments;
 *     `SLK_E_INVALID_ARGUMENT` also where a layout was made for other URLs, or in another order.
 * Thread: any. Blocks: until the servers have answered, or the time-outs are over. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_redis_create_layout(const char *url, const slk_redis_options *options);

/**
 * Fills the struct with defaults, as `SLK_REDIS_OPTIONS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `options`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_redis_options_init(slk_redis_options *options, size_t size);

/* ---- Stores of your own ---- */

/**
 * The callbacks start the work and return at once; `slk_request_complete_*` is called when it is done. They are called
 * inside update, on its thread.
 */
#define SLK_STORE_ASYNCHRONOUS 0

/**
 * The callbacks do the work, and call `slk_request_complete_*` before they return. They are called on a thread of the
 * library, one call at a time.
 */
#define SLK_STORE_BLOCKING 1
/** As `SLK_STORE_BLOCKING`, but on several threads at once; never two calls for one key at once. */
#define SLK_STORE_BLOCKING_CONCURRENT 2
/** The most threads of a store. */
#define SLK_MAX_STORE_THREADS 256

/** Carries out, or starts, one request; see `slk_store_callbacks` for when and on which thread. */
typedef void (*slk_store_call)(void *user_data, slk_request request, const slk_request_view *view);

/** Asks for a request to be cancelled: nobody waits for its answer any longer. */
typedef void (*slk_store_cancel)(void *user_data, slk_request request);

/**
 * A store of yours. Begin with `SLK_STORE_CALLBACKS_INIT`.
 *
 * What the callbacks promise: put and remove compare and write in one step; what was answered as written stays; a get
 * gives the latest state, not that of a replica or cache; a version is never given for another state of the same key.
 * Each request is answered once by `slk_request_complete_*`, or given up by `slk_request_abandon`. A C++ exception or a
 * `longjmp` must not leave a callback.
 *
 * Inside a callback every function may be called, except those that return `SLK_E_REENTRANT`: update, next_event,
 * dispatch, shutdown, and destroying an engine, a spec or a store.
 */
typedef struct slk_store_callbacks {
    /** The size of this struct, set by `SLK_STORE_CALLBACKS_INIT`. */
    uint32_t struct_size;
    /** `SLK_STORE_ASYNCHRONOUS`, `SLK_STORE_BLOCKING` or `SLK_STORE_BLOCKING_CONCURRENT`. */
    int32_t mode;
    /** What the store is called in errors and in the log; copied. NULL: "callbacks". */
    const char *name;
    /** Given to each callback. */
    void *user_data;
    /** Reads: answer found, missing or failed. Required. */
    slk_store_call get;
    /** Writes: answer written, conflict or failed. Required. */
    slk_store_call put;
    /** Removes: answer removed, conflict or failed. Required. */
    slk_store_call remove;
    /**
     * Asynchronous stores only: a request timed out, or its engine is gone. The request still has to be completed or
     * abandoned, which may be done inside this callback. Called inside update or engine destroy. May be NULL.
     */
    slk_store_cancel cancel;
    /**
     * Called exactly once, when no request is left, no engine uses the store and `slk_store_destroy` was called; no
     * callback follows. Called on the thread that ended the last of these. May be NULL.
     */
    slk_destroy destroy;
    /** The largest value that the store takes, in bytes. 0, and more than that: `SLK_MAX_DATA_BYTES`. */
    uint64_t max_value_bytes;
    /** The longest key that the store takes, in bytes. 0: `SLK_MAX_KEY_BYTES`. */
    uint32_t max_key_bytes;
    /** For `SLK_STORE_BLOCKING_CONCURRENT`: how many threads, up to `SLK_MAX_STORE_THREADS`. 0: 4. */
    uint32_t threads;
    /** Lists keys: answer keys or failed. May be NULL: then the store is never asked for a list. */
    slk_store_call list;
} slk_store_callbacks;

/**
 * Makes a store of callbacks of yours.
 *
 * Parameters:
 *   `callbacks`: what to call; copied.
 *   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: made; `destroy(user_data)` will be called once.
 *   `SLK_E_INVALID_ARGUMENT`: NULL, a callback that is required is missing, an unknown mode, too many threads.
 *   `SLK_E_STRUCT_SIZE`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the struct and of the name.
 *   `SLK_E_STORE`: the system gives no thread.
 * On failure `user_data` stays yours and `destroy` is not called.
 * Thread: any. Blocks: no. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_create(const slk_store_callbacks *callbacks, slk_store *store);

/**
 * Fills the struct with defaults, as `SLK_STORE_CALLBACKS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `callbacks`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_store_callbacks_init(slk_store_callbacks *callbacks, size_t size);

/* ---- Stores for tests, and the check of stores ---- */

/** Reads go well. */
#define SLK_FAULTS_SPARE_READS 1
/** Writes go well. */
#define SLK_FAULTS_SPARE_WRITES 2
/** Server records are read and written well: the servers look alive, only the game's records meet trouble. */
#define SLK_FAULTS_SPARE_SERVERS 4
/** Rates of faults are parts of this. */
#define SLK_FAULTS_ALWAYS 10000

/**
 * Faults of a store that fails on purpose. Each rate is in parts of `SLK_FAULTS_ALWAYS`. A request meets one fault at
 * most, so all rates together are at most that. Begin with `SLK_FAULT_OPTIONS_INIT`.
 *
 * Time is counted in steps: each request that comes in is one.
 */
typedef struct slk_fault_options {
    /** The size of this struct, set by `SLK_FAULT_OPTIONS_INIT`. */
    uint32_t struct_size;
    /** Any of `SLK_FAULTS_SPARE_`, added. */
    uint32_t flags;
    /**
     * Decides everything: the same seed and the same requests give the same faults. Of no meaning when faults are
     * changed.
     */
    uint64_t seed;
    /** Not carried out, and the answer says so. */
    uint32_t refused;
    /** Carried out, but the answer says that the outcome is unknown. */
    uint32_t unknown;
    /** Never arrives, and no answer comes until the request is given up. */
    uint32_t request_lost;
    /** Carried out, but no answer comes until the request is given up. */
    uint32_t reply_lost;
    /** Carried out at once; the answer comes 1 to `longest` steps later, so that others overtake it. */
    uint32_t delayed;
    /** Writes alone: the outcome is unknown, and the write is carried out 1 to `longest` steps later. */
    uint32_t late;
    /** Writes alone: not carried out, and answered with a conflict that is none. */
    uint32_t conflict;
    /** The longest that anything is held back, in steps, up to 1,000,000. 0: 8. */
    uint32_t longest;
} slk_fault_options;

/** What a store that fails on purpose has done. */
typedef struct slk_fault_counts {
    /** All requests that came in. */
    uint64_t requests;
    /** Those that were refused. */
    uint64_t refused;
    /** Those that were carried out with an unknown outcome. */
    uint64_t unknown;
    /** Those that never arrived. */
    uint64_t requests_lost;
    /** Those whose answers never came. */
    uint64_t replies_lost;
    /** Those whose answers were held back. */
    uint64_t delayed;
    /** Writes that were carried out late. */
    uint64_t late;
    /** Conflicts that were none. */
    uint64_t conflicts;
    /** Answers and late writes that are held back just now. */
    uint64_t held;
} slk_fault_counts;

/**
 * Opens a store that fails on purpose, in front of another one. For tests of how the game lives with trouble.
 *
 * Parameters:
 *   `inner`: the store behind it. Its handle may be destroyed; the store lives as long as this one.
 *   `options`: the faults; NULL: none for now.
 *   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: opened.
 *   `SLK_E_INVALID_ARGUMENT`: NULL, unknown flags, or rates that are more than `SLK_FAULTS_ALWAYS` together.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_STRUCT_SIZE`: no living store; a struct of no known size.
 * Thread: any. Blocks: no. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_open_faulty(slk_store inner, const slk_fault_options *options,
        slk_store *store);

/**
 * Changes the faults of a store from the next request on, or switches them off.
 *
 * Parameters:
 *   `store`: a store of `slk_store_open_faulty`.
 *   `options`: the faults from now on; what is held back stays so. NULL: none from now on, and what is held back comes
 *   out at once, late writes included. Answers that were lost stay lost until their requests are given up.
 * Returns: `SLK_OK`; `SLK_E_UNSUPPORTED` for another store; else as `slk_store_open_faulty`.
 * Thread: any. Blocks: no. Since 0.1.
 */
SLK_API slk_result slk_store_set_faults(slk_store store, const slk_fault_options *options);

/**
 * What a store that fails on purpose has done so far.
 *
 * Parameters:
 *   `store`: a store of `slk_store_open_faulty`.
 *   `counts`: receives the counts.
 *   `size`: the size of `counts`: `sizeof *counts`.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_UNSUPPORTED` for another store; `SLK_E_INVALID_ARGUMENT` for NULL;
 * `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_store_fault_counts(slk_store store, slk_fault_counts *counts, size_t size);

/**
 * Fills the struct with defaults, as `SLK_FAULT_OPTIONS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `options`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_fault_options_init(slk_fault_options *options, size_t size);

/**
 * Opens a store that reads from another one and never writes to it: all that is written, server records included, stays
 * in this process and ends with this store. For trying things out on real data.
 *
 * A key comes from the inner store, as it is there at that time, until it is written here; from then on what is here
 * counts, whatever happens to it in the inner store. A record that a living server holds in the inner store stays locked.
 *
 * Parameters:
 *   `inner`: the store to read from. Its handle may be destroyed; the store lives as long as this one.
 *   `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_INVALID_HANDLE`; `SLK_E_UNSUPPORTED` if the system gives no
 * random numbers.
 * Thread: any. Blocks: no. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_open_read_only(slk_store inner, slk_store *store);

/**
 * Puts a value under a record's key, whatever is there: test data in place of stored ones. For memory stores, read-only
 * stores, and stores that fail on purpose in front of these; without faults. A session that holds the record is not asked.
 *
 * Parameters:
 *   `store`: the store.
 *   `spec`, `key`: the name of the record's spec, and the record's key.
 *   `bytes`, `length`: the value as it is to be stored; copied.
 * Returns:
 *   `SLK_OK`: it is there.
 *   `SLK_E_UNSUPPORTED`: the store is not for tests.
 *   `SLK_E_INVALID_HANDLE`: no living store.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
 * Thread: any. Blocks: no. Since 0.1.
 */
SLK_API slk_result slk_store_set_value(slk_store store, const char *spec, const char *key, const void *bytes,
        size_t length);

/**
 * Copies out what is stored under a record's key, byte for byte: for tests that look at what was written. A store that
 * fails on purpose does not fail here.
 *
 * Parameters:
 *   `store`: the store. It must answer by itself: not one of yours that answers only while this thread does something
 *   else.
 *   `spec`, `key`: the name of the record's spec, and the record's key.
 *   `buffer`, `capacity`: receive the bytes, without a NUL; NULL and 0 to ask for the length alone.
 *   `needed`: receives the length; may be NULL.
 * Returns:
 *   `SLK_OK`: copied.
 *   `SLK_EMPTY`: nothing is stored.
 *   `SLK_E_BUFFER_TOO_SMALL`: nothing was copied; `needed` says how much it is.
 *   `SLK_E_STORE`: the store failed, or has not answered within 10 s.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
 * Thread: any. Blocks: until the store has answered. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_get_value(slk_store store, const char *spec, const char *key, void *buffer,
        size_t capacity, size_t *needed);

/**
 * Finds out which of its promises a store breaks: for the tests of a store of your own. It writes records of a spec with a
 * name of its own, and server records, and removes them at the end; the largest value that the store declares is among
 * them.
 *
 * Parameters:
 *   `store`: the store. It must answer by itself: inside its callbacks, or from threads of its own.
 *   `timeout_ms`: how long one request may take. 0: 10,000.
 *   `report`: receives a line for each promise that is broken, `promise: what was seen`, and a NUL; cut if it does not
 *   fit. May be NULL if `capacity` is 0.
 *   `capacity`: the size of `report` in bytes.
 *   `needed`: receives the length of the report without the NUL; may be NULL.
 * Returns:
 *   `SLK_OK`: nothing was found; the report is empty.
 *   `SLK_E_BROKEN_STORE`: promises are broken; the report says which.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_UNSUPPORTED`: no living store; `report` is NULL; the system
 *   gives no random numbers.
 * Thread: any. Blocks: until all is tried. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_store_check(slk_store store, uint32_t timeout_ms, char *report, size_t capacity,
        size_t *needed);

/* ---- Engines ---- */

/**
 * The host vouches that no process that used this server id before is alive: its sessions are free at once, instead of
 * after one lease.
 */
#define SLK_ENGINE_PREDECESSOR_GONE 1

/** How an engine is set up. Begin with `SLK_ENGINE_OPTIONS_INIT`. */
typedef struct slk_engine_options {
    /** The size of this struct, set by `SLK_ENGINE_OPTIONS_INIT`. */
    uint32_t struct_size;
    /** `SLK_ABI_VERSION` of the header, set by `SLK_ENGINE_OPTIONS_INIT`. */
    uint32_t abi_version;
    /** This server's id, unique among living servers, 1 to `SLK_MAX_NAME_BYTES`; copied. NULL: a random one. */
    const char *server_id;
    /** How long others must see no sign of life before they may declare this server dead: 500 to 3,600,000. 0: 60,000. */
    uint32_t lease_ms;
    /** The time between two signs of life, at most a third of the lease. 0: a twelfth of the lease. */
    uint32_t beat_interval_ms;
    /** After this time without an answer from the store, the outcome of a request counts as unknown. 0: 30,000. */
    uint32_t request_timeout_ms;
    /** How many requests a store gets at once. 0: 64, and up to four batches if the store has batches and answers soon. */
    uint32_t max_requests_in_flight;
    /** `SLK_ENGINE_PREDECESSOR_GONE` or 0. */
    uint32_t flags;
    /** The least important level that `log` and `log_record` get: `SLK_LOG_ERROR` to `SLK_LOG_DEBUG`. 0: none. */
    int32_t log_level;
    /** The steady clock; NULL: the system's. A clock of your own lets a test run an hour in a millisecond. */
    slk_clock clock;
    /** The wall clock; NULL: the system's. */
    slk_wall_clock wall_clock;
    /** Takes messages; NULL: nobody does. The library prints nothing by itself. */
    slk_log log;
    /** Given to `clock`, `wall_clock`, `log`, `log_record` and `destroy`. */
    void *user_data;
    /** Called exactly once, when the engine is gone; none of the callbacks above follows. May be NULL. */
    slk_destroy destroy;
    /**
     * How many requests each store gets in a second, with bursts of one second's worth; what would be lost first goes
     * first. Signs of life are never held back, but count: at least 4 requests must fit into `beat_interval_ms`.
     * 0: no limit.
     */
    uint32_t max_requests_per_second;
    /**
     * 1: players' keys and the ids of purchases stand in the log as short digests with a secret of this engine. Events and
     * error texts have them all the same. 0: they stand there as they are.
     */
    int32_t mask_ids;
    /** Takes messages with their fields, beside `log` or instead of it; NULL: nobody does. */
    slk_log_structured log_record;
    /** For tests that are to run the same way each time: decides the jitter of waits and periods. 0: random. */
    uint64_t seed;
} slk_engine_options;

/**
 * Makes an engine: one game server with its lockers, its clock and its event queue. A process may have several.
 *
 * Parameters:
 *   `options`: how to set it up; copied.
 *   `engine`: receives the handle, to be ended by `slk_engine_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: made.
 *   `SLK_E_ABI`: the header does not fit the library.
 *   `SLK_E_INVALID_ARGUMENT`: NULL, or an option outside its range; the text says which.
 *   `SLK_E_STRUCT_SIZE`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the struct and of the server id.
 *   `SLK_E_UNSUPPORTED`: the system gives no random numbers.
 * On failure `user_data` stays yours and `destroy` is not called.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_create(const slk_engine_options *options, slk_engine *engine);

/**
 * Fills the struct with defaults, as `SLK_ENGINE_OPTIONS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `options`: the struct; `size`: its size; `abi_version`: `SLK_ABI_VERSION` of the header that the caller
 * was made from.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_engine_options_init(slk_engine_options *options, size_t size, uint32_t abi_version);

/**
 * Ends an engine at once, and all that it made: handles of its specs and lockers die, nothing of it is called any more.
 * What is not saved is not saved, and its sessions stay locked until the lease is over: use `slk_engine_begin_shutdown`
 * or `slk_engine_shutdown` before.
 *
 * Requests that asynchronous stores have not answered stay valid until they are completed or abandoned; `cancel` asks
 * for that.
 *
 * Parameters: `engine`: an engine, or the null handle, which does nothing.
 * Returns:
 *   `SLK_OK`: ended, or null.
 *   `SLK_E_INVALID_HANDLE`: no living engine.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
 * Thread: any. Blocks: where the engine was the last user of a store, until the store's threads have done the requests
 * that they were given; a blocking callback that never returns makes it wait for ever. Since 0.1.
 */
SLK_API slk_result slk_engine_destroy(slk_engine engine);

/**
 * Does what is due: takes what the stores answered, sends signs of life, loads, saves and releases, calls callbacks,
 * makes events. Never waits; what it costs follows what is due, not how many lockers there are.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `budget_us`: stop after this many microseconds of the system's time; at least one step is done. 0: no limit.
 * Returns:
 *   `SLK_OK`: done, or as much as the budget allowed.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
 * The views of the last event end.
 * Thread: one at a time. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_update(slk_engine engine, uint32_t budget_us);

/**
 * Counts the purchases and uses of credit of all lockers that are not answered yet: at zero a shutdown interrupts none.
 * One that is interrupted is answered `SLK_NOT_PROCESSED`, and has no effect until the platform sends it again.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `count`: receives how many.
 * Returns:
 *   `SLK_OK`: counted.
 *   `SLK_E_INVALID_ARGUMENT`: `count` is NULL.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_purchases_in_progress(slk_engine engine, uint64_t *count);

/**
 * Begins to save and release everything, what would be lost first. Go on updating and reading events until
 * `SLK_EVENT_SHUTDOWN_DONE`. Lockers cannot be created or marked as wanted any more. Calling it again can only bring the
 * deadline nearer.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `deadline_ms`: after this time it is over at the latest; each locker that did not make it has an event of its own.
 * Returns:
 *   `SLK_OK`: begun.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_begin_shutdown(slk_engine engine, uint32_t deadline_ms);

/**
 * Saves and releases everything, updating by itself until that is done or the deadline is over. The events stay in the
 * queue. For programs whose store does not need the calling thread; else use `slk_engine_begin_shutdown`.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `deadline_ms`: return after this time at the latest.
 * Returns:
 *   `SLK_OK`: everything was saved and released.
 *   `SLK_PENDING`: the deadline is over, and something was left behind.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
 * Thread: one at a time. Blocks: up to `deadline_ms`. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_shutdown(slk_engine engine, uint32_t deadline_ms);

/**
 * Counts what the game has asked for on records that are not held, and what has not been answered yet: changes that it
 * sent, updates, looks and erasing. A shutdown waits for them until its deadline.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `count`: receives their number.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was
 * caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_visits_in_progress(slk_engine engine, uint64_t *count);

/* ---- Events ---- */

/** A locker's record is loaded and held: `epoch`. The player may be let in. */
#define SLK_EVENT_LOADED 1

/**
 * Loading takes a new turn: `detail` is one of `SLK_LOAD_`, `text`; for `SLK_LOAD_LOCKED_ELSEWHERE` `name` is the other
 * server, `since_ms` since when by its clock, and `flags` may have `SLK_EVENT_REFUSED`; for `SLK_LOAD_UNKNOWN_VERSION`
 * `count` is the least schema version that a server must know, or 0; for `SLK_LOAD_STORE_FAILURE` `cause`.
 */
#define SLK_EVENT_LOAD_STATUS 2
/** A locker was saved and let go: `detail` is one of `SLK_RELEASE_`, all changes up to `change` are saved. */
#define SLK_EVENT_RELEASED 3

/**
 * A session is over, and not by our release: `detail` is one of `SLK_LOSS_`, `document` has the data as they were here
 * and is yours to destroy, changes up to `change` are saved, of those after it up to `unknown_change` it cannot be known,
 * later ones are lost; `text`. The player must be kicked.
 */
#define SLK_EVENT_LOST 4
/** All changes up to `change` are saved. */
#define SLK_EVENT_SAVED 5
/** The answer to `slk_locker_await_change`: `change`, `tag`, `result` is `SLK_SAVED`, `SLK_LOST` or `SLK_UNKNOWN`. */
#define SLK_EVENT_CHANGE_SETTLED 6
/** A save did not succeed and is tried again: `text`, `cause`. */
#define SLK_EVENT_SAVE_TROUBLE 7
/** Another server, `name`, asks for the record: answer with `slk_locker_answer_handover`, or let the spec's mode decide. */
#define SLK_EVENT_HANDOVER_REQUESTED 8

/**
 * Sessions are available again after they had been in doubt: one locker's, `epoch`, or, where `locker` is null, all of
 * the store `name`.
 */
#define SLK_EVENT_AVAILABLE 9

/**
 * A receipt was dealt with: `name` is the purchase's id, `tag`, `result` is `SLK_GRANTED`, `SLK_CREDITED`, `SLK_PENDING`,
 * `SLK_PARKED`, `SLK_REJECTED`, `SLK_REVOKED` or `SLK_NOT_PROCESSED`, `flags` may have `SLK_EVENT_DUPLICATE` or
 * `SLK_EVENT_TAKEN_UP`, `text`. Only now may the platform be answered; all but `SLK_NOT_PROCESSED` are durable.
 */
#define SLK_EVENT_RECEIPT 10

/**
 * A use of credit was dealt with: `name` is the product, `tag`, `result` is `SLK_OK`, `SLK_EMPTY` (no credit),
 * `SLK_NOT_APPLICABLE` or `SLK_NOT_PROCESSED`, `text`.
 */
#define SLK_EVENT_CREDIT_USED 11
/** A callback of yours failed, and its edits were dropped: `text`. */
#define SLK_EVENT_CALLBACK_FAILED 12
/** Of a locker nothing is held, wanted or under way any more. */
#define SLK_EVENT_IDLE 13
/** A locker did not make it before the deadline of the shutdown: `flags` may have `SLK_EVENT_DIRTY`. */
#define SLK_EVENT_LEFT_BEHIND 14

/**
 * The player's credit for a product is another one from now on: `name` is the product, `amount` the credit, below zero
 * for a debt. As `slk_locker_credit` reads it: whether the change is saved is told by what made it.
 */
#define SLK_EVENT_CREDIT_CHANGED 16
/** No sign of life was taken by the store `name` in time: none of its lockers is available until one is. */
#define SLK_EVENT_SUSPECT 20
/** This server was declared dead on the store `name`; it registers again and confirms each session. */
#define SLK_EVENT_ENDED 21
/** Another living process uses this server id on the store `name`; it is waited for. */
#define SLK_EVENT_SERVER_ID_IN_USE 22
/** Another living process has taken over this server id on the store `name`: no session there is available ever again. */
#define SLK_EVENT_SUPERSEDED 23
/** The store `name` does not take signs of life: `text`, `cause`. */
#define SLK_EVENT_STORE_TROUBLE 24
/** The shutdown is over: `count` lockers were left behind, each with an event of its own before. */
#define SLK_EVENT_SHUTDOWN_DONE 25
/** A save is being sent: `detail` is one of `SLK_SAVE_`. */
#define SLK_EVENT_SAVING 15

/**
 * A change that somebody sent has taken effect and is saved: `name` is its kind, `text` who sent it, `change` what it
 * became here.
 */
#define SLK_EVENT_CHANGE_APPLIED 17
/** The last living handle of the locker was marked as deleted. */
#define SLK_EVENT_DELETED 19

/**
 * The answer to `slk_spec_send_change`: `spec`, `key`, `tag`, `text`, `result` is `SLK_OK` (it is in the record),
 * `SLK_EMPTY` (no record), `SLK_E_FULL` (the inbox), `SLK_LOST` (never written) or `SLK_UNKNOWN`. Also without a `tag`,
 * for a change of some record's outbox of which it cannot be known whether it arrived.
 */
#define SLK_EVENT_CHANGE_SENT 26

/**
 * The answer to `slk_spec_update_record`: `spec`, `key`, `tag`, `text`, `result` is `SLK_SAVED`, `SLK_LOCKED_ELSEWHERE`
 * (`name` is the server), `SLK_E_CALLBACK` (refused), `SLK_LOST` (never written) or `SLK_UNKNOWN`.
 */
#define SLK_EVENT_RECORD_UPDATED 27

/**
 * The answer to `slk_spec_view_record`: `spec`, `key`, `tag`, `result` is `SLK_OK`, `SLK_EMPTY` (no record),
 * `SLK_UNREADABLE` or `SLK_E_STORE`, `text`. For `SLK_OK`: `document` has the data and is yours to destroy, `name` is the
 * server that holds it or empty, `since_ms` since when, `epoch`, `count` the stored schema version.
 */
#define SLK_EVENT_RECORD_VIEWED 28

/**
 * The answer to `slk_spec_erase_record`: `spec`, `key`, `tag`, `result` is `SLK_OK`, `SLK_EMPTY` (no record),
 * `SLK_LOCKED_ELSEWHERE` (`name` is the server, which may be this one), `SLK_UNREADABLE` or `SLK_E_STORE`, `text`.
 */
#define SLK_EVENT_RECORD_ERASED 29

/**
 * A record that is about the person whom `slk_spec_export_user` asked for: `spec`, `key`, `tag`, and `document`, which is
 * yours to destroy: an object with the members `key`, `data` (or `bytes` in base64), `users`, `purchases`, `credit`,
 * `schema`, `created_ms` and `saved_ms`.
 */
#define SLK_EVENT_RECORD_EXPORTED 30

/**
 * `slk_spec_export_user` or `slk_spec_erase_user` has gone through all records: `spec`, `tag`, `count` records were
 * exported or erased, `result` is `SLK_OK`, or `SLK_E_NOT_APPLIED` if some were left because they cannot be read or a
 * server holds them; `text` names the first.
 */
#define SLK_EVENT_USER_DONE 31
/** What was edited before the data were loaded could not be merged: `document` has it and is yours to destroy, `text`. */
#define SLK_EVENT_OFFLINE_DROPPED 34

/**
 * The last save was not made, because `validate` refused the data: `document` has them and is yours to destroy, changes
 * up to `change` are saved, later ones are lost; `text`. `SLK_EVENT_RELEASED` follows.
 */
#define SLK_EVENT_SAVE_REFUSED 35

/**
 * The record that is about to be saved has come close to the largest that may be: `count` is its size in bytes, `text`
 * has both. Told once, until the record is smaller again.
 */
#define SLK_EVENT_SIZE_WARNING 18

/**
 * The store `name` is in a critical state: 5 requests failed within 2 minutes, and no more than that succeeded between
 * them. `text` is the latest failure, `cause`. Loads are tried less often until it is well again.
 */
#define SLK_EVENT_STORE_CRITICAL 32
/** The store `name` is well again after a critical state: 3 requests in a row succeeded, and none failed for 10 seconds. */
#define SLK_EVENT_STORE_RECOVERED 33
/** Nobody wants the record. */
#define SLK_LOAD_IDLE 0
/** It is being read or written. */
#define SLK_LOAD_LOADING 1
/** The store fails; it is tried again. */
#define SLK_LOAD_STORE_FAILURE 2
/** Another server holds it, and has been asked to let go. */
#define SLK_LOAD_LOCKED_ELSEWHERE 3
/** A newer version of the game or of this library wrote it. It is left as it is. */
#define SLK_LOAD_UNKNOWN_VERSION 4
/** It is no record, or a damaged one. It is left as it is. */
#define SLK_LOAD_UNREADABLE 5
/** It is loaded and held. */
#define SLK_LOAD_LOADED 6
/** It is being saved for the last time and let go. */
#define SLK_LOAD_RELEASING 7
/** A patcher, migrator or check of yours refused the data. They are left as they are. */
#define SLK_LOAD_DATA_REFUSED 8
/** Another server has taken the record. */
#define SLK_LOSS_TAKEN 1
/** The record was removed. */
#define SLK_LOSS_ERASED 2
/** The store is behind what it had confirmed: it has lost writes. */
#define SLK_LOSS_ROLLED_BACK 3
/** The game no longer wanted the record. */
#define SLK_RELEASE_RELEASED 1
/** Another server asked for it. */
#define SLK_RELEASE_HANDED_OVER 2
/** The engine shuts down. */
#define SLK_RELEASE_SHUTDOWN 3
/** The other server has refused to let go. */
#define SLK_EVENT_REFUSED 1
/** The receipt had been dealt with before, and nothing was done now. */
#define SLK_EVENT_DUPLICATE 2
/** There were changes that are not saved. */
#define SLK_EVENT_DIRTY 4
/** The purchase had been parked, and the game knows its product now. Nobody waits for this answer, and `tag` is 0. */
#define SLK_EVENT_TAKEN_UP 8

/** Something that happened. Which fields mean something is said at each `SLK_EVENT_`; the others are 0 or empty. */
typedef struct slk_event {
    /** One of `SLK_EVENT_`. */
    int32_t kind;
    /** How something ended. */
    slk_result result;
    /** The locker, as one of your handles of it; null for events of the whole engine, or if you have destroyed it. */
    slk_locker locker;
    /** As given to `slk_locker_create`. */
    uint64_t user_tag;
    /** The locker's key, ending with a NUL; empty for events of the whole engine. */
    const char *key;
    /** Its length in bytes. */
    size_t key_length;
    /** What happened, in words, ending with a NUL; may be empty. */
    const char *text;
    /** Its length in bytes. */
    size_t text_length;
    /** A server, store, purchase or product, ending with a NUL; may be empty. */
    const char *name;
    /** Its length in bytes. */
    size_t name_length;
    /** The fencing token of the session: higher than that of every earlier session of this record. */
    uint64_t epoch;
    /** A change. */
    uint64_t change;
    /** Another change. */
    uint64_t unknown_change;
    /** As given with what this event answers. */
    uint64_t tag;
    /** A document, which is yours to destroy. */
    slk_document document;
    /** How many. */
    uint64_t count;
    /** Milliseconds since 1970-01-01 UTC, by somebody's clock. */
    int64_t since_ms;
    /** One of the constants that the kind names. */
    int32_t detail;
    /** Any of the flags that the kind names, added. */
    uint32_t flags;
    /** The spec of the locker or record; null for events of the whole engine, or if you have destroyed it. */
    slk_spec spec;
    /** Whose trouble it is, where a store failed: one of `SLK_CAUSE_`. */
    int32_t cause;
    /** An amount, which may be negative. */
    int64_t amount;
} slk_event;

/** Takes one event, whose views live until the call returns. Called inside `slk_engine_dispatch`. */
typedef void (*slk_event_callback)(void *user_data, const slk_event *event);

/**
 * Takes the next event out of the queue.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `event`: receives it. Its views live until the next call of next_event, next_events, dispatch, update or destroy on
 *   this engine; a `document` in it is yours to destroy.
 *   `size`: `sizeof(slk_event)`.
 * Returns:
 *   `SLK_OK`: there was one.
 *   `SLK_EMPTY`: there is none.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of this engine.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_STRUCT_SIZE`: `event` is NULL; `size` is no size.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
 * Thread: one at a time. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_next_event(slk_engine engine, slk_event *event, size_t size);

/**
 * Takes several events out of the queue.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `events`: an array that receives them; their views live as those of `slk_engine_next_event`.
 *   `size`: `sizeof(slk_event)`.
 *   `capacity`: how many the array can hold.
 *   `count`: receives how many were written.
 * Returns: `SLK_OK`, also if there were none; the failures of `slk_engine_next_event`.
 * Thread: one at a time. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_next_events(slk_engine engine, slk_event *events, size_t size,
        size_t capacity, size_t *count);

/**
 * Takes all events out of the queue and gives each to a callback, on this thread.
 *
 * Inside the callback everything may be called, except what returns `SLK_E_REENTRANT`.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `callback`: gets each event; its views live until the callback returns; a `document` in it is yours to destroy.
 *   `user_data`: given to the callback.
 * Returns: `SLK_OK`, also if there were none; `SLK_E_INVALID_ARGUMENT`: `callback` is NULL; the failures of
 * `slk_engine_next_event`.
 * Thread: one at a time. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_dispatch(slk_engine engine, slk_event_callback callback, void *user_data);

/* ---- Purchases ---- */

/** A platform's receipt is to be applied. */
#define SLK_APPLY_RECEIPT 1
/** A product that the player has credit for is to be applied. */
#define SLK_APPLY_CREDIT 2
/** Say whether the purchase is good, before it is applied. */
#define SLK_PURCHASE_VALIDATE 1
/** Apply the product to the draft. */
#define SLK_PURCHASE_APPLY 2
/** Write down in the draft, for the game's own history, how the purchase ended. */
#define SLK_PURCHASE_RECORD 3
/** Take the product out of the draft: it was paid back. */
#define SLK_PURCHASE_REVOKE 4
/** It is paid. */
#define SLK_RECEIPT_PURCHASED 0
/** It is not paid yet, and may be later. It is remembered as that; a later notice that it is paid applies it. */
#define SLK_RECEIPT_PENDING 1
/** It was turned down. Nothing is granted, unless a later notice says that it is paid after all. */
#define SLK_RECEIPT_REJECTED 2

/**
 * It was paid back: a refund or a charge-back. What was granted is taken back or becomes a debt, and nothing is granted
 * for this purchase ever again.
 */
#define SLK_RECEIPT_REVOKED 3
/** The most purchases of unknown products that a record keeps; further ones are `SLK_NOT_PROCESSED`. */
#define SLK_MAX_PARKED 64

/**
 * The most bytes that the contexts of a record's parked purchases may have together; beyond, a purchase is
 * `SLK_NOT_PROCESSED`.
 */
#define SLK_MAX_PARKED_BYTES 65536

/**
 * A purchase notice of a platform. Begin with `SLK_RECEIPT_INIT`. Provider, environment and purchase id together name
 * the purchase.
 */
typedef struct slk_receipt {
    /** The size of this struct, set by `SLK_RECEIPT_INIT`. */
    uint32_t struct_size;
    /** Always 0. */
    uint32_t reserved;
    /** The platform, such as "steam". Required, up to `SLK_MAX_NAME_BYTES` like the next three. */
    const char *provider;
    /** The platform's environment, such as "production". Required. */
    const char *environment;
    /** The platform's name for the purchase. Required. */
    const char *purchase_id;
    /** What was bought. Required. */
    const char *product;
    /** Anything that the callback should get; copied. May be NULL. */
    const void *context;
    /** Its length in bytes. */
    size_t context_length;
    /** Comes back in the event. */
    uint64_t tag;
    /** What the platform says of it: one of `SLK_RECEIPT_`. */
    int32_t state;
} slk_receipt;

/** What is to be applied. Its strings end with a NUL and live until the callback returns. */
typedef struct slk_receipt_view {
    /** The size of this struct in the library that fills it; it only grows. */
    uint32_t struct_size;
    /** `SLK_APPLY_RECEIPT` or `SLK_APPLY_CREDIT`. */
    int32_t kind;
    /** One of your handles of the locker; null if you have destroyed it. */
    slk_locker locker;
    /** As given to `slk_locker_create`. */
    uint64_t user_tag;
    /** The locker's key. */
    const char *key;
    /** What was bought. */
    const char *product;
    /** The platform; empty for credit. */
    const char *provider;
    /** The platform's environment; empty for credit. */
    const char *environment;
    /** The platform's name for the purchase; empty for credit. */
    const char *purchase_id;
    /** As given with the receipt; NULL if nothing was. */
    const void *context;
    /** Its length in bytes. */
    size_t context_length;
    /** As given with the receipt; 0 for credit, and for a purchase that had been parked. */
    uint64_t tag;
    /** One of `SLK_PURCHASE_`. */
    int32_t operation;
    /** For `SLK_PURCHASE_RECORD`: `SLK_GRANTED` or `SLK_CREDITED`; else `SLK_OK`. */
    slk_result effect;
} slk_receipt_view;

/**
 * Does one step of dealing with a purchase on a draft of the player's data. One function may serve for several steps;
 * `operation` tells them apart. For a purchase that is paid, `validate_receipt`, `apply_receipt` and `record_receipt`
 * follow one another on one draft, and what they edited is saved together with the receipt:
 *
 * `SLK_PURCHASE_VALIDATE`: says whether the purchase is good. May be missing.
 * `SLK_PURCHASE_APPLY`: gives the gold, unlocks the level. This alone is also called for a use of credit.
 * `SLK_PURCHASE_RECORD`: writes down that it was granted, or that it became credit; for the latter the draft has none of
 * the edits of the two before. May be missing.
 * `SLK_PURCHASE_REVOKE`: takes what was granted out of the draft again. May be missing: then it cannot be taken back.
 *
 * Returns, of any step: `SLK_OK`: done. Of validate and apply: `SLK_NOT_APPLICABLE`: it cannot be applied now; the
 * player gets credit for it. `SLK_REJECTED`: it is no good; it is remembered as rejected, and what you say by
 * `slk_error_sink_set` is in the event. `SLK_UNKNOWN_PRODUCT`: this version of the game does not know the product; the purchase is kept
 * in the record until one does. Of revoke: `SLK_NOT_APPLICABLE`: it is spent already; the player's credit for the product
 * falls by one, below zero if need be. Anything else: it failed, all edits of all steps are dropped, and the platform is
 * to send the notice again; say why by `slk_error_sink_set`.
 * It may be called again for the same purchase, also on another server, if the save is lost: effects outside the draft
 * belong to the event that reports the durable result. Called inside update.
 */
typedef slk_result (*slk_apply_receipt)(void *user_data, const slk_receipt_view *receipt, slk_document draft,
        slk_error_sink error);

/**
 * Takes a purchase notice. The spec's callbacks are called, the effect and the receipt are saved together at once, and
 * then `SLK_EVENT_RECEIPT` tells what to answer the platform. A purchase that took effect before, on any server and at
 * any time, is granted again without a second effect. One that was paid back is revoked for ever, and one that was never
 * granted is never said to have been.
 *
 * Parameters:
 *   `locker`: the player's locker.
 *   `receipt`: the notice; copied.
 * Returns:
 *   `SLK_OK`: taken; an event will follow.
 *   `SLK_E_UNSUPPORTED`: the spec has no `apply_receipt`.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`, `SLK_E_STRUCT_SIZE`: of the receipt.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_process_receipt(slk_locker locker, const slk_receipt *receipt);

/**
 * Fills the struct with defaults, as `SLK_RECEIPT_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `receipt`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_receipt_init(slk_receipt *receipt, size_t size);

/**
 * Reads the player's credit for a product: what was paid for and could not be applied. Below zero it is a debt: what was
 * paid back and could not be taken back. Credit that is given, or that a purchase becomes, pays it off.
 *
 * Parameters:
 *   `locker`: the player's locker.
 *   `product`: the product.
 *   `amount`: receives how many times; may be negative.
 * Returns:
 *   `SLK_OK`: read.
 *   `SLK_E_NOT_LOADED`: the record is not loaded.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the product, or `amount` is NULL.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_credit(slk_locker locker, const char *product, int64_t *amount);

/**
 * Adds to the player's credit for a product, as one change of the record.
 *
 * Parameters:
 *   `locker`: the player's locker.
 *   `product`: the product.
 *   `amount`: how many times; may be negative.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the product.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_give_credit(slk_locker locker, const char *product, int64_t amount,
        uint64_t *change);

/**
 * Applies a product that the player has credit for: as a receipt, except that it is paid by credit.
 * `SLK_EVENT_CREDIT_USED` tells the outcome.
 *
 * Parameters:
 *   `locker`: the player's locker.
 *   `product`: the product.
 *   `tag`: comes back in the event.
 * Returns: as `slk_locker_process_receipt`.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_use_credit(slk_locker locker, const char *product, uint64_t tag);

/**
 * Has the callbacks asked once more about the purchases that are parked because their products were not known. That is
 * done by itself once in each session; call it when the game learns new products during one. `SLK_EVENT_RECEIPT` with
 * `SLK_EVENT_TAKEN_UP` tells of each that is taken up; the others stay parked.
 *
 * Parameters: `locker`: the player's locker.
 * Returns:
 *   `SLK_OK`: they will be asked about.
 *   `SLK_E_NOT_LOADED`: the record is not loaded.
 *   `SLK_E_UNSUPPORTED`: the spec has no `apply_receipt`.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_retry_parked(slk_locker locker);

/**
 * Tells what has become of a purchase, however old. What is told may not be saved yet: `SLK_EVENT_RECEIPT` tells that.
 *
 * Parameters:
 *   `locker`: the player's locker.
 *   `provider`, `environment`, `purchase_id`: as in the notice.
 *   `state`: receives `SLK_GRANTED`, `SLK_CREDITED`, `SLK_PENDING`, `SLK_REJECTED`, `SLK_REVOKED`, `SLK_PARKED`, or
 *   `SLK_UNKNOWN` for something that only a newer version of this library knows.
 * Returns:
 *   `SLK_OK`: found.
 *   `SLK_EMPTY`: the record has never heard of it; nothing is written.
 *   `SLK_E_NOT_LOADED`: the record is not loaded.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the strings, or `state` is NULL.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_find_purchase(slk_locker locker, const char *provider,
        const char *environment, const char *purchase_id, slk_result *state);

/**
 * Reads the player's latest purchases as a JSON array: first those dealt with, the latest last, as many as the spec's
 * `purchase_history` keeps; then all that are parked. Each is an object with the strings `provider`, `environment`,
 * `purchase_id`, `product` and `state`, and the number `at_ms`: milliseconds since 1970-01-01 UTC by a server's clock.
 * The state is `granted`, `credited`, `pending`, `rejected`, `revoked` or `parked`, or a word of a newer version.
 *
 * Parameters:
 *   `locker`: the player's locker.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_E_NOT_LOADED`: the record is not loaded.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_purchases(slk_locker locker, char *buffer, size_t capacity,
        size_t *needed);

/* ---- Migrations ---- */

/** Servers that know the version before can go on working with the migrator's result. */
#define SLK_MIGRATION_COMPATIBLE 1
/** As a migrator's `gives_patch`: the highest patch of the version that it leads to. */
#define SLK_LATEST_PATCH UINT32_MAX

/** Data that are about to be patched or migrated. Its strings end with a NUL and live until the callback returns. */
typedef struct slk_migration_view {
    /** The size of this struct in the library that fills it; it only grows. */
    uint32_t struct_size;
    /** The schema version that the data have. */
    uint32_t from_version;
    /** The patch number that the data have. */
    uint32_t from_patch;
    /** The schema version that they are to get: the same for a patcher. */
    uint32_t to_version;
    /** One of your handles of the locker; null for a record that is only looked at or updated. */
    slk_locker locker;
    /** As given to `slk_locker_create`. */
    uint64_t user_tag;
    /** The record's key. */
    const char *key;
} slk_migration_view;

/**
 * Turns the draft, which has the stored data, into data of the next patch or version. Called inside update, before the
 * record is taken.
 *
 * Returns: `SLK_OK`: done. Anything else: the record is left as it is and not loaded; `SLK_LOAD_DATA_REFUSED` tells, with
 * the words given to `slk_error_sink_set`.
 * It may be called again for the same record. It must give the same result on every server.
 */
typedef slk_result (*slk_migrate)(void *user_data, const slk_migration_view *view, slk_document draft,
        slk_error_sink error);

/**
 * Makes an empty set of migrations, to be filled and given to `slk_spec_create`.
 *
 * Parameters: `migrations`: receives the handle, to be ended by `slk_migrations_destroy`; null on failure.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_migrations_create(slk_migrations *migrations);

/**
 * Adds the migrator from one schema version to the next.
 *
 * Parameters:
 *   `migrations`: the set.
 *   `from_version`: the version that it begins with; it gives the next one.
 *   `gives_patch`: the patch number of its result, or `SLK_LATEST_PATCH`; patchers from there on run after it.
 *   `flags`: `SLK_MIGRATION_COMPATIBLE` or 0.
 *   `migrate`: the callback.
 *   `user_data`: given to it.
 *   `destroy`: called exactly once with `user_data`, when the set and all specs made with it are gone; may be NULL.
 * Returns:
 *   `SLK_OK`: added.
 *   `SLK_E_EXISTS`: there is one from this version.
 *   `SLK_E_INVALID_ARGUMENT`: `migrate` is NULL, or a flag means nothing.
 *   `SLK_E_INVALID_HANDLE`: no living set.
 * On failure `user_data` stays yours and `destroy` is not called.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_migrations_add_migrator(slk_migrations migrations, uint32_t from_version,
        uint32_t gives_patch, uint32_t flags, slk_migrate migrate, void *user_data, slk_destroy destroy);

/**
 * Adds a patcher: it mends data of one version and takes them from one patch number to the next.
 *
 * Parameters:
 *   `migrations`: the set.
 *   `version`: the schema version.
 *   `from_patch`: the patch number that it begins with; new records of a version without patchers have 0.
 *   `patch`: the callback.
 *   `user_data`: given to it.
 *   `destroy`: called exactly once with `user_data`, when the set and all specs made with it are gone; may be NULL.
 * Returns:
 *   `SLK_OK`: added.
 *   `SLK_E_EXISTS`: there is one from this patch number of this version.
 *   `SLK_E_INVALID_ARGUMENT`: `patch` is NULL.
 *   `SLK_E_INVALID_HANDLE`: no living set.
 * On failure `user_data` stays yours and `destroy` is not called.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_migrations_add_patcher(slk_migrations migrations, uint32_t version,
        uint32_t from_patch, slk_migrate patch, void *user_data, slk_destroy destroy);

/**
 * Checks that the set leads to a schema version without a gap and not beyond it, as `slk_spec_create` does.
 *
 * Parameters:
 *   `migrations`: the set.
 *   `schema_version`: the version that the server knows.
 * Returns:
 *   `SLK_OK`: it does.
 *   `SLK_E_INVALID_ARGUMENT`: it does not; the text names the version that is missing or too many.
 *   `SLK_E_INVALID_HANDLE`: no living set.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_migrations_check(slk_migrations migrations, uint32_t schema_version);

/**
 * Ends a set of migrations. Specs that were made with it keep what they need.
 *
 * Parameters: `migrations`: a set, or the null handle, which does nothing.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_REENTRANT` inside a callback.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_migrations_destroy(slk_migrations migrations);

/* ---- Changes between records ---- */

/** Create the target with its default data if it does not exist. */
#define SLK_SEND_CREATE 1
/** It is an update of a record that nobody holds, asked for by `slk_spec_update_record`. */
#define SLK_CHANGE_UPDATE 1
/** This record sent it, and its target could not take it: it has come back. */
#define SLK_CHANGE_RETURNED 2

/** A change that is to be applied. Its strings end with a NUL and live until the callback returns. */
typedef struct slk_change_view {
    /** The size of this struct in the library that fills it; it only grows. */
    uint32_t struct_size;
    /** Any of `SLK_CHANGE_UPDATE` and `SLK_CHANGE_RETURNED`, added. */
    uint32_t flags;
    /** One of your handles of the locker; null if you have destroyed it, or for an update. */
    slk_locker locker;
    /** As given to `slk_locker_create`. */
    uint64_t user_tag;
    /** The record's key. */
    const char *key;
    /** What kind of change it is, as its sender called it. */
    const char *kind;
    /** What was sent with it: JSON text. */
    const char *payload;
    /** Its length in bytes. */
    size_t payload_length;
    /** Who sent it: `spec/key` of a record, or the id of a server. */
    const char *from;
    /** For one that has come back: the target, as `spec/key`; else empty. */
    const char *returned_from;
    /** When it was sent, in milliseconds since 1970-01-01 UTC by the sender's clock. */
    int64_t sent_ms;
} slk_change_view;

/**
 * Applies a change that somebody sent to the draft of the record's data.
 *
 * Returns: `SLK_OK`: applied; the draft's edits are saved in the write that takes the change out of the inbox.
 * `SLK_NOT_APPLICABLE`: this server does not know the kind; the change waits for one that does, and holds up no other.
 * Anything else: it failed, all edits are dropped; `SLK_EVENT_CALLBACK_FAILED` tells; it is tried again in the next
 * session, and what its sender sent later waits for it.
 * It may be called again for the same change, also on another server, if the save is lost: effects outside the draft
 * belong to `SLK_EVENT_CHANGE_APPLIED`. Called inside update.
 */
typedef slk_result (*slk_apply_change)(void *user_data, const slk_change_view *change, slk_document draft,
        slk_error_sink error);

/**
 * Sends a change to a record, whether it is held here, by another server or by nobody. It goes into the record's inbox,
 * exactly once, and whoever holds the record, or loads it next, applies it by `apply_change`. Changes that one server
 * sends to one key arrive in their order.
 *
 * Parameters:
 *   `spec`: the kind of record.
 *   `key`: the record's key.
 *   `kind`: what kind of change it is, up to `SLK_MAX_NAME_BYTES`.
 *   `payload`: what goes with it: JSON text; NULL for `null`.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 *   `flags`: `SLK_SEND_CREATE` or 0.
 *   `tag`: comes back in the event.
 * Returns:
 *   `SLK_OK`: taken; `SLK_EVENT_CHANGE_SENT` tells what became of it.
 *   `SLK_E_INVALID_JSON`: the payload is not JSON.
 *   `SLK_E_CALLBACK`: `default_data_for` refused.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
 *   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_spec_send_change(slk_spec spec, const char *key, const char *kind,
        const char *payload, size_t length, uint32_t flags, uint64_t tag);

/**
 * Updates a record that nobody holds, such as a guild or a leaderboard: `apply_change` is called with its data (or the
 * default data) and `SLK_CHANGE_UPDATE`, and the result is stored by compare-and-set. If another server was faster, the
 * callback is called again with the newer data. The effect takes place once, also if the store's reply is lost.
 *
 * Parameters:
 *   `spec`: the kind of record.
 *   `key`: the record's key.
 *   `kind`: what kind of change it is, up to `SLK_MAX_NAME_BYTES`.
 *   `payload`: what goes with it: JSON text; NULL for `null`.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 *   `tag`: comes back in the event.
 * Returns:
 *   `SLK_OK`: taken; `SLK_EVENT_RECORD_UPDATED` tells what became of it.
 *   `SLK_E_UNSUPPORTED`: the spec has no `apply_change`.
 *   and as `slk_spec_send_change`.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_spec_update_record(slk_spec spec, const char *key, const char *kind,
        const char *payload, size_t length, uint64_t tag);

/**
 * Queues a change for another record as part of this record's data: both are saved in one write, and from then on the
 * change is delivered exactly once, whichever server dies when. So gifts and payments move from one record to another.
 * If the target does not exist, the change comes back to `apply_change` of this record with `SLK_CHANGE_RETURNED`.
 * While the server that has this record loaded has no spec of the target's name, the change waits in the record.
 *
 * Parameters:
 *   `locker`: the record that sends.
 *   `target`: the kind of the record that is to get it; of the same engine.
 *   `key`: its key.
 *   `kind`: what kind of change it is, up to `SLK_MAX_NAME_BYTES`.
 *   `payload`: what goes with it: JSON text; NULL for `null`.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 *   `flags`: `SLK_SEND_CREATE` or 0.
 *   `change`: receives the number of the change of this record, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: queued.
 *   `SLK_BUSY`: a callback has the data just now; use `slk_document_queue_change` on its draft.
 *   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
 *   `SLK_E_FULL`: too many changes of this record are on their way.
 *   `SLK_E_INVALID_JSON`: the payload is not JSON.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker or spec; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_queue_change(slk_locker locker, slk_spec target, const char *key,
        const char *kind, const char *payload, size_t length, uint32_t flags, uint64_t *change);

/**
 * Queues a change for another record on the draft of a callback: it leaves with the draft's edits, if the callback
 * agrees. See `slk_locker_queue_change`.
 *
 * Parameters: `draft`: the draft; the others as for `slk_locker_queue_change`.
 * Returns:
 *   `SLK_OK`: queued.
 *   `SLK_E_INVALID_ARGUMENT`: it is no draft, or of the arguments.
 *   `SLK_E_INVALID_JSON`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the arguments.
 *   `SLK_E_INVALID_HANDLE`: no living document or spec.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_document_queue_change(slk_document draft, slk_spec target, const char *key,
        const char *kind, const char *payload, size_t length, uint32_t flags);

/* ---- Codecs ---- */

/** Records are stored as they are. */
#define SLK_CODEC_NONE 0
/** Records are compressed by Zstandard. */
#define SLK_CODEC_ZSTD 1
/** Records are encoded and decoded by callbacks of yours. */
#define SLK_CODEC_CALLBACKS 2
/** The longest name of a codec in bytes. */
#define SLK_MAX_CODEC_NAME_BYTES 64

/**
 * Encodes or decodes the value of a record: reads `length` bytes and appends what they become to `out`, in one or many
 * pieces. Called inside update, with no lock held; most functions of the library may be called.
 *
 * Returns: `SLK_OK`: done. Anything else: the save fails and is tried again, or the record is reported as unreadable and
 * left as it is; `error` takes the words.
 */
typedef slk_result (*slk_codec_run)(void *user_data, const void *bytes, size_t length, slk_buffer out,
        slk_error_sink error);

/**
 * Appends bytes to what a callback gives.
 *
 * Parameters:
 *   `buffer`: as the callback got it; valid until the callback returns.
 *   `bytes`, `length`: what to append; copied.
 * Returns:
 *   `SLK_OK`: appended.
 *   `SLK_E_INVALID_HANDLE`: the callback has returned, or it is no buffer.
 *   `SLK_E_TOO_LONG`, `SLK_E_OUT_OF_MEMORY`: it is too much. The callback has failed then, whatever it returns.
 *   `SLK_E_INVALID_ARGUMENT`: `bytes` is NULL and `length` is not 0.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_buffer_append(slk_buffer buffer, const void *bytes, size_t length);

/* ---- Specs ---- */

/** The data are JSON. */
#define SLK_DATA_JSON 0
/** The data are opaque bytes. */
#define SLK_DATA_BYTES 1
/** Another server that asks for a record gets it when `handover_delay_ms` have passed, unless you answer otherwise. */
#define SLK_HANDOVER_GIVE 0
/** Another server that asks for a record is refused when `handover_delay_ms` have passed, unless you answer otherwise. */
#define SLK_HANDOVER_REFUSE 1
/** The autosave period is over. */
#define SLK_SAVE_AUTOSAVE 1
/** The game asked for it. */
#define SLK_SAVE_ASKED 2
/** A receipt must become durable. */
#define SLK_SAVE_RECEIPT 3
/** The session must be confirmed after it had been in doubt. */
#define SLK_SAVE_CONFIRM 4
/** The last save: the game no longer wants the record. */
#define SLK_SAVE_RELEASED 5
/** The last save: another server asked for the record. */
#define SLK_SAVE_HANDED_OVER 6
/** The last save: the engine shuts down. */
#define SLK_SAVE_SHUTDOWN 7
/** When a record is loaded, members that the default data have and it lacks are filled in. */
#define SLK_SPEC_RECONCILE 1

/**
 * Records in the layout of the Luau library of the same name are taken over: `Version`, `VersionPatch`, `Session`,
 * `Purchases`, `ProductCredit` and `RemoteChanges` become what this library keeps. A lock in `Session` is honoured until
 * its own end. Their purchases are remembered as of provider "roblox" and environment "production".
 */
#define SLK_SPEC_IMPORT_ORIGINAL 2
/** Any other JSON value is taken over as the game's data. */
#define SLK_SPEC_IMPORT_PLAIN 4

/**
 * Fills in the data of a record that does not exist yet. Called inside `slk_locker_create`.
 *
 * Returns: `SLK_OK`: the draft is the default data. Anything else: the locker is not created.
 */
typedef slk_result (*slk_default_data)(void *user_data, const char *key, slk_document draft, slk_error_sink error);

/** A save that is about to be made. Its strings end with a NUL and live until the callback returns. */
typedef struct slk_save_view {
    /** The size of this struct in the library that fills it; it only grows. */
    uint32_t struct_size;
    /** One of `SLK_SAVE_`. */
    int32_t reason;
    /** One of your handles of the locker; null if you have destroyed it. */
    slk_locker locker;
    /** As given to `slk_locker_create`. */
    uint64_t user_tag;
    /** The locker's key. */
    const char *key;
} slk_save_view;

/**
 * Writes the game's own state into the draft, which is about to be saved. Called inside update.
 *
 * Returns: `SLK_OK`: the draft's edits are saved. Anything else: its edits are dropped, and the data are saved without
 * them; `SLK_EVENT_CALLBACK_FAILED` tells.
 */
typedef slk_result (*slk_before_save)(void *user_data, const slk_save_view *save, slk_document draft,
        slk_error_sink error);

/** Whose data a callback gets. Its strings end with a NUL and live until the callback returns. */
typedef struct slk_data_view {
    /** The size of this struct in the library that fills it; it only grows. */
    uint32_t struct_size;
    /** Always 0. */
    uint32_t reserved;
    /** One of your handles of the locker; null for a record that is only looked at or updated, or if you have destroyed it. */
    slk_locker locker;
    /** As given to `slk_locker_create`. */
    uint64_t user_tag;
    /** The record's key. */
    const char *key;
} slk_data_view;

/**
 * Checks data that are being loaded, or are about to be saved. Edits of `data` do not count.
 *
 * Returns: `SLK_OK`: they are as they should be. Anything else: they are not; say by `slk_error_sink_set` where (a JSON
 * Pointer) and what. Data that may not be loaded are left as they are (`SLK_LOAD_DATA_REFUSED`). Data that may not be
 * saved are not saved (`SLK_EVENT_SAVE_TROUBLE`) until they are changed and found good; if that is so at the last save,
 * the record stays as it was saved before and is let go (`SLK_EVENT_SAVE_REFUSED`). Called inside update.
 */
typedef slk_result (*slk_validate)(void *user_data, const slk_data_view *view, slk_document data, slk_error_sink error);

/**
 * Merges data that were edited before the record was loaded (`offline`, which begins as the default data) into what was
 * loaded (`draft`). Called inside update, before `SLK_EVENT_LOADED`.
 *
 * Returns: `SLK_OK`: the draft's edits are the data. Anything else: what was edited before is dropped;
 * `SLK_EVENT_OFFLINE_DROPPED` has it.
 */
typedef slk_result (*slk_merge_offline)(void *user_data, const slk_data_view *view, slk_document offline,
        slk_document draft, slk_error_sink error);

/** How a kind of record is set up. Begin with `SLK_SPEC_OPTIONS_INIT`. */
typedef struct slk_spec_options {
    /** The size of this struct, set by `SLK_SPEC_OPTIONS_INIT`. */
    uint32_t struct_size;
    /** The version of the data that this server reads and writes. A record that needs a newer one is not touched. */
    uint32_t schema_version;
    /** The name: part of the keys in the store. Required, up to `SLK_MAX_NAME_BYTES`; copied. */
    const char *name;
    /** Where the records live. Required. */
    slk_store store;
    /** `SLK_DATA_JSON` or `SLK_DATA_BYTES`. */
    int32_t data_kind;
    /** `SLK_HANDOVER_GIVE` or `SLK_HANDOVER_REFUSE`. */
    int32_t handover_mode;
    /** How long you have to answer a request for hand-over. 0: the mode decides at once. */
    uint32_t handover_delay_ms;
    /** A change is saved after half to all of this time. 0: 300,000. */
    uint32_t autosave_ms;
    /** The first wait after a failure of the store. 0: 250. */
    uint32_t retry_min_ms;
    /** The longest wait between two tries. 0: 5,000. */
    uint32_t retry_max_ms;
    /** The data of a record that does not exist yet: JSON text or bytes; copied. NULL: an empty object, or no bytes. */
    const void *default_data;
    /** Its length in bytes. 0: JSON text ends at its NUL. */
    size_t default_data_length;
    /** Fills in the default data for each key, beginning with `default_data`. May be NULL. */
    slk_default_data default_data_for;
    /** Called before each save. May be NULL. */
    slk_before_save before_save;
    /** Applies products. May be NULL: then receipts cannot be processed. */
    slk_apply_receipt apply_receipt;
    /** Given to the callbacks. */
    void *user_data;
    /** Called exactly once, when the engine is gone; none of the callbacks of this struct follows. May be NULL. */
    slk_destroy destroy;
    /**
     * How records of older schema versions are brought to `schema_version`. Null: records of older versions are not
     * loaded. The set may be destroyed after this call.
     */
    slk_migrations migrations;
    /** Any of `SLK_SPEC_`, added. */
    uint32_t flags;
    /** The schema version of plain JSON that is imported. 0: `schema_version`. */
    uint32_t import_schema_version;
    /** How many changes may wait in the inbox of a record, up to 10,000. 0: 100. */
    uint32_t inbox_limit;
    /** Always 0. */
    uint32_t reserved;
    /** Checks data when they are loaded and before they are saved. May be NULL. */
    slk_validate validate;
    /** Merges what was edited before the data were loaded. NULL: data cannot be edited before. */
    slk_merge_offline merge_offline;
    /** Applies changes that others send. NULL: they wait for a server that can. */
    slk_apply_change apply_change;
    /** The largest record that may be saved, in bytes, as far as the store takes that much. 0: what the store takes. */
    uint64_t max_value_bytes;
    /** `SLK_EVENT_SIZE_WARNING` tells when a record has grown to this share of the largest, in percent. 0: 90; 100: never. */
    uint32_t size_warning_percent;
    /** Says whether a purchase is good before it is applied. May be NULL: then all are. */
    slk_apply_receipt validate_receipt;
    /** Writes down how a purchase ended, granted or credited, for the game's own history. May be NULL. */
    slk_apply_receipt record_receipt;
    /** Takes a product back that was paid back. May be NULL: then each becomes a debt. */
    slk_apply_receipt revoke_receipt;
    /** How many purchases a record keeps in full, up to 1,000; of older ones it keeps what became of them. 0: 100. */
    uint32_t purchase_history;
    /**
     * How records are encoded on their way to the store: one of `SLK_CODEC_`. Records that are there already are read as
     * they are: plain ones, those of `SLK_CODEC_ZSTD`, and those of this spec's codec.
     */
    int32_t codec;
    /** For `SLK_CODEC_ZSTD`: -7 (fast) to 19 (small). 0: 3. */
    int32_t codec_level;
    /**
     * For `SLK_CODEC_CALLBACKS`: the name that is stored with each record, 1 to `SLK_MAX_CODEC_NAME_BYTES` printable
     * ASCII characters; copied. A record that was encoded under another name is not touched.
     */
    const char *codec_name;
    /** For `SLK_CODEC_CALLBACKS`: makes what is stored out of a record. */
    slk_codec_run codec_encode;
    /** For `SLK_CODEC_CALLBACKS`: makes the record out of what is stored. It must check what it is given. */
    slk_codec_run codec_decode;
} slk_spec_options;

/**
 * Makes a spec: a kind of record, with its store, version, timings and callbacks. An engine may have many.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `options`: how to set it up; copied.
 *   `spec`: receives the handle; null on failure. It ends with the engine, or by `slk_spec_destroy`.
 * Returns:
 *   `SLK_OK`: made.
 *   `SLK_E_EXISTS`: the engine has a spec of this name on this store.
 *   `SLK_E_INVALID_ARGUMENT`: NULL, or an option outside its range; the text says which.
 *   `SLK_E_INVALID_JSON`: `default_data` is not JSON.
 *   `SLK_E_INVALID_HANDLE`: no living engine, or no living store.
 *   `SLK_E_STRUCT_SIZE`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the struct and its strings.
 *   `SLK_E_UNSUPPORTED`: the store has no compare-and-set, or this build has no zstd.
 *   `SLK_E_SHUTTING_DOWN`, `SLK_E_PANIC`: the engine is shutting down; a bug was caught.
 * On failure `user_data` stays yours and `destroy` is not called.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_spec_create(slk_engine engine, const slk_spec_options *options, slk_spec *spec);

/**
 * Fills the struct with defaults, as `SLK_SPEC_OPTIONS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `options`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_spec_options_init(slk_spec_options *options, size_t size);

/**
 * Ends the host's use of a spec: the handle dies. Lockers of it and its callbacks live on until the engine is
 * destroyed.
 *
 * Parameters: `spec`: a spec, or the null handle, which does nothing.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_REENTRANT` inside a callback.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_spec_destroy(slk_spec spec);

/* ---- Records that are not held ---- */

/** Erase the record also while a living server holds it, whose session is lost then. */
#define SLK_ERASE_FORCE 1

/**
 * Looks at a record without taking it: its data, brought to this server's schema version by the spec's migrations and not
 * written back, and who holds it. `SLK_EVENT_RECORD_VIEWED` has what was seen; it may be out of date by then.
 *
 * Parameters:
 *   `spec`: the kind of record.
 *   `key`: the record's key.
 *   `tag`: comes back in the event.
 * Returns:
 *   `SLK_OK`: an event will follow.
 *   `SLK_E_CALLBACK`: `default_data_for` refused.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the key.
 *   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_spec_view_record(slk_spec spec, const char *key, uint64_t tag);

/**
 * Erases a record: its data, user ids, credit and the details of its purchases. What stays is what keeps late writes out
 * and old receipts from taking effect again; changes that were on their way to others are delivered. A session that held
 * the record cannot bring the data back: on this engine it is told at once that it is lost, elsewhere when it next meets
 * the record. `SLK_EVENT_RECORD_ERASED` tells.
 *
 * Parameters:
 *   `spec`: the kind of record.
 *   `key`: the record's key.
 *   `flags`: `SLK_ERASE_FORCE` or 0: then a record that a living server holds is left alone.
 *   `tag`: comes back in the event.
 * Returns: as `slk_spec_view_record`; `SLK_E_INVALID_ARGUMENT` also for flags that mean nothing.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_spec_erase_record(slk_spec spec, const char *key, uint32_t flags, uint64_t tag);

/**
 * Exports all records of a spec that are about a person (`slk_locker_add_user`): each comes as
 * `SLK_EVENT_RECORD_EXPORTED`, and then `SLK_EVENT_USER_DONE`. Every record of the spec is read once, one after the other.
 *
 * Parameters:
 *   `spec`: the kind of record.
 *   `user_id`: the person's id, up to `SLK_MAX_NAME_BYTES`.
 *   `tag`: comes back in the events.
 * Returns:
 *   `SLK_OK`: events will follow.
 *   `SLK_E_UNSUPPORTED`: the store cannot list its keys.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the id.
 *   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_spec_export_user(slk_spec spec, const char *user_id, uint64_t tag);

/**
 * Erases all records of a spec that are about a person, each as by `slk_spec_erase_record` and with its
 * `SLK_EVENT_RECORD_ERASED`, and then `SLK_EVENT_USER_DONE`.
 *
 * Parameters: `flags`: `SLK_ERASE_FORCE` or 0; the others as for `slk_spec_export_user`.
 * Returns: as `slk_spec_export_user`; `SLK_E_INVALID_ARGUMENT` also for flags that mean nothing.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_spec_erase_user(slk_spec spec, const char *user_id, uint32_t flags, uint64_t tag);

/* ---- Lockers ---- */

/** Let the other server have the record when `delay_ms` have passed. */
#define SLK_ANSWER_GIVE 1
/** Keep the record; the other server is told. */
#define SLK_ANSWER_REFUSE 2

/** Where a locker stands. */
typedef struct slk_locker_status {
    /** One of `SLK_LOAD_`. */
    int32_t load;
    /** For `SLK_LOAD_LOCKED_ELSEWHERE`: 1 if the other server has refused to let go. */
    int32_t refused;
    /** For `SLK_LOAD_LOCKED_ELSEWHERE`: since when, in milliseconds since 1970-01-01 UTC by that server's clock. */
    int64_t since_ms;
    /** The fencing token of the session; 0 if there is none. */
    uint64_t epoch;
    /** The last change made here; 0 if none was. */
    uint64_t latest_change;
    /** All changes of the session up to this one are saved. */
    uint64_t saved_change;
    /** How many purchases are not answered yet. */
    uint64_t purchases_in_progress;
    /** 1 if the session is surely ours now. */
    int32_t available;
    /** 1 if some part of the game wants the record. */
    int32_t wanted;
    /** 1 if the session has changes that are not saved. */
    int32_t dirty;
    /** 1 if nothing is held, wanted or under way. */
    int32_t idle;
    /** How many changes that others sent wait to be applied. */
    uint64_t incoming_changes;
    /** How many changes of this record are on their way to others. */
    uint64_t outgoing_changes;
} slk_locker_status;

/**
 * Makes a locker for a key. It is at rest until it is marked as wanted. A second locker for a key of the same spec is
 * another handle on the same session; joining again during a release calls the release off or follows it.
 *
 * Parameters:
 *   `spec`: the kind of record.
 *   `key`: the record's key, such as the player's id; up to `SLK_MAX_KEY_BYTES`.
 *   `user_tag`: comes back in each event; that of the first living handle of a key counts.
 *   `locker`: receives the handle, to be ended by `slk_locker_destroy`; null on failure.
 * Returns:
 *   `SLK_OK`: made.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the key, or `locker` is NULL.
 *   `SLK_E_CALLBACK`: `default_data_for` refused.
 *   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living spec; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_create(slk_spec spec, const char *key, uint64_t user_tag,
        slk_locker *locker);

/**
 * Makes a locker for a player who is not real, such as a bot or a player of a test: it loads the default data, saves,
 * buys and sends as any other, and nothing of it ever leaves the memory of this process. Its data are gone with the
 * engine. Its key names another record than the same key of a real player.
 *
 * Parameters, results: as for `slk_locker_create`.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_create_artificial(slk_spec spec, const char *key, uint64_t user_tag,
        slk_locker *locker);

/**
 * Ends a handle of a locker. Nothing is lost: with the last handle of a key, nobody wants the record any more, and it is
 * saved and released in its own time.
 *
 * Parameters: `locker`: a locker, or the null handle, which does nothing.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_PANIC`: the handle died, but a bug was caught.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_locker_destroy(slk_locker locker);

/**
 * Says that this part of the game is done with the locker for good: as destroying it, but the handle stays known, and
 * every later use of it gives `SLK_E_DELETED`, which finds parts of the game that use a locker after its player left.
 *
 * Parameters: `locker`: the locker; still to be ended by `slk_locker_destroy`.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_DELETED`: it was done before; `SLK_E_PANIC`: a bug was caught.
 * Thread: any, also inside callbacks. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_mark_deleted(slk_locker locker);

/**
 * Says that a part of the game wants the record: it is loaded, and stays loaded until the last part lets go.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `name`: the part of the game, up to `SLK_MAX_NAME_BYTES`; NULL for the one without a name. Each name counts once,
 *   however often it is marked.
 * Returns:
 *   `SLK_OK`: marked; `SLK_EVENT_LOADED` will follow, and `SLK_EVENT_LOAD_STATUS` until then.
 *   `SLK_E_SHUTTING_DOWN`: the engine is shutting down.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the name.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_mark_should_acquire(slk_locker locker, const char *name);

/**
 * As `slk_locker_mark_should_acquire`, and takes the record also from a living server, which loses its session with all
 * that it had not saved. For records that must come free now; otherwise leave it to the hand-over.
 *
 * Parameters, results: as for `slk_locker_mark_should_acquire`.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_take_over(slk_locker locker, const char *name);

/**
 * Says that a part of the game no longer wants the record. When the last has let go, the record is saved and released.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `name`: as for `slk_locker_mark_should_acquire`.
 * Returns:
 *   `SLK_OK`: marked, or it was not wanted under this name.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the name.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_mark_should_release(slk_locker locker, const char *name);

/**
 * Saves soon, if something changed.
 *
 * Parameters: `locker`: the locker.
 * Returns:
 *   `SLK_OK`: marked; without a session there is nothing to do.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_mark_should_save(slk_locker locker);

/**
 * Saves at once, even if nothing changed.
 *
 * Parameters: `locker`: the locker.
 * Returns:
 *   `SLK_OK`: marked; `SLK_EVENT_SAVED` will follow.
 *   `SLK_E_NOT_LOADED`: there is no session.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_mark_force_save(slk_locker locker);

/**
 * Says that state that the game keeps itself has changed; the game writes it into the data when `before_save` asks.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: marked.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_mark_changed(slk_locker locker, uint64_t *change);

/**
 * As `slk_engine_update`, for one locker and what it waits for.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `budget_us`: stop after this many microseconds of the system's time; at least one step is done. 0: no limit.
 * Returns:
 *   `SLK_OK`: done; the locker has more to do, or holds its record.
 *   `SLK_IDLE`: nothing of it is held, wanted or under way any more.
 *   `SLK_E_REENTRANT`: inside a callback.
 *   `SLK_E_BUSY`: another thread is inside update, next_event or dispatch of its engine.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: one at a time. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_update(slk_locker locker, uint32_t budget_us);

/**
 * Whether the session is surely ours now: the record is loaded, and no other server can have taken it. Computed from the
 * clock at each call. It is a belief that is bounded in time; the data are safe whatever it says.
 *
 * Parameters: `locker`: the locker.
 * Returns: 1 or 0; 0 for a bad handle.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API int32_t slk_locker_is_available(slk_locker locker);

/**
 * Whether the record is loaded and held, available or in doubt.
 *
 * Parameters: `locker`: the locker.
 * Returns: 1 or 0; 0 for a bad handle.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API int32_t slk_locker_is_loaded(slk_locker locker);

/**
 * Whether nothing of the locker is held, wanted or under way.
 *
 * Parameters: `locker`: the locker.
 * Returns: 1 or 0; 0 for a bad handle.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API int32_t slk_locker_is_idle(slk_locker locker);

/**
 * Tells where a locker stands.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `status`: receives it.
 *   `size`: `sizeof(slk_locker_status)`.
 * Returns:
 *   `SLK_OK`: told.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_STRUCT_SIZE`: `status` is NULL; `size` is no size.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_status(slk_locker locker, slk_locker_status *status, size_t size);

/**
 * Tells what became of a change.
 *
 * Parameters:
 *   `locker`: the locker on which it was made.
 *   `change`: its number.
 * Returns:
 *   `SLK_PENDING`: not saved yet.
 *   `SLK_SAVED`: durable in the store.
 *   `SLK_LOST`: surely not in the store, and never will be.
 *   `SLK_UNKNOWN`: it cannot be known.
 *   `SLK_E_INVALID_ARGUMENT`: no such change was made on this locker.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_change_status(slk_locker locker, uint64_t change);

/**
 * Has exactly one `SLK_EVENT_CHANGE_SETTLED` tell what becomes of a change. It does not make the save come sooner.
 *
 * Parameters:
 *   `locker`: the locker on which it was made.
 *   `change`: its number.
 *   `tag`: comes back in the event.
 * Returns:
 *   `SLK_OK`: the event will come, also if the change is settled already.
 *   `SLK_E_INVALID_ARGUMENT`: no such change was made on this locker.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_await_change(slk_locker locker, uint64_t change, uint64_t tag);

/**
 * Answers `SLK_EVENT_HANDOVER_REQUESTED`.
 *
 * Parameters:
 *   `locker`: the locker that another server asks for.
 *   `answer`: `SLK_ANSWER_GIVE` or `SLK_ANSWER_REFUSE`.
 *   `delay_ms`: for `SLK_ANSWER_GIVE`: how long to keep it still; 0: let go at once.
 * Returns:
 *   `SLK_OK`: answered.
 *   `SLK_E_INVALID_ARGUMENT`: nobody asks for it, or no such answer.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_answer_handover(slk_locker locker, int32_t answer, uint32_t delay_ms);

/**
 * Whether there is a session, and `before_save` will be called before its last save: what the game keeps outside the data
 * is still going to be asked for.
 *
 * Parameters: `locker`: the locker.
 * Returns: 1 or 0; 0 for a bad handle.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API int32_t slk_locker_is_syncing(slk_locker locker);

/**
 * Says that the record's data are about this person, so that they are found when the person's data are to be exported or
 * erased. One change of the record.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `user_id`: the person's id, up to `SLK_MAX_NAME_BYTES`.
 *   `change`: receives the number of the change, or of the last one if the id was there already; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_NOT_LOADED`: the record is not loaded, or is being released.
 *   `SLK_E_FULL`: it is about 64 people already.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the id.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_add_user(slk_locker locker, const char *user_id, uint64_t *change);

/**
 * Says that the record's data are no longer about this person. One change of the record.
 *
 * Parameters: as for `slk_locker_add_user`.
 * Returns: as `slk_locker_add_user`; `SLK_EMPTY`: they were not.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_remove_user(slk_locker locker, const char *user_id, uint64_t *change);

/**
 * Reads the ids of the people whom the record's data are about: a JSON array of strings, sorted.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: copied, or the length was asked for.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_NOT_LOADED`: the record is not loaded.
 *   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_DELETED`, `SLK_E_PANIC`: no living locker; it was deleted; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_users(slk_locker locker, char *buffer, size_t capacity, size_t *needed);

/* ---- The data of a locker ---- */

/**
 * Reads the type of a value: one of `SLK_TYPE_`.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_type(slk_locker locker, const char *pointer, int32_t *value);

/**
 * Reads a boolean, as 1 or 0.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it is no boolean.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_bool(slk_locker locker, const char *pointer, int32_t *value);

/**
 * Reads a whole number.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it is no whole number.
 *   `SLK_E_OUT_OF_RANGE`: it does not fit into 64 bits.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_i64(slk_locker locker, const char *pointer, int64_t *value);

/**
 * Reads a number, rounded if a double cannot hold all its digits.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it is no number.
 *   `SLK_E_OUT_OF_RANGE`: it is beyond all doubles.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_f64(slk_locker locker, const char *pointer, double *value);

/**
 * Reads a text.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: it is no string.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_string(slk_locker locker, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);

/**
 * Reads a value of any type as JSON text. The whole document comes as it was written if nobody changed it.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: the data are opaque bytes.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_json(slk_locker locker, const char *pointer, char *buffer,
        size_t capacity, size_t *needed);

/**
 * Reads the opaque bytes, where the data are opaque.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `buffer`: receives them, without a NUL; NULL with a capacity of 0 asks for the number only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives their number, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: they were copied, or their number was asked for.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for them; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: the data are JSON.
 *   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL and `capacity` is not 0.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_get_bytes(slk_locker locker, void *buffer, size_t capacity, size_t *needed);

/**
 * Reads how many elements an array has, members an object, bytes a string.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: receives it.
 * Returns:
 *   `SLK_OK`: it was read.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_WRONG_TYPE`: it has no length.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_length(slk_locker locker, const char *pointer, size_t *value);

/**
 * Reads the name of one member of an object, in the order of the text: for walking through an object of `length`
 * members. As a step of a JSON Pointer, `~` in it is written `~0` and `/` is written `~1`.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `index`: which one, from 0; `SLK_EMPTY` behind the last.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_EMPTY`: there is no such value; nothing is written.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_WRONG_TYPE`: it is no object.
 *   `SLK_E_INVALID_POINTER`, `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer, or NULL
 *   where a pointer is wanted.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_key_at(slk_locker locker, const char *pointer, size_t index, char *buffer,
        size_t capacity, size_t *needed);

/**
 * Sets null.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_set_null(slk_locker locker, const char *pointer, uint64_t *change);

/**
 * Sets a boolean.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: 1 or 0.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_set_bool(slk_locker locker, const char *pointer, int32_t value,
        uint64_t *change);

/**
 * Sets a whole number.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the number.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_set_i64(slk_locker locker, const char *pointer, int64_t value,
        uint64_t *change);

/**
 * Sets a number.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the number; not infinite and not NaN, which JSON cannot hold.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_set_f64(slk_locker locker, const char *pointer, double value,
        uint64_t *change);

/**
 * Sets a text.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the text, UTF-8.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_set_string(slk_locker locker, const char *pointer, const char *value,
        size_t length, uint64_t *change);

/**
 * Sets a value given as JSON text. With "" as the pointer, replaces the whole document.
 * A missing member of an object is made, `-` behind an array appends; what leads there must exist. Nothing is changed
 * on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the JSON text.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_set_json(slk_locker locker, const char *pointer, const char *value,
        size_t length, uint64_t *change);

/**
 * Replaces the opaque bytes, where the data are opaque. Nothing is changed on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `value`: the bytes; may be NULL if `length` is 0.
 *   `length`: their number.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_WRONG_TYPE`: the data are JSON.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_TOO_LONG`: of the bytes.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_set_bytes(slk_locker locker, const void *value, size_t length,
        uint64_t *change);

/**
 * Adds to a whole number; a missing one counts as 0.
 * Nothing is changed on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `delta`: what to add; may be negative.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_OUT_OF_RANGE`: the sum does not fit into 64 bits.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_add_i64(slk_locker locker, const char *pointer, int64_t delta,
        uint64_t *change);

/**
 * Adds to a number, in double arithmetic; a missing one counts as 0.
 * Nothing is changed on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `delta`: what to add; not infinite and not NaN.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_OUT_OF_RANGE`: the sum is beyond all doubles.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_add_f64(slk_locker locker, const char *pointer, double delta,
        uint64_t *change);

/**
 * Appends a value, given as JSON text, to an array; a missing array is made.
 * Nothing is changed on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `value`: the JSON text.
 *   `length`: its length in bytes, or `SLK_NUL_TERMINATED`.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: done.
 *   `SLK_E_INVALID_JSON`: `value` is not JSON; the text says where.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the parent of the value is missing.
 *   `SLK_E_WRONG_TYPE`: the parent is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_OUT_OF_RANGE`: the index is behind the end of the array; `-` appends.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: NULL where it must not be, a bad string, or the
 *   data would be nested too deeply.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_append_json(slk_locker locker, const char *pointer, const char *value,
        size_t length, uint64_t *change);

/**
 * Removes a value; elements behind one move up. Nothing is changed on failure.
 *
 * Parameters:
 *   `locker`: the locker.
 *   `pointer`: JSON Pointer (RFC 6901) to the value; "" is the whole document.
 *   `change`: receives the number of the change, to ask whether it is saved; may be NULL.
 * Returns:
 *   `SLK_OK`: it was removed.
 *   `SLK_EMPTY`: there was no such value; nothing was changed.
 *   `SLK_E_INVALID_POINTER`: no JSON Pointer, or the whole document.
 *   `SLK_E_WRONG_TYPE`: stepping into something that is neither an object nor an array, or the data are opaque bytes.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_INVALID_UTF8`, `SLK_E_TOO_LONG`: of the pointer.
 *   `SLK_E_NOT_LOADED`: the locker has no data that may be changed now: not loaded yet, releasing, or lost.
 *   `SLK_BUSY`: a callback has the data just now; try again in the next tick.
 *   `SLK_E_INVALID_HANDLE`: no living locker.
 *   `SLK_E_DELETED`, `SLK_E_PANIC`: the locker was deleted; a bug was caught earlier.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_locker_remove(slk_locker locker, const char *pointer, uint64_t *change);

/* ---- Metrics ---- */

/**
 * What an engine has counted since it was made, and what there is now, over all its stores and specs. Times are in
 * seconds. The struct only grows.
 */
typedef struct slk_metrics {
    /** Sessions begun. */
    uint64_t sessions_acquired;
    /** Sessions that the game let go. */
    uint64_t sessions_released;
    /** Sessions let go by a shutdown. */
    uint64_t sessions_released_by_shutdown;
    /** Sessions handed over to servers that asked. */
    uint64_t handovers_given;
    /** Sessions that other servers handed over when asked. */
    uint64_t handovers_received;
    /** Requests for hand-over that were refused here. */
    uint64_t handovers_refused;
    /** Sessions taken over from dead servers. */
    uint64_t takeovers;
    /** Sessions lost because another server took the record. */
    uint64_t lost_taken;
    /** Sessions lost because the record was removed. */
    uint64_t lost_erased;
    /** Sessions lost because the store has lost writes. */
    uint64_t lost_rolled_back;
    /** Loads that had to wait for a living server. */
    uint64_t waits_living_server;
    /** Loads that had to wait until a server was surely dead. */
    uint64_t waits_dead_server;
    /** Loads that had to wait because the store failed. */
    uint64_t waits_store_failure;
    /** How long loads waited for living servers, from the first obstacle until they had the record or were given up. */
    double wait_seconds_living_server;
    /** How long loads waited until servers were surely dead. */
    double wait_seconds_dead_server;
    /** How long loads waited because the store failed. */
    double wait_seconds_store_failure;
    /** The longest wait for a living server. */
    double longest_wait_seconds_living_server;
    /** The longest wait until a server was surely dead. */
    double longest_wait_seconds_dead_server;
    /** The longest wait because the store failed. */
    double longest_wait_seconds_store_failure;
    /** Writes of sessions that are stored. */
    uint64_t saves;
    /** How many times unsaved changes became durable. */
    uint64_t saves_timed;
    /** How long that took together, each from the first unsaved change, as a tick first saw it. */
    double save_seconds;
    /** The longest of them. */
    double longest_save_seconds;
    /** How long the oldest change that is not saved has been waiting. */
    double oldest_unsaved_seconds;
    /** Requests sent to stores, signs of life included. */
    uint64_t requests_sent;
    /** Of those, signs of life. */
    uint64_t requests_sent_beats;
    /** Of those, for loads, looks at other servers included. */
    uint64_t requests_sent_loads;
    /** Requests that stores carried out. */
    uint64_t requests_ok;
    /** Writes that stores refused because something else was stored than expected. */
    uint64_t conflicts;
    /** Requests that ended, in whatever way. */
    uint64_t requests_timed;
    /** How long they took together, from sending to the answer or to giving up. */
    double request_seconds;
    /** The longest of them. */
    double longest_request_seconds;
    /** Requests that failed by our mistake: `SLK_CAUSE_REQUEST`. */
    uint64_t errors_request;
    /** Requests that failed by the store's trouble: `SLK_CAUSE_STORE`. */
    uint64_t errors_store;
    /** Requests of which it cannot be told why they failed: `SLK_CAUSE_UNKNOWN`. */
    uint64_t errors_unknown;
    /** How many stores are in a critical state. */
    uint64_t stores_critical;
    /** How often stores have got into a critical state. */
    uint64_t times_critical;
    /** Requests that stores have not answered. */
    uint64_t requests_in_flight;
    /** Last saves with purchases in them that wait to be sent. */
    uint64_t requests_queued_purchase;
    /** Other last saves that wait to be sent. */
    uint64_t requests_queued_release;
    /** Saves that somebody waits for that wait to be sent. */
    uint64_t requests_queued_force;
    /** Saves in their own time that wait to be sent. */
    uint64_t requests_queued_save;
    /** Loads that wait to be sent. */
    uint64_t requests_queued_load;
    /** Lockers of which nothing is held or under way. */
    uint64_t lockers_idle;
    /** Lockers that are being loaded. */
    uint64_t lockers_loading;
    /** Lockers whose sessions are surely ours. */
    uint64_t lockers_held;
    /** Lockers whose sessions are in doubt. */
    uint64_t lockers_suspect;
    /** How long all sessions together were held. */
    double held_seconds;
    /** Requests sent for each hour that a session was held; 0 as long as none was. */
    double requests_per_player_hour;
    /** Receipts that took effect. */
    uint64_t receipts_granted;
    /** Receipts that had taken effect before. */
    uint64_t receipts_granted_before;
    /** Receipts that became credit. */
    uint64_t receipts_credited;
    /** Receipts that had become credit before. */
    uint64_t receipts_credited_before;
    /** Receipts that were not processed. */
    uint64_t receipts_not_processed;
    /** Callbacks of yours that failed. */
    uint64_t callbacks_failed;
    /** Events that you have not taken yet. */
    uint64_t events_queued;
    /** Receipts that are pending. */
    uint64_t receipts_pending;
    /** Receipts that were turned down. */
    uint64_t receipts_rejected;
    /** Receipts that were taken back. */
    uint64_t receipts_revoked;
    /** Receipts of unknown products that were parked. */
    uint64_t receipts_parked;
} slk_metrics;

/**
 * Tells what an engine has counted, and what there is now.
 *
 * It looks at each locker: call it once in a while, not in each tick.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `metrics`: receives the numbers.
 *   `size`: `sizeof(slk_metrics)`.
 * Returns:
 *   `SLK_OK`: told.
 *   `SLK_E_INVALID_ARGUMENT`, `SLK_E_STRUCT_SIZE`: `metrics` is NULL; `size` is no size.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_get_metrics(slk_engine engine, slk_metrics *metrics, size_t size);

/**
 * Tells the same, by store and spec and with histograms, in Prometheus' text exposition format (version 0.0.4; media type
 * `text/plain; version=0.0.4`): serve it under `/metrics`. Players' keys are not in it.
 *
 * It looks at each locker: call it once in a while, not in each tick. The text may grow between two calls: ask for more
 * room than is needed.
 *
 * Parameters:
 *   `engine`: the engine.
 *   `buffer`: receives the text and a NUL; NULL with a capacity of 0 asks for the length only.
 *   `capacity`: the size of `buffer` in bytes.
 *   `needed`: receives the length in bytes without the NUL, also when the buffer is too small; may be NULL.
 * Returns:
 *   `SLK_OK`: it was copied, or its length was asked for.
 *   `SLK_E_BUFFER_TOO_SMALL`: `buffer` has no room for it and the NUL; nothing is copied.
 *   `SLK_E_INVALID_ARGUMENT`: `buffer` is NULL, but its capacity is not 0.
 *   `SLK_E_INVALID_HANDLE`, `SLK_E_PANIC`: no living engine; a bug was caught.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API slk_result slk_engine_metrics_text(slk_engine engine, char *buffer, size_t capacity,
        size_t *needed);

/**
 * Whether so many requests of an engine to a store fail that the store is in a critical state: between
 * `SLK_EVENT_STORE_CRITICAL` and `SLK_EVENT_STORE_RECOVERED`.
 *
 * Parameters: `engine`: the engine; `store`: one of its stores.
 * Returns: 1 or 0; 0 for a bad handle, and for a store that no spec of the engine uses.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_NODISCARD SLK_API int32_t slk_engine_is_store_critical(slk_engine engine, slk_store store);
/* ---- Initialisers: every field of the structs of options, at its default ---- */

/** A `slk_store_callbacks` at its defaults: `slk_store_callbacks callbacks = SLK_STORE_CALLBACKS_INIT;` */
#define SLK_STORE_CALLBACKS_INIT { \
    sizeof(slk_store_callbacks), /* struct_size */ \
    SLK_STORE_ASYNCHRONOUS, /* mode */ \
    NULL, /* name */ \
    NULL, /* user_data */ \
    NULL, /* get */ \
    NULL, /* put */ \
    NULL, /* remove */ \
    NULL, /* cancel */ \
    NULL, /* destroy */ \
    0, /* max_value_bytes */ \
    0, /* max_key_bytes */ \
    0, /* threads */ \
    NULL /* list */ \
}

/** A `slk_sqlite_options` at its defaults. */
#define SLK_SQLITE_OPTIONS_INIT { \
    sizeof(slk_sqlite_options), /* struct_size */ \
    SLK_SQLITE_FULL, /* durability */ \
    0, /* flags */ \
    0, /* busy_timeout_ms */ \
    0, /* read_threads */ \
    0 /* batch */ \
}

/** A `slk_postgres_options` at its defaults. */
#define SLK_POSTGRES_OPTIONS_INIT { \
    sizeof(slk_postgres_options), /* struct_size */ \
    0, /* flags */ \
    0, /* connections */ \
    0, /* batch */ \
    0, /* connect_timeout_ms */ \
    0 /* request_timeout_ms */ \
}

/** A `slk_redis_options` at its defaults. */
#define SLK_REDIS_OPTIONS_INIT { \
    sizeof(slk_redis_options), /* struct_size */ \
    0, /* flags */ \
    0, /* connections */ \
    0, /* batch */ \
    0, /* connect_timeout_ms */ \
    0, /* request_timeout_ms */ \
    0, /* wait_replicas */ \
    0 /* wait_ms */ \
}

/** A `slk_fault_options` without any fault. */
#define SLK_FAULT_OPTIONS_INIT { \
    sizeof(slk_fault_options), /* struct_size */ \
    0, /* flags */ \
    0, /* seed */ \
    0, /* refused */ \
    0, /* unknown */ \
    0, /* request_lost */ \
    0, /* reply_lost */ \
    0, /* delayed */ \
    0, /* late */ \
    0, /* conflict */ \
    0 /* longest */ \
}

/** A `slk_engine_options` at its defaults. */
#define SLK_ENGINE_OPTIONS_INIT { \
    sizeof(slk_engine_options), /* struct_size */ \
    SLK_ABI_VERSION, /* abi_version */ \
    NULL, /* server_id */ \
    0, /* lease_ms */ \
    0, /* beat_interval_ms */ \
    0, /* request_timeout_ms */ \
    0, /* max_requests_in_flight */ \
    0, /* flags */ \
    0, /* log_level */ \
    NULL, /* clock */ \
    NULL, /* wall_clock */ \
    NULL, /* log */ \
    NULL, /* user_data */ \
    NULL, /* destroy */ \
    0, /* max_requests_per_second */ \
    0, /* mask_ids */ \
    NULL, /* log_record */ \
    0 /* seed */ \
}

/** A `slk_spec_options` at its defaults; name, store and schema_version are for you to set. */
#define SLK_SPEC_OPTIONS_INIT { \
    sizeof(slk_spec_options), /* struct_size */ \
    0, /* schema_version */ \
    NULL, /* name */ \
    { 0 }, /* store */ \
    SLK_DATA_JSON, /* data_kind */ \
    SLK_HANDOVER_GIVE, /* handover_mode */ \
    0, /* handover_delay_ms */ \
    0, /* autosave_ms */ \
    0, /* retry_min_ms */ \
    0, /* retry_max_ms */ \
    NULL, /* default_data */ \
    0, /* default_data_length */ \
    NULL, /* default_data_for */ \
    NULL, /* before_save */ \
    NULL, /* apply_receipt */ \
    NULL, /* user_data */ \
    NULL, /* destroy */ \
    { 0 }, /* migrations */ \
    0, /* flags */ \
    0, /* import_schema_version */ \
    0, /* inbox_limit */ \
    0, /* reserved */ \
    NULL, /* validate */ \
    NULL, /* merge_offline */ \
    NULL, /* apply_change */ \
    0, /* max_value_bytes */ \
    0, /* size_warning_percent */ \
    NULL, /* validate_receipt */ \
    NULL, /* record_receipt */ \
    NULL, /* revoke_receipt */ \
    0, /* purchase_history */ \
    SLK_CODEC_NONE, /* codec */ \
    0, /* codec_level */ \
    NULL, /* codec_name */ \
    NULL, /* codec_encode */ \
    NULL /* codec_decode */ \
}

/** A `slk_receipt` without anything in it. */
#define SLK_RECEIPT_INIT { \
    sizeof(slk_receipt), /* struct_size */ \
    0, /* reserved */ \
    NULL, /* provider */ \
    NULL, /* environment */ \
    NULL, /* purchase_id */ \
    NULL, /* product */ \
    NULL, /* context */ \
    0, /* context_length */ \
    0, /* tag */ \
    SLK_RECEIPT_PURCHASED /* state */ \
}

#ifdef __cplusplus
}
#endif

#endif /* SESSIONLOCKER_H */
