/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A box that lies, for tests: put as `landwaiter-judge` beside a copy of landwaiter, with a
 * file `lie` that says how. It has no walls; what counts is what the other side makes of its
 * words.
 */

#include "base/ipc.h"
#include "base/json.h"
#include "base/mem.h"
#include "bundle/box.h"
#include "bundle/seal.h"
#include "verify/judge.h"
#include "verify/key.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SOCKET 3

static char lie[64];
static struct lw_error error;

static bool lies(const char *how)
{
	return strcmp(lie, how) == 0;
}

static void must(int r)
{
	if (r < 0)
		_exit(9);
}

/* A path from the folder of this program. */
static void beside(const char *name, char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	if (n <= 0)
		_exit(9);
	path[n] = '\0';
	n = strrchr(path, '/') + 1 - path;
	(void)snprintf(path + n, size - (size_t)n, "%s", name);
}

/* What the enclave beside the program's folder has staged: all of it is what the largest was.
 */
static void restage(void)
{
	char path[4096], largest[256] = "";
	const struct dirent *entry;
	struct stat st;
	off_t size = -1;

	beside("../enclave/store/blobs/sha256", path, sizeof(path));

	lw_auto_dir DIR *d = opendir(path);
	while (d && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' && fstatat(dirfd(d), entry->d_name, &st, 0) == 0 &&
		    st.st_size > size) {
			size = st.st_size;
			(void)snprintf(largest, sizeof(largest), "%s", entry->d_name);
		}
	if (size < 0)
		return;
	rewinddir(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, largest) != 0 &&
		    (unlinkat(dirfd(d), entry->d_name, 0) < 0 ||
		     linkat(dirfd(d), largest, dirfd(d), entry->d_name, 0) < 0))
			_exit(9);
}

static void read_lie(void)
{
	char path[4096];
	ssize_t n;

	beside("lie", path, sizeof(path));

	lw_auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, lie, sizeof(lie) - 1);
	if (n <= 0)
		_exit(9);
	lie[strcspn(lie, "\n")] = '\0';
}

static void say(uint32_t type, const struct lw_buf *body)
{
	must(lw_ipc_send(SOCKET, type, body ? lw_buf_span(body) : lw_span(NULL, 0), -1,
			 &error));
}

static void say_error(uint32_t code, const char *text)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_ipc_put_u32(&b, code);
	lw_ipc_put_str(&b, text);
	say(LW_BOX_ERROR, &b);
}

static void raw(const void *p, size_t n)
{
	(void)!write(SOCKET, p, n);
}

static void say_ready(void)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	if (lies("not-ready"))
		return;
	lw_ipc_put_u32(&b, lies("ready-without-walls") ? 0 : lies("ready-with-99") ? 99 : 2);
	if (lies("ready-and-more"))
		lw_ipc_put_u32(&b, 1);
	say(LW_BOX_READY, &b);
	if (lies("ready-twice"))
		say(LW_BOX_READY, &b);
}

static void say_payload(const struct lw_dsse *d)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	LW_AUTO(buf) struct lw_buf payload = { 0 };

	lw_buf_add(&payload, d->payload.p, d->payload.n);
	if (lies("another-payload") || lies("another-payload-unnamed")) {
		char *marking = strstr((char *)payload.p, "\"marking\":\"");

		if (!marking)
			_exit(9);
		marking[11] ^= 1;
	}
	if (lies("payload-too-long"))
		lw_buf_fill(&payload, ' ', LW_MAX_STATEMENT_BYTES);
	lw_ipc_put_bytes(&b, lies("empty-payload") ? lw_span(NULL, 0) : lw_buf_span(&payload));
	if (lies("sender-with-nul"))
		lw_ipc_put_bytes(&b, lw_span("acme\0x", 6));
	else
		lw_ipc_put_str(&b, lies("sender-of-others") ? "globex"
				   : lies("sender-escape")  ? "\033[31m"
							    : "acme");
	lw_ipc_put_u32(&b, 1);
	if (lies("payload-and-more"))
		lw_ipc_put_u32(&b, 1);
	say(LW_BOX_PAYLOAD, &b);
	if (lies("two-payloads"))
		say(LW_BOX_PAYLOAD, &b);
}

