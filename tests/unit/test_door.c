/* SPDX-License-Identifier: Apache-2.0 */
/* Gate 1: the media list, what was commissioned, and the decision. */
#include "base/mem.h"
#include "udev/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/lib/scratch.h"

/* ---- the media list ---- */

#define LIST(media, unlisted)                                                                  \
	"{\"format\":\"landwaiter-media/1\",\"media\":[" media "],\"unlisted\":\"" unlisted    \
	"\"}"
#define MEDIUM(serial, more, label, disposition)                                               \
	"{\"serial\":\"" serial "\"," more "\"label\":\"" label                                \
	"\",\"disposition\":\"" disposition "\"}"
#define ONE MEDIUM("S1", "", "green", "admit")

static int parse_list(const char *json, struct lw_media_list **ret)
{
	struct lw_error e = { 0 };
	int r = lw_media_list_parse(lw_span_str(json), ret, &e);

	assert_int_equal(r, -(int)e.code);
	return r;
}

static void lists(void **state)
{
	static const struct {
		const char *json;
		enum lw_code code;
	} cases[] = {
		{ LIST("", "admit"), LW_OK },
		{ LIST("", "refuse"), LW_OK },
		{ LIST(ONE, "refuse"), LW_OK },
		{ LIST(ONE "," MEDIUM("S2", "\"owner\":\"acme\",\"model\":\"M\",", "b", "lost"),
		       "refuse"),
		  LW_OK },
		{ LIST(MEDIUM("S1", "\"model\":\"A\",", "a",
			      "admit") "," MEDIUM("S1", "\"model\":\"B\",", "b", "retire"),
		       "admit"),
		  LW_OK },
		{ LIST(ONE, "perhaps"), LW_E_FORMAT },
		{ LIST(MEDIUM("S1", "", "a", "let in"), "refuse"), LW_E_FORMAT },
		{ LIST(MEDIUM("S1", "\"colour\":\"red\",", "a", "admit"), "refuse"),
		  LW_E_FORMAT },
		{ LIST(MEDIUM("", "", "a", "admit"), "refuse"), LW_E_LIMIT },
		{ LIST(MEDIUM("a\\u001b[2J", "", "a", "admit"), "refuse"), LW_E_FORMAT },
		{ LIST(ONE "," MEDIUM("S2", "", "green", "admit"), "refuse"), LW_E_CONFLICT },
		{ LIST(ONE "," MEDIUM("S1", "", "b", "admit"), "refuse"), LW_E_CONFLICT },
		{ LIST(MEDIUM("S1", "\"model\":\"A\",", "b", "lost") "," ONE, "refuse"),
		  LW_E_CONFLICT },
		{ "{\"format\":\"landwaiter-media/1\",\"media\":[]}", LW_E_FORMAT },
		{ "{\"format\":\"landwaiter-media/2\",\"media\":[],\"unlisted\":\"admit\"}",
		  LW_E_FORMAT },
		{ "{\"format\":\"landwaiter-media/1\",\"media\":[],\"unlisted\":\"admit\","
		  "\"x\":1}",
		  LW_E_FORMAT },
		{ "[]", LW_E_FORMAT },
		{ "", LW_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		LW_AUTO(media_list) struct lw_media_list *list = NULL;

		int r = parse_list(cases[i].json, &list);

		if (r != -(int)cases[i].code)
			print_error("%s\n", cases[i].json);
		assert_int_equal(r, -(int)cases[i].code);
	}
}

static void finds(void **state)
{
	LW_AUTO(media_list) struct lw_media_list *list = NULL;
	const struct lw_listed_medium *m;
	struct lw_span s1 = lw_span_str("S1"), any = lw_span_str("anything");

	(void)state;
	assert_int_equal(
		parse_list(
			LIST(MEDIUM("S2", "\"model\":\"A\",", "a", "retire") "," ONE, "refuse"),
			&list),
		0);
	assert_int_equal(lw_media_list_count(list), 2);
	assert_false(lw_media_list_admits_unlisted(list));
	m = lw_media_list_find(list, s1, any);
	assert_non_null(m);
	assert_string_equal(m->label, "green");
	assert_string_equal(m->owner, "");
	assert_null(lw_media_list_find(list, lw_span_str("s1"), any));
	assert_null(lw_media_list_find(list, lw_span("S1\0", 3), any));
	assert_null(lw_media_list_find(list, lw_span_str("S2"), any));
	assert_null(lw_media_list_find(list, lw_span_str(""), any));
	m = lw_media_list_find(list, lw_span_str("S2"), lw_span_str("A"));
	assert_non_null(m);
	assert_int_equal(m->disposition, LW_MEDIUM_RETIRED);
}

/* ---- what was commissioned ---- */

#define HUB(port)     "{\"port\":\"" port "\",\"vendor\":\"1a40\",\"product\":\"0101\"}"
#define DOOR(members) "{\"format\":\"landwaiter-door/1\"" members "}"
#define WHOLE                                                                                  \
	DOOR(",\"keyboard\":\"1-3\",\"hubs\":[" HUB("1-4") "],\"internal\":[" HUB(             \
		"1-5") "],\"media\":[\"1-1\",\"1-2\",\"1-4.1\"]")

static void ports(void **state)
{
	static const char *const good[] = { "1-1", "12-34", "1-2.3", "1-1.2.3.4.5.6" };
	static const char *const bad[] = {
		"",
		"1",
		"1-",
		"-1",
		"1-0",
		"0-1",
		"01-1",
		"1-01",
		"1.2",
		"1-2-3",
		"1-.",
		"1-2.",
		"1- 2",
		"1-2\n",
		"usb1",
		"../1-1",
		"1-a",
		"1-1.2.3.4.5.6.7",
		"1-99999999999999999999",
		"1-2/..",
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(good); i++)
		assert_true(lw_port_is(lw_span_str(good[i])));
	for (size_t i = 0; i < LW_COUNT_OF(bad); i++)
		assert_false(lw_port_is(lw_span_str(bad[i])));
}

static void commissionings(void **state)
{
	static const struct {
		const char *json;
		enum lw_code code;
	} cases[] = {
		{ DOOR(""), LW_OK },
		{ WHOLE, LW_OK },
		{ DOOR(",\"media\":[]"), LW_OK },
		{ DOOR(",\"x\":1"), LW_E_FORMAT },
		{ DOOR(",\"keyboard\":\"left\""), LW_E_FORMAT },
		{ DOOR(",\"keyboard\":[\"1-1\"]"), LW_E_FORMAT },
		{ DOOR(",\"media\":[1]"), LW_E_FORMAT },
		{ DOOR(",\"media\":[\"1-1\",\"1-1\"]"), LW_E_CONFLICT },
		{ DOOR(",\"media\":[\"1-1\"],\"keyboard\":\"1-1\""), LW_E_CONFLICT },
		{ DOOR(",\"media\":[\"1-1\"],\"hubs\":[" HUB("1-1") "]"), LW_E_CONFLICT },
		{ DOOR(",\"keyboard\":\"1-1\",\"hubs\":[" HUB("1-1") "]"), LW_E_CONFLICT },
		{ DOOR(",\"hubs\":[" HUB("1-1") "," HUB("1-1") "]"), LW_E_CONFLICT },
		{ DOOR(",\"hubs\":[" HUB("1-1") "],\"internal\":[" HUB("1-1") "]"),
		  LW_E_CONFLICT },
		{ DOOR(",\"hubs\":[{\"port\":\"1-1\",\"vendor\":\"1a4\",\"product\":"
		       "\"0101\"}]"),
		  LW_E_FORMAT },
		{ DOOR(",\"hubs\":[{\"port\":\"1-1\",\"vendor\":\"1a40\"}]"), LW_E_FORMAT },
		{ "{\"format\":\"landwaiter-media/1\"}", LW_E_FORMAT },
		{ "", LW_E_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		LW_AUTO(commission) struct lw_commission c = { 0 };
		struct lw_error e = { 0 };
		int r = lw_commission_parse(lw_span_str(cases[i].json), &c, &e);

		if (r != -(int)cases[i].code)
			print_error("%s: %s\n", cases[i].json, e.text);
		assert_int_equal(r, -(int)cases[i].code);
	}
}

/* ---- the decision ---- */

struct fixture {
	struct lw_commission commission;
	struct lw_media_list *media;
	struct lw_door door;
	struct lw_door_decision d;
	int64_t now;
};

static void open_door(struct fixture *f, const char *door, const char *media)
{
	struct lw_error e = { 0 };

	assert_int_equal(lw_commission_parse(lw_span_str(door), &f->commission, &e), 0);
	assert_int_equal(lw_media_list_parse(lw_span_str(media), &f->media, &e), 0);
	f->door.commission = &f->commission;
	f->door.media = f->media;
	f->now = 1000000;
}

static void open_door_again(struct fixture *f)
{
	f->door.commission = &f->commission;
	f->door.media = f->media;
}

static void auto_fixture(struct fixture *f)
{
	lw_door_release(&f->door);
	lw_media_list_free(f->media);
	lw_commission_release(&f->commission);
}

#define FIXTURE __attribute__((cleanup(auto_fixture)))

/* Plugs in, a while after whatever was before. `what` stands for the descriptors. */
static enum lw_door_reason plug(struct fixture *f, const char *port, enum lw_usb_kind kind,
				const char *serial, const char *what)
{
	struct lw_usb_device d = { .shape = { .kind = kind,
					      .vendor = 0x1a40,
					      .product = 0x0101,
					      .why = "why",
					      .storage = kind == LW_USB_STORAGE } };
	lw_auto_free char *all = lw_asprintf("%s/%s", serial, what);

	memcpy(d.port, port, strlen(port) + 1);
	d.identity = lw_digest_of(lw_span_str(all));
	lw_buf_adds(&d.serial, serial);
	lw_door_judge(&f->door, &d, f->now, &f->d);
	assert_int_equal(f->d.let_in, f->d.reason >= LW_DOOR_MEDIUM);
	assert_true(f->d.let_in || *f->d.expected);
	assert_true(*f->d.found);
	lw_usb_device_release(&d);
	return f->d.reason;
}

static enum lw_door_reason stick(struct fixture *f, const char *port, const char *serial)
{
	return plug(f, port, LW_USB_STORAGE, serial, "stick");
}

static bool pull(struct fixture *f, const char *port, int64_t then_msec)
{
	bool was = lw_door_gone(&f->door, port, f->now);

	f->now += then_msec;
	return was;
}

#define HANDS 5000

static void kinds_and_places(void **state)
{
	static const struct {
		const char *port;
		enum lw_usb_kind kind;
		enum lw_door_reason reason;
	} cases[] = {
		{ "1-1", LW_USB_STORAGE, LW_DOOR_MEDIUM },
		{ "1-4.1", LW_USB_STORAGE, LW_DOOR_MEDIUM },
		{ "1-3", LW_USB_STORAGE, LW_DOOR_PORT },
		{ "1-4", LW_USB_STORAGE, LW_DOOR_PORT },
		{ "1-9", LW_USB_STORAGE, LW_DOOR_PORT },
		{ "1-5", LW_USB_STORAGE, LW_DOOR_FIXTURE },
		{ "1-3", LW_USB_KEYBOARD, LW_DOOR_FIXTURE },
		{ "1-1", LW_USB_KEYBOARD, LW_DOOR_KEYBOARD },
		{ "1-4", LW_USB_HUB, LW_DOOR_FIXTURE },
		{ "1-1", LW_USB_HUB, LW_DOOR_HUB },
		{ "1-5", LW_USB_HUB, LW_DOOR_FIXTURE },
		{ "1-5", LW_USB_OTHER, LW_DOOR_FIXTURE },
		{ "1-5", LW_USB_MALFORMED, LW_DOOR_MALFORMED },
		{ "1-1", LW_USB_OTHER, LW_DOOR_CLASS },
		{ "1-3", LW_USB_OTHER, LW_DOOR_CLASS },
		{ "1-1", LW_USB_MALFORMED, LW_DOOR_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < LW_COUNT_OF(cases); i++) {
		FIXTURE struct fixture f = { 0 };

		open_door(&f, WHOLE, LIST(ONE, "refuse"));
		assert_int_equal(plug(&f, cases[i].port, cases[i].kind, "S1", "x"),
				 cases[i].reason);
	}
}

static void media(void **state)
{
	FIXTURE struct fixture f = { 0 };

	(void)state;
	open_door(&f, DOOR(""),
		  LIST(ONE
		       "," MEDIUM("S2", "", "b", "retire") "," MEDIUM("S3", "", "c", "lost"),
		       "refuse"));
	assert_int_equal(stick(&f, "1-1", "S1"), LW_DOOR_MEDIUM);
	assert_string_equal(f.d.label, "green");
	assert_true(lw_door_has_medium(&f.door, "1-1"));
	/* the lost one is told of, also as a second */
	assert_int_equal(stick(&f, "1-2", "S3"), LW_DOOR_LOST);
	assert_int_equal(stick(&f, "1-4", "S2"), LW_DOOR_RETIRED);
	assert_int_equal(stick(&f, "1-6", "S9"), LW_DOOR_UNLISTED);
	assert_int_equal(stick(&f, "1-7", ""), LW_DOOR_SERIAL);
	assert_int_equal(stick(&f, "1-8", "\x1b[2J"), LW_DOOR_SERIAL);
	assert_true(pull(&f, "1-1", HANDS));
	assert_false(lw_door_has_medium(&f.door, "1-1"));
	assert_false(pull(&f, "1-6", HANDS));
	assert_int_equal(stick(&f, "1-6", "S1"), LW_DOOR_MEDIUM);
}

static void unlisted_by_policy(void **state)
{
	FIXTURE struct fixture f = { 0 };

	(void)state;
	open_door(&f, DOOR(""), LIST(MEDIUM("S2", "", "b", "retire"), "admit"));
	assert_int_equal(stick(&f, "1-1", ""), LW_DOOR_MEDIUM_UNLISTED);
	assert_true(pull(&f, "1-1", HANDS));
	assert_int_equal(stick(&f, "1-1", "\xff\xfe"), LW_DOOR_MEDIUM_UNLISTED);
	assert_true(pull(&f, "1-1", HANDS));
	assert_int_equal(stick(&f, "1-1", "S2"), LW_DOOR_RETIRED);
}

static void one_at_a_time(void **state)
{
	FIXTURE struct fixture f = { 0 };

	(void)state;
	open_door(&f, WHOLE, LIST(ONE "," MEDIUM("S2", "", "b", "admit"), "refuse"));
	assert_int_equal(stick(&f, "1-1", "S1"), LW_DOOR_MEDIUM);
	assert_int_equal(stick(&f, "1-2", "S2"), LW_DOOR_SECOND);
	assert_int_equal(plug(&f, "1-3", LW_USB_KEYBOARD, "", "keyboard"), LW_DOOR_FIXTURE);
	/* pulling the first does not let the second in by itself; plugging it in again does */
	assert_true(pull(&f, "1-1", HANDS));
	assert_false(lw_door_has_medium(&f.door, "1-2"));
	assert_false(pull(&f, "1-2", HANDS));
	assert_int_equal(stick(&f, "1-2", "S2"), LW_DOOR_MEDIUM);
	/* one that was not let in after all is no first */
	lw_door_shut(&f.door, "1-2", LW_DOOR_KERNEL, &f.d);
	assert_int_equal(f.d.reason, LW_DOOR_KERNEL);
	assert_false(f.d.let_in);
	assert_int_equal(stick(&f, "1-1", "S1"), LW_DOOR_MEDIUM);
}

static void two_at_the_start(void **state)
{
	FIXTURE struct fixture f = { 0 };

	(void)state;
	open_door(&f, DOOR(""), LIST(ONE "," MEDIUM("S2", "", "b", "admit"), "refuse"));
	lw_door_crowd(&f.door, 2);
	assert_int_equal(stick(&f, "1-1", "S1"), LW_DOOR_SECOND);
	assert_int_equal(stick(&f, "1-2", "S2"), LW_DOOR_SECOND);
	lw_door_crowd(&f.door, 0);
	assert_false(pull(&f, "1-1", HANDS));
	assert_int_equal(stick(&f, "1-1", "S1"), LW_DOOR_MEDIUM);
}

static void changes(void **state)
{
	FIXTURE struct fixture f = { 0 };

	(void)state;
	open_door(&f, DOOR(""), LIST("", "admit"));
	assert_int_equal(stick(&f, "1-1", "A"), LW_DOOR_MEDIUM_UNLISTED);
	/* the same again is the same */
	assert_true(pull(&f, "1-1", 10));
	assert_int_equal(stick(&f, "1-1", "A"), LW_DOOR_MEDIUM_UNLISTED);
	/* another one, by hand */
	assert_true(pull(&f, "1-1", HANDS));
	assert_int_equal(stick(&f, "1-1", "B"), LW_DOOR_MEDIUM_UNLISTED);
	/* another one, faster than hands are */
	assert_true(pull(&f, "1-1", 200));
	assert_int_equal(stick(&f, "1-1", "C"), LW_DOOR_CHANGED);
	/* without having been pulled out */
	assert_int_equal(stick(&f, "1-1", "D"), LW_DOOR_CHANGED);
	assert_false(pull(&f, "1-1", HANDS));
	assert_int_equal(stick(&f, "1-1", "D"), LW_DOOR_MEDIUM_UNLISTED);
	/* another thing under the same serial number, however slowly: for good */
	assert_true(pull(&f, "1-1", 3600000));
	assert_int_equal(plug(&f, "1-1", LW_USB_STORAGE, "D", "other"), LW_DOOR_CHANGED);
	assert_false(pull(&f, "1-1", HANDS));
	assert_int_equal(plug(&f, "1-1", LW_USB_STORAGE, "D", "other"), LW_DOOR_CHANGED);
	assert_false(pull(&f, "1-1", HANDS));
	assert_int_equal(stick(&f, "1-2", "D"), LW_DOOR_CHANGED);
	assert_int_equal(stick(&f, "1-1", "A"), LW_DOOR_MEDIUM_UNLISTED);
}

/* Two makers gave one serial number, and the list tells the two apart. */
static void namesakes(void **state)
{
	FIXTURE struct fixture f = { 0 };
	struct lw_usb_device a = { .port = "1-1", .shape = { .kind = LW_USB_STORAGE } };
	struct lw_usb_device b = a;

	(void)state;
	open_door(&f, DOOR(""),
		  LIST(MEDIUM("S1", "\"model\":\"A\",", "a",
			      "admit") "," MEDIUM("S1", "\"model\":\"B\",", "b", "admit"),
		       "admit"));
	b.shape.vendor = 7;
	b.identity.sha256[0] = 1;
	lw_buf_adds(&a.serial, "S1");
	lw_buf_adds(&b.serial, "S1");
	lw_buf_adds(&a.model, "A");
	lw_buf_adds(&b.model, "B");
	lw_door_judge(&f.door, &a, f.now, &f.d);
	assert_int_equal(f.d.reason, LW_DOOR_MEDIUM);
	assert_true(pull(&f, "1-1", HANDS));
	lw_door_judge(&f.door, &b, f.now, &f.d);
	assert_int_equal(f.d.reason, LW_DOOR_MEDIUM);
	/* not faster than hands; nor one maker's with two faces; nor what is on no list */
	assert_true(pull(&f, "1-1", 100));
	lw_door_judge(&f.door, &a, f.now, &f.d);
	assert_int_equal(f.d.reason, LW_DOOR_CHANGED);
	lw_door_release(&f.door);
	open_door_again(&f);
	lw_door_judge(&f.door, &a, f.now, &f.d);
	assert_true(pull(&f, "1-1", HANDS));
	b.shape.vendor = 0;
	lw_door_judge(&f.door, &b, f.now, &f.d);
	assert_int_equal(f.d.reason, LW_DOOR_CHANGED);
	lw_door_release(&f.door);
	open_door_again(&f);
	lw_door_judge(&f.door, &a, f.now, &f.d);
	assert_true(pull(&f, "1-1", HANDS));
	b.shape.vendor = 7;
	lw_buf_adds(&b.model, "x");
	lw_door_judge(&f.door, &b, f.now, &f.d);
	assert_int_equal(f.d.reason, LW_DOOR_CHANGED);
	lw_usb_device_release(&a);
	lw_usb_device_release(&b);
}

static void changed_where_things_belong(void **state)
{
	FIXTURE struct fixture f = { 0 };

	(void)state;
	open_door(&f, WHOLE, LIST(ONE, "refuse"));
	assert_int_equal(stick(&f, "1-1", "S1"), LW_DOOR_MEDIUM);
	assert_int_equal(plug(&f, "1-1", LW_USB_KEYBOARD, "S1", "keyboard"), LW_DOOR_CHANGED);
	assert_int_equal(plug(&f, "1-3", LW_USB_KEYBOARD, "", "keyboard"), LW_DOOR_FIXTURE);
	assert_int_equal(plug(&f, "1-3", LW_USB_KEYBOARD, "", "other"), LW_DOOR_CHANGED);
}

/* Its folder goes with it: another's has the same name. */
static void is_there(void **state)
{
	struct scratch at;
	LW_AUTO(usb_device) struct lw_usb_device d = { 0 }, twin = { 0 };
	struct lw_error e = { 0 };

	(void)state;
	scratch_make(&at);
	assert_int_equal(mkdirat(at.dir, "1-1", 0700), 0);
	scratch_write_str(at.dir, "1-1/authorized", "0\n");

	lw_auto_free char *path = lw_asprintf("%s/1-1", at.path);

	assert_false(lw_usb_device_is_there(&d));
	assert_int_equal(lw_usb_device_read(path, &d, &e), 0);
	assert_true(lw_usb_device_is_there(&d));
	assert_int_equal(unlinkat(at.dir, "1-1/authorized", 0), 0);
	assert_int_equal(unlinkat(at.dir, "1-1", AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(at.dir, "1-1", 0700), 0);
	scratch_write_str(at.dir, "1-1/authorized", "0\n");
	assert_int_equal(lw_usb_device_read(path, &twin, &e), 0);
	assert_false(lw_usb_device_is_there(&d));
	assert_true(lw_usb_device_is_there(&twin));
	scratch_drop(&at);
}

static void known(void **state)
{
	FIXTURE struct fixture f = { 0 };
	struct lw_usb_device d = { .port = "1-1", .shape = { .kind = LW_USB_STORAGE } };
	bool let_in = false;

	(void)state;
	open_door(&f, DOOR(""), LIST("", "admit"));
	assert_false(lw_door_knows(&f.door, &d, &let_in));
	lw_door_judge(&f.door, &d, f.now, &f.d);
	assert_true(lw_door_knows(&f.door, &d, &let_in));
	assert_true(let_in);
	d.identity.sha256[0] = 1;
	assert_false(lw_door_knows(&f.door, &d, &let_in));
	d.identity.sha256[0] = 0;
	assert_true(pull(&f, "1-1", 1));
	assert_false(lw_door_knows(&f.door, &d, &let_in));
	assert_false(pull(&f, "1-7", 1));
}

/* What comes again and again is recorded so often, then counted, then told. */
static void floods(void **state)
{
	FIXTURE struct fixture f = { 0 };
	size_t loud = 0;

	(void)state;
	open_door(&f, DOOR(""), LIST("", "admit"));
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(plug(&f, "1-1", LW_USB_OTHER, "", "x"), LW_DOOR_CLASS);
		loud += !f.d.quiet;
		(void)pull(&f, "1-1", 100);
	}
	assert_int_equal(loud, LW_DOOR_LOUD);
	assert_int_equal(plug(&f, "1-2", LW_USB_OTHER, "", "x"), LW_DOOR_CLASS);
	assert_false(f.d.quiet);
	f.now += LW_DOOR_WINDOW_MSEC;
	assert_int_equal(plug(&f, "1-1", LW_USB_OTHER, "", "x"), LW_DOOR_CLASS);
	assert_false(f.d.quiet);
	assert_int_equal(f.d.unrecorded, 100 - LW_DOOR_LOUD);
}

/* Nor does a medium that is let in again and again: no hands do that. */
static void flapping(void **state)
{
	FIXTURE struct fixture f = { 0 };
	size_t in = 0;

	(void)state;
	open_door(&f, DOOR(""), LIST(ONE, "refuse"));
	for (size_t i = 0; i < 100; i++) {
		enum lw_door_reason r = stick(&f, "1-1", "S1");

		assert_int_equal(r, i < LW_DOOR_LOUD ? LW_DOOR_MEDIUM : LW_DOOR_CHANGED);
		assert_int_equal(f.d.quiet, i >= LW_DOOR_LOUD);
		in += f.d.let_in;
		assert_int_equal(pull(&f, "1-1", 100), f.d.let_in);
	}
	assert_int_equal(in, LW_DOOR_LOUD);
	f.now += LW_DOOR_WINDOW_MSEC;
	assert_int_equal(stick(&f, "1-1", "S1"), LW_DOOR_MEDIUM);
	assert_int_equal(f.d.unrecorded, 100 - LW_DOOR_LOUD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(finds),
		cmocka_unit_test(ports),
		cmocka_unit_test(commissionings),
		cmocka_unit_test(kinds_and_places),
		cmocka_unit_test(media),
		cmocka_unit_test(unlisted_by_policy),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(two_at_the_start),
		cmocka_unit_test(changes),
		cmocka_unit_test(namesakes),
		cmocka_unit_test(changed_where_things_belong),
		cmocka_unit_test(is_there),
		cmocka_unit_test(known),
		cmocka_unit_test(floods),
		cmocka_unit_test(flapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
