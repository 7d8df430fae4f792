// The header in a second translation unit: everything in it must be fit to be there twice.
#include <sessionlocker.hpp>

int second_translation_unit();

int second_translation_unit() {
    auto store = slk::store::open_memory();
    auto engine = slk::engine::create();
    if (!store || !engine)
        return 1;
    slk::spec_options options;
    options.name = "player";
    options.before_save = [](const slk::save_view &, slk::document_ref) {};
    return engine->create_spec(*store, std::move(options)) ? 0 : 1;
}

#ifdef ALONE
int main() { return second_translation_unit(); }
#endif