/* The signature, and the keys it is said to fit. */
static void say_signature(const struct lw_dsse_signature *s, size_t i)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };
	static const uint8_t nobody[LW_DIGEST_BYTES];
	uint32_t n = 1;

	if (lies("fits-everybody"))
		n = 4;
	if (lies("fits-nobody"))
		n = 0;
	if (lies("fits-too-many"))
		n = LW_MAX_MATCHES + 1;
	lw_ipc_put_bytes(&b, lw_span(lies("another-payload-unnamed") || lies("unnamed")
					     ? nobody
					     : s->keyid.sha256,
				     lies("short-key-id") ? 31 : 32));
	lw_ipc_put_bytes(&b, lies("another-signature") ? lw_span("sixty-four bytes", 16)
						       : lw_buf_span(&s->sig));
	lw_ipc_put_u32(&b, lies("counts-wrong") ? 3 : n);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t index = (uint32_t)i;

		if (lies("fits-everybody") || lies("fits-too-many"))
			index = k;
		else if (lies("fits-the-next"))
			index = (uint32_t)i + 1;
		else if (lies("fits-no-key"))
			index = 0xfffffffe;
		lw_ipc_put_u32(&b, index);
	}
	if (lies("signature-and-more"))
		lw_ipc_put_u32(&b, 1);
	say(LW_BOX_SIGNATURE, &b);
}

static void send_descriptor(bool announced)
{
	uint32_t head[2] = { LW_BOX_DONE | (announced ? 0x80000000u : 0), 0 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec v = { head, sizeof(head) };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = control.bytes,
			    .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd = 0;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	(void)sendmsg(SOCKET, &m, MSG_NOSIGNAL);
}

/* Lies that are told instead of any answer. */
static bool answer_otherwise(void)
{
	static const uint32_t huge[2] = { LW_BOX_PAYLOAD, 0xffffffff };
	static const uint32_t over[2] = { LW_BOX_PAYLOAD, ((uint32_t)24 << 20) + 1 };
	static const uint32_t cut[2] = { LW_BOX_PAYLOAD, 1000 };

	if (lies("exits"))
		_exit(0);
	if (lies("fails"))
		_exit(1);
	if (lies("crashes"))
		abort();
	if (lies("stalls"))
		for (;;)
			(void)pause();
	if (lies("drips"))
		for (size_t i = 0;; i++) {
			raw((const uint8_t *)huge + i % 4, 1);
			(void)sleep(1);
		}
	if (lies("huge-frame"))
		raw(huge, sizeof(huge));
	else if (lies("frame-over-cap"))
		raw(over, sizeof(over));
	else if (lies("cut-frame"))
		raw(cut, sizeof(cut));
	else if (lies("garbage"))
		raw("HTTP/1.1 200 OK\r\n\r\n", 19);
	else if (lies("descriptor"))
		send_descriptor(true);
	else if (lies("secret-descriptor"))
		send_descriptor(false);
	else if (lies("type-zero"))
		say(0, NULL);
	else if (lies("sends-a-job"))
		say(LW_BOX_JOB_SEAL, NULL);
	else if (lies("only-done"))
		say(LW_BOX_DONE, NULL);
	else if (lies("text"))
		say(LW_BOX_TEXT, NULL);
	else if (strncmp(lie, "error-", 6) == 0)
		say_error((uint32_t)strtoul(lie + 6, NULL, 10), "\033[32mACCEPTED\033[0m");
	else
		return false;
	return true;
}

static void answer_seal(struct lw_span body)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	struct lw_span seal;

	must(lw_ipc_take_bytes(&body, LW_MAX_SEAL_BYTES, &seal, &error));
	must(lw_seal_parse(seal, &d, &error));
	if (lies("no-payload"))
		say_signature(&d.signatures[0], 0);
	else
		say_payload(&d);
	for (size_t i = 0; i < d.n_signatures; i++)
		say_signature(&d.signatures[i], i);
	if (lies("one-signature-twice") || lies("one-signature-by-two"))
		say_signature(&d.signatures[0], lies("one-signature-by-two") ? 1 : 0);
	for (size_t i = 0; lies("too-many-signatures") && i < 40; i++)
		say_signature(&d.signatures[0], 0);
	if (lies("never-done"))
		_exit(0);
	if (lies("done-and-more")) {
		LW_AUTO(buf) struct lw_buf b = { 0 };

		lw_ipc_put_u32(&b, 1);
		say(LW_BOX_DONE, &b);
	} else {
		say(LW_BOX_DONE, NULL);
	}
}

