// All tests in one translation unit: the header is compiled once for each compiler and standard.
#include "callbacks_test.cpp"
#include "codec_test.cpp"
#include "data_test.cpp"
#include "events_test.cpp"
#include "owners_test.cpp"
#include "profile_test.cpp"
#include "results_test.cpp"
#include "stores_test.cpp"

#include "coroutine_test.cpp"

int second_translation_unit();

int main(int count, char **arguments) {
    if (second_translation_unit() != 0)
        return 1;
    return check::run_all(count > 1 ? arguments[1] : "");
}
