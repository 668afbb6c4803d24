/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/pack_internal.h"

#include "bundle/archive.h"
#include "bundle/device.h"
#include "bundle/format.h"

static int write_device(void *data, struct lw_span bytes, struct lw_error *e)
{
	return lw_device_write(data, bytes, e);
}

static int write_volume(struct lw_packer_job *job, const struct lw_pack_head *h,
			uint64_t volume, struct lw_device *device, struct lw_error *e)
{
	LW_AUTO(archive) struct lw_archive *a = NULL;
	int r = lw_archive_new_to(write_device, device, &a, e);

	if (r == 0)
		r = lw_pack_write_volume(job, h, volume, a, e);
	return r < 0 ? r : lw_device_flush(device, e);
}

/* Each must have room before anything is written to any. */
static int check(const struct lw_pack_options *o, const struct lw_pack_result *result,
		 struct lw_error *e)
{
	int r = 0;

	if (result->volumes != o->n_devices)
		return lw_fail(e, LW_E_USAGE,
			       "%llu volumes for %zu devices: want one for each; see "
			       "--volume-size",
			       (unsigned long long)result->volumes, o->n_devices);
	for (size_t i = 0; i < o->n_devices && r == 0; i++)
		r = lw_device_check_room(o->devices[i],
					 result->volumes == 1 ? result->bytes : o->volume_bytes,
					 e);
	return r;
}

static int write_all(const struct lw_pack_options *o, struct lw_packer_job *job,
		     const struct lw_pack_head *head, struct lw_error *e)
{
	const atomic_bool *stop = o->stoppable ? o->stoppable() : NULL;
	struct lw_content_progress progress = { 0 };
	int r = 0;

	for (size_t i = 0; i < o->n_devices && r == 0; i++)
		r = lw_device_begin(o->devices[i], stop, e);
	for (size_t i = 0; i < o->n_devices && r == 0; i++)
		r = write_volume(job, head, i + 1, o->devices[i], e);
	for (size_t i = 0; i < o->n_devices && r == 0; i++) {
		if (o->reading_back)
			progress = o->reading_back();
		r = lw_device_compare(o->devices[i], &progress, e);
	}
	return r;
}

/* Adds to e what they are now. */
static int spoil_all(const struct lw_pack_options *o, struct lw_error *e)
{
	bool all = true;

	for (size_t i = 0; i < o->n_devices; i++) {
		struct lw_error why = { 0 };

		if (lw_device_spoil(o->devices[i], &why) == 0)
			continue;
		all = false;
		(void)lw_prefix(e, "it may still be a bundle: destroy or overwrite it (%s)",
				why.text);
	}
	return all ? lw_prefix(e, "written over, and no bundle now") : -(int)e->code;
}

int lw_pack_write_devices(const struct lw_pack_options *o, struct lw_packer_job *job,
			  const struct lw_pack_head *head, const struct lw_pack_result *result,
			  struct lw_error *e)
{
	int r = check(o, result, e);

	if (r < 0)
		return r;
	r = write_all(o, job, head, e);
	/* None is a volume until now. */
	if (r == 0 && o->made)
		r = o->made(o->made_data, &result->bundle, e);
	for (size_t i = 0; i < o->n_devices && r == 0; i++)
		r = lw_device_finish(o->devices[i], e);
	if (r == 0)
		return 0;
	return spoil_all(o, e);
}