/* ---- evidence ---- */

static struct {
	struct lw_key *keys[64];
	size_t n_keys;
	struct lw_json_doc *manifest;
} evidence;

/* "evidence-HOW" and "piece-HOW" are lies about evidence alone: a box for another job, and one
 * that is not asked yet, is honest. */
static bool turns_to(const char *what)
{
	size_t n = strlen(what);

	if (strncmp(lie, what, n) != 0)
		return false;
	memmove(lie, lie + n, sizeof(lie) - n);
	return true;
}

static void take_keys(struct lw_span body)
{
	uint32_t n = 0, kind = 0;

	must(lw_ipc_take_u32(&body, &n, &error));
	for (; evidence.n_keys < n && evidence.n_keys < LW_COUNT_OF(evidence.keys);
	     evidence.n_keys++) {
		struct lw_span der;

		must(lw_ipc_take_u32(&body, &kind, &error));
		must(lw_ipc_take_bytes(&body, LW_MAX_KEY_BYTES, &der, &error));
		must(lw_key_parse_as((enum lw_key_kind)kind, der,
				     &evidence.keys[evidence.n_keys], &error));
	}
}

static const struct lw_json *member(const struct lw_json *object, const char *name)
{
	const struct lw_json *m = object ? lw_json_first(object) : NULL;

	while (m && strcmp(lw_json_key(m), name) != 0)
		m = lw_json_next(m);
	return m;
}

/* What an honest box would have found. */
static void extract(struct lw_span body, struct lw_extracted *x, struct lw_span *piece)
{
	const struct lw_json *layer =
		lw_json_first(member(lw_json_root(evidence.manifest), "layers"));
	lw_auto_free char *type = NULL;
	uint32_t number = 0;

	must(lw_ipc_take_u32(&body, &number, &error));
	must(lw_ipc_take_str(&body, LW_MAX_MEDIA_TYPE, &type, &error));
	must(lw_ipc_take_bytes(&body, LW_MAX_EVIDENCE_BYTES, piece, &error));
	while (layer && number-- > 0)
		layer = lw_json_next(layer);

	const struct lw_piece p = { type, *piece, member(layer, "annotations") };

	lw_judge_for(type)->extract(&p, x);
}

/* More than one signature may be said of what has one. */
static void repeat(struct lw_extracted *x, size_t n)
{
	for (; x->n_signatures < n; x->n_signatures++)
		lw_buf_add(&x->signatures[x->n_signatures].sig, x->signatures[0].sig.p,
			   x->signatures[0].sig.n);
}

static void lie_about(struct lw_extracted *x)
{
	if (lies("unsupported") || lies("malformed") || lies("state-3")) {
		lw_extracted_release(x);
		*x = (struct lw_extracted){ .state = LW_EXTRACTED_UNSUPPORTED };
		(void)snprintf(x->why, sizeof(x->why), "\033[32mACCEPTED\033[0m");
		if (!lies("unsupported"))
			x->state = lies("malformed") ? LW_EXTRACTED_MALFORMED : 3;
	} else if (lies("other-payload") && x->payload.n > 0) {
		x->payload.p[x->payload.n / 2] ^= 1;
	} else if (lies("own-payload")) { /* what the signed bytes should have said */
		x->detached = false;
		(void)snprintf(x->payload_type, sizeof(x->payload_type), LW_DSSE_IN_TOTO);
		lw_buf_free(&x->payload);
		lw_buf_adds(&x->payload, "{\"_type\":\"https://in-toto.io/Statement/v1\"}");
	} else if (lies("other-type") && x->payload.n > 0) {
		(void)snprintf(x->payload_type, sizeof(x->payload_type), "application/json");
	} else if (lies("detached")) {
		x->detached = !x->detached;
	} else if (lies("of-the-piece")) {
		lw_buf_free(&x->payload);
		x->payload_type[0] = '\0';
		x->detached = true;
	} else if (lies("other-signature")) {
		x->signatures[0].sig.p[x->signatures[0].sig.n / 2] ^= 1;
	} else if (lies("empty-signature")) {
		x->signatures[0].sig.n = 0;
	} else if (lies("unknown-key")) {
		(void)snprintf(x->signatures[0].key_hint, 65, "%064d", 0);
		x->signatures[0].sig.p[8] ^= 1;
	} else if (lies("twice")) {
		repeat(x, 2);
	} else if (lies("sixteen-times")) {
		repeat(x, LW_MAX_ENVELOPE_SIGNATURES);
	} else if (lies("signed-by-none")) {
		x->n_signatures = 0;
	} else if (lies("signed-with-a-reason")) {
		(void)snprintf(x->why, sizeof(x->why), "because");
	} else if (lies("no-text")) {
		(void)snprintf(x->signatures[0].key_hint, 65, "\xff\xfe");
	}
}

