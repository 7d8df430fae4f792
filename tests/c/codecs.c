/* Codecs from C: zstd, callbacks that hide a record, callbacks that fail, and records that nobody here can read. */
#include "harness.h"

struct codec {
    int encoded, decoded, fail, destroyed;
    slk_engine engine;
    slk_buffer late;
};

/* In small pieces, so that the buffer grows. */
static slk_result invert(struct codec *codec, const void *bytes, size_t length, slk_buffer out)
{
    const unsigned char *from = bytes;
    CHECK(codec->destroyed == 0);
    codec->late = out;
    for (size_t at = 0; at < length; at += 16) {
        unsigned char piece[16];
        size_t size = length - at < sizeof piece ? length - at : sizeof piece;
        for (size_t byte = 0; byte < size; byte++)
            piece[byte] = (unsigned char)~from[at + byte];
        OK(slk_buffer_append(out, piece, size));
    }
    /* Callbacks may call the library, but not turn the ground under it. */
    EXPECT(SLK_E_REENTRANT, slk_engine_update(codec->engine, 0));
    CHECK(slk_object_count(SLK_OBJECT_BUFFER) == 1);
    return SLK_OK;
}

static slk_result encode(void *user_data, const void *bytes, size_t length, slk_buffer out, slk_error_sink error)
{
    struct codec *codec = user_data;
    codec->encoded++;
    if (codec->fail == 1) {
        OK(slk_error_sink_set(error, "the key is not there"));
        return SLK_E_CALLBACK;
    }
    if (codec->fail == 2)
        return 4711; /* a result of somebody else */
    if (codec->fail == 3) {
        EXPECT(SLK_E_TOO_LONG, slk_buffer_append(out, bytes, SLK_MAX_DATA_BYTES + (size_t)1));
        return SLK_OK; /* what did not fit is a failure all the same */
    }
    return invert(codec, bytes, length, out);
}

static slk_result decode(void *user_data, const void *bytes, size_t length, slk_buffer out, slk_error_sink error)
{
    struct codec *codec = user_data;
    codec->decoded++;
    if (length < 20) {
        OK(slk_error_sink_set(error, "too short to be true"));
        return SLK_E_OUT_OF_RANGE;
    }
    return invert(codec, bytes, length, out);
}

static void destroy(void *user_data)
{
    ((struct codec *)user_data)->destroyed++;
}

static slk_spec_options options_for(slk_store store, int32_t kind, struct codec *codec)
{
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "player";
    options.store = store;
    options.schema_version = 1;
    options.default_data = "{\"name\":\"Vexorg\"}";
    options.codec = kind;
    if (kind == SLK_CODEC_CALLBACKS) {
        options.codec_name = "inverse";
        options.codec_encode = encode;
        options.codec_decode = decode;
        options.user_data = codec;
        options.destroy = destroy;
    }
    return options;
}

/* A new server with a spec of this codec that wants the record. */
static slk_engine serve(slk_store store, int32_t kind, struct codec *codec, slk_locker *locker)
{
    slk_engine engine = new_engine(NULL);
    slk_spec_options options = options_for(store, kind, codec);
    slk_spec spec;
    OK(slk_spec_create(engine, &options, &spec));
    codec->engine = engine;
    *locker = new_locker(spec, "42", 1);
    OK(slk_locker_mark_should_acquire(*locker, NULL));
    return engine;
}

static void leave(slk_engine engine)
{
    OK(slk_engine_begin_shutdown(engine, 60000));
    slk_event event = wait_for_event(engine, SLK_EVENT_SHUTDOWN_DONE);
    CHECK(event.count == 0);
    OK(slk_engine_destroy(engine));
}

static size_t stored(slk_store store, unsigned char *bytes, size_t capacity)
{
    size_t length = 0;
    OK(slk_store_get_value(store, "player", "42", bytes, capacity, &length));
    return length;
}

