/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The mutation test: two good bundles of one sender, altered in every way that a list of ways
 *can name, go through the whole intake (lw_intake_run, to load) against a real enclave.
 *
 *	mutate [-f] [-r N] [-s K/N] ENCLAVE WORK JUDGE A.lwb B.lwb KEY...
 *
 * ENCLAVE is copied into the folder WORK, which must not exist. -f: all mutants, not a sample
 *with a fixed stride. -s: of these every Nth, from the Kth on (1 is the first), so that N runs
 *try all. Of mutants whose seal is altered every Nth (8) meets the real box; the
 *others, and all whose seal is as it was, meet the same code in a thread, where a crash of it
 *is a crash of this program.
 *
 * The oracle: ACCEPTED means that the statement is the one that was signed and every byte it
 * vouches for is as it was, in the archive and in the store. Everything else ends in a finding
 * with a code, but for those that say the machine or the box failed; trust is unchanged, no
 *object is there, one record was added.
 */

/* Under other names, before anybody sees the header: both are put behind a switch below. */
#define lw_jail_spawn lw_jail_spawn_for_real
#define lw_jail_reap  lw_jail_reap_for_real
#include "base/jail_child.c"
#undef lw_jail_spawn
#undef lw_jail_reap

#include "tests/lib/forgeries.h"
#include "tests/lib/random.h"

#include "base/tree.h"
#include "bundle/box.h"
#include "bundle/intake.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

/* ---- the box: the real one, or its code in a thread ---- */

int lw_jail_spawn(const char *path, const char *argv0, struct lw_jail_child *ret,
		  struct lw_error *e);
void lw_jail_reap(struct lw_jail_child *child, bool *ret_clean);

static bool real_box;
static struct {
	pthread_t thread;
	int socket;
	bool running;
} box;

static void *box_main(void *data)
{
	struct lw_error e = { 0 };

	(void)data;
	(void)!lw_box_serve(box.socket, LW_JAIL_LANDLOCK, &e);
	(void)close(box.socket);
	return NULL;
}

int lw_jail_spawn(const char *path, const char *argv0, struct lw_jail_child *ret,
		  struct lw_error *e)
{
	int pair[2];

	if (real_box || strcmp(argv0, LW_BOX_NURSERY) == 0) /* whose boxes are copies of it */
		return lw_jail_spawn_for_real(path, argv0, ret, e);
	if (box.running || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		err(1, "socketpair");
	box.socket = pair[1];
	box.running = pthread_create(&box.thread, NULL, box_main, NULL) == 0;
	if (!box.running)
		err(1, "thread");
	*ret = (struct lw_jail_child){ .socket = pair[0] };
	return 0;
}

void lw_jail_reap(struct lw_jail_child *child, bool *ret_clean)
{
	if (!box.running || child->pid > 0) {
		lw_jail_reap_for_real(child, ret_clean);
		return;
	}
	(void)close(child->socket);
	(void)pthread_join(box.thread, NULL);
	box.running = false;
	*child = (struct lw_jail_child){ .socket = -1 };
	if (ret_clean)
		*ret_clean = true;
}

/* ---- the enclave ---- */

#define SECONDS_EACH 20

static struct {
	const char *judge;
	const char *template;
	int work; /* the folder */
	char *enclave_path, *bundle_path;
	struct lw_enclave *enclave;
	struct lw_clock clock;
	struct lw_digest trust; /* as it must stay */
	bool full;
	unsigned real_every;
	unsigned share, shares; /* every `shares`th mutant, the first of them number `share` */
	struct lw_random random;
} t;

static struct lw_error error;

/* The two originals. */
static struct original {
	struct lw_buf file;
	struct forge f;
	struct lw_digest bundle;
} originals[2];

static void copy_template(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)execlp("cp", "cp", "-a", t.template, t.enclave_path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "copying the enclave failed");
}

static void open_enclave(void)
{
	forge_must(
		lw_enclave_open(t.enclave_path, LW_STATE_WRITE, &t.clock, &t.enclave, &error),
		"enclave", &error);
}

static void fresh_enclave(void)
{
	if (t.enclave)
		lw_enclave_close(t.enclave);
	forge_must(lw_tree_remove(t.work, "enclave", &error), "enclave", &error);
	copy_template();
	open_enclave();
}

