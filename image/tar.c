/* SPDX-License-Identifier: Apache-2.0 */
#include "image/tar.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <string.h>

#define BLOCK ((size_t)512)

/* ustar; what GNU tar has in place of the prefix is zeros in what passes here. */
struct block {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type,
		link[100], magic[8], user[32], group[32], major[8], minor[8], prefix[155],
		padding[12];
};
_Static_assert(sizeof(struct block) == BLOCK, "a tar header is 512 bytes");

/* What a pax header may say that matters here. */
struct pax {
	bool has_size;
	uint64_t size;
};

static bool is_zero(const void *p, size_t n)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Octal digits, then NULs or spaces to the end of the field. */
static bool read_octal(const char *field, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		v = v * 8 + (uint64_t)(field[i] - '0'); /* at most 12 digits */
	if (i == 0)
		return false;
	for (; i < n; i++)
		if (field[i] != '\0' && field[i] != ' ')
			return false;
	*ret = v;
	return true;
}

/* A size above what eleven digits can say, as GNU tar writes it: a bit, then the number. */
static bool read_binary(const char field[12], uint64_t *ret)
{
	const uint8_t *p = (const uint8_t *)field;
	uint64_t v = 0;

	if (p[0] != 0x80 || !is_zero(p + 1, 3))
		return false;
	for (size_t i = 4; i < 12; i++)
		v = v << 8 | p[i];
	*ret = v;
	return v > LW_MAX_MEMBER_BYTES;
}

static bool read_size(const struct block *b, const struct pax *pax, uint64_t *ret)
{
	if (!read_octal(b->size, sizeof(b->size), ret) && !read_binary(b->size, ret))
		return false;
	if (!pax->has_size)
		return true;
	/* Two sizes are two readings of what follows: one must be none. */
	if (*ret != 0 || pax->size <= LW_MAX_MEMBER_BYTES)
		return false;
	*ret = pax->size;
	return true;
}

static bool check_sum(const struct block *b)
{
	const uint8_t *p = (const uint8_t *)b;
	uint64_t want = 0, sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= offsetof(struct block, checksum) && i < offsetof(struct block, type)
			       ? ' '
			       : p[i];
	return read_octal(b->checksum, sizeof(b->checksum), &want) && want == sum;
}

static int read_block(int fd, uint64_t at, uint64_t file_size, struct block *ret,
		      struct lw_error *e)
{
	if (at > file_size || file_size - at < BLOCK)
		return lw_fail(e, LW_E_TRUNCATED,
			       "it ends without the blocks that close a tar");
	return lw_fs_pread(fd, ret, BLOCK, at, e);
}

static int check_block(const struct block *b, bool *ret_gnu, struct lw_error *e)
{
	*ret_gnu = memcmp(b->magic, "ustar  ", 8) == 0;
	if (!*ret_gnu && memcmp(b->magic, "ustar\00000", 8) != 0)
		return lw_fail(e, LW_E_FORMAT, "not a tar header");
	if (!check_sum(b))
		return lw_fail(e, LW_E_FORMAT, "a tar header with another checksum");
	if (*ret_gnu && !is_zero(b->prefix, sizeof(b->prefix) + sizeof(b->padding)))
		return lw_fail(e, LW_E_UNSUPPORTED, "a tar header with GNU tar's own fields");
	return 0;
}

/* One record, "LENGTH KEY=VALUE\n"; *p goes behind it. */
static int read_record(struct lw_span *p, struct pax *pax, struct lw_error *e)
{
	static const char *const harmless[] = { "mtime", "atime",   "ctime",
						"uid",	 "gid",	    "uname",
						"gname", "comment", "LIBARCHIVE.creationtime" };
	const uint8_t *space = memchr(p->p, ' ', p->n < 8 ? p->n : 8);
	struct lw_span key, value;
	char shown[64];
	uint64_t n = 0;

	if (!space ||
	    lw_num_u64(lw_span(p->p, (size_t)(space - p->p)), 5, p->n, &n, NULL) < 0 ||
	    p->p[n - 1] != '\n' || (size_t)(space - p->p) + 2 > n || memchr(p->p, 0, (size_t)n))
		return lw_fail(e, LW_E_FORMAT, "a malformed pax header");
	key.p = space + 1;

	const uint8_t *equals = memchr(key.p, '=', (size_t)(p->p + n - 1 - key.p));

	if (!equals)
		return lw_fail(e, LW_E_FORMAT, "a malformed pax header");
	key.n = (size_t)(equals - key.p);
	value = lw_span(equals + 1, (size_t)(p->p + n - 1 - (equals + 1)));
	*p = lw_span(p->p + n, p->n - (size_t)n);
	if (lw_span_is(key, "size") && !pax->has_size) {
		pax->has_size = true;
		return lw_num_u64(value, 0, LW_MAX_BLOB_BYTES, &pax->size, e) < 0
			       ? lw_fail(e, LW_E_FORMAT, "a pax header with a malformed size")
			       : 0;
	}
	for (size_t i = 0; i < LW_COUNT_OF(harmless); i++)
		if (lw_span_is(key, harmless[i]))
			return 0;
	return lw_fail(e, LW_E_UNSUPPORTED, "a pax header that says '%s'",
		       lw_text_escape(key, shown, sizeof(shown)));
}