static void hidden_by_callbacks(void)
{
    struct codec codec = { 0 }, other = { 0 };
    unsigned char bytes[4096];
    slk_locker locker;
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = serve(store, SLK_CODEC_CALLBACKS, &codec, &locker);
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    CHECK(codec.encoded > 0 && codec.decoded == 0);
    EXPECT(SLK_E_INVALID_HANDLE, slk_buffer_append(codec.late, "x", 1));
    leave(engine);
    CHECK(codec.destroyed == 1);
    size_t length = stored(store, bytes, sizeof bytes);
    CHECK(length > 20 && memcmp(bytes, "\x1bSLK\x01\x07inverse", 13) == 0);

    engine = serve(store, SLK_CODEC_CALLBACKS, &other, &locker);
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    CHECK(other.decoded > 0);
    char name[16];
    OK(slk_locker_get_string(locker, "/name", name, sizeof name, NULL));
    CHECK(strcmp(name, "Vexorg") == 0);
    leave(engine);
    CHECK(other.destroyed == 1);

    /* Who does not know the codec leaves the record alone, and says which it is. */
    struct codec none = { 0 };
    length = stored(store, bytes, sizeof bytes);
    engine = serve(store, SLK_CODEC_ZSTD, &none, &locker);
    slk_event event;
    do
        event = wait_for_event(engine, SLK_EVENT_LOAD_STATUS);
    while (event.detail == SLK_LOAD_LOADING);
    CHECK(event.detail == SLK_LOAD_UNKNOWN_VERSION && strstr(event.text, "`inverse`") != NULL);
    OK(slk_engine_destroy(engine));
    unsigned char after[4096];
    CHECK(stored(store, after, sizeof after) == length && memcmp(bytes, after, length) == 0);

    /* Damaged, it is left alone too. */
    OK(slk_store_set_value(store, "player", "42", "\x1bSLK\x01\x07inverse123", 16));
    struct codec again = { 0 };
    engine = serve(store, SLK_CODEC_CALLBACKS, &again, &locker);
    do
        event = wait_for_event(engine, SLK_EVENT_LOAD_STATUS);
    while (event.detail == SLK_LOAD_LOADING);
    CHECK(event.detail == SLK_LOAD_UNREADABLE && strstr(event.text, "too short to be true") != NULL);
    CHECK(again.encoded == 0);
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
}

static void failing_callbacks(void)
{
    static const char *const words[] = { "the key is not there", "4711", "does not fit" };
    struct codec codec = { 0 };
    slk_locker locker;
    slk_store store;
    OK(slk_store_open_memory(&store));
    slk_engine engine = serve(store, SLK_CODEC_CALLBACKS, &codec, &locker);
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    for (int fail = 1; fail <= 3; fail++) {
        uint64_t change;
        codec.fail = fail;
        OK(slk_locker_set_i64(locker, "/gold", fail, &change));
        OK(slk_locker_await_change(locker, change, 9));
        OK(slk_locker_mark_force_save(locker));
        slk_event event = wait_for_event(engine, SLK_EVENT_SAVE_TROUBLE);
        CHECK(strstr(event.text, words[fail - 1]) != NULL);
        EXPECT(SLK_PENDING, slk_locker_change_status(locker, change));
        codec.fail = 0;
        event = wait_for_event(engine, SLK_EVENT_CHANGE_SETTLED);
        CHECK(event.result == SLK_SAVED && event.change == change);
    }
    leave(engine);
    OK(slk_store_destroy(store));
    CHECK(codec.destroyed == 1);
}

static void compressed(void)
{
    enum { LONG = 100000 };
    struct codec none = { 0 };
    slk_locker locker;
    slk_store store;
    unsigned char bytes[4096];
    char *text = malloc(LONG + 1);
    CHECK(text != NULL);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    OK(slk_store_open_memory(&store));
    slk_engine engine = serve(store, SLK_CODEC_ZSTD, &none, &locker);
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    OK(slk_locker_set_string(locker, "/long", text, LONG, NULL));
    leave(engine);
    CHECK(stored(store, bytes, sizeof bytes) < 1000 && memcmp(bytes, "\x1bSLK\x01\x04zstd", 10) == 0);
    engine = serve(store, SLK_CODEC_NONE, &none, &locker);
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    size_t length = 0;
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_locker_get_string(locker, "/long", (char *)bytes, sizeof bytes, &length));
    CHECK(length == LONG);
    leave(engine);
    OK(slk_store_destroy(store));
    free(text);
}

static void bad_options(void)
{
    struct codec codec = { 0 };
    slk_store store;
    slk_spec spec;
    OK(slk_store_open_memory(&store));
    slk_engine engine = new_engine("eu-1");
    slk_spec_options options = options_for(store, 7, &codec);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    options = options_for(store, SLK_CODEC_ZSTD, &codec);
    options.codec_level = 99;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    CHECK(says("codec_level"));
    options = options_for(store, SLK_CODEC_CALLBACKS, &codec);
    options.codec_decode = NULL;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    CHECK(says("codec_decode"));
    static const char *const names[] = { NULL, "", "two words", "zstd" };
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        options = options_for(store, SLK_CODEC_CALLBACKS, &codec);
        options.codec_name = names[at];
        EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    }
    options = options_for(store, SLK_CODEC_CALLBACKS, &codec);
    options.codec = SLK_CODEC_NONE;
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_spec_create(engine, &options, &spec));
    EXPECT(SLK_E_INVALID_HANDLE, slk_buffer_append((slk_buffer){ 0 }, "x", 1));
    OK(slk_engine_destroy(engine));
    OK(slk_store_destroy(store));
    CHECK(codec.destroyed == 0);
}

int main(void)
{
    hidden_by_callbacks();
    failing_callbacks();
    compressed();
    bad_options();
    CHECK(slk_object_count(SLK_OBJECT_BUFFER) == 0);
    return 0;
}
