/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <time.h>

int lw_clock_system(struct lw_clock *ret, struct lw_error *e)
{
	struct timespec wall, boot;
	struct lw_clock c = { 0 };

	if (clock_gettime(CLOCK_REALTIME, &wall) < 0 ||
	    clock_gettime(CLOCK_BOOTTIME, &boot) < 0)
		return lw_fail_errno(e, "clock");
	c.wall_sec = wall.tv_sec;
	c.boot_sec = boot.tv_sec;

	lw_auto_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, c.boot_id, 36) != 36)
		c.boot_id[0] = '\0';
	*ret = c;
	return 0;
}

static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	/* Days since 1970-01-01 in the proleptic Gregorian calendar; years start in March. */
	y -= m <= 2;
	int64_t era = y / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * ((int64_t)m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

static unsigned month_days(unsigned y, unsigned m)
{
	static const unsigned days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m == 2 && leap ? 29 : days[m - 1];
}

int lw_time_parse(struct lw_span t, int64_t *ret_sec, struct lw_error *e)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	unsigned field[6] = { 0 };
	size_t f = 0;
	char shown[64];

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		bool digit = i < t.n && t.p[i] >= '0' && t.p[i] <= '9';

		if (t.n != sizeof(shape) - 1 ||
		    (shape[i] == 'd' ? !digit : t.p[i] != (uint8_t)shape[i]))
			return lw_fail(e, LW_E_FORMAT,
				       "want a time such as 2026-11-23T10:00:00Z, have '%s'",
				       lw_text_escape(t, shown, sizeof(shown)));
		if (digit)
			field[f] = field[f] * 10 + (unsigned)(t.p[i] - '0');
		else
			f++;
	}
	unsigned y = field[0], m = field[1], d = field[2];
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > month_days(y, m) || field[3] > 23 ||
	    field[4] > 59 || field[5] > 59)
		return lw_fail(e, LW_E_FORMAT, "no such time: '%s'",
			       lw_text_escape(t, shown, sizeof(shown)));
	*ret_sec = days_from_civil(y, m, d) * 86400 + (int64_t)field[3] * 3600 +
		   (int64_t)field[4] * 60 + field[5];
	return 0;
}

const char *lw_time_format(int64_t sec, char out[static LW_TIME_TEXT])
{
	struct tm tm;
	time_t t = sec < 0 ? 0 : sec > LW_TIME_MAX ? LW_TIME_MAX : sec;

	if (!gmtime_r(&t, &tm) || strftime(out, LW_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(out, "1970-01-01T00:00:00Z", LW_TIME_TEXT);
	return out;
}