/* The keys that a signature is said to fit. */
static void say_matches(const struct lw_extracted *x, size_t i, struct lw_span piece,
			struct lw_buf *out)
{
	LW_AUTO(buf) struct lw_buf message = { 0 };
	LW_AUTO(buf) struct lw_buf indices = { 0 };
	uint32_t n = 0;

	lw_extracted_message(x, piece, &message);
	for (size_t k = 0; k < evidence.n_keys; k++) {
		bool fits = lw_key_verify(evidence.keys[k], lw_buf_span(&message),
					  lw_buf_span(&x->signatures[i].sig)) == LW_KEY_GOOD;

		if (lies("fits-everybody") ? k < LW_MAX_MATCHES
					   : fits && !lies("fits-nobody")) {
			lw_ipc_put_u32(&indices, (uint32_t)k + (lies("fits-the-next") ? 1 : 0));
			n++;
		}
	}
	if (lies("fits-no-key"))
		lw_ipc_put_u32(&indices, 0xfffffffe);
	for (uint32_t k = 0; lies("fits-too-many") && k < 5; k++)
		lw_ipc_put_u32(&indices, 0);
	n += lies("fits-no-key") ? 1 : lies("fits-too-many") ? 5 : 0;
	lw_ipc_put_u32(out, lies("counts-wrong") ? n + 1 : n);
	lw_buf_add(out, indices.p, indices.n);
}

static void answer_piece(struct lw_span body)
{
	LW_AUTO(extracted) struct lw_extracted x = { 0 };
	LW_AUTO(buf) struct lw_buf b = { 0 };
	struct lw_span piece;
	size_t n;

	extract(body, &x, &piece);
	n = x.n_signatures;
	lie_about(&x);
	lw_extracted_put(&x, &b);
	if (lies("too-many-signatures"))
		memset(b.p + b.n - 4, 0xff, 4);
	for (size_t i = 0; i < x.n_signatures && !lies("too-few"); i++)
		say_matches(&x, i, piece, &b);
	if (lies("too-many"))
		lw_ipc_put_u32(&b, 0);
	say(lies("done-instead") ? LW_BOX_DONE : LW_BOX_PIECE, &b);
	if (lies("again"))
		say(LW_BOX_PIECE, &b);
	x.n_signatures = n; /* to be released */
}

static void answer_evidence(void)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame;
	struct lw_span bytes;

	while (lw_ipc_receive(SOCKET, LW_MAX_FRAME_BYTES, -1, &storage, &frame, &error) == 0) {
		if (turns_to(frame.type == LW_BOX_PIECE ? "piece-" : "evidence-") &&
		    answer_otherwise())
			break;
		if (frame.type == LW_BOX_PIECE) {
			answer_piece(frame.body);
			continue;
		}
		must(lw_ipc_take_bytes(&frame.body, LW_MAX_MANIFEST_BYTES, &bytes, &error));
		lw_json_free(evidence.manifest);
		evidence.manifest = NULL;
		must(lw_json_parse(bytes, &LW_JSON_FOREIGN, &evidence.manifest, &error));
		say(LW_BOX_DONE, NULL);
	}
	while (read(SOCKET, &frame, 1) > 0)
		;
}

/* The nursery itself is honest, for it reads nothing from outside; each box is a liar. */
static void make_boxes(void)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame;

	must(lw_ipc_receive(SOCKET, LW_MAX_FRAME_BYTES, 10, &storage, &frame, &error));
	take_keys(frame.body);
	while (lw_ipc_receive(SOCKET, 0, -1, &storage, &frame, &error) == 0) {
		struct lw_jail_child child = { 0 };

		must(lw_jail_fork(frame.fd, &child, &error));
		(void)close(frame.fd);
		if (child.pid > 0)
			continue;
		say_ready();
		answer_evidence();
		_exit(0);
	}
}