static int count_blob(void *data, const struct lw_digest *d, uint64_t size, struct lw_error *e)
{
	(void)e;
	lw_buf_add(data, d->sha256, sizeof(d->sha256));
	lw_buf_printf(data, " %llu\n", (unsigned long long)size);
	return 0;
}

static int count_image(void *data, const struct lw_state_image *i, struct lw_error *e)
{
	(void)e;
	lw_buf_printf(data, "%s %d\n", i->name, i->superseded);
	return 0;
}

/* All that a load may change but the book, and what is in the store's folders. */
static struct lw_digest trust_now(void)
{
	static const char *const values[] = { "trust.version", "time.floor",
					      "time.attested.at" };
	static const char *const folders[] = { "store/blobs/sha256", "store/incoming" };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	uint64_t floor = 0;

	for (size_t i = 0; i < LW_COUNT_OF(values); i++) {
		int64_t v = 0;

		forge_must(lw_state_get_integer(t.enclave->state, values[i], &v, &error),
			   values[i], &error);
		lw_buf_printf(&b, "%s %lld\n", values[i], (long long)v);
	}
	forge_must(lw_state_sender_floor(t.enclave->state, "acme", &floor, &error), "floor",
		   &error);
	lw_buf_printf(&b, "floor %llu\n", (unsigned long long)floor);
	forge_must(lw_state_each_blob(t.enclave->state, false, count_blob, &b, &error), "blobs",
		   &error);
	forge_must(lw_state_each_image(t.enclave->state, count_image, &b, &error), "images",
		   &error);
	for (size_t i = 0; i < LW_COUNT_OF(folders); i++) {
		int fd = openat(t.enclave->dir, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		lw_auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);

		if (!d)
			err(1, "%s", folders[i]);
		for (const struct dirent *entry; (entry = readdir(d));)
			if (entry->d_name[0] != '.')
				lw_buf_printf(&b, "%s/%s\n", folders[i], entry->d_name);
	}
	return lw_digest_of(lw_buf_span(&b));
}

/* ---- judging a judgement ---- */

static struct class
{
	const char *name;
	size_t tried, accepted, failed;
	bool signed_anew; /* what was altered was signed by who may */
} class;
static struct {
	size_t tried, accepted, failed;
	size_t by[LW_FINDING_COUNT];
} all;
static unsigned tap;

static void wrong(const char *why, const char *more)
{
	if (class.failed++ < 10)
		(void)printf("# %s, mutant %zu: %s %s\n", class.name, class.tried, why, more);
}

/* Every header, list and blob of an accepted file holds together, by its own words alone, and
 * what the statement vouches for begins at `after_seal`. */
static bool holds_together(struct lw_span file, const struct lw_digest *bundle, struct forge *f)
{
	LW_AUTO(buf) struct lw_buf again = { 0 };
	struct lw_digest d;

	forge_open(f, file);
	d = lw_digest_of(lw_buf_span(&f->statement));
	if (!lw_digest_equal(&d, bundle) || f->s.bytes != file.n)
		return false;
	d = lw_digest_of(lw_buf_span(&f->contents));
	if (!lw_digest_equal(&d, &f->s.contents))
		return false;
	d = lw_digest_of(lw_buf_span(&f->entries));
	if (!lw_digest_equal(&d, &f->c.entries_digest))
		return false;
	for (size_t i = 0; i < f->n_blobs; i++) {
		d = lw_digest_of(lw_buf_span(&f->blobs[i].bytes));
		if (!lw_digest_equal(&d, &f->blobs[i].digest))
			return false;
	}
	forge_archive(f, &again);
	return lw_span_equal(lw_buf_span(&again), file);
}

static bool stored(const struct forge *f)
{
	for (size_t i = 0; i < f->n_blobs; i++) {
		LW_AUTO(buf) struct lw_buf bytes = { 0 };
		lw_auto_fd int fd = -1;
		uint64_t size = 0;

		if (lw_store_open_blob(t.enclave->store, &f->blobs[i].digest, &fd, &size,
				       &error) < 0 ||
		    size != f->blobs[i].bytes.n)
			return false;
		lw_buf_reserve(&bytes, size);
		if (lw_fs_pread(fd, bytes.p, size, 0, &error) < 0)
			return false;
		bytes.n = size;
		if (!lw_span_equal(lw_buf_span(&bytes), lw_buf_span(&f->blobs[i].bytes)))
			return false;
	}
	return true;
}

