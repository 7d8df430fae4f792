/* Every accessor, on a document of its own and on a locker: both must do the same. */
#include "harness.h"

static slk_document json_document(const char *text)
{
    slk_document document;
    OK(slk_document_create_json(text, SLK_NUL_TERMINATED, &document));
    return document;
}

static int document_is(slk_document document, const char *expected)
{
    char text[512];
    size_t needed = 0;
    OK(slk_document_get_json(document, "", text, sizeof text, &needed));
    CHECK(strlen(text) == needed);
    if (strcmp(text, expected) == 0)
        return 1;
    fprintf(stderr, "%s\nis not\n%s\n", text, expected);
    return 0;
}

static void reading(void)
{
    slk_document it = json_document(" {\"a\":null, \"b\":true,\"c\":-5,\"d\":0.25,\"e\":\"Zo\\u00eb\",\"f\":[1,[2]],\"g~/\":{}}");
    const struct {
        const char *pointer;
        int32_t type;
    } types[] = { { "", SLK_TYPE_OBJECT },    { "/a", SLK_TYPE_NULL },    { "/b", SLK_TYPE_BOOL },  { "/c", SLK_TYPE_INTEGER },
                  { "/d", SLK_TYPE_NUMBER },  { "/e", SLK_TYPE_STRING },  { "/f", SLK_TYPE_ARRAY }, { "/f/1/0", SLK_TYPE_INTEGER },
                  { "/g~0~1", SLK_TYPE_OBJECT } };
    int32_t type = 0, truth = 0;
    for (size_t at = 0; at < sizeof types / sizeof types[0]; at++) {
        OK(slk_document_get_type(it, types[at].pointer, &type));
        CHECK(type == types[at].type);
    }
    EXPECT(SLK_EMPTY, slk_document_get_type(it, "/none", &type));
    EXPECT(SLK_E_WRONG_TYPE, slk_document_get_type(it, "/c/x", &type));
    int64_t integer = 0;
    double real = 0;
    size_t length = 0, needed = 0;
    char text[16];
    OK(slk_document_get_bool(it, "/b", &truth));
    OK(slk_document_get_i64(it, "/c", &integer));
    OK(slk_document_get_f64(it, "/d", &real));
    OK(slk_document_get_string(it, "/e", text, sizeof text, &needed));
    CHECK(truth == 1 && integer == -5 && real > 0.24 && real < 0.26 && strcmp(text, "Zo\xc3\xab") == 0 && needed == 4);
    OK(slk_document_get_json(it, "/f", text, sizeof text, &needed));
    CHECK(strcmp(text, "[1,[2]]") == 0);
    OK(slk_document_length(it, "", &length));
    CHECK(length == 7);
    OK(slk_document_length(it, "/f", &length));
    CHECK(length == 2);
    EXPECT(SLK_E_WRONG_TYPE, slk_document_length(it, "/a", &length));
    OK(slk_document_key_at(it, "", 6, text, sizeof text, &needed));
    CHECK(strcmp(text, "g~/") == 0);
    EXPECT(SLK_EMPTY, slk_document_key_at(it, "", 7, text, sizeof text, &needed));
    EXPECT(SLK_E_WRONG_TYPE, slk_document_get_bytes(it, text, sizeof text, &needed));
    OK(slk_document_destroy(it));
}

static void changing(void)
{
    slk_document it = json_document("{\"z\":1.50,\"gold\":9223372036854775806}");
    OK(slk_document_add_i64(it, "/gold", 1));
    EXPECT(SLK_E_OUT_OF_RANGE, slk_document_add_i64(it, "/gold", 1));
    OK(slk_document_set_null(it, "/a"));
    OK(slk_document_set_bool(it, "/b", 1));
    OK(slk_document_set_i64(it, "/c", INT64_MIN));
    OK(slk_document_set_f64(it, "/d", 0.5));
    OK(slk_document_add_f64(it, "/d", 0.25));
    OK(slk_document_set_string(it, "/e", "quote \" nul", 11));
    OK(slk_document_set_json(it, "/f", "[1]tail", 3));
    OK(slk_document_append_json(it, "/f", "{\"x\":[]}", SLK_NUL_TERMINATED));
    OK(slk_document_set_i64(it, "/f/-", 3));
    OK(slk_document_remove(it, "/f/0"));
    EXPECT(SLK_EMPTY, slk_document_remove(it, "/f/9"));
    CHECK(document_is(it, "{\"z\":1.50,\"gold\":9223372036854775807,\"a\":null,\"b\":true,\"c\":-9223372036854775808,"
                          "\"d\":0.75,\"e\":\"quote \\\" nul\",\"f\":[{\"x\":[]},3]}"));
    EXPECT(SLK_E_OUT_OF_RANGE, slk_document_set_null(it, "/f/2"));
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_document_set_f64(it, "/d", 1e308 * 10));
    EXPECT(SLK_E_INVALID_POINTER, slk_document_remove(it, ""));
    OK(slk_document_set_json(it, "", "null", 4));
    CHECK(document_is(it, "null"));
    OK(slk_document_destroy(it));
}

