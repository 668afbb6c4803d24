/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_REGISTRY_PUSH_H
#define LW_REGISTRY_PUSH_H

/*
 * `push`: accepted images into a registry, through the queue of the state. Three steps, so that
 * nobody is kept from the enclave while gigabytes travel: queueing (a transaction), sending
 * (the enclave is only read), and ending (what is there is taken off the queue, with a record).
 * Killed anywhere in between, the next push does what is left, and sees what is there already.
 */

#include "bundle/content.h"
#include "custody/enclave.h"
#include "image/destination.h"
#include "registry/pusher.h"
#include "verify/verdict.h"

#include <stdatomic.h>

enum lw_pushed_state {
	LW_PUSHED_NOT = 0, /* it failed, or was not come to */
	LW_PUSHED_THERE,   /* all of it was there */
	LW_PUSHED_NOW,
	LW_PUSHED_REMOVED, /* from the enclave, meanwhile: it is queued no more */
};
const char *lw_pushed_state_name(enum lw_pushed_state state);

struct lw_pushed_image {
	struct lw_state_push queued;
	char tag[LW_MAX_TAG + 1]; /* "": by its digest alone */
	bool contested;		  /* another image would have that tag, too */
	enum lw_pushed_state state;
	size_t sent, mounted, there; /* blobs and manifests */
};

struct lw_pushed {
	struct lw_pushed_image *list; /* owned */
	size_t n;
	struct lw_verdict verdict;
	uint64_t bytes;		   /* of blobs and manifests that were sent */
	struct lw_digest *damaged; /* owned: not as they should be, here */
	size_t n_damaged;
	struct lw_head head; /* of the book, after lw_push_end */
};
/* How many are in the registry. */
size_t lw_pushed_count(const struct lw_pushed *p);
/* "hub.enclave:5000/mirror/host/app:1"; owned by the caller. */
char *lw_pushed_destination(const struct lw_pushed_image *i);

/* How a registry is reached: fills *ret, borrowed until the next call. `repository` is without
 * the host. */
typedef int lw_push_reach(void *data, const char *host, const char *repository,
			  struct lw_pusher_settings *ret, struct lw_error *e);

struct lw_push_options {
	const struct lw_destination *destination; /* NULL: whatever is queued */
	const char *const *images; /* as lw_state_image_get takes them; none: all that hold */
	size_t n_images;
	bool queued_only; /* of that registry; queue nothing more */
	bool move_tags;	  /* whatever they stand for */
	lw_push_reach *reach;
	void *data;
	struct lw_content_progress progress;
	const atomic_bool *stop; /* once it is true the push ends soon; NULL: never */
};

/* Queues them; what cannot be is a finding of ret's. The enclave is open for writing.
 * LW_E_NOTFOUND, LW_E_CONFLICT, LW_E_FORMAT: an image. */
int lw_push_queue(struct lw_enclave *enclave, const struct lw_push_options *o,
		  struct lw_pushed *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Sends what is queued. The enclave need not be open for writing. */
int lw_push_send(struct lw_enclave *enclave, const struct lw_push_options *o,
		 struct lw_pushed *ret, struct lw_error *e) LW_WARN_UNUSED;

/* Takes off the queue what is there, in one transaction with the record; concludes the verdict.
 * The enclave is open for writing. */
int lw_push_end(struct lw_enclave *enclave, const struct lw_clock *clock,
		const struct lw_record_time *time, struct lw_pushed *ret,
		struct lw_error *e) LW_WARN_UNUSED;

/* Takes what is queued for a registry (NULL: any) off the queue, unsent. *ret: how many. */
int lw_push_forget(struct lw_enclave *enclave, const char *host,
		   const struct lw_record_time *time, size_t *ret, struct lw_head *ret_head,
		   struct lw_error *e) LW_WARN_UNUSED;

/* Zero-initialise *ret of the above; release it also after an error. */
void lw_pushed_release(struct lw_pushed *p);

static inline void lw_auto_pushed_(struct lw_pushed *p)
{
	lw_pushed_release(p);
}

#endif
