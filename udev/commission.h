/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_UDEV_COMMISSION_H
#define LW_UDEV_COMMISSION_H

/*
 * What was fixed when the machine was commissioned (docs/format/media.md): `door.json` among
 * the enclave's trust files. Without it there is no door: nothing is on unless somebody said
 * what belongs where. Ports are named as the kernel names them ("1-2", behind a hub "1-2.4").
 */

#include "base/error.h"
#include "base/span.h"

#define LW_DOOR_MAX_PORTS ((size_t)256) /* in one list */
#define LW_PORT_TEXT	  64		/* "1-2.4" and a NUL */

/* A device that belongs to the machine. */
struct lw_fixture {
	const char *port;
	uint16_t vendor, product;
};

struct lw_commission {
	struct lw_json_doc *doc; /* owns the texts */
	const char *keyboard;	 /* the one port that may hold one; NULL: none */
	bool any_keyboard;	 /* one, at any port: never of a file */
	const char **media;	 /* ports where media may speak; with no such list, any */
	size_t n_media;
	bool has_media;
	struct lw_fixture *hubs, *internal;
	size_t n_hubs, n_internal;
};

/* BUS-PORT[.PORT]...: decimal, no zeros in front, at most 7 steps (USB 2.0, 4.1.1: tiers). */
bool lw_port_is(struct lw_span text);

/* LW_E_FORMAT: not "landwaiter-door/1"; LW_E_CONFLICT: one port is to hold two things;
 * LW_E_LIMIT. The caller releases *ret. */
int lw_commission_parse(struct lw_span json, struct lw_commission *ret,
			struct lw_error *e) LW_WARN_UNUSED;
/* What holds while there is no enclave, so that one can be made: one medium, one keyboard, each
 * at any port, and nothing else. */
int lw_commission_first(struct lw_commission *ret, struct lw_error *e) LW_WARN_UNUSED;
void lw_commission_release(struct lw_commission *c);

/* Whether a medium may speak there. Never where a keyboard, a hub or an internal device has its
 * place. */
bool lw_commission_has_media_port(const struct lw_commission *c, const char *port);
bool lw_commission_has_fixture(const struct lw_fixture *list, size_t n, const char *port,
			       uint16_t vendor, uint16_t product);

static inline void lw_auto_commission_(struct lw_commission *c)
{
	lw_commission_release(c);
}

#endif
