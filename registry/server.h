/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_SERVER_H
#define LW_REGISTRY_SERVER_H

/*
 * The side that speaks HTTP: landwaiter-serve, a jailed process (base/jail.h,
 * lw_jail_enter_server) with a listening socket and a socket to the one that started it. It can
 * open nothing; what it serves comes as bytes (registry/wire.h). TLS ends here
 * (registry/server_tls.h), so the key of its certificate is here, too. One thread; read-only.
 */

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define LW_SERVER_SOCKET 3 /* to the answerer */
#define LW_SERVER_LISTEN 4

#define LW_SERVER_CONNECTIONS 1000 /* at once */
#define LW_SERVER_IDLE_SEC    30   /* for the head of a request; of silence */
#define LW_SERVER_TAKE_SEC    60   /* for each 256 KiB of a blob; of what is sent whole, as */
#define LW_SERVER_TAKE_BYTES  ((size_t)256 << 10)
#define LW_SERVER_SLOWEST     1024		  /* bytes a second, besides */
#define LW_SERVER_HEAD_BYTES  ((size_t)16 << 10)  /* of a request */
#define LW_SERVER_HELD_BYTES  ((size_t)128 << 20) /* of answers that are not taken yet */

/* Serves until the other side closes its socket. Enter the jail before. The key in *l is wiped.
 */
struct lw_listen;
int lw_server_run(struct lw_listen *l, struct lw_error *e) LW_WARN_UNUSED;

/* What a path asks for: false where it is none of ours. For tests, too. */
struct lw_question;
bool lw_server_parse(const char *path, struct lw_question *ret);

/* "Basic ..." (RFC 7617): who asks, in *ret; false, and nothing there, where it is none. */
bool lw_server_credentials(const char *value, struct lw_question *ret);

/* "bytes=A-B" of a blob of `size`: 1: *ret_at and *ret_n; 0: none that we serve, all of it; -1:
 * not satisfiable (RFC 9110 14). */
int lw_server_range(const char *value, uint64_t size, uint64_t *ret_at, uint64_t *ret_n);

#endif
