/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"
#include "base/mem.h"
#include "udev/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Parts, as devices send them. */
#define DEVICE(class, configs)		 "12010002" class "000040810767550001010203" configs
#define CONFIG(total, interfaces, value) "0902" total "00" interfaces value "008032"
#define BOT				 "0904000002080650000705810200020007050202000200"
#define HID				 "0904010001030101000921110100012241000705830308000a"
#define PIPE(endpoint, use)                                                                    \
	"0705" endpoint "0200040006300f040000"                                                 \
	"0424" use "00"
#define UAS(total)                                                                             \
	"1201200300000009fd0b01020001020301010902" total "0001010080700904000002080650000705"  \
	"810200040006300f0000000705020200040006300f000000090400010408066200" PIPE("83", "03")  \
		PIPE("04", "01") PIPE("85", "02") PIPE("06", "04")
#define STICK DEVICE("00", "01") CONFIG("20", "01", "01") BOT

struct sample {
	const char *name, *hex;
	enum lw_usb_kind kind;
};

static const struct sample good[] = {
	{ "a SanDisk Cruzer (USB 2.0)",
	  "1201000200000040810767550001010203010902200001010080320904000002"
	  "080650000705810200020007050202000200",
	  LW_USB_STORAGE },
	{ "a Kingston DataTraveler 3.0, at SuperSpeed",
	  "12012003000000095109661600010102030109022c0001010080970904000002"
	  "080650000705810200040006300f0000000705020200040006300f000000",
	  LW_USB_STORAGE },
	{ "an enclosure with UAS: setting 0 is BOT, setting 1 UAS", UAS("79"), LW_USB_STORAGE },
	{ "QEMU's usb-storage",
	  "1201000200000040f4460100000001020301"
	  "0902200001010080000904000002080650000705810200020007050202000200",
	  LW_USB_STORAGE },
	{ "two configurations, both mass storage",
	  DEVICE("00", "02") CONFIG("20", "01", "01") BOT CONFIG("20", "01", "02") BOT,
	  LW_USB_STORAGE },
	{ "two interfaces, both mass storage",
	  DEVICE("00", "01") CONFIG("37", "02", "01") BOT
	  "0904010002080650000705830200020007050402000200",
	  LW_USB_STORAGE },
	{ "a Dell keyboard of one interface",
	  "12011001000000083c41132100010102000109022200010100a0320904000001"
	  "030101000921100100012241000705810308000a",
	  LW_USB_KEYBOARD },
	{ "a keyboard with a second interface for its other keys",
	  "12011001000000083c41132100010102000109023b00020100a0320904000001"
	  "030101000921100100012241000705810308000a090401000103000000092110"
	  "010001224d000705820308000a",
	  LW_USB_OTHER },
	{ "a mouse",
	  "12011001000000086d0477c000720102000109022200010100a0310904000001"
	  "030102000921110100012234000705810304000a",
	  LW_USB_OTHER },
	{ "a hub of four ports (1a40:0101)",
	  "1201000209000140401a010111010001000109021900010100e0320904000001"
	  "090000000705810301000c",
	  LW_USB_HUB },
	{ "a hub with two ways to translate transactions",
	  "1201000209000240401a010200010001000109022900010100e0320904000001"
	  "090001000705810301000c0904000101090002000705810301000c",
	  LW_USB_HUB },
	{ "a serial adapter (1a86:7523)",
	  "1201100100000008861a23756402000200010902270001010080310904000003"
	  "ff010200070582022000000705020220000007058103080001",
	  LW_USB_OTHER },
	{ "a network adapter (CDC ACM)",
	  "1201000202000040251507a000010102030109024300020100c0320904000001"
	  "0202010005240010010524010001042402020524060001070582030800100904"
	  "0100020a0000000705810240000007050102400000",
	  LW_USB_OTHER },
};