static void judge_accepted(struct lw_span file, const struct lw_digest *bundle)
{
	const size_t after_seal = LW_TAR_BLOCK + LW_MAX_SEAL_BYTES;
	struct forge f = { 0 };
	bool same = class.signed_anew;

	all.accepted++;
	class.accepted++;
	for (size_t i = 0; i < LW_COUNT_OF(originals); i++) {
		struct lw_span o = lw_buf_span(&originals[i].file);

		same |= lw_digest_equal(bundle, &originals[i].bundle) && o.n == file.n &&
			memcmp(o.p, file.p, LW_TAR_BLOCK) == 0 &&
			memcmp(o.p + after_seal, file.p + after_seal, o.n - after_seal) == 0;
	}
	if (!same)
		wrong("accepted, but not the original", "");
	else if (!holds_together(file, bundle, &f))
		wrong("accepted, but does not hold together", "");
	else if (!stored(&f))
		wrong("accepted, but something else is stored", "");
	forge_release(&f);
	fresh_enclave();
}

static void judge_refused(const struct lw_intake_result *r)
{
	const struct lw_finding *reason = lw_verdict_reason(&r->verdict);
	struct lw_digest trust = trust_now();

	if (!reason) {
		wrong("refused without a reason", lw_outcome_name(r->verdict.outcome));
		return;
	}
	all.by[reason->id]++;
	if (reason->id == LW_FINDING_SEAL_BOX || reason->id == LW_FINDING_COMMIT_CHANGED ||
	    reason->id == LW_FINDING_SYSTEM_ERROR || reason->id == LW_FINDING_SYSTEM_SPACE)
		wrong("not judged:", reason->found);
	if (lw_finding_kind(reason->id)->gravity == LW_NOTE)
		wrong("refused by a note:", reason->found);
	if (!lw_digest_equal(&trust, &t.trust))
		wrong("trust or store changed:", reason->found);
}

