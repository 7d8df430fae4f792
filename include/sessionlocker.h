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
SLK_API
const char *slk_version_text(void);

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

/**
 * The name of a result, such as `"SLK_E_INVALID_HANDLE"`, for logs.
 *
 * Parameters: `result`: any number.
 * Returns: a constant string, never NULL; `"unknown slk_result"` for a number that is no result of this version.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API
const char *slk_result_name(slk_result result);

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
SLK_API
slk_result slk_last_error(char *buffer,
                          size_t capacity,
                          size_t *needed);

/* ---- Limits ---- */

/** The longest key, name of a spec, server id or other name in bytes. */
#define SLK_MAX_NAME_BYTES 1024
/** The longest path or text of a callback's error in bytes. */
#define SLK_MAX_TEXT_BYTES 4096
/** The largest JSON text or block of bytes that a call takes, in bytes. */
#define SLK_MAX_DATA_BYTES 67108864
/** The longest JSON Pointer in bytes. */
#define SLK_MAX_POINTER_BYTES 4096

/* ---- Handles ---- */



/* ---- Stores ---- */

/**
 * Opens a store in the memory of this process, for tests. Engines of one process can share it; it ends with its last
 * user.
 *
 * Parameters: `store`: receives the handle, to be ended by `slk_store_destroy`; null on failure.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL.
 * Thread: any. Blocks: no. Since 0.1.
 */
SLK_API
SLK_NODISCARD
slk_result slk_store_open_memory(slk_store *store);

/**
 * Ends the host's use of a store: the handle dies. The store itself lives until the last engine that uses it is gone.
 *
 * Parameters: `store`: a store, or the null handle, which does nothing.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE`; `SLK_E_REENTRANT` inside a callback.
 * Thread: any. Blocks: if no engine uses the store, until the requests that its threads are carrying out are done.
 * Since 0.1.
 */
SLK_API
slk_result slk_store_destroy(slk_store store);

/* ---- Answering a store's requests ---- */

/** The longest version token in bytes. */
#define SLK_MAX_VERSION_BYTES 255
/** Read the value and its version. */
#define SLK_REQUEST_GET 1
/** Write the value if the key is as expected. */
#define SLK_REQUEST_PUT 2
/** Remove the key if it is as expected. */
#define SLK_REQUEST_REMOVE 3
/** The key names a record of the game. */
#define SLK_KEY_RECORD 1
/** The key names a server record: how an engine shows that it is alive. */
#define SLK_KEY_SERVER 2

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
SLK_API
SLK_NODISCARD
slk_result slk_request_complete_found(slk_request request,
                                      const void *value,
                                      size_t value_length,
                                      const void *version,
                                      size_t version_length);

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
SLK_API
SLK_NODISCARD
slk_result slk_request_complete_written(slk_request request,
                                        const void *version,
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
SLK_API
SLK_NODISCARD
slk_result slk_request_complete_failed(slk_request request,
                                       slk_result result,
                                       const char *text);

/**
 * Gives a request up without an answer: its outcome counts as unknown.
 *
 * Parameters: `request`: as the callback got it.
 * Returns: `SLK_OK`; `SLK_E_INVALID_HANDLE` if it was completed or abandoned before, or is none.
 * Thread: any, also inside a callback. Blocks: never. Since 0.1.
 */
SLK_API slk_result slk_request_abandon(slk_request request);

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

/** Ends the life of a `user_data`. */
typedef void (*slk_destroy)(void *user_data);

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
    /** The largest value that the store takes, in bytes. 0: `SLK_MAX_DATA_BYTES`. */
    uint64_t max_value_bytes;
    /** The longest key that the store takes, in bytes. 0: `SLK_MAX_NAME_BYTES`. */
    uint32_t max_key_bytes;
    /** For `SLK_STORE_BLOCKING_CONCURRENT`: how many threads, up to `SLK_MAX_STORE_THREADS`. 0: 4. */
    uint32_t threads;
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
SLK_API
SLK_NODISCARD
slk_result slk_store_create(const struct slk_store_callbacks *callbacks,
                            slk_store *store);

/**
 * Fills the struct with defaults, as `SLK_STORE_CALLBACKS_INIT` does, for languages that cannot use the macro.
 *
 * Parameters: `callbacks`: the struct; `size`: its size.
 * Returns: `SLK_OK`; `SLK_E_INVALID_ARGUMENT` for NULL; `SLK_E_STRUCT_SIZE` for a size that is none.
 * Thread: any. Blocks: never. Since 0.1.
 */
SLK_API
slk_result slk_store_callbacks_init(struct slk_store_callbacks *callbacks,
                                    size_t size);

/* ---- Data ---- */

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
SLK_API
SLK_NODISCARD
slk_result slk_document_create_json(const char *json,
                                    size_t length,
                                    slk_document *document);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_create_bytes(const void *bytes,
                                     size_t length,
                                     slk_document *document);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_get_type(slk_document document,
                                 const char *pointer,
                                 int32_t *value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_get_bool(slk_document document,
                                 const char *pointer,
                                 int32_t *value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_get_i64(slk_document document,
                                const char *pointer,
                                int64_t *value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_get_f64(slk_document document,
                                const char *pointer,
                                double *value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_get_string(slk_document document,
                                   const char *pointer,
                                   char *buffer,
                                   size_t capacity,
                                   size_t *needed);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_get_json(slk_document document,
                                 const char *pointer,
                                 char *buffer,
                                 size_t capacity,
                                 size_t *needed);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_get_bytes(slk_document document,
                                  void *buffer,
                                  size_t capacity,
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
SLK_API
SLK_NODISCARD
slk_result slk_document_length(slk_document document,
                               const char *pointer,
                               size_t *value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_key_at(slk_document document,
                               const char *pointer,
                               size_t index,
                               char *buffer,
                               size_t capacity,
                               size_t *needed);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_set_null(slk_document document,
                                 const char *pointer);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_set_bool(slk_document document,
                                 const char *pointer,
                                 int32_t value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_set_i64(slk_document document,
                                const char *pointer,
                                int64_t value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_set_f64(slk_document document,
                                const char *pointer,
                                double value);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_set_string(slk_document document,
                                   const char *pointer,
                                   const char *value,
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
SLK_API
SLK_NODISCARD
slk_result slk_document_set_json(slk_document document,
                                 const char *pointer,
                                 const char *value,
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
SLK_API
SLK_NODISCARD
slk_result slk_document_set_bytes(slk_document document,
                                  const void *value,
                                  size_t length);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_add_i64(slk_document document,
                                const char *pointer,
                                int64_t delta);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_add_f64(slk_document document,
                                const char *pointer,
                                double delta);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_append_json(slk_document document,
                                    const char *pointer,
                                    const char *value,
                                    size_t length);

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
SLK_API
SLK_NODISCARD
slk_result slk_document_remove(slk_document document,
                               const char *pointer);
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
    0 /* threads */ \
}

#ifdef __cplusplus
}
#endif

#endif /* SESSIONLOCKER_H */
