/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_IPC_H
#define LW_BASE_IPC_H

/*
 * Framed messages over a socketpair (AF_UNIX, SOCK_STREAM): between a process that decides and
 * a box that reads hostile bytes. A frame is u32 type, u32 body length (both little-endian),
 * body; at most one file descriptor rides along (SCM_RIGHTS, on the first byte), and the top
 * bit of the type word announces it. Bodies are appended and taken by typed functions that
 * mirror each other. Any surprise (a length above the cap, a short frame, a descriptor where
 * none was announced, none where one was, trailing bytes) is LW_E_JAIL: the peer is broken,
 * nothing it said counts.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

#define LW_IPC_TYPE_MAX 0x7fffffffu

/* A peer that has not taken a whole frame by then is broken. */
#define LW_IPC_SEND_SEC 60

/* A received frame. `body` is owned by the caller's buffer handed to lw_ipc_receive. */
struct lw_ipc_frame {
	uint32_t type;
	struct lw_span body; /* taken from front to back by lw_ipc_take_* */
	int fd;		     /* -1, or owned by the frame's receiver */
};

/* Sends one frame; fd -1 for none (not closed here). Blocks, at most LW_IPC_SEND_SEC. Never
 * raises SIGPIPE. LW_E_IO: the peer is gone. LW_E_JAIL: it does not take what it is sent.
 * LW_E_LIMIT: body above LW_MAX_FRAME_BYTES. LW_E_INTERNAL: type above LW_IPC_TYPE_MAX. After
 * a failure the stream is out of step: close it. */
int lw_ipc_send(int socket, uint32_t type, struct lw_span body, int fd,
		struct lw_error *e) LW_WARN_UNUSED;

/* The same of a body in two parts, that need not stand together. */
int lw_ipc_send_parts(int socket, uint32_t type, struct lw_span head, struct lw_span tail,
		      int fd, struct lw_error *e) LW_WARN_UNUSED;

/* Receives one frame into *storage (cleared first), at most max_body bytes (and never above
 * LW_MAX_FRAME_BYTES). Waits at most timeout_sec seconds for the first byte and as long again
 * for all the rest, however it drips (-1: for ever). LW_E_NOTFOUND: the peer closed cleanly
 * between frames. LW_E_JAIL: anything out of order, or the time is up; then close the stream.
 */
int lw_ipc_receive(int socket, size_t max_body, int timeout_sec, struct lw_buf *storage,
		   struct lw_ipc_frame *ret, struct lw_error *e) LW_WARN_UNUSED;

/* The same for a side that expects no descriptors, as the one that decides: any that comes is
 * LW_E_JAIL, and the kernel drops it before it enters our table. ret->fd is -1. */
int lw_ipc_receive_plain(int socket, size_t max_body, int timeout_sec, struct lw_buf *storage,
			 struct lw_ipc_frame *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Building a body. Integers are little-endian; bytes and strings carry a u32 length. */
void lw_ipc_put_u32(struct lw_buf *b, uint32_t v);
void lw_ipc_put_u64(struct lw_buf *b, uint64_t v);
void lw_ipc_put_bytes(struct lw_buf *b, struct lw_span v);
void lw_ipc_put_str(struct lw_buf *b, const char *s);

/* Taking it apart, in the same order. LW_E_JAIL when the body is too short, a length is above
 * max, or a string holds a NUL; *body is then as it was. Spans borrow from the frame's storage;
 * strings are owned, and not known to be UTF-8. */
int lw_ipc_take_u32(struct lw_span *body, uint32_t *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_ipc_take_u64(struct lw_span *body, uint64_t *ret, struct lw_error *e) LW_WARN_UNUSED;
int lw_ipc_take_bytes(struct lw_span *body, size_t max, struct lw_span *ret,
		      struct lw_error *e) LW_WARN_UNUSED;
int lw_ipc_take_str(struct lw_span *body, size_t max, char **ret,
		    struct lw_error *e) LW_WARN_UNUSED;
/* Nothing may be left. */
int lw_ipc_take_end(const struct lw_span *body, struct lw_error *e) LW_WARN_UNUSED;

#endif
