/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/pack_internal.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/tree.h"
#include "bundle/archive.h"
#include "bundle/format.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".lwb"

/* The name without its suffix. */
static int stem(const char *name)
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);

	return (int)(n > suffix && strcmp(name + n - suffix, SUFFIX) == 0 ? n - suffix : n);
}

char *lw_pack_volume_name(const char *output, uint64_t volume, uint64_t volumes)
{
	int width = volumes > 999 ? 4 : volumes > 99 ? 3 : volumes > 9 ? 2 : 1;

	return volumes == 1
		       ? lw_strdup(output)
		       : lw_asprintf("%.*s.%0*lluof%llu" SUFFIX, stem(output), output, width,
				     (unsigned long long)volume, (unsigned long long)volumes);
}

/* ---- one volume ---- */

static int write_head(struct lw_archive *a, const struct lw_pack_head *h, uint64_t volume,
		      uint64_t volumes, struct lw_error *e)
{
	char mark[LW_VOLUME_MARK + 1];
	int r = lw_archive_put(a, LW_NAME_SEAL, lw_buf_span(&h->seal), e);

	if (r == 0)
		r = lw_archive_put(a, LW_NAME_CONTENTS, lw_buf_span(&h->contents), e);
	if (r == 0)
		r = lw_archive_put(a, LW_NAME_ENTRIES, lw_buf_span(&h->entries), e);
	if (r == 0)
		r = lw_archive_put(a, LW_NAME_OCI_LAYOUT, lw_span_str(LW_OCI_LAYOUT), e);
	if (r == 0)
		r = lw_archive_put(a, LW_NAME_INDEX, lw_buf_span(&h->index), e);
	lw_format_volume_mark(h->map.n > 0 ? 0 : volume, volumes, mark);
	if (r == 0 && h->marked)
		r = lw_archive_put(a, LW_NAME_VOLUME, lw_span_str(mark), e);
	if (r == 0 && h->map.n > 0)
		r = lw_archive_put(a, LW_NAME_SUPPLEMENT, lw_buf_span(&h->map), e);
	return r;
}

int lw_pack_write_volume(struct lw_packer_job *job, const struct lw_pack_head *h,
			 uint64_t volume, struct lw_archive *archive, struct lw_error *e)
{
	const struct lw_extent extent = h->map.n > 0 ? lw_volumes_supplement(job->entries)
						     : lw_volumes_extent(job->entries, volume);
	int r = write_head(archive, h, volume, lw_volumes_count(job->entries), e);

	if (r == 0)
		r = lw_packer_run(job, &extent, archive, e);
	return r < 0 ? r : lw_archive_finish(archive, e);
}

static int write_volume(struct lw_packer_job *job, const struct lw_pack_head *h,
			uint64_t volume, int fd, struct lw_error *e)
{
	LW_AUTO(archive) struct lw_archive *a = NULL;
	int r = lw_archive_new(fd, &a, e);

	if (r == 0)
		r = lw_pack_write_volume(job, h, volume, a, e);
	return r < 0 ? r : lw_fs_sync(fd, "bundle", e);
}

/* ---- its file ---- */

static int make_part(int dir, const char *name, char **ret_temporary, int *ret_fd,
		     struct lw_error *e)
{
	lw_auto_free char *prefix = lw_asprintf(".%s.", name);
	lw_auto_free char *temporary = lw_asprintf("%s%ld.part", prefix, (long)getpid());
	int fd;

