/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives of others, as landwaiter-unpack reads them. The first byte says how: bit 0, sums of
 * headers are put right first, or few mutations would come past them; bit 1, as a compressed
 * file. What is accepted has plain names, each once, and lies within the file.
 */

#include "base/mem.h"
#include "image/unpack_docker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCK ((size_t)512)

static void mend_sums(uint8_t *p, size_t n)
{
	for (; n >= BLOCK; p += BLOCK, n -= BLOCK) {
		unsigned sum = 0;
		char text[8];

		if (memcmp(p + 257, "ustar", 5) != 0)
			continue;
		memset(p + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += p[i];
		(void)snprintf(text, sizeof(text), "%06o", sum);
		memcpy(p + 148, text, 7);
	}
}

static void check_name(const char *name)
{
	lw_auto_free char *whole = lw_asprintf("/%s/", name);

	if (*name == '/' || strstr(whole, "/../") || strstr(whole, "/./") ||
	    strstr(whole, "//") || strpbrk(name, "\\ \n\033"))
		abort();
}

static void check_range(uint64_t offset, uint64_t bytes, size_t size)
{
	if (offset > size || bytes > size - offset)
		abort();
}

static void check_members(const struct lw_tar_members *m, size_t size)
{
	for (size_t i = 0; i < m->n; i++) {
		check_name(m->list[i].name);
		check_range(m->list[i].offset, m->list[i].size, size);
		if (i > 0 && strcasecmp(m->list[i - 1].name, m->list[i].name) == 0 &&
		    !m->list[i].folder)
			abort();
	}
}

static void check_images(const struct lw_docker_images *images, size_t size)
{
	for (size_t i = 0; i < images->n; i++) {
		const struct lw_docker_image *x = &images->list[i];

		check_range(x->config_offset, x->config_size, size);
		for (size_t k = 0; k < x->n_layers; k++)
			check_range(x->layers[k].offset, x->layers[k].size, size);
	}
}

static int count(void *sink, struct lw_span bytes, struct lw_error *e)
{
	size_t *left = sink;

	if (bytes.n > *left)
		return lw_fail(e, LW_E_LIMIT, "enough");
	*left -= bytes.n;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	LW_AUTO(tar_members) struct lw_tar_members m = { 0 };
	LW_AUTO(docker_images) struct lw_docker_images images = { 0 };
	lw_auto_fd int fd = memfd_create("archive", MFD_CLOEXEC);
	lw_auto_free uint8_t *copy = lw_alloc(size + 1);
	size_t left = (size_t)1 << 20;
	struct lw_error e;

	if (size == 0 || fd < 0)
		return 0;
	memcpy(copy, data + 1, --size);
	if (data[0] & 1)
		mend_sums(copy, size);
	if (write(fd, copy, size) != (ssize_t)size)
		abort();
	if (data[0] & 2) {
		(void)!lw_tar_inflate(fd, data[0] & 4 ? LW_UNPACK_ZSTD : LW_UNPACK_GZIP, count,
				      &left, &e);
		return 0;
	}
	if (lw_tar_list(fd, &m, &e) < 0)
		return 0;
	check_members(&m, size);
	if (lw_docker_read(fd, &m, &images, &e) == 0)
		check_images(&images, size);
	return 0;
}
