/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/place.h"

#include "base/fs.h"
#include "base/text.h"

#include <string.h>

#define STEP ((size_t)1 << 16)

struct lw_place {
	char *url; /* without its last slash; NULL: a folder */
	int folder;
	struct lw_fetcher *fetcher; /* borrowed */
};

static int open_url(struct lw_place *p, const char *where,
		    const struct lw_fetch_settings *settings, struct lw_fetcher **fetcher,
		    struct lw_error *e)
{
	size_t n = strlen(where);
	char shown[256];

	if (where[strcspn(where, "?#")])
		return lw_fail(e, LW_E_USAGE, "%s: want a URL without '?' and '#'",
			       lw_text_escape_str(where, shown, sizeof(shown)));
	while (n > 0 && where[n - 1] == '/')
		n--;
	p->url = lw_strndup(where, n);
	if (!*fetcher) {
		int r = lw_fetcher_open(settings, fetcher, e);

		if (r < 0)
			return r;
	}
	p->fetcher = *fetcher;
	return 0;
}

int lw_place_open(const char *where, const struct lw_fetch_settings *settings,
		  struct lw_fetcher **fetcher, struct lw_place **ret, struct lw_error *e)
{
	LW_AUTO(place) struct lw_place *p = lw_alloc_array(1, sizeof(*p));
	int r;

	p->folder = -1;
	r = strstr(where, "://") ? open_url(p, where, settings, fetcher, e)
				 : lw_fs_open_dir(where, &p->folder, e);
	if (r == 0)
		*ret = lw_steal(p);
	return r;
}

void lw_place_close(struct lw_place *p)
{
	if (!p)
		return;
	if (p->folder >= 0)
		(void)close(p->folder);
	free(p->url);
	free(p);
}

static int from_folder(struct lw_place *p, const char *path, uint64_t max,
		       const struct lw_http_sink *sink, struct lw_error *e)
{
	lw_auto_free uint8_t *step = lw_alloc(STEP);
	lw_auto_fd int fd = -1;
	uint64_t size = 0, at = 0;
	int r = lw_fs_open_beneath(p->folder, path, &fd, &size, e);

	if (r == 0 && size > max)
		r = lw_fail(e, LW_E_LIMIT, "want at most %llu bytes, have %llu",
			    (unsigned long long)max, (unsigned long long)size);
	while (r == 0 && at < size) {
		size_t n = size - at < STEP ? (size_t)(size - at) : STEP;

		r = lw_fs_pread(fd, step, n, at, e);
		if (r == 0)
			r = sink->take(sink->data, lw_span(step, n), e);
		at += n;
	}
	return r;
}

/* Neither absolute, nor with an empty part, nor with "." or "..". */
static bool stays_below(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

int lw_place_get(struct lw_place *p, const char *path, uint64_t max,
		 const struct lw_http_sink *sink, struct lw_error *e)
{
	LW_AUTO(buf) struct lw_buf url = { 0 };

	if (!stays_below(path))
		return lw_fail(e, LW_E_FORMAT, "a path that leads out of the place");
	if (!p->url)
		return from_folder(p, path, max, sink, e);
	lw_buf_adds(&url, p->url);
	while (path) {
		const char *slash = strchr(path, '/');
		lw_auto_free char *part =
			lw_strndup(path, slash ? (size_t)(slash - path) : strlen(path));

		lw_buf_addc(&url, '/');
		lw_tuf_quote(part, &url);
		path = slash ? slash + 1 : NULL;
	}
	return lw_fetcher_get(p->fetcher, lw_buf_str(&url), max, sink, e);
}

static int put(void *data, struct lw_span bytes, struct lw_error *e)
{
	(void)e;
	lw_buf_add(data, bytes.p, bytes.n);
	return 0;
}

int lw_place_read(struct lw_place *p, const char *path, uint64_t max, struct lw_buf *out,
		  struct lw_error *e)
{
	const struct lw_http_sink sink = { put, out };

	return lw_place_get(p, path, max, &sink, e);
}

/* A name is one part, quoted: that is what it is called in a folder, too. */
static int fetch(void *data, const char *name, size_t max, struct lw_buf *out,
		 struct lw_error *e)
{
	struct lw_place *p = data;
	struct lw_http_sink sink = { put, out };
	lw_auto_free char *url = p->url ? lw_asprintf("%s/%s", p->url, name) : NULL;

	return url ? lw_fetcher_get(p->fetcher, url, max, &sink, e)
		   : from_folder(p, name, max, &sink, e);
}

struct lw_tuf_transport lw_place_transport(struct lw_place *p)
{
	return (struct lw_tuf_transport){ .fetch = fetch, .data = p };
}

char *lw_place_of_targets(const char *metadata)
{
	static const char word[] = "metadata";
	size_t n = strlen(metadata);

	while (n > 1 && metadata[n - 1] == '/')
		n--;

	size_t before = n >= sizeof(word) - 1 ? n - (sizeof(word) - 1) : 0;

	if (n >= sizeof(word) - 1 && strncmp(metadata + before, word, sizeof(word) - 1) == 0 &&
	    (before == 0 || metadata[before - 1] == '/'))
		return lw_asprintf("%.*stargets", (int)before, metadata);
	return lw_asprintf("%.*s/targets", (int)n, metadata);
}
