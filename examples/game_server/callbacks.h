/* What the library asks of the game: bringing old data up to date, merging, saving, purchases, changes from others. */
#ifndef GAME_CALLBACKS_H
#define GAME_CALLBACKS_H

#include <sessionlocker.h>

#include <stdint.h>

/* Fills in the callbacks and the data's version: 1 or 2. *migrations is to be destroyed when the spec is made. */
slk_result callbacks_fill_in(uint32_t version, slk_spec_options *options, slk_migrations *migrations);

#endif
