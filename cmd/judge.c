/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-judge: the box (bundle/box.h). Started by landwaiter with one socket as descriptor
 * 3; users never call it. */
#include "base/hash.h"
#include "base/ipc.h"
#include "base/jail.h"
#include "base/mem.h"
#include "bundle/box.h"

#define SOCKET 3

int main(void)
{
	struct lw_error e = { 0 };
	enum lw_jail_level level;

	/* What the libraries load from files, they load before the wall: digests and the
	 * signature algorithms are fetched from OpenSSL's providers on first use. */
	(void)lw_digest_of(lw_span(NULL, 0));
	lw_hash_prepare();
	lw_key_prepare();
	if (lw_jail_enter(SOCKET, &level, &e) < 0) {
		LW_AUTO(buf) struct lw_buf body = { 0 };

		lw_ipc_put_u32(&body, LW_E_JAIL);
		lw_ipc_put_str(&body, e.text);
		(void)!lw_ipc_send(SOCKET, LW_BOX_ERROR, lw_buf_span(&body), -1, NULL);
		return 1;
	}
	return lw_box_serve(SOCKET, level, &e) < 0 ? 1 : 0;
}