static void try_mutant(struct lw_span file)
{
	struct lw_intake_options o = {
		.purpose = LW_INTAKE_LOAD,
		.path = t.bundle_path,
		.judge = t.judge,
	};
	struct lw_intake_result r = { 0 };
	struct lw_head before = { 0 }, after = { 0 };
	lw_auto_fd int fd = open(t.bundle_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		err(1, "%s", t.bundle_path);
	forge_must(lw_fs_write(fd, file.p, file.n, &error), "mutant", &error);
	class.tried++;
	all.tried++;
	(void)alarm(SECONDS_EACH); /* whose signal nobody handles */
	forge_must(lw_record_head(t.enclave->state, &before, &error), "book", &error);
	if (lw_intake_run(t.enclave, &t.clock, &o, &r, &error) < 0)
		wrong("no verdict:", error.text);
	(void)alarm(0);
	forge_must(lw_record_head(t.enclave->state, &after, &error), "book", &error);
	if (after.count != before.count + 1)
		wrong("not one record", "");
	if (r.verdict.outcome == LW_ACCEPTED)
		judge_accepted(file, &r.bundle);
	else
		judge_refused(&r);
	lw_intake_release(&r);
}

/* The originals come first, before there is anything to share. */
static void attempt(struct lw_span file)
{
	static size_t n;

	if (n++ % t.shares == t.share || file.p == originals[0].file.p ||
	    file.p == originals[1].file.p)
		try_mutant(file);
}

/* The bytes of the seal's text decide which box it meets. */
static void attempt_seal(struct lw_span file)
{
	static unsigned n;

	real_box = n++ % t.real_every == 0;
	attempt(file);
	real_box = false;
}

static void begin_class(const char *name, bool signed_anew)
{
	class = (struct class){ .name = name, .signed_anew = signed_anew };
}

static void end_class(void)
{
	if (class.tried == 0)
		wrong("nothing was tried", "");
	(void)printf(
		"%sok %u - %s: %zu tried, %zu refused, %zu accepted that are the original\n",
		class.failed ? "not " : "", ++tap, class.name, class.tried,
		class.tried - class.accepted, class.accepted);
	(void)fflush(stdout);
	all.failed += class.failed;
}

/* ---- what follows alters the archive; nobody signs again ---- */

/* Where the seal's text ends and its padding begins. */
static size_t seal_text_end(struct lw_span file)
{
	size_t end = LW_TAR_BLOCK + LW_MAX_SEAL_BYTES;

	while (file.p[end - 1] == ' ')
		end--;
	return end;
}

static void flip(struct lw_buf *b, size_t at, unsigned bit, bool seal)
{
	b->p[at] ^= (uint8_t)(1u << bit);
	if (seal)
		attempt_seal(lw_buf_span(b));
	else
		attempt(lw_buf_span(b));
	b->p[at] ^= (uint8_t)(1u << bit);
}

/* Every `stride`th byte of a range; one bit of it, or all in a full run. */
static void flip_range(struct lw_buf *b, size_t from, size_t to, size_t stride, bool seal)
{
	for (size_t at = from + lw_random_below(&t.random, stride); at < to; at += stride) {
		if (!t.full)
			flip(b, at, (unsigned)lw_random_below(&t.random, 8), seal);
		for (unsigned bit = 0; t.full && bit < 8; bit++)
			flip(b, at, bit, seal);
	}
}

static void class_flips(void)
{
	struct lw_buf b = forge_copy(lw_buf_span(&originals[0].file));
	const size_t seal_end = LW_TAR_BLOCK + LW_MAX_SEAL_BYTES;
	const size_t text = seal_text_end(lw_buf_span(&b));

	begin_class("a bit of the seal flipped", false);
	flip_range(&b, 0, LW_TAR_BLOCK, t.full ? 1 : 158, true);
	flip_range(&b, LW_TAR_BLOCK, text, t.full ? 1 : 37, true);
	flip_range(&b, text, seal_end, t.full ? 499 : 9001, true);
	end_class();
	begin_class("a bit after the seal flipped", false);
	flip_range(&b, seal_end, b.n, t.full ? 1 : 73, false);
	end_class();
	lw_buf_free(&b);
}

static void class_lengths(void)
{
	struct lw_buf b = forge_copy(lw_buf_span(&originals[0].file));
	const size_t n = b.n, head = LW_TAR_BLOCK + LW_MAX_SEAL_BYTES;

	begin_class("cut off", false);
	for (size_t i = 0; i < n; i += t.full && (i < 600 || i > head) ? 1
				       : i < head		       ? 4099
								       : 211)
		attempt(lw_span(b.p, i));
	for (size_t i = 512; i < n; i += t.full ? 512 : 512 * 23)
		attempt(lw_span(b.p, i));
	for (size_t i = 1; i <= 8; i++)
		attempt(lw_span(b.p, n - i));
	end_class();

	begin_class("bytes after the end", false);
	for (size_t i = 1; i <= (size_t)4 * LW_TAR_BLOCK; i += t.full ? 7 : 509) {
		lw_buf_fill(&b, i % 2 ? 0 : 'x', i);
		attempt(lw_buf_span(&b));
		b.n = n;
	}
	lw_buf_add(&b, originals[1].file.p, originals[1].file.n); /* the other one, behind it */
	attempt(lw_buf_span(&b));
	end_class();
	lw_buf_free(&b);
}

struct members {
	struct {
		size_t at, n; /* header, bytes and padding */
	} list[256];
	size_t n;
};

static void find_members(struct lw_span file, struct members *m)
{
	size_t at = 0;

	m->n = 0;
	while (file.p[at]) {
		size_t from = at;

		(void)forge_member(file, &at);
		m->list[m->n].at = from;
		m->list[m->n++].n = at - from;
	}
}

static void add_member(struct lw_buf *out, struct lw_span file, const struct members *m,
		       size_t i)
{
	lw_buf_add(out, file.p + m->list[i].at, m->list[i].n);
}

/* The archive with its members in another order; `order` names each by index. */
static void attempt_order(struct lw_span file, const struct members *m, const size_t *order,
			  size_t n)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	for (size_t i = 0; i < n; i++)
		add_member(&b, file, m, order[i]);
	lw_buf_fill(&b, 0, LW_TAR_END);
	attempt(lw_buf_span(&b));
}

