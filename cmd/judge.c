/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-judge: the box (bundle/box.h). Started by landwaiter with one socket as descriptor
 * 3; users never call it. Under the name of a nursery it is no box itself: it makes ready what
 * all boxes need, and then makes boxes. */
#include "base/hash.h"
#include "base/ipc.h"
#include "base/jail.h"
#include "base/mem.h"
#include "bundle/box.h"

#include <unistd.h>

#define SOCKET 3

static int fail(const struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf body = { 0 };

	lw_ipc_put_u32(&body, LW_E_JAIL);
	lw_ipc_put_str(&body, e->text);
	(void)!lw_ipc_send(SOCKET, LW_BOX_ERROR, lw_buf_span(&body), -1, NULL);
	return 1;
}

int main(int argc, char **argv)
{
	struct lw_error e = { 0 };
	struct lw_box_nursery *nursery = NULL;
	enum lw_jail_level level;
	int r = 0;

	/* What the libraries load from files, they load before the wall: digests and the
	 * signature algorithms are fetched from OpenSSL's providers on first use. */
	(void)lw_digest_of(lw_span(NULL, 0));
	lw_hash_prepare();
	lw_key_prepare();
	if (argc > 0 && strcmp(argv[0], LW_BOX_NURSERY) == 0) {
		r = lw_box_nursery_work(SOCKET, &nursery, &e);
		if (r <= 0 && !nursery)
			return r < 0;
	}
	if (r < 0 || lw_jail_enter(SOCKET, &level, &e) < 0)
		r = fail(&e);
	else if (nursery)
		r = lw_box_nursery_serve(nursery, SOCKET, level, &e) < 0;
	else
		r = lw_box_serve(SOCKET, level, &e) < 0;
#ifndef LW_COVERAGE /* whose counters are written at the end */
	if (nursery)
		_exit(r); /* to free what is shared would be to copy it first */
#endif
	lw_box_nursery_free(nursery);
	return r;
}
