/* SPDX-License-Identifier: Apache-2.0 */
/* The client that the public TUF conformance suite drives: our client, libcurl before it, a
 * folder behind it. The words are the suite's. Exit 0 or 1. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "fetch/folder.h"
#include "fetch/http.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define TARGETS 64

struct words {
	const char *metadata_dir, *metadata_url, *target_dir, *target_url;
	const char *targets[TARGETS];
	size_t n_targets;
};

struct remote {
	struct lw_http *http;
	const char *url;
};

static int put(void *data, struct lw_span bytes, struct lw_error *e)
{
	(void)e;
	lw_buf_add(data, bytes.p, bytes.n);
	return 0;
}

static int fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		 struct lw_error *e)
{
	struct remote *r = data;
	struct lw_http_sink sink = { put, out };
	lw_auto_free char *url = lw_asprintf(
		"%s%s%s", r->url, r->url[strlen(r->url) - 1] == '/' ? "" : "/", name);

	return lw_http_get(r->http, url, max, &sink, e);
}

static int download(struct lw_tuf_client *c, const struct words *w, const char *path,
		    struct remote *from, enum lw_finding_id *reason, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 }, name = { 0 }, file = { 0 };
	struct lw_tuf_target target;
	lw_auto_fd int dir = -1;
	int r = lw_tuf_client_find(c, path, &target, reason, e);

	if (r == 0)
		r = lw_fs_open_dir(w->target_dir, &dir, e);
	if (r < 0)
		return r;
	lw_tuf_quote(path, &file);
	if (lw_fs_read_beneath(dir, lw_buf_str(&file), (size_t)target.file.length, &bytes, e) ==
		    0 &&
	    lw_tuf_file_check(&target.file, lw_buf_span(&bytes), e) == 0)
		return 0; /* it is there already */
	lw_buf_clear(&bytes);
	lw_tuf_client_target_name(c, path, &target, &name);
	r = fetch(from, lw_buf_str(&name), (size_t)target.file.length, &bytes, e);
	if (r == 0)
		r = lw_tuf_file_check(&target.file, lw_buf_span(&bytes), e);
	return r < 0 ? r : lw_fs_publish(dir, lw_buf_str(&file), lw_buf_span(&bytes), 0644, e);
}

static int init(const struct words *w, const char *root, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf bytes = { 0 };
	lw_auto_fd int dir = -1;
	int r = lw_fs_read_path(root, LW_MAX_TUF_ROOT_BYTES, &bytes, e);

	if (r == 0)
		r = lw_fs_open_dir(w->metadata_dir, &dir, e);
	return r < 0 ? r : lw_fs_publish(dir, "root.json", lw_buf_span(&bytes), 0644, e);
}

static int update(const struct words *w, enum lw_finding_id *reason, struct lw_error *e)
{
	LW_AUTO(http) struct lw_http *http = NULL;
	LW_AUTO(tuf_client) struct lw_tuf_client *c = NULL;
	lw_auto_fd int dir = -1;
	struct lw_clock clock;
	int r = lw_clock_system(&clock, e);

	if (r == 0)
		r = lw_http_open(NULL, &http, e);
	if (r == 0)
		r = lw_fs_open_dir(w->metadata_dir, &dir, e);
	if (r < 0)
		return r;

	struct remote metadata = { http, w->metadata_url }, targets = { http, w->target_url };
	struct lw_tuf_options options = { .transport = { fetch, &metadata },
					  .store = lw_folder_store(&dir),
					  .now = clock.wall_sec };

	r = lw_tuf_client_open(&options, &c, reason, e);
	if (r == 0)
		r = lw_tuf_client_refresh(c, reason, e);
	for (size_t i = 0; i < w->n_targets && r == 0; i++)
		r = download(c, w, w->targets[i], &targets, reason, e);
	return r;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "metadata-dir", required_argument, NULL, 'm' },
		{ "metadata-url", required_argument, NULL, 'u' },
		{ "target-name", required_argument, NULL, 'n' },
		{ "target-dir", required_argument, NULL, 'd' },
		{ "target-base-url", required_argument, NULL, 'b' },
		{ 0 },
	};
	enum lw_finding_id reason = LW_FINDING_COUNT;
	struct lw_error e = { 0 };
	struct words w = { 0 };
	int option, r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'm')
			w.metadata_dir = optarg;
		else if (option == 'u')
			w.metadata_url = optarg;
		else if (option == 'd')
			w.target_dir = optarg;
		else if (option == 'b')
			w.target_url = optarg;
		else if (option == 'n' && w.n_targets < TARGETS)
			w.targets[w.n_targets++] = optarg;
		else
			return 1;
	}
	if (optind == argc || !w.metadata_dir)
		return 1;
	if (strcmp(argv[optind], "init") == 0 && optind + 1 < argc)
		r = init(&w, argv[optind + 1], &e);
	else
		r = update(&w, &reason, &e);
	if (r < 0)
		(void)fprintf(stderr, "%s: %s\n",
			      reason < LW_FINDING_COUNT ? lw_finding_kind(reason)->code
							: lw_code_name(e.code),
			      e.text);
	return r < 0;
}
