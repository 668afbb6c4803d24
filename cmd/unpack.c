/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-unpack: reads archives of others (image/unpack.h). Started by landwaiter-pack with
 * one socket as descriptor 3; users never call it. The one program that reads archives with
 * libarchive. */
#include "image/unpack.h"

#include "base/ipc.h"
#include "base/mem.h"

#define SOCKET 3

int main(void)
{
	struct lw_error e = { 0 };
	enum lw_jail_level level;

	if (lw_jail_enter_patient(SOCKET, &level, &e) < 0) {
		LW_AUTO(buf) struct lw_buf body = { 0 };

		lw_ipc_put_u32(&body, LW_E_JAIL);
		lw_ipc_put_str(&body, e.text);
		(void)!lw_ipc_send(SOCKET, LW_UNPACK_ERROR, lw_buf_span(&body), -1, NULL);
		return 1;
	}
	return lw_unpack_serve(SOCKET, &e) < 0;
}
