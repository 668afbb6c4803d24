/* SPDX-License-Identifier: Apache-2.0 */
/* Which targets a delegated role may list (TUF 1.0.34 section 4.5, TAP 15). */
#include "verify/tuf_metadata.h"

#include <stdio.h>
#include <string.h>

/* The next character: a byte of UTF-8 and what continues it. */
static const char *past(const char *s)
{
	for (s++; ((unsigned char)*s & 0xc0) == 0x80; s++)
		;
	return s;
}

/* Where the pattern's last star may stand for one character more: no recursion, and time linear
 * in pattern times path. */
bool lw_tuf_path_matches(const char *pattern, const char *path)
{
	const char *star = NULL, *resume = NULL;

	while (*path) {
		if (*pattern == '*') {
			star = pattern++;
			resume = path;
		} else if (*pattern == '?' && *path != '/') {
			pattern++;
			path = past(path);
		} else if (*pattern == *path) {
			pattern++;
			path++;
		} else if (star && *resume != '/') {
			pattern = star + 1;
			path = resume = past(resume);
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static const char *hex_of(const char *path, char hex[static 65])
{
	struct lw_digest d = lw_digest_of(lw_span_str(path));

	return lw_digest_hex(&d, hex);
}

bool lw_tuf_role_covers(const struct lw_tuf_role *role, const char *path)
{
	char hex[65];

	for (size_t i = 0; i < role->n_paths; i++)
		if (lw_tuf_path_matches(role->paths[i], path))
			return true;
	if (role->n_prefixes == 0)
		return false;
	(void)hex_of(path, hex);
	for (size_t i = 0; i < role->n_prefixes; i++)
		if (strncmp(hex, role->prefixes[i], strlen(role->prefixes[i])) == 0)
			return true;
	return false;
}

void lw_tuf_bin_name(const struct lw_tuf_bins *bins, const char *path, char *out, size_t size)
{
	struct lw_digest d = lw_digest_of(lw_span_str(path));
	uint32_t first = (uint32_t)d.sha256[0] << 24 | (uint32_t)d.sha256[1] << 16 |
			 (uint32_t)d.sha256[2] << 8 | d.sha256[3];
	char widest[16];
	int digits = snprintf(widest, sizeof(widest), "%x", (1u << bins->bits) - 1);

	(void)snprintf(out, size, "%s-%0*x", bins->prefix, digits, first >> (32 - bins->bits));
}