static void class_order(void)
{
	struct lw_span file = lw_buf_span(&originals[0].file);
	struct members m;
	size_t order[512];

	find_members(file, &m);
	begin_class("members dropped, doubled, swapped", false);
	for (size_t i = 0; i < m.n; i++) {
		size_t n = 0;

		for (size_t k = 0; k < m.n; k++)
			if (k != i)
				order[n++] = k;
		attempt_order(file, &m, order, n);
		for (n = 0; n <= m.n; n++)
			order[n] = n - (n > i);
		attempt_order(file, &m, order, n);
		for (size_t other = t.full ? i + 1 : m.n - 1; other < m.n && other > i;
		     other++) {
			for (n = 0; n < m.n; n++)
				order[n] = n == i ? other : n == other ? i : n;
			attempt_order(file, &m, order, n);
		}
	}
	end_class();
}

/* A header's number, and the sum that makes the header look right. */
static void set_field(uint8_t *header, size_t at, size_t n, const char *value)
{
	unsigned sum = 0;

	memset(header + at, 0, n);
	memcpy(header + at, value, strnlen(value, n));
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < LW_TAR_BLOCK; i++)
		sum += header[i];
	(void)snprintf((char *)header + 148, 7, "%06o", sum & 0777777);
	header[154] = '\0';
}

static void class_headers(void)
{
	static const struct {
		size_t at, n;
	} fields[] = {
		{ 100, 8 }, { 108, 8 }, { 116, 8 }, { 124, 12 }, { 136, 12 }, { 329, 8 }
	};
	static const char *const values[] = {
		"00000000000 ",
		"00000000001 ",
		"77777777777 ",
		"\xff\xff\xff\xff\xff\xff"
		"\xff\xff\xff\xff\xff\xff",
		"-1 ",
		"\x80",
		"\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"99999999999 ",
		"            ",
		"+0000001000 ",
		"0x100 ",
	};
	static const char types[] = "1234567gxLKSVNM\1A";
	struct lw_buf b = forge_copy(lw_buf_span(&originals[0].file));
	struct members m;

	find_members(lw_buf_span(&b), &m);
	begin_class("numbers and types of headers, with good sums", false);
	for (size_t i = 0; i < m.n; i++) {
		uint8_t keep[LW_TAR_BLOCK], *header = b.p + m.list[i].at;

		memcpy(keep, header, sizeof(keep));
		for (size_t f = 0; f < LW_COUNT_OF(fields); f++)
			for (size_t v = 0; v < LW_COUNT_OF(values);
			     v += t.full || f == 3 ? 1 : 5) {
				set_field(header, fields[f].at, fields[f].n, values[v]);
				attempt(lw_buf_span(&b));
				memcpy(header, keep, sizeof(keep));
			}
		for (size_t v = 0; v < strlen(types); v += t.full ? 1 : 4) {
			char type[2] = { types[v] };

			set_field(header, 156, 1, type);
			attempt(lw_buf_span(&b));
			memcpy(header, keep, sizeof(keep));
		}
		set_field(header, 157, 100, "/etc/shadow");
		attempt(lw_buf_span(&b));
		memcpy(header, keep, sizeof(keep));
		set_field(header, 345, 155, "../..");
		attempt(lw_buf_span(&b));
		memcpy(header, keep, sizeof(keep));
	}
	end_class();
	lw_buf_free(&b);
}

