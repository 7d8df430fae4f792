/* What the library tells. */
#ifndef GAME_EVENTS_H
#define GAME_EVENTS_H

#include "roster.h"

#include <sessionlocker.h>

#include <stdbool.h>

/* Takes all waiting events and tells the clients that they concern. */
void events_take(slk_engine engine);
/* Looks who is available right now, for the audit log. */
void events_watch(void);
/* Puts the player's session into the audit log as it was loaded, unless that is there already. */
void events_note_session(struct player *player);
/* Whether the shutdown is done or the engine can do no more. */
bool events_show_the_end(void);

#endif