static int read_pax(int fd, uint64_t at, uint64_t n, struct pax *ret, struct lw_error *e)
{
	lw_auto_free uint8_t *bytes = lw_alloc((size_t)n + 1);
	struct lw_span rest = lw_span(bytes, (size_t)n);
	int r = lw_fs_pread(fd, bytes, (size_t)n, at, e);

	while (r == 0 && rest.n > 0)
		r = read_record(&rest, ret, e);
	return r;
}

static uint64_t padded(uint64_t n)
{
	return (n + BLOCK - 1) / BLOCK * BLOCK;
}

/* To the end there is nothing but zeros: what another reader might find there, it must not. */
static int check_end(int fd, uint64_t at, uint64_t file_size, struct lw_error *e)
{
	uint8_t bytes[4096];
	int r = 0;

	if (file_size - at < 2 * BLOCK)
		return lw_fail(e, LW_E_TRUNCATED,
			       "it ends without the blocks that close a tar");
	if (file_size - at > LW_MAX_ARCHIVE_PADDING)
		return lw_fail(e, LW_E_LIMIT, "more than %zu bytes behind the last member",
			       LW_MAX_ARCHIVE_PADDING);
	while (at < file_size && r == 0) {
		size_t n = file_size - at < sizeof(bytes) ? (size_t)(file_size - at)
							  : sizeof(bytes);

		r = lw_fs_pread(fd, bytes, n, at, e);
		if (r == 0 && !is_zero(bytes, n))
			r = lw_fail(e, LW_E_FORMAT, "bytes behind the end of the archive");
		at += n;
	}
	return r;
}

static int fail_type(char type, const char *shown, struct lw_error *e)
{
	static const struct {
		char type;
		const char *what;
	} known[] = {
		{ '1', "a hard link" },	    { '3', "a device" },
		{ '4', "a device" },	    { '6', "a FIFO" },
		{ 'S', "a sparse file" },   { 'g', "a header for all that follows" },
		{ 'L', "a GNU long name" }, { 'K', "a GNU long name" },
	};

	for (size_t i = 0; i < LW_COUNT_OF(known); i++)
		if (known[i].type == type)
			return lw_fail(e, LW_E_UNSUPPORTED, "%s ('%s')", known[i].what, shown);
	return lw_fail(e, LW_E_UNSUPPORTED, "something that is no file ('%s')", shown);
}

static int read_type(const struct block *b, struct lw_tar_header *h, struct lw_error *e)
{
	char shown[160];

	switch (b->type) {
	case '\0':
	case '0':
		h->type = LW_TAR_FILE;
		break;
	case '5':
		h->type = LW_TAR_FOLDER;
		break;
	case '2':
		h->type = LW_TAR_LINK;
		break;
	default:
		return fail_type(b->type, lw_text_escape_str(h->name, shown, sizeof(shown)), e);
	}
	if (h->type != LW_TAR_FILE && h->size != 0)
		return lw_fail(e, LW_E_FORMAT, "'%s' is no file, and has bytes",
			       lw_text_escape_str(h->name, shown, sizeof(shown)));
	return 0;
}

static void read_names(const struct block *b, bool gnu, struct lw_tar_header *h)
{
	int prefix = gnu ? 0 : (int)strnlen(b->prefix, sizeof(b->prefix));

	(void)snprintf(h->name, sizeof(h->name), "%.*s%s%.*s", prefix, b->prefix,
		       prefix ? "/" : "", (int)sizeof(b->name), b->name);
	(void)snprintf(h->link, sizeof(h->link), "%.*s", (int)sizeof(b->link), b->link);
}

int lw_tar_header(int fd, uint64_t at, uint64_t file_size, struct lw_tar_header *ret,
		  bool *ret_end, struct lw_error *e)
{
	struct lw_tar_header h = { 0 };
	struct pax pax = { 0 };
	struct block b = { 0 };
	bool gnu = false;
	int r = read_block(fd, at, file_size, &b, e);

	*ret_end = r == 0 && is_zero(&b, BLOCK);
	if (*ret_end)
		return check_end(fd, at, file_size, e);
	if (r == 0)
		r = check_block(&b, &gnu, e);
	if (r == 0 && b.type == 'x') {
		uint64_t n = 0;

		if (!read_octal(b.size, sizeof(b.size), &n) || n > LW_MAX_ARCHIVE_PAX)
			return lw_fail(e, LW_E_LIMIT, "a pax header of more than %zu bytes",
				       LW_MAX_ARCHIVE_PAX);
		at += BLOCK;
		if (at + padded(n) > file_size)
			return lw_fail(e, LW_E_TRUNCATED, "it ends within a header");
		r = read_pax(fd, at, n, &pax, e);
		at += padded(n);
		if (r == 0)
			r = read_block(fd, at, file_size, &b, e);
		if (r == 0)
			r = check_block(&b, &gnu, e);
	}
	if (r < 0)
		return r;
	read_names(&b, gnu, &h);
	if (!read_size(&b, &pax, &h.size))
		return lw_fail(e, LW_E_FORMAT, "a member without one plain size");
	r = read_type(&b, &h, e);
	h.offset = at + BLOCK;
	if (r == 0 && (h.size > LW_MAX_BLOB_BYTES || padded(h.size) > file_size - h.offset))
		r = lw_fail(e, LW_E_TRUNCATED, "it ends within a member: want %llu bytes more",
			    (unsigned long long)h.size);
	h.end = h.offset + padded(h.size);
	if (r == 0)
		*ret = h;
	return r;
}