/* Parts of two good bundles of one sender. */
static void class_mixed(void)
{
	struct lw_span a = lw_buf_span(&originals[0].file), b = lw_buf_span(&originals[1].file);
	struct members ma, mb;
	size_t n;

	find_members(a, &ma);
	find_members(b, &mb);
	begin_class("parts of one bundle in the other", false);
	for (n = 0; n < ma.n && n < mb.n;
	     n++) { /* one member of B in A, and the other way round */
		for (unsigned way = 0; way < 2; way++) {
			LW_AUTO(buf) struct lw_buf mix = { 0 };

			for (size_t i = 0; i < ma.n; i++)
				if ((i == n) != (way == 1))
					add_member(&mix, b, &mb, i);
				else
					add_member(&mix, a, &ma, i);
			lw_buf_fill(&mix, 0, LW_TAR_END);
			attempt(lw_buf_span(&mix));
		}
	}
	for (n = 0; n + 2 <= ma.n;
	     n += t.full ? 1 : 3) { /* the beginning of A, the rest of B */
		LW_AUTO(buf) struct lw_buf mix = { 0 };

		for (size_t i = 0; i < ma.n; i++)
			if (i <= n)
				add_member(&mix, a, &ma, i);
			else
				add_member(&mix, b, &mb, i);
		lw_buf_fill(&mix, 0, LW_TAR_END);
		attempt(lw_buf_span(&mix));
	}
	/* and at any block */
	for (size_t at = 512; at < a.n && at < b.n; at += (size_t)512 * (t.full ? 1 : 37)) {
		LW_AUTO(buf) struct lw_buf mix = { 0 };

		lw_buf_add(&mix, a.p, at);
		lw_buf_add(&mix, b.p + at, b.n - at);
		attempt(lw_buf_span(&mix));
	}
	end_class();
}

static void class_seals(void)
{
	begin_class("approvals of one bundle on the other", false);
	for (unsigned bits = 1; bits < 16; bits++) {
		LW_AUTO(dsse) struct lw_dsse a = { 0 };
		LW_AUTO(dsse) struct lw_dsse b = { 0 };
		LW_AUTO(dsse) struct lw_dsse mix = { 0 };
		struct forge f = originals[0].f;
		LW_AUTO(buf) struct lw_buf out = { 0 };

		seal_reread(&originals[0].f, &a);
		seal_reread(&originals[1].f, &b);
		lw_buf_add(&mix.payload, a.payload.p, a.payload.n);
		for (unsigned i = 0; i < 4; i++) {
			const struct lw_dsse_signature *s =
				&(i < 2 ? &a : &b)->signatures[i % 2];
			struct lw_dsse_signature *to = &mix.signatures[mix.n_signatures];

			if (!(bits & 1u << i))
				continue;
			to->keyid = s->keyid;
			lw_buf_add(&to->sig, s->sig.p, s->sig.n);
			mix.n_signatures++;
		}
		f.seal = (struct lw_buf){ 0 };
		seal_rewrite(&f, &mix);
		forge_archive(&f, &out);
		attempt_seal(lw_buf_span(&out));
		lw_buf_free(&f.seal);
	}
	end_class();
}

/* ---- what follows is signed by who may ---- */

/* A fresh copy of A to alter, that signs with the approvers' keys. */
static void forge_again(struct forge *f)
{
	struct forge keys = originals[0].f;

	*f = (struct forge){ 0 };
	forge_open(f, lw_buf_span(&originals[0].file));
	memcpy(f->keys, keys.keys, sizeof(f->keys));
	f->n_keys = keys.n_keys;
}

enum text { TEXT_STATEMENT, TEXT_CONTENTS, TEXT_ENTRIES, TEXTS };

static struct lw_buf *text_of(struct forge *f, enum text which)
{
	return which == TEXT_STATEMENT	? &f->statement
	       : which == TEXT_CONTENTS ? &f->contents
					: &f->entries;
}

/* Splices, lets what stands above follow, signs, tries. */
static void attempt_text(enum text which, size_t at, size_t n, struct lw_span with)
{
	static const unsigned keep[TEXTS] = { FORGE_KEEP_STATEMENT, FORGE_KEEP_CONTENTS,
					      FORGE_KEEP_ENTRIES };
	struct forge f;
	LW_AUTO(buf) struct lw_buf out = { 0 };

	forge_again(&f);
	forge_splice(text_of(&f, which), at, n, with);
	f.keep |= keep[which];
	forge_build(&f, &out);
	attempt(lw_buf_span(&out));
	forge_release(&f);
}

static const char *const text_names[TEXTS] = { "the statement", "contents", "entries" };