/* What a person is shown before signing: another text, for the true bytes or for others. */
static void answer_explain(struct lw_span body)
{
	LW_AUTO(dsse) struct lw_dsse d = { 0 };
	LW_AUTO(buf) struct lw_buf text = { 0 };
	struct lw_span seal;
	uint32_t form = 0;

	must(lw_ipc_take_u32(&body, &form, &error));
	must(lw_ipc_take_bytes(&body, LW_MAX_SEAL_BYTES, &seal, &error));
	must(lw_seal_parse(seal, &d, &error));
	say_payload(&d);
	lw_buf_adds(&text, "\033[2J\033]52;c;eA==\007harmless \xe2\x80\xae\n");
	say(LW_BOX_TEXT, &text);
	say(LW_BOX_DONE, NULL);
}

/* Metadata taken apart otherwise: without its signatures, with another half, as other bytes. */
static void answer_tuf(void)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame;
	struct lw_span file;

	if (lies("tuf-dies"))
		_exit(0);
	while (lw_ipc_receive(SOCKET, LW_MAX_FRAME_BYTES, -1, &storage, &frame, &error) == 0) {
		LW_AUTO(tuf_signed) struct lw_tuf_signed halves = { 0 };
		LW_AUTO(buf) struct lw_buf body = { 0 };

		must(lw_ipc_take_bytes(&frame.body, LW_MAX_TUF_METADATA_BYTES, &file, &error));
		must(lw_tuf_split(file, &halves, &error));
		if (lies("tuf-alters"))
			halves.message.p[halves.message.n - 2] ^= 1;
		while (lies("tuf-hides") && halves.n_signatures > 0) {
			struct lw_tuf_signature *s = &halves.signatures[--halves.n_signatures];

			free(s->keyid);
			lw_buf_free(&s->sig);
		}
		lw_tuf_signed_put(&halves, &body);
		if (lies("tuf-trails"))
			lw_buf_addc(&body, 'x');
		say(lies("tuf-other-word") ? LW_BOX_TEXT : LW_BOX_TUF, &body);
	}
}

static void put_place(struct lw_buf *b, const char *name, size_t digest_n, uint64_t size,
		      uint64_t offset)
{
	uint8_t digest[64] = { 0 };

	lw_ipc_put_str(b, name);
	lw_ipc_put_bytes(b, lw_span(digest, digest_n));
	lw_ipc_put_u64(b, size);
	lw_ipc_put_u64(b, offset);
}

/* Where the files of a repository are: nowhere, twice, without end. */
static void answer_carried(void)
{
	LW_AUTO(buf) struct lw_buf b = { 0 };

	lw_ipc_put_u32(&b, lies("carried-many") ? 0xffffffff : lies("carried-twice") ? 2 : 1);
	put_place(&b, lies("carried-name") ? "../timestamp.json" : "timestamp.json",
		  lies("carried-digest") ? 31 : 32, lies("carried-huge") ? UINT64_MAX : 100,
		  lies("carried-far") ? UINT64_MAX - 50 : 0);
	if (lies("carried-twice"))
		put_place(&b, "timestamp.json", 32, 100, 0);
	if (lies("carried-trails"))
		lw_buf_addc(&b, 'x');
	say(lies("carried-other-word") ? LW_BOX_TEXT : LW_BOX_CARRIED, &b);
}

int main(int argc, char **argv)
{
	LW_AUTO(buf) struct lw_buf storage = { 0 };
	struct lw_ipc_frame frame;

	read_lie();
	if (lies("exits-at-once"))
		_exit(0);
	if (lies("restages"))
		restage();
	if (argc > 0 && strcmp(argv[0], LW_BOX_NURSERY) == 0) {
		make_boxes();
		return 0;
	}
	say_ready();
	must(lw_ipc_receive(SOCKET, LW_MAX_FRAME_BYTES, 10, &storage, &frame, &error));
	if (answer_otherwise())
		while (read(SOCKET, &frame, 1) > 0)
			; /* what was said last is to be read, not this end */
	else if (frame.type == LW_BOX_JOB_SEAL)
		answer_seal(frame.body);
	else if (frame.type == LW_BOX_JOB_EXPLAIN)
		answer_explain(frame.body);
	else if (frame.type == LW_BOX_JOB_CARRIED)
		answer_carried();
	else if (frame.type == LW_BOX_JOB_TUF)
		answer_tuf();
	return 0;
}
