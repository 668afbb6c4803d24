/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-fetch: the process that speaks to the network (fetch/fetcher.h). Started by
 * landwaiter with one socket as descriptor 3; users never call it. */
#include "base/jail.h"
#include "fetch/fetcher.h"

#define SOCKET 3

int main(void)
{
	struct lw_error e = { 0 };

	return lw_jail_enter_network(&e) < 0 || lw_fetcher_serve(SOCKET, &e) < 0;
}