static void class_signed_flips(enum text which)
{
	lw_auto_free char *name =
		lw_asprintf("a bit of %s flipped, and signed", text_names[which]);
	const struct lw_buf *text = text_of(&originals[0].f, which);
	const size_t stride = t.full ? 1 : 47;

	begin_class(name, true);
	for (size_t i = lw_random_below(&t.random, stride); i < text->n; i += stride)
		for (unsigned bit = 0; bit < 8; bit += t.full ? 1 : 5) {
			uint8_t byte = (uint8_t)(text->p[i] ^ 1u << bit);

			attempt_text(which, i, 1, lw_span(&byte, 1));
		}
	end_class();
}

static void class_signed_cuts(enum text which)
{
	lw_auto_free char *name =
		lw_asprintf("%s cut, doubled in part, and signed", text_names[which]);
	const struct lw_buf *text = text_of(&originals[0].f, which);

	begin_class(name, true);
	for (size_t i = 0; i < text->n; i += t.full ? 3 : 307) {
		attempt_text(which, i, text->n - i, lw_span(NULL, 0));
		attempt_text(which, i, 1, lw_span(NULL, 0));
		attempt_text(which, i, 0, lw_span(text->p, i < 64 ? i : 64));
	}
	end_class();
}

static void class_signed_numbers(enum text which)
{
	static const char *const values[] = {
		"0",
		"1",
		"-1",
		"2147483648",
		"4294967296",
		"8589934591",
		"8589934592",
		"9007199254740991",
		"9007199254740993",
		"9223372036854775807",
		"18446744073709551615",
		"18446744073709551616",
		"99999999999999999999999999",
		"00",
		"1e3",
		"1.0",
		"+1",
		"-0",
		"",
		"\"1\"",
		"null",
		"[]",
	};
	lw_auto_free char *name = lw_asprintf("numbers of %s, signed", text_names[which]);
	const struct lw_buf *text = text_of(&originals[0].f, which);

	begin_class(name, true);
	for (size_t i = 1; i < text->n; i++) {
		size_t n = strspn((const char *)text->p + i, "0123456789");

		if (n == 0 || (text->p[i - 1] != ':' && text->p[i - 1] != ' '))
			continue;
		for (size_t v = 0; v < LW_COUNT_OF(values); v += t.full ? 1 : 3)
			attempt_text(which, i, n, lw_span_str(values[v]));
		for (int off = -1; off <= 1; off += 2) {
			unsigned long long was = strtoull((const char *)text->p + i, NULL, 10);
			lw_auto_free char *near =
				lw_asprintf("%llu", was + (unsigned long long)off);

			attempt_text(which, i, n, lw_span_str(near));
		}
		i += n;
	}
	end_class();
}

/* Lines of the entries swapped, doubled, dropped, with all that stands above signed. */
static void class_signed_lines(void)
{
	const struct lw_buf *text = &originals[0].f.entries;
	size_t starts[256], n = 0;

	for (size_t i = 0; i < text->n; i++)
		if (i == 0 || text->p[i - 1] == '\n')
			starts[n++] = i;
	starts[n] = text->n;
	begin_class("lines of the entries, signed", true);
	for (size_t i = 0; i < n; i++) {
		size_t length = starts[i + 1] - starts[i];

		attempt_text(TEXT_ENTRIES, starts[i], length, lw_span(NULL, 0));
		for (size_t k = 0; k <= n; k += t.full ? 1 : 4)
			attempt_text(TEXT_ENTRIES, starts[k], 0,
				     lw_span(text->p + starts[i], length));
	}
	end_class();
}

static void class_forgeries(void)
{
	begin_class("forgeries by name", true);
	for (size_t i = 0; i < LW_COUNT_OF(forgeries); i++) {
		struct forge f;
		LW_AUTO(buf) struct lw_buf out = { 0 };
		size_t accepted = class.accepted;

		forge_again(&f);
		forgeries[i].make(&f);
		forge_build(&f, &out);
		attempt(lw_buf_span(&out));
		if (class.accepted != accepted)
			wrong("accepted:", forgeries[i].name);
		forge_release(&f);
	}
	end_class();
}