	lw_tree_clear_dead(dir, prefix, ".part");
	fd = openat(dir, temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return lw_fail_errno(e, "%s", temporary);
	*ret_fd = fd;
	*ret_temporary = lw_steal(temporary);
	return lw_tree_claim(fd, e);
}

static int check_room(int dir, uint64_t bytes, struct lw_error *e)
{
	uint64_t room = 0;
	int r = lw_fs_free_bytes(dir, &room, e);

	if (r == 0 && room < bytes)
		r = lw_fail(e, LW_E_NOSPACE, "want %llu bytes free, have %llu",
			    (unsigned long long)bytes, (unsigned long long)room);
	return r;
}

/* "app.2of3.lwb" beside "app.lwb": a volume of a packing, whatever its count. */
static bool is_volume(const char *file, const char *name)
{
	size_t n = (size_t)stem(name), of;

	if (strncmp(file, name, n) != 0 || file[n] != '.')
		return false;
	file += n + 1;
	of = strspn(file, "0123456789");
	if (of == 0 || strncmp(file + of, "of", 2) != 0)
		return false;
	file += of + 2;
	of = strspn(file, "0123456789");
	return of > 0 && strcmp(file + of, SUFFIX) == 0;
}

/* What stands there already would be taken for a part of this. */
static int check_names(int dir, const char *name, uint64_t volumes, struct lw_error *e)
{
	lw_auto_fd int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	lw_auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return lw_fail(e, LW_E_EXISTS, "it exists already; packing never overwrites");
	if (!d)
		return lw_fail_errno(e, "its folder");
	(void)lw_steal_fd(&fd);
	while (volumes > 1 && (entry = readdir(d)) != NULL)
		if (is_volume(entry->d_name, name))
			return lw_fail(e, LW_E_EXISTS,
				       "%s exists already; packing never overwrites, and "
				       "leaves no volumes of two bundles side by side",
				       entry->d_name);
	return 0;
}

/* ---- all of them ---- */

struct files {
	int dir;
	uint64_t n;	/* made so far, under their temporary names ... */
	uint64_t named; /* ... and under their own */
	char **names, **temporary;
};

/* What is not all there is not there. */
static void auto_files(struct files *f)
{
	for (uint64_t i = 0; i < f->n; i++) {
		if (f->temporary[i])
			(void)unlinkat(f->dir, f->temporary[i], 0);
		free(f->temporary[i]);
		free(f->names[i]);
	}
	free(f->temporary);
	free(f->names);
	lw_auto_fd_(&f->dir);
}

static int make_files(struct files *f, struct lw_packer_job *job, const struct lw_pack_head *h,
		      const char *name, uint64_t volumes, struct lw_error *e)
{
	int r = 0;

	f->names = lw_alloc_array(volumes, sizeof(*f->names));
	f->temporary = lw_alloc_array(volumes, sizeof(*f->temporary));
	for (uint64_t i = 0; i < volumes && r == 0; i++) {
		lw_auto_fd int fd = -1;
		unsigned long long volume = i + 1;

		f->names[i] = lw_pack_volume_name(name, volume, volumes);
		f->n++;
		r = make_part(f->dir, f->names[i], &f->temporary[i], &fd, e);
		if (r == 0)
			r = write_volume(job, h, volume, fd, e);
		if (r < 0 && volumes > 1)
			r = lw_prefix(e, "volume %llu", volume);
	}
	return r;
}

static int name_files(struct files *f, struct lw_error *e)
{
	int r = 0;

	for (; f->named < f->n && r == 0; f->named++)
		if (renameat2(f->dir, f->temporary[f->named], f->dir, f->names[f->named],
			      RENAME_NOREPLACE) < 0)
			r = lw_fail_errno(e, "naming it");
	if (r == 0) {
		for (uint64_t i = 0; i < f->n; i++)
			free(lw_steal(f->temporary[i]));
		return lw_fs_sync(f->dir, "folder", e);
	}
	for (uint64_t i = 0; i + 1 < f->named; i++)
		(void)unlinkat(f->dir, f->names[i], 0);
	return r;
}

int lw_pack_write(const struct lw_pack_options *o, struct lw_packer_job *job,
		  const struct lw_pack_head *head, const struct lw_pack_result *result,
		  struct lw_error *e)
{
	struct files f __attribute__((cleanup(auto_files))) = { .dir = -1 };
	const char *name = NULL;
	int r = lw_fs_open_parent(o->output, &f.dir, &name, e);

	if (r == 0)
		r = check_names(f.dir, name, result->volumes, e);
	if (r == 0)
		r = check_room(f.dir, result->bytes, e);
	if (r == 0)
		r = make_files(&f, job, head, name, result->volumes, e);
	if (r == 0 && o->made)
		r = o->made(o->made_data, &result->bundle, e);
	return r < 0 ? r : name_files(&f, e);
}
