/* A store made of callbacks: one file for each record, in a folder that all servers of one machine share. */
#ifndef GAME_FILE_STORE_H
#define GAME_FILE_STORE_H

#include <sessionlocker.h>

slk_result file_store_open(const char *folder, slk_store *store);

#endif