/* Manifests with a bit flipped, under their new digest, all lists in order, signed. */
static void class_signed_manifests(void)
{
	const size_t stride = t.full ? 1 : 59;

	begin_class("a bit of a manifest flipped, listed and signed", true);
	const struct forge_blob *b =
		forge_blob(&originals[0].f, &originals[0].f.c.images[1].digest);

	for (size_t i = lw_random_below(&t.random, stride); i < b->bytes.n; i += stride)
		for (unsigned bit = 0; bit < 8; bit += t.full ? 1 : 3) {
			struct forge f;
			struct lw_buf bytes = forge_copy(lw_buf_span(&b->bytes));
			LW_AUTO(buf) struct lw_buf out = { 0 };

			forge_again(&f);
			bytes.p[i] ^= (uint8_t)(1u << bit);
			forge_manifest(&f, &f.c.images[1], lw_buf_span(&bytes));
			forge_build(&f, &out);
			attempt(lw_buf_span(&out));
			forge_release(&f);
			lw_buf_free(&bytes);
		}
	end_class();
}

/* ---- the whole ---- */

static void read_original(size_t i, const char *path, char **keys, int n_keys)
{
	struct original *o = &originals[i];

	forge_must(lw_fs_read_path(path, (size_t)16 << 20, &o->file, &error), path, &error);
	for (int k = 0; k < n_keys && k < FORGE_KEYS; k++)
		forge_key(&o->f, keys[k]);
	forge_open(&o->f, lw_buf_span(&o->file));
	o->bundle = lw_digest_of(lw_buf_span(&o->f.statement));
}

/* Both are good: else nothing that follows says anything. */
static void class_originals(void)
{
	begin_class("the originals", false);
	for (size_t i = 0; i < LW_COUNT_OF(originals); i++) {
		attempt_seal(lw_buf_span(&originals[i].file));
		attempt(lw_buf_span(&originals[i].file));
	}
	if (class.accepted != class.tried)
		wrong("a good bundle was refused", "");
	end_class();
}

static void run(void)
{
	class_originals();
	class_flips();
	class_lengths();
	class_order();
	class_headers();
	class_mixed();
	class_seals();
	class_forgeries();
	class_signed_manifests();
	class_signed_lines();
	for (enum text which = 0; which < TEXTS; which++) {
		class_signed_flips(which);
		class_signed_cuts(which);
		class_signed_numbers(which);
	}
}

static void report(void)
{
	(void)printf(
		"# %zu tried, %zu refused, %zu accepted (every proven byte as it was signed), "
		"%zu wrong\n",
		all.tried, all.tried - all.accepted, all.accepted, all.failed);
	for (unsigned i = 0; i < LW_FINDING_COUNT; i++)
		if (all.by[i])
			(void)printf("# %8zu %s\n", all.by[i],
				     lw_finding_kind((enum lw_finding_id)i)->code);
	(void)printf("1..%u\n", tap);
}

int main(int argc, char **argv)
{
	int option;

	t.real_every = 8;
	t.shares = 1;
	while ((option = getopt(argc, argv, "fr:s:")) != -1) {
		if (option == 'f')
			t.full = true;
		else if (option == 'r')
			t.real_every = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's' && sscanf(optarg, "%u/%u", &t.share, &t.shares) == 2 &&
			 t.share-- > 0 && t.share < t.shares)
			continue;
		else
			return 2;
	}
	if (argc - optind < 7 || t.real_every == 0)
		errx(2,
		     "usage: mutate [-f] [-r N] [-s K/N] ENCLAVE WORK JUDGE A.lwb B.lwb KEY KEY...");
	t.template = argv[optind];
	t.judge = argv[optind + 2];
	if (mkdir(argv[optind + 1], 0700) < 0)
		err(1, "%s", argv[optind + 1]);
	forge_must(lw_fs_open_dir(argv[optind + 1], &t.work, &error), "folder", &error);
	t.enclave_path = lw_asprintf("%s/enclave", argv[optind + 1]);
	t.bundle_path = lw_asprintf("%s/mutant.lwb", argv[optind + 1]);
	t.random = lw_random_from(20261123);
	forge_must(lw_clock_system(&t.clock, &error), "clock", &error);
	for (int i = 0; i < 2; i++)
		read_original((size_t)i, argv[optind + 3 + i], argv + optind + 5,
			      argc - optind - 5);
	fresh_enclave();
	t.trust = trust_now();
	run();
	lw_enclave_close(t.enclave);
	report();
	return all.failed > 0;
}
