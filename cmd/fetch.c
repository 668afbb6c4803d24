/* SPDX-License-Identifier: Apache-2.0 */
/* landwaiter-fetch: the process that speaks to the network (fetch/fetcher.h). Started by
 * landwaiter with one socket as descriptor 3; users never call it. */
#include "fetch/fetcher.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define SOCKET 3

/* It needs the network and the files that libraries read for it, and nothing else. */
static int narrow(struct lw_error *e)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_FSIZE, &none) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return lw_fail_errno(e, "landwaiter-fetch");
	return 0;
}

int main(void)
{
	struct lw_error e = { 0 };

	return narrow(&e) < 0 || lw_fetcher_serve(SOCKET, &e) < 0;
}
