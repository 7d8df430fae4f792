/* The connections: lines in, lines out, never blocking. */
#ifndef GAME_CLIENTS_H
#define GAME_CLIENTS_H

#include "audit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names a connection for as long as the process lives: an answer to one that has gone reaches nobody else. 0: nobody. */
typedef uint64_t client_id;

/* Called for each line that came, without its line end. */
typedef void client_line_handler(client_id client, char *line);
/* Called when a connection has ended. */
typedef void client_gone_handler(client_id client);

bool clients_listen(uint16_t port, uint16_t *bound);
/* Takes new connections and hands over the lines that have come. */
void clients_receive(client_line_handler *on_line, client_gone_handler *on_gone);
/* Sends what was queued by clients_print. */
void clients_send(void);
void clients_close(void);

/* Queues a line; the line end is added. */
void clients_print(client_id client, const char *format, ...) AUDIT_FORMAT(2, 3);

#endif
