// All tests in one translation unit: the header is compiled once for each compiler and standard.
#include "callbacks_test.cpp"
#include "changes_test.cpp"
#include "checks_test.cpp"
#include "codec_test.cpp"
#include "data_test.cpp"
#include "events_test.cpp"
#include "metrics_test.cpp"
#include "migrations_test.cpp"
#include "owners_test.cpp"
#include "profile_test.cpp"
#include "purchases_test.cpp"
#include "record_codec_test.cpp"
#include "records_test.cpp"
#include "results_test.cpp"
#include "stores_test.cpp"
#include "test_stores_test.cpp"

#include "coroutine_test.cpp"

int second_translation_unit();

// Every handle that the tests made must have been ended by its owner.
static bool nothing_is_left() {
    const slk::object_kind kinds[] = {slk::object_kind::store,   slk::object_kind::engine,   slk::object_kind::spec,
                                      slk::object_kind::locker,  slk::object_kind::document, slk::object_kind::request,
                                      slk::object_kind::error_sink, slk::object_kind::migrations,
                                      slk::object_kind::buffer};
    bool nothing = true;
    for (const slk::object_kind kind : kinds) {
        const auto left = slk::object_count(kind);
        if (left != 0)
            std::printf("%llu handles of kind %d are left\n", static_cast<unsigned long long>(left), static_cast<int>(kind));
        nothing = nothing && left == 0;
    }
    return nothing;
}

int main(int count, char **arguments) {
    if (second_translation_unit() != 0)
        return 1;
    const int failed = check::run_all(count > 1 ? arguments[1] : "");
    return nothing_is_left() ? failed : 1;
}