static const struct sample bad[] = {
	{ "nothing", "", LW_USB_MALFORMED },
	{ "one byte", "12", LW_USB_MALFORMED },
	{ "a device descriptor alone", "120100020000004081076755000101020301",
	  LW_USB_MALFORMED },
	{ "no configuration at all", "120100020000004081076755000101020300", LW_USB_MALFORMED },
	{ "a device descriptor of another type",
	  "120200020000004081076755000101020301" CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "a device descriptor of another length",
	  "110100020000004081076755000101020301" CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "a release that is no decimal number",
	  "12010a020000004081076755000101020301" CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "USB 9.0", "120100090000000981076755000101020301" CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "USB 3 with the packets of USB 2",
	  "120100030000004081076755000101020301" CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "fewer configurations than it says", DEVICE("00", "02") CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "more configurations than it says",
	  DEVICE("00", "01") CONFIG("20", "01", "01") BOT CONFIG("20", "01", "02") BOT,
	  LW_USB_MALFORMED },
	{ "nine configurations", DEVICE("00", "09") CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "two configurations of one value",
	  DEVICE("00", "02") CONFIG("20", "01", "01") BOT CONFIG("20", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "configuration 0", DEVICE("00", "01") CONFIG("20", "01", "00") BOT,
	  LW_USB_MALFORMED },
	{ "a total too long", DEVICE("00", "01") CONFIG("21", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "a total too short", DEVICE("00", "01") CONFIG("1f", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "a total that ends within a descriptor", UAS("78"), LW_USB_MALFORMED },
	{ "a total of less than itself", DEVICE("00", "01") CONFIG("08", "01", "01") BOT,
	  LW_USB_MALFORMED },
	{ "no interface", DEVICE("00", "01") CONFIG("09", "00", "01"), LW_USB_MALFORMED },
	{ "an interface that is not there", DEVICE("00", "01") CONFIG("20", "02", "01") BOT,
	  LW_USB_MALFORMED },
	{ "an interface more than it says", DEVICE("00", "01") CONFIG("39", "01", "01") BOT HID,
	  LW_USB_MALFORMED },
	{ "a setting that is there twice", DEVICE("00", "01") CONFIG("37", "01", "01") BOT BOT,
	  LW_USB_MALFORMED },
	{ "no setting 0",
	  DEVICE("00", "01")
		  CONFIG("20", "01", "01") "0904000102080650000705810200020007050202000200",
	  LW_USB_MALFORMED },
	{ "33 interfaces", DEVICE("00", "01") CONFIG("20", "21", "01") BOT, LW_USB_MALFORMED },
	{ "a descriptor of no length", DEVICE("00", "01") CONFIG("22", "01", "01") BOT "0000",
	  LW_USB_MALFORMED },
	{ "a descriptor of length 1", DEVICE("00", "01") CONFIG("21", "01", "01") BOT "01",
	  LW_USB_MALFORMED },
	{ "a descriptor past the end", DEVICE("00", "01") CONFIG("22", "01", "01") BOT "0330",
	  LW_USB_MALFORMED },
	{ "an endpoint before any interface",
	  DEVICE("00", "01") CONFIG("27", "01", "01") "07058102000200" BOT, LW_USB_MALFORMED },
	{ "fewer endpoints than it says",
	  DEVICE("00", "01")
		  CONFIG("20", "01", "01") "0904000003080650000705810200020007050202000200",
	  LW_USB_MALFORMED },
	{ "an endpoint that is there twice",
	  DEVICE("00", "01")
		  CONFIG("20", "01", "01") "0904000002080650000705810200020007058102000200",
	  LW_USB_MALFORMED },
	{ "endpoint 0",
	  DEVICE("00", "01")
		  CONFIG("20", "01", "01") "0904000002080650000705800200020007050202000200",
	  LW_USB_MALFORMED },
	{ "an interface of ten bytes",
	  DEVICE("00", "01")
		  CONFIG("21", "01", "01") "0a0400000208065000000705810200020007050202000200",
	  LW_USB_MALFORMED },
	{ "mass storage that can only be read",
	  DEVICE("00", "01") CONFIG("19", "01", "01") "09040000010806500007058102000200",
	  LW_USB_MALFORMED },
	{ "a device descriptor within a configuration",
	  DEVICE("00", "01") CONFIG("32", "01", "01") BOT
	  "120100020000004081076755000101020301",
	  LW_USB_MALFORMED },
	{ "the companion of no endpoint",
	  DEVICE("00", "01")
		  CONFIG("26", "01",
			 "01") "09040000020806500006300f0000000705810200020007050202000200",
	  LW_USB_MALFORMED },
	{ "something after the end", STICK "00", LW_USB_MALFORMED },
};

static const struct sample mixed[] = {
	{ "mass storage and a keyboard", DEVICE("00", "01") CONFIG("39", "02", "01") BOT HID,
	  LW_USB_OTHER },
	{ "a keyboard in the second configuration",
	  DEVICE("00", "02") CONFIG("20", "01", "01") BOT CONFIG(
		  "22", "01", "02") "0904000001030101000921110100012241000705830308000a",
	  LW_USB_OTHER },
	{ "a keyboard in another setting",
	  DEVICE("00", "01") CONFIG("39", "01", "01") BOT
	  "0904000101030101000921110100012241000705830308000a",
	  LW_USB_OTHER },
	{ "something of the vendor's own beside",
	  DEVICE("00", "01") CONFIG("29", "02", "01") BOT "0904010000ffffff00", LW_USB_OTHER },
	{ "mass storage of another protocol (CBI)",
	  DEVICE("00", "01")
		  CONFIG("20", "01", "01") "0904000002080600000705810200020007050202000200",
	  LW_USB_OTHER },
	{ "mass storage of another command set (UFI)",
	  DEVICE("00", "01")
		  CONFIG("20", "01", "01") "0904000002080450000705810200020007050202000200",
	  LW_USB_OTHER },
	{ "mass storage behind a class of the device",
	  DEVICE("ef", "01") CONFIG("20", "01", "01") BOT, LW_USB_OTHER },
	{ "mass storage with an association of interfaces",
	  DEVICE("00", "01") CONFIG("28", "01", "01") "080b000108065000" BOT, LW_USB_OTHER },
	{ "mass storage with a HID descriptor",
	  DEVICE("00", "01") CONFIG("29", "01", "01") BOT "092111010001224100", LW_USB_OTHER },
	{ "mass storage with an interrupt endpoint",
	  DEVICE("00", "01")
		  CONFIG("27", "01",
			 "01") "09040000030806500007058102000200070502020002000705830308000a",
	  LW_USB_OTHER },
	{ "a hub with mass storage in it",
	  DEVICE("09", "01") CONFIG("30", "02", "01") BOT "0904010001090000000705810301000c",
	  LW_USB_OTHER },
	{ "a hub's class, and a keyboard",
	  DEVICE("09", "01")
		  CONFIG("22", "01", "01") "0904000001030101000921110100012241000705830308000a",
	  LW_USB_OTHER },
	{ "two keyboards in one",
	  DEVICE("00", "01") CONFIG(
		  "3b", "02", "01") "0904000001030101000921110100012241000705810308000a" HID,
	  LW_USB_OTHER },
};

static struct lw_usb_shape judge(const char *hex)
{
	size_t n = strlen(hex) / 2;
	lw_auto_free uint8_t *raw = lw_alloc(n ? n : 1); /* exact: a step too far is seen */
	struct lw_error e = { 0 };

	assert_int_equal(lw_hex_decode(lw_span_str(hex), raw, n, &e), 0);
	return lw_usb_judge(lw_span(raw, n));
}

static void run(const struct sample *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct lw_usb_shape s = judge(list[i].hex);

		if (s.kind != list[i].kind)
			print_error("%s: %s (%s at %zu)\n", list[i].name,
				    lw_usb_kind_name(s.kind), s.why ? s.why : "", s.at);
		assert_int_equal(s.kind, list[i].kind);
		if (s.kind == LW_USB_MALFORMED || s.kind == LW_USB_OTHER)
			assert_non_null(s.why);
	}
}

static void real_devices(void **state)
{
	(void)state;
	run(good, LW_COUNT_OF(good));
}

static void malformed(void **state)
{
	(void)state;
	run(bad, LW_COUNT_OF(bad));
}

static void more_than_one_thing(void **state)
{
	(void)state;
	run(mixed, LW_COUNT_OF(mixed));
}

static void says_what_it_found(void **state)
{
	struct lw_usb_shape s = judge(mixed[0].hex);

	(void)state;
	assert_int_equal(s.vendor, 0x0781);
	assert_int_equal(s.product, 0x5567);
	assert_int_equal(s.storage, 1);
	assert_int_equal(s.others, 1);
	assert_memory_equal(s.other, "\3\1\1", 3);
	assert_string_equal(lw_usb_kind_name((enum lw_usb_kind)99), "unknown");
}

static void too_much(void **state)
{
	lw_auto_free uint8_t *raw = lw_alloc_array(LW_USB_MAX_DESCRIPTORS + 1, 1);
	struct lw_error e = { 0 };

	(void)state;
	assert_int_equal(lw_hex_decode(lw_span_str(STICK), raw, strlen(STICK) / 2, &e), 0);
	for (size_t n = LW_USB_MAX_DESCRIPTORS; n < LW_USB_MAX_DESCRIPTORS + 2; n++)
		assert_int_equal(lw_usb_judge(lw_span(raw, n)).kind, LW_USB_MALFORMED);
}

/* Cut anywhere, a good one is malformed; with any byte changed, never a stick with more in it.
 */
static void cut_and_changed(void **state)
{
	const char *hex = STICK;
	size_t n = strlen(hex) / 2;
	lw_auto_free uint8_t *raw = lw_alloc(n);
	struct lw_error e = { 0 };

	(void)state;
	assert_int_equal(lw_hex_decode(lw_span_str(hex), raw, n, &e), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(lw_usb_judge(lw_span(raw, i)).kind, LW_USB_MALFORMED);
	for (size_t i = 0; i < n; i++) {
		uint8_t was = raw[i];

		for (unsigned v = 0; v < 256; v++) {
			raw[i] = (uint8_t)v;
			if (lw_usb_judge(lw_span(raw, n)).kind != LW_USB_STORAGE)
				continue;
			assert_int_equal(raw[32], 8);
			assert_int_equal(raw[33], 6);
			assert_true(raw[34] == 0x50 || raw[34] == 0x62);
		}
		raw[i] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_devices),
		cmocka_unit_test(malformed),
		cmocka_unit_test(more_than_one_thing),
		cmocka_unit_test(says_what_it_found),
		cmocka_unit_test(too_much),
		cmocka_unit_test(cut_and_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
