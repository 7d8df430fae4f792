/* The lines that clients send. */
#ifndef GAME_PROTOCOL_H
#define GAME_PROTOCOL_H

#include "clients.h"

void protocol_line(client_id client, char *line);

#endif