static void bytes(void)
{
    slk_document it;
    const unsigned char given[] = { 0, 255, 7 };
    unsigned char got[3] = { 0 };
    size_t needed = 0;
    int32_t type = 0;
    OK(slk_document_create_bytes(given, sizeof given, &it));
    OK(slk_document_get_type(it, "", &type));
    CHECK(type == SLK_TYPE_BYTES);
    OK(slk_document_get_bytes(it, got, sizeof got, &needed));
    CHECK(needed == 3 && memcmp(given, got, 3) == 0);
    EXPECT(SLK_E_BUFFER_TOO_SMALL, slk_document_get_bytes(it, got, 2, &needed));
    EXPECT(SLK_E_WRONG_TYPE, slk_document_set_i64(it, "/gold", 1));
    OK(slk_document_set_bytes(it, NULL, 0));
    OK(slk_document_get_bytes(it, NULL, 0, &needed));
    CHECK(needed == 0);
    OK(slk_document_destroy(it));
    EXPECT(SLK_E_INVALID_JSON, slk_document_create_json("{", 1, &it));
    CHECK(it.id == 0);
    EXPECT(SLK_E_INVALID_ARGUMENT, slk_document_create_bytes(NULL, 1, &it));
}

/* A record of bytes goes to the store and comes back; and what a locker can do, on SQLite. */
static void lockers(slk_store store)
{
    slk_engine engine = new_engine("eu-1");
    slk_spec_options options = SLK_SPEC_OPTIONS_INIT;
    options.name = "blob";
    options.store = store;
    options.schema_version = 1;
    options.data_kind = SLK_DATA_BYTES;
    options.default_data = "new";
    options.default_data_length = 3;
    slk_spec spec;
    OK(slk_spec_create(engine, &options, &spec));
    slk_locker blob = new_locker(spec, "42", 1), json = new_locker(new_spec(engine, store), "42", 2);
    OK(slk_locker_mark_should_acquire(blob, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    OK(slk_locker_mark_should_acquire(json, NULL));
    (void)wait_for_event(engine, SLK_EVENT_LOADED);
    char text[128];
    size_t needed = 0;
    OK(slk_locker_get_bytes(blob, text, sizeof text, &needed));
    CHECK(needed == 3 && memcmp(text, "new", 3) == 0);
    uint64_t first = 0, second = 0;
    OK(slk_locker_set_bytes(blob, "\0\xff", 2, &first));
    EXPECT(SLK_E_WRONG_TYPE, slk_locker_set_bytes(json, "x", 1, &second));
    OK(slk_locker_set_bool(json, "/vip", 1, &second));
    CHECK(first > 0 && second > first);
    OK(slk_locker_set_f64(json, "/speed", 1.5, NULL));
    OK(slk_locker_append_json(json, "/bag", "\"sword\"", SLK_NUL_TERMINATED, NULL));
    OK(slk_locker_set_null(json, "/bag/-", NULL));
    OK(slk_locker_add_f64(json, "/speed", 1, NULL));
    OK(slk_locker_set_json(json, "/pet", "{\"name\":\"Rex\"}", SLK_NUL_TERMINATED, NULL));
    uint64_t untouched = 77;
    EXPECT(SLK_EMPTY, slk_locker_remove(json, "/none", &untouched));
    CHECK(untouched == 77);
    OK(slk_locker_remove(json, "/gold", NULL));
    OK(slk_engine_shutdown(engine, 10000));
    OK(slk_engine_destroy(engine));

    engine = new_engine("eu-2");
    OK(slk_spec_create(engine, &options, &spec));
    blob = new_locker(spec, "42", 1);
    json = new_locker(new_spec(engine, store), "42", 2);
    OK(slk_locker_mark_should_acquire(blob, NULL));
    OK(slk_locker_mark_should_acquire(json, NULL));
    while (!slk_locker_is_loaded(blob) || !slk_locker_is_loaded(json)) {
        OK(slk_engine_update(engine, 0));
        pass_ms(1);
    }
    OK(slk_locker_get_bytes(blob, text, sizeof text, &needed));
    CHECK(needed == 2 && memcmp(text, "\0\xff", 2) == 0);
    OK(slk_locker_get_json(json, "", text, sizeof text, &needed));
    CHECK(strcmp(text, "{\"vip\":true,\"speed\":2.5,\"bag\":[\"sword\",null],\"pet\":{\"name\":\"Rex\"}}") == 0);
    int32_t vip = 0;
    double speed = 0;
    OK(slk_locker_get_bool(json, "/vip", &vip));
    OK(slk_locker_get_f64(json, "/speed", &speed));
    OK(slk_locker_key_at(json, "/pet", 0, text, sizeof text, NULL));
    CHECK(vip == 1 && speed > 2.4 && speed < 2.6 && strcmp(text, "name") == 0);
    OK(slk_engine_shutdown(engine, 10000));
    OK(slk_engine_destroy(engine));
}

int main(void)
{
    reading();
    changing();
    bytes();
    slk_store store;
    OK(slk_store_open_memory(&store));
    lockers(store);
    OK(slk_store_destroy(store));
    real_time = 1;
    (void)remove("documents.db");
    (void)remove("documents.db-wal");
    (void)remove("documents.db-shm");
    OK(slk_store_open_sqlite("documents.db", NULL, &store));
    lockers(store);
    OK(slk_store_destroy(store));
    return 0;
}
