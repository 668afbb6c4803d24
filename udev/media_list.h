/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_UDEV_MEDIA_LIST_H
#define LW_UDEV_MEDIA_LIST_H

/*
 * The enclave's list of media (docs/format/media.md): `media.json` among its trust files. A
 * medium is known by the serial number it says, and by its model where the list has one. A
 * serial number is a claim that any device can make: the list keeps order among honest media,
 * and stops nobody who has seen one of them.
 */

#include "base/error.h"
#include "base/span.h"

#define LW_MEDIA_MAX	  ((size_t)10000) /* in one list */
#define LW_MEDIA_MAX_TEXT ((size_t)128)	  /* a serial number, a model, a label, an owner */

enum lw_disposition {
	LW_MEDIUM_LOST, /* reported as lost: its coming back is an event */
	LW_MEDIUM_RETIRED,
	LW_MEDIUM_ADMITTED,
};

struct lw_listed_medium {
	const char *serial, *model; /* model "": any */
	const char *label, *owner;  /* what people call it, and whose it is; owner may be "" */
	enum lw_disposition disposition;
};

struct lw_media_list; /* owns what its media point to */

/* LW_E_FORMAT: not "landwaiter-media/1"; LW_E_CONFLICT: a label twice, or two media that one
 * device would be; LW_E_LIMIT. */
int lw_media_list_parse(struct lw_span json, struct lw_media_list **ret,
			struct lw_error *e) LW_WARN_UNUSED;
/* The list of who has none yet: any medium. */
int lw_media_list_first(struct lw_media_list **ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_media_list_free(struct lw_media_list *list);

size_t lw_media_list_count(const struct lw_media_list *list);
/* What is not on it may speak. */
bool lw_media_list_admits_unlisted(const struct lw_media_list *list);
/* NULL: not on it. The bytes are compared as they are. */
const struct lw_listed_medium *lw_media_list_find(const struct lw_media_list *list,
						  struct lw_span serial, struct lw_span model);

static inline void lw_auto_media_list_(struct lw_media_list **list)
{
	lw_media_list_free(*list);
}

#endif
