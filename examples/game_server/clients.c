#include "clients.h"

#include "platform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CLIENTS = 64,
    MAX_LINE = 512,
    /* A client that lets more than this wait for it is not reading and is dropped. */
    MAX_WAITING = 4 * 1024 * 1024,
    MAX_RECEIVES_PER_TICK = 64
};

struct client {
    client_id id; /* 0: the place is free */
    platform_socket socket;
    bool ended;
    char in[MAX_LINE];
    size_t in_size;
    char *out;
    size_t out_size, out_capacity;
};

static platform_socket listener;
static bool listening;
static struct client clients[MAX_CLIENTS];
static client_id last_id;

bool clients_listen(uint16_t port, uint16_t *bound)
{
    listening = platform_listen(port, &listener, bound);
    return listening;
}

static struct client *find(client_id id)
{
    for (size_t i = 0; i < MAX_CLIENTS && id != 0; i++)
        if (clients[i].id == id)
            return &clients[i];
    return NULL;
}

static void accept_waiting(void)
{
    for (size_t i = 0; i < MAX_CLIENTS; i++) {
        if (clients[i].id != 0)
            continue;
        if (!platform_accept(listener, &clients[i].socket))
            return;
        clients[i].id = ++last_id;
        clients[i].ended = false;
        clients[i].in_size = clients[i].out_size = 0;
    }
}

static void drop(struct client *client)
{
    /* What is still queued may say why the connection ends. */
    if (client->out_size > 0)
        (void)platform_send(client->socket, client->out, client->out_size);
    platform_close(client->socket);
    free(client->out);
    client->out = NULL;
    client->out_size = client->out_capacity = 0;
    client->id = 0;
}

/* Hands over each whole line in the buffer and keeps the beginning of the next one. */
static void take_lines(struct client *client, client_line_handler *on_line)
{
    char *start = client->in, *end;
    size_t left = client->in_size;
    while ((end = memchr(start, '\n', left)) != NULL) {
        size_t length = (size_t)(end - start) + 1;
        *end = '\0';
        if (end > start && end[-1] == '\r')
            end[-1] = '\0';
        on_line(client->id, start);
        start += length;
        left -= length;
    }
    memmove(client->in, start, left);
    client->in_size = left;
    if (left == sizeof client->in) {
        clients_print(client->id, "error a line may have up to %d bytes", MAX_LINE - 1);
        client->ended = true;
    }
}

static void receive(struct client *client, client_line_handler *on_line)
{
    for (int i = 0; i < MAX_RECEIVES_PER_TICK && !client->ended; i++) {
        size_t room = sizeof client->in - client->in_size;
        long got = platform_receive(client->socket, client->in + client->in_size, room);
        if (got == 0)
            return;
        if (got < 0) {
            client->ended = true;
            return;
        }
        client->in_size += (size_t)got;
        take_lines(client, on_line);
    }
}

void clients_receive(client_line_handler *on_line, client_gone_handler *on_gone)
{
    accept_waiting();
    for (size_t i = 0; i < MAX_CLIENTS; i++) {
        if (clients[i].id == 0)
            continue;
        receive(&clients[i], on_line);
        if (clients[i].ended) {
            client_id gone = clients[i].id;
            drop(&clients[i]);
            on_gone(gone);
        }
    }
}

static bool reserve(struct client *client, size_t more)
{
    size_t needed = client->out_size + more;
    if (needed <= client->out_capacity)
        return true;
    if (needed > MAX_WAITING)
        return false;
    size_t capacity = needed * 2;
    char *out = realloc(client->out, capacity);
    if (out == NULL)
        return false;
    client->out = out;
    client->out_capacity = capacity;
    return true;
}

void clients_print(client_id id, const char *format, ...)
{
    struct client *client = find(id);
    if (client == NULL || client->ended)
        return;
    va_list values;
    va_start(values, format);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    /* Room for the line, its end, and the NUL that vsnprintf adds. */
    if (length < 0 || !reserve(client, (size_t)length + 2)) {
        client->ended = true;
        return;
    }
    va_start(values, format);
    vsnprintf(client->out + client->out_size, (size_t)length + 1, format, values);
    va_end(values);
    client->out_size += (size_t)length;
    client->out[client->out_size++] = '\n';
}

void clients_send(void)
{
    for (size_t i = 0; i < MAX_CLIENTS; i++) {
        struct client *client = &clients[i];
        if (client->id == 0 || client->out_size == 0)
            continue;
        long sent = platform_send(client->socket, client->out, client->out_size);
        if (sent < 0) {
            client->ended = true; /* clients_receive tells of it */
            client->out_size = 0;
        } else {
            memmove(client->out, client->out + sent, client->out_size - (size_t)sent);
            client->out_size -= (size_t)sent;
        }
    }
}

void clients_close(void)
{
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        if (clients[i].id != 0)
            drop(&clients[i]);
    if (listening)
        platform_close(listener);
    listening = false;
}
