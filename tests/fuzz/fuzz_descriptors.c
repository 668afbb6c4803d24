/* SPDX-License-Identifier: Apache-2.0 */

/* USB descriptors: whatever is called mass storage has, by a second and simpler walk over all
 * that is there, no interface that is anything else; and the same bytes give the same answer.
 */

#include "udev/descriptors.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_other_interface(const uint8_t *p, size_t n)
{
	size_t interfaces = 0;

	for (size_t at = 0; at < n; at += p[at]) {
		if (p[at] < 2 || p[at] > n - at)
			abort();
		if (p[at + 1] != 4)
			continue;
		if (p[at] != 9 || p[at + 5] != 8 || p[at + 6] != 6 ||
		    (p[at + 7] != 0x50 && p[at + 7] != 0x62))
			abort();
		interfaces++;
	}
	if (interfaces == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_usb_shape s = lw_usb_judge(lw_span(data, size));
	struct lw_usb_shape again = lw_usb_judge(lw_span(data, size));

	if (s.kind != again.kind || s.at > size)
		abort();
	if (s.kind != LW_USB_MALFORMED && (size < 18 || size > LW_USB_MAX_DESCRIPTORS))
		abort();
	if ((s.kind == LW_USB_MALFORMED || s.kind == LW_USB_OTHER) != (s.why != NULL))
		abort();
	if (s.kind == LW_USB_STORAGE) {
		if (s.others != 0 || s.storage == 0 || data[4] != 0)
			abort();
		no_other_interface(data, size);
	}
	if ((s.kind == LW_USB_HUB || s.kind == LW_USB_KEYBOARD) && s.storage != 0)
		abort();
	return 0;
}
